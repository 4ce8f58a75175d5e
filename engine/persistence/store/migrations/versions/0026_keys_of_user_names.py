"""The names of users as they are compared, to search and sort by them."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision: str | None = "0025"

USERS = sa.table("users", sa.column("id", sa.Uuid()), sa.column("name"), sa.column("name_key"))


def upgrade() -> None:
    exact = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.add_column("users", sa.Column("name_key", exact, nullable=True))
    fill(op.get_bind())


def fill(connection: sa.Connection) -> None:
    rows = connection.execute(sa.select(USERS.c.id, USERS.c.name)).all()
    if rows:
        update = USERS.update().where(USERS.c.id == sa.bindparam("row"))
        values = [{"row": row.id, "key": _key(row.name)} for row in rows]
        connection.execute(update.values(name_key=sa.bindparam("key")), values)


def _key(name: str) -> str:
    # Names have no invisible characters.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(folded.split())
