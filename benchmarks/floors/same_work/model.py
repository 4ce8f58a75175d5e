"""What the floor writes: rows of signatures modelled on one that the engine has made."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key
from sqlalchemy import Connection

from benchmarks.data.signing_world import Signing
from benchmarks.environment.servers import MASTER_KEY
from engine.persistence.db.canonical_json import instant_text
from engine.persistence.db.ids import uuid7s
from engine.persistence.store import tables as t
from engine.signers.base import KeyBinding
from engine.signers.keyring import Keyring

ALGORITHM = ec.ECDSA(Prehashed(SHA256()))


@dataclass(frozen=True, slots=True)
class Head:
    """The head of the ledger as it is locked, and the instant of the batch."""

    count: int
    hash: bytes
    now: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """What differs from one signature to the next, in its row and its ledger entry."""

    id: UUID
    digest: bytes
    value: bytes
    position: int
    body: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class Model:
    """The signature that the others are modelled on, and the key of its keypair."""

    account_id: UUID
    user_id: UUID
    keypair_id: UUID
    release_id: UUID
    channel: str
    factors: str
    #: The body of its ledger entry.
    body: dict[str, Any]
    private_key: ec.EllipticCurvePrivateKey

    @classmethod
    def load(cls, connection: Connection, signing: Signing) -> Model:
        """Load the last signature that was made in the hot release, with its ledger entry."""
        s, e, keypair_id = t.signatures, t.ledger_entries, signing.keypair_ids[0]
        query = (
            sa.select(s.c.account_id, s.c.user_id, s.c.release_id, s.c.channel, s.c.factors)
            .add_columns(e.c.body)
            .join_from(s, e, e.c.subject_id == s.c.id)
            .where(s.c.keypair_id == keypair_id)
            .order_by(e.c.position.desc())
            .limit(1)
        )
        row = connection.execute(query).one()
        body = json.loads(row.body)
        body["details"]["factors"] = orjson.Fragment(row.factors)
        return cls(
            account_id=row.account_id,
            user_id=row.user_id,
            keypair_id=keypair_id,
            release_id=row.release_id,
            channel=row.channel,
            factors=row.factors,
            body=body,
            private_key=_private_key(connection, row.account_id, keypair_id),
        )

    def rows(self, digests: Sequence[bytes], head: Head) -> list[Row]:
        """Sign the digests, and chain their ledger entries to the head."""
        rows, previous, instant = [], head.hash, instant_text(head.now)
        ids = uuid7s(len(digests))
        for position, (id_, digest) in enumerate(zip(ids, digests, strict=True), head.count + 1):
            value = self.private_key.sign(digest, ALGORITHM)
            body = self.body | {
                "position": position,
                "subject": self.body["subject"] | {"id": id_},
                "details": self.body["details"] | {"digest": digest.hex()},
                "effective_at": instant,
                "recorded_at": instant,
                "previous": b64encode(previous).decode(),
            }
            text = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
            previous = hashlib.sha256(text).digest()
            rows.append(Row(id_, digest, value, position, text.decode(), previous))
        return rows


def _private_key(
    connection: Connection, account_id: UUID, keypair_id: UUID
) -> ec.EllipticCurvePrivateKey:
    k = t.keypairs.c
    query = sa.select(k.material, k.master_key_id).where(k.id == keypair_id)
    material, key_id = connection.execute(query).one()
    secret = Keyring([MASTER_KEY]).open(material, key_id, KeyBinding(account_id, keypair_id))
    private_key = load_der_private_key(secret, password=None)
    assert isinstance(private_key, ec.EllipticCurvePrivateKey)
    return private_key
