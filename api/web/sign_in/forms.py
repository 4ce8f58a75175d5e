"""What the forms of these pages send, and where they may lead to."""

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
    """A form's fields; HTTPException for anything that our pages would not send."""
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
    """A path to go on to; None unless it stays on this host."""
    return text if text and _LOCAL.fullmatch(text) else None
