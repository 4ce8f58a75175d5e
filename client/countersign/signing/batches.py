"""Signatures over many digests in one request, repeated until each one is made or refused."""

from __future__ import annotations

import hashlib
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from countersign.connection.graphql import RETRY_SECONDS, Connection
from countersign.connection.retry import RetryPlan
from countersign.connection.wire import refusal_of
from countersign.errors import ClientError, TransientError
from countersign.operations.signing import SIGN_BATCH
from countersign.signing.forms import SignatureForm
from countersign.signing.hashing import HashedFile

#: The number of digests that the server takes at once.
MAX_DIGESTS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What every signature of a run has in common."""

    keypair_id: str
    form_name: str
    form: SignatureForm
    #: The release that each signature must count toward.
    release_id: str | None = None
    #: Names and texts about the build.
    context: Mapping[str, str]
    is_atomic: bool = False

    def idempotency_key(self, file: HashedFile) -> str:
        """Return the same key for the same order and file, whoever runs it again and when.

        So nothing has to be remembered between two runs for the second one to use nothing twice.
        """
        digest = [self.form.file_digest_name, file.digest.hex()]
        parts = [self.keypair_id, self.release_id, self.form_name, file.name, digest]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class CountingRelease:
    """The release that a signature counts toward, as it was when the signature was answered."""

    id: str
    name: str
    signatures_left: int


@dataclass(frozen=True, slots=True)
class MadeSignature:
    """A signature that the server answered; nothing has been verified yet."""

    id: str
    value: bytes
    created_at: str
    release: CountingRelease | None


#: What became of a file: its signature, or why there is none.
Outcome = MadeSignature | ClientError


def sign_batch(connection: Connection, order: Order, files: Sequence[HashedFile]) -> list[Outcome]:
    """Return what became of each file, in their order.

    Raises:
        ClientError: The request failed as a whole.
    """
    outcomes: dict[int, Outcome] = {}
    plan = RetryPlan(RETRY_SECONDS, is_repeatable=True)
    while left := [index for index in range(len(files)) if index not in outcomes]:
        answers = _send(connection, order, [files[index] for index in left])
        failure: TransientError | None = None
        for index, outcome in zip(left, answers, strict=True):
            if isinstance(outcome, TransientError):
                failure = outcome
            else:
                outcomes[index] = outcome
        if failure is not None:
            try:
                time.sleep(plan.delay_after(failure))
            except TransientError:
                outcomes |= {index: failure for index in left if index not in outcomes}
    return [outcomes[index] for index in range(len(files))]


def _send(connection: Connection, order: Order, files: Sequence[HashedFile]) -> list[Outcome]:
    payload = connection.change(SIGN_BATCH, input_of(order, files))
    return [_outcome(answer) for answer in payload["outcomes"]]


def input_of(order: Order, files: Sequence[HashedFile]) -> dict[str, Any]:
    """Return the input of `signBatch`."""
    return {
        "keypairId": order.keypair_id,
        "releaseId": order.release_id,
        "atomic": order.is_atomic,
        "context": [{"name": name, "value": value} for name, value in order.context.items()],
        "items": [
            {
                **order.form.request(file),
                "idempotencyKey": order.idempotency_key(file),
                "artifact": {
                    "name": file.name,
                    "size": file.size_bytes,
                    "digest": b64encode(file.digest).decode(),
                    "digestAlgorithm": order.form.file_digest_name.upper(),
                },
            }
            for file in files
        ],
    }


def _outcome(answer: Mapping[str, Any]) -> Outcome:
    signature = answer["signature"]
    if signature is None:
        return refusal_of(answer["errors"])
    release = signature["release"]
    return MadeSignature(
        id=signature["id"],
        value=b64decode(signature["value"]),
        created_at=signature["createdAt"],
        release=CountingRelease(release["id"], release["name"], release["signaturesLeft"])
        if release is not None
        else None,
    )
