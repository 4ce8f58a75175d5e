"""Downloads of the public key of a keypair, in each form that it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.downloads.access import Access, attachment, refused
from api.downloads.records import read_record
from engine.model.errors import Code, Refusal
from engine.queries.context import QueryContext
from engine.queries.openpgp import revocation_of
from engine.queries.records import Record, RecordKind
from engine.signers.public_keys import PublicKey


@dataclass(frozen=True, slots=True)
class _Form:
    media_type: str
    #: Of a public key, its content; None for a key that has not this form.
    content: Callable[[PublicKey], str | bytes | None]


#: The forms by the name of the file.
FORMS = {
    "public.pem": _Form("application/x-pem-file", lambda key: key.pem),
    "public.der": _Form("application/octet-stream", lambda key: key.der),
    "public.jwk": _Form("application/jwk+json", lambda key: orjson.dumps(key.jwk)),
    "public.pub": _Form("text/plain; charset=utf-8", lambda key: key.ssh),
    "public.asc": _Form("application/pgp-keys", lambda key: key.openpgp),
}


#: What revokes an OpenPGP certificate where it is published.
REVOCATION = "revocation.asc"


def public_key_routes(access: Access) -> list[BaseRoute]:
    """Return a route for each form of a public key, and one for the revocation of OpenPGP."""
    forms: list[BaseRoute] = [
        Route(
            f"/downloads/keypairs/{{id}}/{file_name}",
            partial(_answer, access, file_name),
            methods=["GET"],
        )
        for file_name in FORMS
    ]
    revocation = partial(_answer_revocation, access)
    path = f"/downloads/keypairs/{{id}}/{REVOCATION}"
    return [*forms, Route(path, revocation, methods=["GET"])]


async def _answer(access: Access, file_name: str, request: Request) -> Response:
    form = FORMS[file_name]
    try:
        keypair = await read_record(access, request, RecordKind.KEYPAIR, lambda _, row: row)
    except Refusal as refusal:
        return refused(refusal)
    key = PublicKey(
        keypair.algorithm, keypair.public_key, keypair.alias, keypair.openpgp_certificate
    )
    content = form.content(key)
    if content is None:
        offered = [name for name, other in FORMS.items() if other.content(key) is not None]
        message = f"The public key has no such form. It has {', '.join(offered)}."
        return refused(Refusal(Code.NOT_FOUND, message))
    return Response(
        content, media_type=form.media_type, headers=attachment(keypair.alias, file_name)
    )


async def _answer_revocation(access: Access, request: Request) -> Response:
    def read(context: QueryContext, keypair: Record) -> tuple[str, str]:
        return keypair.alias, revocation_of(context, keypair)

    try:
        alias, revocation = await read_record(access, request, RecordKind.KEYPAIR, read)
    except Refusal as refusal:
        return refused(refusal)
    media_type = FORMS["public.asc"].media_type
    return Response(revocation, media_type=media_type, headers=attachment(alias, REVOCATION))
