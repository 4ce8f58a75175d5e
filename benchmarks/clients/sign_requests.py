"""The operations that ask for signatures, as the API and the floor understand them."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Sequence

from api.graphql.ids import to_global
from benchmarks.clients.graphql_http import RequestTemplate
from benchmarks.data.signing_world import Signing

SIGN = """mutation ($input: SignInput!) { sign(input: $input) {
  signature { id value } errors { code } } }"""
SIGN_BATCH = """mutation ($input: SignBatchInput!) { signBatch(input: $input) {
  outcomes { signature { value } } errors { code } } }"""
SIGNED = b'"signature":{"id":"'
FIRST_OF_BATCH = b'"outcomes":[{"signature":{"value":"'
FLOOR = "bare Strawberry answering a constant"


def sign_requests(signing: Signing, urls: Sequence[str]) -> list[RequestTemplate]:
    """Ask every server for a signature with every keypair."""
    return [
        RequestTemplate(
            f"{url}/graphql",
            SIGN,
            signing.token,
            {"input": {"keypairId": to_global("Keypair", keypair_id), "digest": _digest()}},
            proof=SIGNED,
        )
        for url in urls
        for keypair_id in signing.keypair_ids
    ]


def batch_request(signing: Signing, url: str, size: int) -> RequestTemplate:
    """Ask for many signatures with the keypair of the hot release at once."""
    items = [{"digest": _digest()} for _ in range(size)]
    keypair = to_global("Keypair", signing.keypair_ids[0])
    variables = {"input": {"keypairId": keypair, "items": items}}
    return RequestTemplate(
        f"{url}/graphql", SIGN_BATCH, signing.token, variables, proof=FIRST_OF_BATCH
    )


def _digest() -> str:
    return b64encode(os.urandom(32)).decode()
