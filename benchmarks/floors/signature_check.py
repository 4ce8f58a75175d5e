"""Checks that whoever claims a rate has stored what it stands for."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sqlalchemy import Connection

from benchmarks.data.signing_world import Signing
from benchmarks.floors.same_work.model import ALGORITHM
from engine.persistence.db.database import Database
from engine.persistence.store import tables as t
from engine.persistence.store.ledger_verification import verify

#: Signatures whose value is verified, the last ones.
VERIFIED = 100


def check_counts(url: str, signing: Signing) -> int:
    """Check that each signature is counted by its release and has an entry; return their number."""
    database = Database(url)
    try:
        with database.snapshot() as connection:
            return _count(connection, signing)
    finally:
        database.dispose()


def check_signatures(url: str, signing: Signing) -> int:
    """Check also that the ledger's chain holds and that signatures fit their keypair."""
    database = Database(url)
    try:
        with database.snapshot() as connection:
            verification = verify(connection, signing.principal.account_id)
            assert verification.holds, verification
            _verify_values(connection, signing.keypair_ids[0])
            return _count(connection, signing)
    finally:
        database.dispose()


def _count(connection: Connection, signing: Signing) -> int:
    s, r, e = t.signatures.c, t.releases.c, t.ledger_entries.c
    account_id = signing.principal.account_id

    def scalar(query: sa.Select[int]) -> int:
        return connection.execute(query).scalar_one()

    number = scalar(sa.select(sa.func.count()).where(s.state == "MADE", s.account_id == account_id))
    used = scalar(sa.select(sa.func.sum(r.signatures_used)).where(r.id.in_(signing.release_ids)))
    tagged = e.tag.in_(("signature:made", "signature-made"))
    entries = scalar(sa.select(sa.func.count()).where(tagged, e.account_id == account_id))
    assert number == used == entries, f"{number} signatures, {used} counted, {entries} entries"
    return number


def _verify_values(connection: Connection, keypair_id: UUID) -> None:
    s, k = t.signatures.c, t.keypairs.c
    pem = connection.execute(sa.select(k.public_key).where(k.id == keypair_id)).scalar_one()
    public_key = load_pem_public_key(pem.encode())
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    last = sa.select(s.value, s.digest).where(s.keypair_id == keypair_id)
    for value, digest in connection.execute(last.order_by(s.id.desc()).limit(VERIFIED)):
        public_key.verify(value, digest, ALGORITHM)
