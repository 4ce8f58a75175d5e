"""The page of the documentation is that of the matrix."""

from pathlib import Path

from tests.verifiers.page import page

PAGE = Path(__file__).parents[2] / "docs/verifiers.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page(), "python -m tests.verifiers.page > docs/verifiers.md"
