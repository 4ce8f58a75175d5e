"""The codes of the client itself and the statuses that they end with, as the document has them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from countersign import errors
from tests.docs.documents import DOCS, ROOT

SOURCE = ROOT / "client" / "countersign"
#: What is called with a code, first or second.
CALLS = {"ClientError", "RefusedError", "TransientError", "MechanismFailed", "__init__"}
CALLS |= {"note_failure", "notify", "_notify"}
CODE = re.compile(r"[A-Z]+(?:_[A-Z]+)*")


def codes_in(path: Path) -> Iterator[object]:
    """The codes that a module gives to errors and notices."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name),
                args=args,
            ) if name in CALLS:
                constants = (arg.value for arg in args[:2] if isinstance(arg, ast.Constant))
                yield from (code for code in constants if CODE.fullmatch(str(code)))


def written_in(page: str, pattern: str) -> set[str]:
    return set(re.findall(pattern, (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE))


def test_the_documents_have_the_codes_of_the_source() -> None:
    # Those of a plugin of notation are of its contract, and answered to it.
    modules = (path for path in SOURCE.rglob("*.py") if path.name != "notation.py")
    source = {code for path in modules for code in codes_in(path)}
    of_the_server = written_in("errors.md", r"^\| `([A-Z_]+)` \|")
    own = written_in("client.md", r"^\| `([A-Z_]+)` \| (?:\d+|none) \|")
    assert own == source - of_the_server


@pytest.mark.parametrize(
    "failure",
    [
        errors.UsageError("No."),
        errors.NoSignatureError("No."),
        errors.PendingError("No."),
        errors.WaitRanOutError("No."),
    ],
    ids=lambda failure: failure.code,
)
def test_the_documents_have_the_status_of_a_code(failure: errors.ClientError) -> None:
    (status,) = written_in("client.md", rf"^\| `{failure.code}` \| (\d+) \|")
    assert int(status) == failure.exit_status
