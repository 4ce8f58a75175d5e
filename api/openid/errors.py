"""Errors of an OpenID provider, for the log, the page and the decision to try again."""

from __future__ import annotations

from collections.abc import Mapping

#: Characters of a foreign value that a log line or a page shows.
SHOWN_CHARACTERS = 300
_SHOWN_ITEMS = 10


class ProviderError(Exception):
    """The provider did not answer, refused, or cannot be believed.

    Args:
        why: One sentence, the same for every case of this kind.
        values: What the log names: the claim, the value that was expected, the one received,
            the provider's error code. Never a secret.
        may_be_outdated: Whether provider documents fetched anew could lead to success.
        said: The provider's own error, for the person who signs in.
    """

    def __init__(
        self,
        why: str,
        values: Mapping[str, object] | None = None,
        *,
        may_be_outdated: bool = False,
        said: str | None = None,
    ) -> None:
        super().__init__(why)
        self.why = why
        self.may_be_outdated = may_be_outdated
        self.said = said
        self.values = {
            name: shown(value) for name, value in (values or {}).items() if value is not None
        }


def refused_by_provider(
    why: str, answer: Mapping[str, object], values: Mapping[str, object] | None = None
) -> ProviderError:
    """Return the error that a response has in `error` and `error_description`.

    Args:
        why: The sentence for the log.
        answer: The members of a JSON object, or the parameters of a redirect (RFC 6749).
        values: Further values for the log.
    """
    members = {name: answer.get(name) for name in ("error", "error_description")}
    texts = [str(shown(part)) for part in members.values() if isinstance(part, str) and part]
    return ProviderError(why, {**(values or {}), **members}, said=": ".join(texts) or None)


def or_nothing(value: object) -> object:
    """Return what was received, or a word for that there was nothing."""
    return "nothing" if value is None else value


def shown(value: object) -> object:
    """Return a foreign value for a log line: short, on one line, without nested values."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 10**20 else "a number of more than 20 digits"
    if isinstance(value, str):
        text = "".join(
            character if character.isprintable() else f"\\u{ord(character):04x}"
            for character in value[: SHOWN_CHARACTERS + 1]
        )
        return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else list(value)
        return [_item(item) for item in items[:_SHOWN_ITEMS]]
    return f"a value of the type {type(value).__name__}"


def _item(value: object) -> object:
    nested = isinstance(value, list | tuple | set | frozenset)
    return f"a value of the type {type(value).__name__}" if nested else shown(value)
