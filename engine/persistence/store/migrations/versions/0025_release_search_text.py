"""Version and note of a release as they are searched, so that letter case makes no difference."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision: str | None = "0024"

RELEASES = sa.table(
    "releases",
    sa.column("id", sa.Uuid()),
    sa.column("version"),
    sa.column("note"),
    sa.column("search_text"),
)
#: Rows that are read and written at once.
CHUNK_ROWS = 1_000
#: Default_Ignorable_Code_Point, as it was when this was written.
IGNORABLE = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164),
    (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
_DROPPED = {code: None for first, last in IGNORABLE for code in range(first, last + 1)}


def upgrade() -> None:
    op.add_column("releases", sa.Column("search_text", sa.Text(), nullable=True))
    fill(op.get_bind())


def fill(connection: sa.Connection) -> None:
    r = RELEASES.c
    query = sa.select(r.id, r.version, r.note).order_by(r.id).limit(CHUNK_ROWS)
    rows = connection.execute(query).all()
    while rows:
        values = [{"row": row.id, "text": _search_text(row.version, row.note)} for row in rows]
        update = RELEASES.update().where(r.id == sa.bindparam("row"))
        connection.execute(update.values(search_text=sa.bindparam("text")), values)
        rows = connection.execute(query.where(r.id > rows[-1].id)).all()


def _search_text(*texts: str | None) -> str:
    return "\n".join(_skeleton(text) for text in texts if text is not None)


def _skeleton(text: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.translate(_DROPPED).split())
