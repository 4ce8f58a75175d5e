"""People as mails and pages name them: with their address, since names can be alike."""

from __future__ import annotations


def person(name: str, email: str) -> str:
    """Return a person's name and address: `Ann (ann@example.com)`.

    People choose their names, perhaps that of somebody else; the address tells them apart. A name
    that seems to have an address in it is put in quotation marks, so that only the address after it
    is taken for the real one.
    """
    if not name or name == email:
        return email
    if not email:
        return name
    shown = f"“{name}”" if "@" in name else name
    return f"{shown} ({email})"
