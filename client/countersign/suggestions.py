"""What somebody may have meant by a name that is not there."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return a question that names what is most like a name, after a space; else nothing.

    Args:
        name: What was written.
        names: What there is.
    """
    by_key = {candidate.casefold(): candidate for candidate in names}
    matches = [by_key[key] for key in get_close_matches(name.casefold(), by_key)]
    return f" Did you mean {' or '.join(map(repr, matches))}?" if matches else ""
