"""Texts that people could write to get out of their place in a message."""

import ast
from pathlib import Path

import notifications
from notifications.content.stored_facts import INSTANT

ROOM = Path(notifications.__file__).parent


def constants() -> list[str]:
    """Every text that stands in the code or in a template of the package."""
    said: set[str] = set()
    for path in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                value = node.value
                said.add(value if isinstance(value, str) else value.decode("latin-1"))
    for path in (ROOM / "content" / "templates").rglob("*"):
        if path.is_file():
            said.update(line.strip() for line in path.read_text("utf-8").splitlines())
    return sorted(said - {""})


CONSTANTS = constants()
HOSTILE = [
    "https://link.invalid/of-one-person-alone",
    "http://collector.example.com/c?u=https://link.invalid/of-one-person-alone",
    "X countersign-link-of-one-person y",
    "2026-99-99T99:99:99.999999Z",
    "2026-06-03T13:00:00.000000Z",
    "0000-00-00T00:00:00.000000Z",
    f'{{"{INSTANT}": "2026-06-03T13:00:00.000000Z"}}',
    INSTANT,
    "format",
    "{{ link }}", "{% raw %}", "{link}", "%(link)s", "%s%n%d", "{0.__class__}", "$link", "${link}",
    "<script>alert(1)</script>", "</table></body></html>", "<!--", "]]>", "&lt;b&gt;", "&#x0a;",
    '"><a href="http://evil.example.com/">View request</a>', "' onmouseover='x", "javascript:x",
    "a\r\nBcc: eve@example.com", "a\nb\n\n\nc", "-- \nRegards", "--=_countersign_alternative",
    "--=_countersign_mixed--", "=?utf-8?q?=0D=0ABcc:_eve@example.com?=", "=\n=3D", "Subject: x",
    "Content-Type: text/html", "BEGIN:VEVENT\nSUMMARY:x", "\\;,\\n", "\x00", "\x1b[2J", "\x85",
    "\u2028\u2029", "\u202eevil\u202c", "\u2066x\u2069", "\u200b", "\u3164", "e\u0301", "\ufeff",
    "\U0001f511" * 40, "x" * 3000, " ", "", "\t",
]  # fmt: skip
