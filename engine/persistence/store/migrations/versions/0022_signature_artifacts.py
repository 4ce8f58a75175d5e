"""What signatures are for: the artifact that was signed, and the context of its build."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision: str | None = "0021"

COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "artifact_name": sa.Text(),
    "artifact_size": sa.BigInteger(),
    "artifact_digest": sa.LargeBinary(),
    "artifact_digest_algorithm": sa.String(),
    "context": sa.Text(),
}


def upgrade() -> None:
    for name, type_ in COLUMNS.items():
        op.add_column("signatures", sa.Column(name, type_, nullable=True))
