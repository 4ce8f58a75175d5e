"""People as mails and pages name them: with the address, which tells who has another's name."""

from __future__ import annotations


def person(name: str, email: str) -> str:
    """A person's name and address: `Ann (ann@example.com)`.

    Names are free and may be those of others; the address is what tells people apart. A name that
    itself looks as if it had an address in it is put in quotation marks, so that the last address
    is seen to be the real one.
    """
    if not name or name == email:
        return email
    if not email:
        return name
    shown = f"“{name}”" if "@" in name else name
    return f"{shown} ({email})"
