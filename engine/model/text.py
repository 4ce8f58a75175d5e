"""Names, labels and longer texts: which are allowed, and when two names are the same."""

import re
import unicodedata

from engine.model.default_ignorable import has_ignorable, without_ignorable
from engine.model.errors import Code, Refusal

NAME_LENGTH = 200
VERSION_LENGTH = 100
TEXT_LENGTH = 10_000

#: PostgreSQL takes no U+0000 in text, and half a surrogate pair has no UTF-8.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

#: Fillers that Unicode counts among the letters and symbols.
_DRAWN_AS_NOTHING = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def name_key(name: str) -> str:
    """The form in which names are compared: what looks the same is the same (spec section 2).

    Letter case, compatibility forms such as full-width letters, characters that are drawn as
    nothing and the width of white space make no difference (UTS 39 calls this a skeleton). Letters
    of other scripts that look alike do: to tell them apart would forbid names of those scripts.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(without_ignorable(folded).split())


def lookup_key(text: str) -> str:
    """Return the key to look a name up by; a text that no name can be gives a key of none."""
    return storable(name_key(normalize(text)))


def search_text(*texts: str | None) -> str:
    """Return texts as they are searched: their keys on lines of their own, as no key has lines."""
    return "\n".join(name_key(text) for text in texts if text is not None)


def storable(text: str) -> str:
    """Return a text from outside as a database can store it."""
    return _UNSTORABLE.sub("\ufffd", text)


def quoted(text: str, limit: int = NAME_LENGTH) -> str:
    """Return input as the ledger and messages show it: cut, control characters replaced."""
    return "".join(c if not _is_control(c) else "\ufffd" for c in text[:limit])


def normalize(text: str) -> str:
    """Return a text in Unicode's form NFC without white space around it, as names are stored."""
    return unicodedata.normalize("NFC", text).strip()


def optional_text(text: str | None) -> str | None:
    """Return a normalized text; None where it is blank."""
    return (normalize(text) or None) if text is not None else None


def is_blank(text: str | None) -> bool:
    """Return whether a text has nothing visible: only white space and invisible characters."""
    return not any(
        unicodedata.category(character)[0] in "LNPS" and character not in _DRAWN_AS_NOTHING
        for character in text or ""
    )


def check_name(value: str, what: str, *field: str, limit: int = NAME_LENGTH) -> Refusal | None:
    """Refuse a one-line text that is blank, too long, or has control characters."""
    if is_blank(value):
        return Refusal(Code.INVALID_INPUT, f"The {what} is empty. Give it one.", *field)
    if len(value) > limit:
        message = f"The {what} has {len(value)} characters. Use at most {limit}."
        return Refusal(Code.INVALID_INPUT, message, *field)
    if any(_is_control(character) for character in value):
        message = f"The {what} has line breaks or control characters. Leave them out."
        return Refusal(Code.INVALID_INPUT, message, *field)
    if has_ignorable(value):
        message = f"The {what} has characters that nobody can see. Leave them out."
        return Refusal(Code.INVALID_INPUT, message, *field)
    return None


def check_text(value: str | None, what: str, *field: str) -> Refusal | None:
    """Refuse a longer text with control characters other than line breaks and tabs."""
    if value is None:
        return None
    if len(value) > TEXT_LENGTH:
        message = f"The {what} has {len(value)} characters. Use at most {TEXT_LENGTH}."
        return Refusal(Code.INVALID_INPUT, message, *field)
    if any(_is_control(character) for character in value if character not in "\n\r\t"):
        message = f"The {what} has control characters. Leave them out."
        return Refusal(Code.INVALID_INPUT, message, *field)
    return None


def _is_control(character: str) -> bool:
    # Cc: control; Cs: lone surrogates; Zl, Zp: line and paragraph separators. The explicit few
    # reorder what a reader sees, so that a name could pass for another.
    return (
        unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
        or character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )
