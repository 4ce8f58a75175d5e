"""Signs what was reserved and settles it, in tasks that go on when their callers leave.

What one transaction has reserved is signed in parts, in several threads. Parts of one account that
are signed at about the same time are settled in one transaction. An atomic group is one part.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import TypeVar
from uuid import UUID

from engine.concurrency.batching import KeyedBatcher, TakeItems
from engine.concurrency.executor import Executor
from engine.signing.admission import INITIAL_ADMISSION_LIMIT, Admission
from engine.signing.request import GROUP_REFUSED, AtomicGroup, Outcome, Reserved
from engine.signing.settle import settle
from engine.signing.sign import SigningResult, sign
from engine.system import System

#: Signatures made in one thread, one after the other: a slow signer is called from several threads.
SIGN_PART_SIZE = 16
#: Threads that sign for one atomic group at once, which leaves some for others.
MAX_GROUP_THREADS = 4
#: Seconds after which the reservations of an atomic group expire at the latest.
MAX_GROUP_SECONDS = 600.0
#: Seconds that a signed part waits at most for the others of its batch, to be settled with them.
COALESCE_SECONDS = 0.05
#: Keypairs for which the speed of their signer is remembered.
MAX_ADMISSIONS = 1000

Element = TypeVar("Element")

#: The account of the caller and the keypair: another account's keypair, which does not exist for
#: its users, is not waited for either.
Lane = tuple[UUID, UUID]
#: By signature, what became of it.
Outcomes = dict[UUID, Outcome]
#: By signature, the task that signs and settles the part it is in.
TasksBySignature = Mapping[UUID, asyncio.Task[Outcomes]]


class SigningTasks:
    """The tasks that sign and settle, and the number of signatures that each keypair has in them.

    Args:
        system: The engine.
        executor: Its threads.
        notify_capacity: Is called with an account when more of its keypairs may be reserved.
    """

    def __init__(
        self, system: System, executor: Executor, notify_capacity: Callable[[UUID], None]
    ) -> None:
        self._system = system
        self._executor = executor
        self._notify_capacity = notify_capacity
        self._settlements = KeyedBatcher[UUID, Sequence[SigningResult], list[Outcome]](
            self._settle, cost=len
        )
        self._admissions: dict[Hashable, Admission] = {}
        self._tasks: set[asyncio.Task[Outcomes]] = set()

    def free_capacity(self, lane: Hashable) -> int:
        """How many more signatures of a keypair may be reserved. Called on any thread."""
        admission = self._admissions.get(lane)
        return INITIAL_ADMISSION_LIMIT if admission is None else admission.free_capacity

    def atomic_group(self, lane: Lane, size: int) -> AtomicGroup:
        """A group whose reservations last as long as its signer needs, by its recent speed."""
        admission = self._admissions.get(lane)
        limit = INITIAL_ADMISSION_LIMIT if admission is None else admission.limit
        seconds = self._system.reservation_seconds
        return AtomicGroup(max(seconds, min(seconds * size / limit, MAX_GROUP_SECONDS)))

    def start(self, account_id: UUID, reserved: Iterable[Reserved]) -> TasksBySignature:
        """Start to sign what one transaction has reserved, with any keypairs of an account."""
        by_keypair: dict[UUID, list[Reserved]] = {}
        for reservation in reserved:
            by_keypair.setdefault(reservation.event.keypair_id, []).append(reservation)
        tasks: dict[UUID, asyncio.Task[Outcomes]] = {}
        for keypair_id, reservations in by_keypair.items():
            batch = _SigningBatch(self._admission((account_id, keypair_id)), len(reservations))
            for part in _parts(reservations):
                task = asyncio.create_task(self._sign_and_settle(account_id, batch, part))
                # It continues when all callers have left; then nobody awaits what it raises.
                self._tasks.add(task)
                task.add_done_callback(self._forget_task)
                tasks |= dict.fromkeys((r.signature_id for r in part), task)
        return tasks

    def _admission(self, lane: Lane) -> Admission:
        admission = self._admissions.get(lane)
        if admission is None:
            if len(self._admissions) >= MAX_ADMISSIONS:
                self._admissions = {
                    known: admission
                    for known, admission in self._admissions.items()
                    if not admission.is_idle
                }
            admission = Admission(self._system.reservation_seconds)
            self._admissions[lane] = admission
        return admission

    def _forget_task(self, task: asyncio.Task[Outcomes]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()

    async def _sign_and_settle(
        self, account_id: UUID, batch: _SigningBatch, part: Sequence[Reserved]
    ) -> Outcomes:
        try:
            results = await self._sign(part)
            await batch.coalesce(len(part))
            outcomes = await self._settlements.submit(account_id, results)
        finally:
            batch.admission.finish(len(part))
            self._notify_capacity(account_id)
        return {r.signature_id: o for r, o in zip(part, outcomes, strict=True)}

    async def _sign(self, part: Sequence[Reserved]) -> list[SigningResult]:
        """Sign in one thread; a large group in several, until one of its signatures fails."""
        results: list[SigningResult] = []
        for share in split(part, SIGN_PART_SIZE * MAX_GROUP_THREADS):
            if any(result.signature is None for result in results):
                results += [SigningResult(r, None, GROUP_REFUSED) for r in share]
                continue
            threads = [
                self._executor.run_blocking(partial(sign, self._system, piece), bypass_queue=True)
                for piece in split(share, SIGN_PART_SIZE)
            ]
            for signed in await asyncio.gather(*threads):
                results += signed
        return results

    async def _settle(
        self, account_id: UUID, take_parts: TakeItems[Sequence[SigningResult]]
    ) -> list[list[Outcome]]:
        def settle_parts() -> list[list[Outcome]]:
            parts = take_parts()
            results = [result for part in parts for result in part]
            outcomes = iter(settle(self._system, account_id, results))
            return [[next(outcomes) for _ in part] for part in parts]

        return await self._executor.write(settle_parts, account_id, bypass_queue=True)


class _SigningBatch:
    """What was reserved in one transaction, while it is signed."""

    def __init__(self, admission: Admission, size: int) -> None:
        self.admission = admission
        self._unsigned = size
        self._all_signed = asyncio.Event()
        admission.start(size)

    async def coalesce(self, number: int) -> None:
        """Note that so many are signed, and wait a moment for the rest of the batch."""
        self._unsigned -= number
        if not self._unsigned:
            self._all_signed.set()
        try:
            async with asyncio.timeout(COALESCE_SECONDS):
                await self._all_signed.wait()
        except TimeoutError:
            pass


def split(elements: Sequence[Element], size: int) -> list[Sequence[Element]]:
    """The elements in parts of so many each; the last part may be smaller."""
    return [elements[start : start + size] for start in range(0, len(elements), size)]


def _parts(reserved: Iterable[Reserved]) -> Iterator[Sequence[Reserved]]:
    """What is signed and settled together: each atomic group, and the others in small parts."""
    for group, members in groupby(reserved, key=lambda reservation: reservation.group):
        together = list(members)
        yield from [together] if group is not None else split(together, SIGN_PART_SIZE)
