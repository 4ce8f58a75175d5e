"""A run over many files: each one is hashed, signed, verified and written, or has a failure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

from countersign.connection.graphql import Connection
from countersign.errors import ClientError
from countersign.signing.batches import MAX_DIGESTS, MadeSignature, Order, Outcome
from countersign.signing.hashing import HashedFile, hash_files
from countersign.signing.repeated_times import sign_as_before
from countersign.signing.results import SignedFile, write_signatures

Item = TypeVar("Item")


@dataclass(slots=True)
class RunResult:
    """What became of the files of a run."""

    #: Those whose signatures were verified and written.
    signed: list[SignedFile] = field(default_factory=list)
    #: Why there is no signature, by the name of the file.
    failures: dict[str, ClientError] = field(default_factory=dict)
    #: The number of files that were not tried, since one before them was refused.
    untried: int = 0

    def count_before(self, instant: datetime) -> int:
        """Return how many of the signatures were made before an instant of the server's clock."""
        instants = (datetime.fromisoformat(file.signature.created_at) for file in self.signed)
        return sum(at < instant for at in instants)

    def signatures_left(self, release_id: str) -> int | None:
        """Return how many signatures a release had left in the end; None if none counted there."""
        releases = (file.signature.release for file in self.signed)
        left = [r.signatures_left for r in releases if r is not None and r.id == release_id]
        return min(left, default=None)

    @property
    def first_failure(self) -> ClientError | None:
        """The failure that the exit status tells, if there is one."""
        return next(iter(self.failures.values()), None)


def sign_files(
    connection: Connection,
    order: Order,
    targets: Mapping[Path, Path],
    report: Callable[[int], None] = lambda _count: None,
) -> RunResult:
    """Sign files in batches, and stop after a batch in which one was refused.

    Args:
        connection: The server.
        order: What all signatures have in common.
        targets: Where the signature of each file goes.
        report: What is called with the number of files that were signed since the last call.

    Raises:
        ClientError: A file cannot be read, or a request failed as a whole. The signatures of
            earlier batches are written, and a rerun uses nothing twice.
    """
    result = RunResult()
    files = hash_files(targets, order.form.file_digest_name)
    for batch in _batched(files, MAX_DIGESTS):
        outcomes = sign_as_before(connection, order, batch)
        signed = _verify(batch, outcomes, targets, result)
        if order.is_atomic and result.failures:
            signed = []
        write_signatures(signed)
        result.signed += signed
        report(len(signed))
        if result.failures:
            break
    result.untried = len(targets) - len(result.signed) - len(result.failures)
    return result


def _verify(
    files: Sequence[HashedFile],
    outcomes: Sequence[tuple[Order, Outcome]],
    targets: Mapping[Path, Path],
    result: RunResult,
) -> list[SignedFile]:
    """Return the files whose signature is valid, and note the failures of the others."""
    signed = []
    for file, (order, outcome) in zip(files, outcomes, strict=True):
        if isinstance(outcome, ClientError):
            result.failures[file.name] = outcome
            continue
        content = _content(order, file, outcome)
        if content is None:
            result.failures[file.name] = _invalid(file)
        else:
            signed.append(SignedFile(file, outcome, targets[file.path], content))
    return signed


def _content(order: Order, file: HashedFile, signature: MadeSignature) -> bytes | None:
    """Return the content of the signature's file, or None if it is not valid."""
    content = order.form.assemble(file, signature.value)
    return content if order.form.is_valid(file, content) else None


def _invalid(file: HashedFile) -> ClientError:
    message = f"The server's signature over {file.name} is not that of the key: nothing is written."
    return ClientError("SIGNATURE_INVALID", message)


def _batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
