"""Reads spans of time as people write them."""

import re
from datetime import timedelta

import typer

_SPAN = re.compile(r"([1-9][0-9]{0,4})([dhm])", re.ASCII)
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}


def lifetime(text: str) -> timedelta:
    """Return the span of a text such as `90d`, `12h` or `30m`."""
    match = _SPAN.fullmatch(text)
    if match is None:
        raise typer.BadParameter("write it like 90d, 12h or 30m.")
    return int(match[1]) * _UNITS[match[2]]
