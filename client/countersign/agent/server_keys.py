"""The keypairs of a server as the agent's tools use them."""

from __future__ import annotations

import base64
import time
from collections.abc import Collection, Sequence
from typing import Any, cast

from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import Certificate, load_pem_x509_certificates

from countersign.agent.certificates import chain_of
from countersign.agent.gathering import Gatherer, ItemToSign
from countersign.agent.signing_keys import AgentKey, DigestAlgorithm, PublicKey, Scheme
from countersign.connection.graphql import AsyncConnection
from countersign.connection.wire import refusal_of
from countersign.errors import ClientError, RefusedError
from countersign.operations.keypairs import SIGNING_KEYPAIRS
from countersign.operations.signing import EXPLAIN_SIGN, SIGN_BATCH
from countersign.suggestions import did_you_mean

#: How long the list of keypairs is kept; whether one may sign is decided anew each time.
KEYS_SECONDS = 30.0


class ServerKeys:
    """Offers keypairs of a server, and lets it sign.

    Args:
        connection: The connection to the server.
        aliases: The only keypairs that are offered; all that the person may see if None.
        certificates: Certificates of keypairs, which go before those that the server has.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        aliases: Collection[str] | None = None,
        certificates: Sequence[Certificate] = (),
    ) -> None:
        self._connection = connection
        self._certificates = certificates
        self._aliases = None if aliases is None else frozenset(map(str.casefold, aliases))
        self._keys: Sequence[AgentKey] = ()
        self._known_aliases: Sequence[str] = ()
        #: By the alias of a keypair that was renewed, without regard to case.
        self._successors: dict[str, str] = {}
        self._expires_at = float("-inf")
        self._gatherer = Gatherer(self._sign_batch)

    async def keys(self) -> Sequence[AgentKey]:
        """Return the keypairs that are offered, sorted by alias.

        Raises:
            ClientError: The server does not say which.
        """
        if time.monotonic() >= self._expires_at:
            rows = await self._read_rows()
            keys = sorted(filter(None, map(self._key_of, rows)), key=lambda key: key.alias)
            self._known_aliases = [key.alias for key in keys]
            self._keys = [key for key in keys if self._is_offered(key.alias)]
            renewed = (row for row in rows if row["successor"])
            self._successors = {r["alias"].casefold(): r["successor"]["alias"] for r in renewed}
            self._expires_at = time.monotonic() + KEYS_SECONDS
        return self._keys

    async def require_named(self) -> None:
        """Check that tools can use each keypair that was named.

        Raises:
            RefusedError: One of them is not there.
            ClientError: The server does not say.
        """
        aliases = {key.alias.casefold() for key in await self.keys()}
        for alias in sorted((self._aliases or frozenset()) - aliases):
            message = f"There is no enabled keypair {alias!r} that you may see and tools can use."
            if successor := self._successors.get(alias):
                message += f" Its successor is {successor}."
            suggestion = did_you_mean(alias, self._known_aliases)
            listing = " `countersign key list` lists the keypairs."
            raise RefusedError("NOT_FOUND", message + suggestion + listing)

    async def aliases_without_certificate(self) -> list[str]:
        """Return the keypairs, other than those for OpenPGP, of which no certificate is known.

        Raises:
            ClientError: The server does not say.
        """
        return [key.alias for key in await self.keys() if not (key.certificates or key.is_openpgp)]

    async def sign(self, alias: str, content: bytes, hashed_by: DigestAlgorithm | None) -> bytes:
        """Return one signature over a digest or a message.

        Raises:
            ClientError: There is none.
        """
        return await self._gatherer.sign(alias, content, hashed_by)

    async def is_open(self, alias: str) -> bool:
        """Return whether the server would sign with a keypair now.

        Raises:
            ClientError: It does not say.
        """
        [keypair_id] = [key.id for key in await self.keys() if key.alias == alias]
        data = await self._connection.run(EXPLAIN_SIGN, input={"keypairId": keypair_id})
        explanation = data["explainSign"]
        return explanation is not None and bool(explanation["allowed"])

    def _key_of(self, row: dict[str, Any]) -> AgentKey | None:
        """Return a keypair as the tools use it; None if none of them does."""
        scheme = next((scheme for scheme in Scheme if row["algorithm"].startswith(scheme)), None)
        if scheme is None or not row["enabled"]:
            return None
        public_key_info = base64.b64decode(row["publicKey"]["der"])
        return AgentKey(
            id=row["id"],
            alias=row["alias"],
            algorithm=row["algorithm"],
            scheme=scheme,
            public_key=cast("PublicKey", load_der_public_key(public_key_info)),
            openpgp_certificate=row["publicKey"]["openpgp"],
            certificates=chain_of(public_key_info, self._certificates) or _chain_in(row),
        )

    def _is_offered(self, alias: str) -> bool:
        return self._aliases is None or alias.casefold() in self._aliases

    async def _read_rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            (page,) = (await self._connection.run(SIGNING_KEYPAIRS, after=after)).values()
            rows += [edge["node"] for edge in page["edges"]]
            if not page["pageInfo"]["hasNextPage"]:
                return rows
            after = page["pageInfo"]["endCursor"]

    async def _sign_batch(
        self, alias: str, items: Sequence[ItemToSign]
    ) -> Sequence[bytes | ClientError]:
        payload = await self._connection.change(
            SIGN_BATCH, {"keypairAlias": alias, "items": [_item(item) for item in items]}
        )
        return [_result(outcome) for outcome in payload["outcomes"]]


def _chain_in(row: dict[str, Any]) -> tuple[Certificate, ...]:
    """The keypair's default certificate at the server, and those above it."""
    pem = (row["defaultCertificate"] or {}).get("chainPem")
    return tuple(load_pem_x509_certificates(pem.encode())) if pem else ()


def _item(item: ItemToSign) -> dict[str, str]:
    content = base64.b64encode(item.content).decode()
    signed = (
        {"message": content}
        if item.hashed_by is None
        else {"digest": content, "digestAlgorithm": item.hashed_by.value}
    )
    return signed | {"idempotencyKey": item.idempotency_key}


def _result(outcome: dict[str, Any]) -> bytes | ClientError:
    if outcome["signature"] is None:
        return refusal_of(outcome["errors"])
    return base64.b64decode(outcome["signature"]["value"])
