"""Describes settings: all of them as a file to fill in, and what is wrong with given ones."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings

from api.config.settings import PREFIX, Settings

_WIDTH = 100
_HEAD = f"""\
# Settings of Countersign, as `countersign settings` prints them. Copy them to .env and fill in what
# has no `#` before it, or set them in the environment, which wins. .env has secrets in it: only its
# owner should read it (chmod 600 .env).
# COUNTERSIGN_ENV_FILE in the environment names another file than .env of the working directory.
# Each can be read from a file instead: {PREFIX}SECRET_KEY_FILE=/run/secrets/secret_key and so on.
# Behind `#` stands the default, or an example where it says that there is none.
"""
#: What a value must be, by pydantic's type of the fault.
_MUST_BE = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "path": "a folder that exists",
}
#: How sentences name the limits of pydantic.
_LIMITS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def sections() -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield the title and the class of each section of the settings, in their order."""
    for base in reversed(Settings.__bases__):
        if issubclass(base, BaseModel) and base is not BaseSettings:
            yield base.__name__.removesuffix("Section"), base


def example() -> str:
    """Return the text of `.env.example`: every setting with its meaning and default."""
    paragraphs = [_HEAD]
    for title, section in sections():
        paragraphs.append(f"# --- {title} ---\n")
        paragraphs += [_paragraph(name, field) for name, field in section.model_fields.items()]
    return "\n".join(paragraphs)


def faults(error: ValidationError) -> list[str]:
    """Return a sentence for each fault, without the values."""
    return [_sentence(fault) for fault in error.errors(include_url=False, include_input=False)]


def _paragraph(name: str, field: FieldInfo) -> str:
    optional = not field.is_required()
    sentences = [field.description, "No default." if optional and field.default is None else ""]
    comment = textwrap.fill(
        " ".join(filter(None, sentences)),
        _WIDTH,
        initial_indent="# ",
        subsequent_indent="# ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    shown = field.examples[0] if field.examples else _written(field.default)
    return f"{comment}\n{'#' if optional else ''}{PREFIX}{name.upper()}={shown}\n"


def _written(default: Any) -> str:
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    return str(default).lower() if isinstance(default, bool) else str(default)


def _sentence(fault: ErrorDetails) -> str:
    name = str(fault["loc"][0])
    field = Settings.model_fields[name]
    return f"{PREFIX}{name.upper()} {_fault(fault, field)}."


def _fault(fault: ErrorDetails, field: FieldInfo) -> str:
    context = fault.get("ctx", {})
    if fault["type"] == "missing":
        first, _, _ = (field.description or "").partition(". ")
        return f"is missing. {first.rstrip('.')}"
    if fault["type"] == "value_error":
        return str(context["error"]).rstrip(".")
    limits = [f"{_LIMITS[kind]} {limit:g}" for kind, limit in context.items() if kind in _LIMITS]
    kind, _, _ = fault["type"].partition("_")
    return f"must be {', '.join(limits) or _MUST_BE.get(kind, 'another value')}"
