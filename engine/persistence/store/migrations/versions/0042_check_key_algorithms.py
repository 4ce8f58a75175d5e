"""Check all keypairs against the constraint that the migration before this one widened."""

from alembic import op

revision = "0042"
down_revision: str | None = "0041"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE keypairs VALIDATE CONSTRAINT ck_keypairs_keypair_algorithm")
