"""What graphql-core says of a wrong value, without a whole input repeated in it."""

from __future__ import annotations

import re

_INPUT = re.compile(r"(, found|(?<=\?) Found): \[?\{.*", re.DOTALL)


def without_input(message: str) -> str:
    """The field at fault is named before it; the rest may be long, and somebody's."""
    return _INPUT.sub(lambda found: "." if found[1].startswith(",") else "", message)
