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
from api.graphql.ids import from_global
from engine.model.errors import Code, Refusal, not_found
from engine.model.grants import missing_scopes
from engine.model.vocabulary import Permission
from engine.queries.context import QueryContext
from engine.queries.records import Record, RecordKind, by_ids
from engine.signers.public_keys import PublicKey


@dataclass(frozen=True, slots=True)
class _Form:
    media_type: str
    #: Of a public key, its content; None for a key that has not this form.
    content: Callable[[PublicKey], str | bytes | None]


def _jwk(key: PublicKey) -> bytes | None:
    jwk = key.jwk
    return orjson.dumps(jwk) if jwk is not None else None


#: The forms by the name of the file.
FORMS = {
    "public.pem": _Form("application/x-pem-file", lambda key: key.pem),
    "public.der": _Form("application/octet-stream", lambda key: key.der),
    "public.jwk": _Form("application/jwk+json", _jwk),
    "public.pub": _Form("text/plain; charset=utf-8", lambda key: key.ssh),
    "public.asc": _Form("application/pgp-keys", lambda key: key.openpgp),
}


def public_key_routes(access: Access) -> list[BaseRoute]:
    """Return a route for each form of a public key."""
    return [
        Route(
            f"/downloads/keypairs/{{keypair_id}}/{file_name}",
            partial(_answer, access, file_name),
            methods=["GET"],
        )
        for file_name in FORMS
    ]


async def _answer(access: Access, file_name: str, request: Request) -> Response:
    form = FORMS[file_name]
    try:
        keypair = await _keypair(access, request)
    except Refusal as refusal:
        return refused(refusal)
    key = PublicKey(keypair.algorithm, keypair.public_key, comment=keypair.alias)
    content = form.content(key)
    if content is None:
        offered = [name for name, other in FORMS.items() if other.content(key) is not None]
        message = f"The public key has no such form. It has {', '.join(offered)}."
        return refused(Refusal(Code.NOT_FOUND, message))
    return Response(
        content, media_type=form.media_type, headers=attachment(keypair.alias, file_name)
    )


async def _keypair(access: Access, request: Request) -> Record:
    """Return the keypair; raises a `Refusal`."""
    principal = await access.admit(request)
    keypair_id = from_global(request.path_params["keypair_id"], "Keypair")

    def read(context: QueryContext) -> Record:
        if not context.actor.covers(Permission.VIEW_RELEASES):
            raise missing_scopes(Permission.VIEW_RELEASES)
        keypairs = by_ids(context, RecordKind.KEYPAIR, [keypair_id])
        if not keypairs:
            raise not_found("keypair", "id")
        return keypairs[keypair_id]

    return await access.runtime.read(principal, read)
