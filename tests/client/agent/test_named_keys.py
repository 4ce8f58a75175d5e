"""Keypairs that the agent is asked to offer, and which it cannot."""

import base64
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from countersign.agent.server_keys import ServerKeys
from countersign.connection.graphql import AsyncConnection
from countersign.errors import RefusedError
from tests.client.test_connection import SERVER, Server, credentials, reply

KEY = ec.generate_private_key(ec.SECP256R1()).public_key()
DER = KEY.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def keypair(alias: str, *, enabled: bool = True, successor: str | None = None) -> dict[str, Any]:
    return {
        "id": alias,
        "alias": alias,
        "algorithm": "ECDSA_P256",
        "enabled": enabled,
        "successor": {"alias": successor} if successor is not None else None,
        "publicKey": {"der": base64.b64encode(DER).decode(), "openpgp": None},
        "defaultCertificate": None,
    }


async def test_a_retired_keypair_names_its_successor() -> None:
    rows = [keypair("Old", enabled=False, successor="falcon"), keypair("falcon")]
    page = {"edges": [{"node": row} for row in rows], "pageInfo": {"hasNextPage": False}}
    opened = AsyncConnection(SERVER, credentials())
    transport = httpx2.MockTransport(Server(reply({"data": {"keypairs": page}})))
    opened.http = httpx2.AsyncClient(base_url=SERVER, transport=transport)
    async with opened:
        await ServerKeys(opened, ["Falcon"]).require_named()
        with pytest.raises(RefusedError, match=r"keypair 'old'.* Its successor is falcon\."):
            await ServerKeys(opened, ["old"]).require_named()
