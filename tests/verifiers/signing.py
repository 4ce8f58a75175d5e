"""Signatures of every form for the matrix, made by the engine with keys of a backend."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from engine.formats.sshsig import SshContent
from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm
from engine.model.vocabulary import KeypairCategory, ReleaseType
from engine.openpgp.signatures import SignatureType, UnsignedSignature
from engine.persistence.store import tables as t
from engine.signers.openpgp_keys import openpgp_key, openpgp_time
from engine.signers.public_keys import PublicKey
from engine.signing.request import Made, Outcome, SignRequest
from tests.support.releases import rows
from tests.support.sign_now import sign
from tests.support.world import World


@dataclass(frozen=True, slots=True)
class Signer:
    """A keypair of the world that signs through the engine."""

    world: World
    row: Any

    @classmethod
    def make(
        cls, world: World, category: KeypairCategory, algorithm: KeypairAlgorithm, backend: str
    ) -> Signer:
        """A keypair for tests, of a team that dev is a member of."""
        keypair_id = world.add_keypair(
            "matrix",
            ReleaseType.TEST,
            category=category,
            algorithm=algorithm,
            backend=backend,
        )
        world.set_team("blue", keypairs=["matrix"])
        (row,) = rows(world, t.keypairs, id=keypair_id)
        return cls(world, row)

    @property
    def algorithm(self) -> KeypairAlgorithm:
        """The algorithm of its keys."""
        algorithm: KeypairAlgorithm = self.row.algorithm
        return algorithm

    @property
    def public_key(self) -> PublicKey:
        """The public key in every form."""
        row = self.row
        return PublicKey(row.algorithm, row.public_key, "matrix", row.openpgp_certificate)

    def outcome(self, **request: Any) -> Outcome:
        """What comes of one request."""
        world, id_ = self.world, self.row.id
        request = {"keypair_id": id_} | request
        (outcome,) = sign(world.system, world.principal("dev"), id_, [SignRequest(**request)])
        return outcome

    def value(self, **request: Any) -> bytes:
        """The value of one signature."""
        outcome = self.outcome(**request)
        assert isinstance(outcome, Made), outcome
        assert outcome.signed is not None
        return outcome.signed.value

    def openpgp(self, content: bytes, type_: SignatureType = SignatureType.BINARY) -> str:
        """A detached signature that a client puts together around a signed digest."""
        unsigned = UnsignedSignature(
            key=openpgp_key(self.row.public_key, self.row.openpgp_created_at),
            type=type_,
            hash_algorithm=DigestAlgorithm.SHA512,
            created_at=openpgp_time(self.world.clock.instant),
        )
        digest = unsigned.digest(content)
        value = self.value(digest=digest, digest_algorithm=DigestAlgorithm.SHA512)
        return unsigned.armored(digest, value)

    def openssh(self, content: bytes, namespace: str) -> str:
        """A signature of OpenSSH."""
        digest, algorithm = digest_of(content, DigestAlgorithm.SHA512), DigestAlgorithm.SHA512
        ssh = SshContent(namespace=namespace, digest=digest, digest_algorithm=algorithm)
        return self.value(ssh=ssh).decode()

    def clear_signed(self, text: str) -> str:
        """Clear-signed text (RFC 9580 section 7), by a client."""
        lines = [line.rstrip(" \t\r") for line in text.removesuffix("\n").split("\n")]
        signature = self.openpgp("\r\n".join(lines).encode(), SignatureType.TEXT)
        shown = "\n".join(f"- {line}" if line.startswith("-") else line for line in lines)
        head = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n"
        return f"{head}{shown}\n{signature}"


def digest_of(content: bytes, algorithm: DigestAlgorithm = DigestAlgorithm.SHA256) -> bytes:
    """The digest of a content."""
    return hashlib.new(algorithm.lower(), content).digest()
