"""User codes of the device flow (RFC 8628): a device shows one, and a person types it in a browser.

A code is one of 20 ** 8, about 34 bits, as section 6.1 of the RFC proposes. It lives for ten
minutes, and the page that takes it allows each user and each network few attempts: whoever tries a
hundred codes hits one of a thousand live ones with a probability of one in 250,000.
"""

from __future__ import annotations

import hmac
import re
import secrets

#: Consonants, so that no words come about, and none that is easily taken for a digit or another.
_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
_USER_CODE_LENGTH = 8
_SEPARATORS = re.compile(r"[\s-]")
_USER_CODE = re.compile(f"[{_ALPHABET}]{{{_USER_CODE_LENGTH}}}")


def new_user_code() -> str:
    """Return a random user code, without the hyphen that it is shown with."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_USER_CODE_LENGTH))


def parse_user_code(typed: str) -> str | None:
    """Return the code that somebody typed, whatever its case and spacing; None if it is no code."""
    code = _SEPARATORS.sub("", typed[:100]).upper()
    return code if _USER_CODE.fullmatch(code) else None


def spell_user_code(code: str) -> str:
    """Return a code as people read it: `WDJB-MJHT`."""
    half = _USER_CODE_LENGTH // 2
    return f"{code[:half]}-{code[half:]}"


def hash_user_code(key: bytes, code: str) -> bytes:
    """Return what is stored of a code: with a key, since all codes could be hashed in a minute."""
    return hmac.digest(key, code.encode("ascii"), "sha256")
