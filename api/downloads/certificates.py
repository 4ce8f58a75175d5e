"""Downloads of a certificate, in each form that it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.downloads.access import Access, attachment, refused
from api.downloads.records import read_record
from engine.model.errors import Code, Refusal
from engine.queries.certificates import forms_of
from engine.queries.records import Record, RecordKind
from engine.x509.forms import ChainForms


@dataclass(frozen=True, slots=True)
class _Form:
    media_type: str
    #: Of a certificate, its content; None for one that has not this form.
    content: Callable[[Record], str | bytes | None]


def _of_chain(
    content: Callable[[ChainForms], str | bytes],
) -> Callable[[Record], str | bytes | None]:
    def content_of(row: Record) -> str | bytes | None:
        forms = forms_of(row)
        return content(forms) if forms is not None else None

    return content_of


def _openpgp(row: Record) -> str | None:
    return row.content if forms_of(row) is None else None


#: The forms by the name of the file, with the media types of RFC 2585, RFC 8555 and RFC 5751.
FORMS = {
    "certificate.pem": _Form("application/x-pem-file", _of_chain(lambda forms: forms.leaf_pem)),
    "certificate.cer": _Form("application/pkix-cert", _of_chain(lambda forms: forms.leaf_der)),
    "chain.pem": _Form(
        "application/pem-certificate-chain", _of_chain(lambda forms: forms.chain_pem)
    ),
    "chain.p7c": _Form(
        "application/pkcs7-mime; smime-type=certs-only", _of_chain(lambda forms: forms.pkcs7)
    ),
    "certificate.asc": _Form("application/pgp-keys", _openpgp),
}


def certificate_routes(access: Access) -> list[BaseRoute]:
    """Return a route for each form of a certificate."""
    return [
        Route(
            f"/downloads/certificates/{{id}}/{file_name}",
            partial(_answer, access, file_name),
            methods=["GET"],
        )
        for file_name in FORMS
    ]


async def _answer(access: Access, file_name: str, request: Request) -> Response:
    form = FORMS[file_name]
    try:
        certificate = await read_record(access, request, RecordKind.CERTIFICATE, lambda _, row: row)
    except Refusal as refusal:
        return refused(refusal)
    content = form.content(certificate)
    if content is None:
        offered = [name for name, other in FORMS.items() if other.content(certificate) is not None]
        message = f"The certificate has no such form. It has {', '.join(offered)}."
        return refused(Refusal(Code.NOT_FOUND, message))
    name = certificate.fingerprint[:16]
    return Response(content, media_type=form.media_type, headers=attachment(name, file_name))
