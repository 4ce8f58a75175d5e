"""Reads the forms of the sign-in pages, and checks the paths that they lead to."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.web.http.bodies import form_of

#: Bytes; the longest field is an address or a path.
MAX_BODY_BYTES = 8 * 1024
#: A path of this host: not `//elsewhere`, and no backslash, which browsers take for a slash.
_LOCAL = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,500}", re.ASCII)


async def fields_of(request: Request) -> dict[str, str]:
    """Return the fields of a form; raises HTTPException for what these pages do not send."""
    body = await form_of(request, MAX_BODY_BYTES)
    if not body:
        return {}
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise HTTPException(415)
    try:
        text = body.decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=10))
    except ValueError as error:
        raise HTTPException(400) from error


def local_path(text: str | None) -> str | None:
    """Return a path to redirect to; None unless it stays on this host."""
    return text if text and _LOCAL.fullmatch(text) else None
