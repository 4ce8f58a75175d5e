"""Signatures whose time is signed too: a later run repeats the time of an earlier one.

The idempotency key of a file does not depend on the time. Where an earlier run used it with another
time, the server refuses it, and says which time that was: it is in the signature's context.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from countersign.connection.graphql import Connection
from countersign.errors import ClientError, UsageError
from countersign.operations.signing import EARLIER_SIGNATURES
from countersign.signing.batches import Order, Outcome, sign_batch
from countersign.signing.hashing import HashedFile
from countersign.signing.openpgp.form import OpenPgpForm

#: The name of the time in the context of a signature.
CREATED_AT = "openpgpCreatedAt"
_MISMATCH = "IDEMPOTENCY_MISMATCH"
#: What the other files of an atomic batch are refused with.
_BATCH_REFUSED = "BATCH_REFUSED"


def sign_as_before(
    connection: Connection, order: Order, files: Sequence[HashedFile]
) -> list[tuple[Order, Outcome]]:
    """Return what became of each file, in their order, and what exactly was ordered for it.

    Raises:
        ClientError: A request failed as a whole.
    """
    form = order.form
    if not isinstance(form, OpenPgpForm):
        return [(order, outcome) for outcome in sign_batch(connection, order, files)]
    results: dict[int, tuple[Order, Outcome]] = {}
    left = list(range(len(files)))
    seconds: int | None = form.current_time()
    tried: set[int] = set()
    while seconds is not None:
        tried.add(seconds)
        dated = _at(order, form, seconds)
        outcomes = sign_batch(connection, dated, [files[index] for index in left])
        results |= {i: (dated, outcome) for i, outcome in zip(left, outcomes, strict=True)}
        mismatched = [files[i] for i in left if _code(results[i][1]) == _MISMATCH]
        left = [i for i in left if _code(results[i][1]) in {_MISMATCH, _BATCH_REFUSED}]
        earlier = (s for file in mismatched for s in _earlier_times(connection, order, form, file))
        seconds = next((s for s in earlier if s not in tried), None)
    return [results[index] for index in range(len(files))]


def _at(order: Order, form: OpenPgpForm, seconds: int) -> Order:
    text = datetime.fromtimestamp(seconds, UTC).isoformat()
    return replace(order, form=form.at(seconds), context={**order.context, CREATED_AT: text})


def _code(outcome: Outcome) -> str | None:
    return outcome.code if isinstance(outcome, ClientError) else None


def _earlier_times(
    connection: Connection, order: Order, form: OpenPgpForm, file: HashedFile
) -> Iterator[int]:
    """Yield the times, in seconds since 1970, with which the file was signed."""
    conditions = {
        "keypairId": order.keypair_id,
        "artifactName": file.name,
        "digest": b64encode(file.digest).decode(),
    }
    for edge in connection.run(EARLIER_SIGNATURES, filter=conditions)["signatures"]["edges"]:
        context = {entry["name"]: entry["value"] for entry in edge["node"]["context"]}
        with suppress(ValueError, UsageError):  # whoever signed may have written anything there
            seconds = int(datetime.fromisoformat(context.get(CREATED_AT, "")).timestamp())
            if form.at(seconds).request(file)["digest"] == edge["node"]["digest"]:
                yield seconds
