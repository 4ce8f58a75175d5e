"""The documents as tests see them: their blocks of code, and how each is marked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^\n`]*)$")
MARK = re.compile(r"^ *<!-- (?P<name>not run|kept|refused): (?P<text>.+) -->$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block of a document."""

    page: str
    line: int
    language: str
    #: The name after `title=`, for a block that is a whole file.
    title: str | None
    code: str
    #: Why it is not run; None where it is.
    not_run: str | None = None
    #: The name under which later blocks use what it prints.
    kept: str | None = None
    #: The code with which it is refused.
    refused: str | None = None

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Every document that people read: the folder's, and those beside it."""
    beside = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
    written = (page for page in DOCS.rglob("*.md") if "tooling" not in page.parts)
    return [*beside, *sorted(written)]


def blocks() -> list[Block]:
    """The blocks of all documents."""
    return [block for page in pages() for block in blocks_of(page)]


def blocks_of(page: Path) -> Iterator[Block]:
    """The blocks of a page, in their order."""
    name = page.relative_to(ROOT).as_posix()
    lines = iter(enumerate(page.read_text(encoding="utf-8").splitlines(), 1))
    before = ""
    for number, line in lines:
        opening = FENCE.match(line)
        if opening is None:
            before = line if line.strip() else before
            continue
        code = []
        for _, text in lines:
            if text.strip() == "```":
                break
            code.append(text.removeprefix(opening["indent"]))
        language, _, options = opening["info"].partition(" ")
        title = re.search(r'title="([^"]+)"', options)
        mark = MARK.match(before)
        marks = {mark["name"].replace(" ", "_"): mark["text"]} if mark else {}
        yield Block(
            page=name,
            line=number,
            language=language,
            title=title[1] if title else None,
            code="\n".join(code) + "\n",
            **marks,
        )
        before = ""


def titled(page: str, title: str) -> str:
    """The code of the block with this title."""
    (code,) = (b.code for b in blocks_of(DOCS / page) if b.title == title)
    return code
