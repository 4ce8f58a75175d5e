"""A ledger's head says which tags somebody listens to."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"


def upgrade() -> None:
    op.add_column("ledger_heads", sa.Column("heard", sa.Text(), nullable=False, server_default=""))
    webhooks = sa.table("webhooks", sa.column("account_id"), sa.column("tags"), sa.column("active"))
    heads = sa.table("ledger_heads", sa.column("account_id"), sa.column("heard"))
    heard: dict[object, set[str]] = {}
    listening = sa.select(webhooks.c.account_id, webhooks.c.tags).where(webhooks.c.active)
    for account_id, tags in op.get_bind().execute(listening):
        heard.setdefault(account_id, set()).update(tags.split())
    for account_id, tags in heard.items():
        mine = heads.c.account_id == account_id
        op.execute(heads.update().where(mine).values(heard=" ".join(sorted(tags))))
