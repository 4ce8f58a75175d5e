"""Keys of ECDSA P-521 and ML-DSA."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision: str | None = "0040"

_NAME = "ck_keypairs_keypair_algorithm"
_LAST = "'OPENPGP_RSA_4096'"
_ADDED = "'ECDSA_P521', 'ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87'"
_ALL = (
    "'ECDSA_P256', 'ECDSA_P384', 'ED25519', 'RSA_PSS_2048', 'RSA_PSS_3072', 'RSA_PSS_4096',"
    " 'RSA_PKCS1_2048', 'RSA_PKCS1_3072', 'RSA_PKCS1_4096', 'OPENPGP_ED25519', "
    f"{_LAST}, {_ADDED}"
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _widen_in_place()
        return
    op.drop_constraint(op.f(_NAME), "keypairs", type_="check")
    # It allows more than the one before, so that no row needs to be read again.
    op.create_check_constraint(
        op.f(_NAME), "keypairs", f"algorithm IN ({_ALL})", postgresql_not_valid=True
    )


def _widen_in_place() -> None:
    """Change the text of the constraint, as SQLite's manual of ALTER TABLE has it (section 7).

    Other tables refer to this one: to make it anew would delete their rows.
    """
    connection = op.get_bind()
    (version,) = connection.exec_driver_sql("PRAGMA schema_version").one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    widened = sa.text(
        "UPDATE sqlite_schema SET sql = replace(sql, :last, :more)"
        " WHERE type = 'table' AND name = 'keypairs'"
    )
    connection.execute(widened, {"last": f"{_LAST})", "more": f"{_LAST}, {_ADDED})"})
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")
