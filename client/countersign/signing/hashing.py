"""Hashing files in parallel, with a memory that does not grow with their size or number."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from countersign.errors import UsageError

#: Files that are hashed or wait for a thread, for each thread.
_QUEUED_PER_THREAD = 4
_MAX_THREADS = 8


@dataclass(frozen=True, slots=True)
class HashedFile:
    """A file as it was when it was read."""

    path: Path
    #: As the caller named it.
    name: str
    size_bytes: int
    digest: bytes
    #: The state of the hash function after the content, to go on from in a copy.
    content_hash: hashlib._Hash = field(compare=False, repr=False)


def hash_files(paths: Iterable[Path], digest_name: str) -> Iterator[HashedFile]:
    """Yield each file with its digest, in the order of the paths.

    Args:
        paths: The files.
        digest_name: What `hashlib` calls the hash function. It releases the interpreter's lock.

    Raises:
        UsageError: A file cannot be read.
    """
    threads = min(_MAX_THREADS, os.cpu_count() or 1)
    queue: deque[Future[HashedFile]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="hash") as executor:
        try:
            for path in paths:
                queue.append(executor.submit(hash_file, path, digest_name))
                if len(queue) >= threads * _QUEUED_PER_THREAD:
                    yield queue.popleft().result()
            while queue:
                yield queue.popleft().result()
        finally:
            executor.shutdown(cancel_futures=True)


def hash_file(path: Path, digest_name: str) -> HashedFile:
    """Return a file with its digest, read in pieces.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        with path.open("rb") as stream:
            content_hash = hashlib.file_digest(stream, digest_name)
            size_bytes, digest = stream.tell(), content_hash.digest()
            return HashedFile(path, path.as_posix(), size_bytes, digest, content_hash)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
