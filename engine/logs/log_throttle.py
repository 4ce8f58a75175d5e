"""What could fill a log under attack is told now and then, each kind for itself."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

#: A kind is told once in so many seconds, with how often it was seen meanwhile.
QUIET_SECONDS = 10.0
#: Kinds remembered.
MAX_KINDS = 500


@dataclass(slots=True)
class Seen:
    """A kind: the id it was last told under, and how often it came since."""

    id: str
    told_at: float
    since: int = 0


class LogThrottle:
    """Says whether to tell; in bounded memory."""

    def __init__(
        self,
        quiet: float = QUIET_SECONDS,
        kinds: int = MAX_KINDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._quiet = quiet
        self._kinds = kinds
        self._clock = clock
        self._seen: OrderedDict[Hashable, Seen] = OrderedDict()

    def meet(self, kind: Hashable) -> tuple[str, int | None]:
        """The id this kind is told under; how many were not told before, None: nor is this one."""
        now, untold = self._clock(), None
        seen = self._seen.pop(kind, None)
        if seen is None or now - seen.told_at >= self._quiet:
            untold = seen.since if seen is not None else 0
            seen = Seen(secrets.token_hex(8), now)
        else:
            seen.since += 1
        self._seen[kind] = seen
        while len(self._seen) > self._kinds:
            self._seen.popitem(last=False)
        return seen.id, untold
