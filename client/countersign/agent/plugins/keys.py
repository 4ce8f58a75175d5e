"""What the plug-in programs have in common: one keypair, and one call of the server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from countersign.agent.certificates import load_certificates
from countersign.agent.server_keys import ServerKeys
from countersign.agent.signing_keys import AgentKey, DigestAlgorithm
from countersign.connection.connect import connect_async
from countersign.errors import RefusedError


def find_key(alias: str, certificates: Sequence[Path] = ()) -> AgentKey:
    """Return a keypair by its alias.

    Raises:
        ClientError: There is none, or the server does not say.
    """

    async def read() -> AgentKey:
        async with connect_async() as connection:
            keys = ServerKeys(connection, [alias], load_certificates(certificates))
            await keys.require_named()
            [key] = await keys.keys()
            return key

    key = asyncio.run(read())
    if key.is_openpgp:
        raise RefusedError("WRONG_KEYPAIR", f"{alias} is of the category GPG, for OpenPGP alone.")
    return key


def sign(alias: str, digest: bytes, hashed_by: DigestAlgorithm) -> bytes:
    """Return one signature over a digest.

    Raises:
        ClientError: There is none.
    """

    async def request() -> bytes:
        async with connect_async() as connection:
            return await ServerKeys(connection).sign(alias, digest, hashed_by)

    return asyncio.run(request())
