"""Names are compared by a skeleton: the keys of names that have another one now."""

import unicodedata
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import IntegrityError

revision = "0017"
down_revision: str | None = "0016"

#: The tables whose names are compared, with the columns of name and key.
NAMES = (
    ("accounts", "name", "name_key"),
    ("roles", "name", "name_key"),
    ("teams", "name", "name_key"),
    ("keypairs", "alias", "alias_key"),
    ("releases", "name", "name_key"),
)
#: Default_Ignorable_Code_Point, as it was when this was written.
IGNORABLE = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164),
    (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip


def upgrade() -> None:
    """Two names that have become the same keep the keys they have: both stay as they are."""
    connection = op.get_bind()
    for table, name, key in NAMES:
        rows = sa.table(table, sa.column("id", sa.Uuid()), sa.column(name), sa.column(key))
        for id_, after in list(_changed(connection, rows, name, key)):
            try:
                with connection.begin_nested():
                    connection.execute(rows.update().where(rows.c.id == id_).values({key: after}))
            except IntegrityError:
                continue


def _changed(
    connection: sa.Connection, rows: sa.TableClause, name: str, key: str
) -> Iterator[tuple[object, str]]:
    for id_, text, before in connection.execute(sa.select(rows.c.id, rows.c[name], rows.c[key])):
        after = _skeleton(text)
        if after and after != before:
            yield id_, after


def _skeleton(name: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    kept = (
        character
        for character in folded
        if not any(first <= ord(character) <= last for first, last in IGNORABLE)
    )
    return " ".join("".join(kept).split())
