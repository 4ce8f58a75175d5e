"""Limit how often each kind of event is logged, so that an attack cannot fill the log."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

#: Each kind is logged once within this time, with how often it was seen since.
QUIET_SECONDS = 10.0
#: How many kinds are kept in memory; the one not seen for longest is dropped.
MAX_KINDS = 500


@dataclass(slots=True)
class _LoggedKind:
    """One kind: the id it was last logged under, when, and how often it was suppressed since."""

    id: str
    logged_at: float
    suppressed: int = 0


class LogThrottle:
    """Decides whether an event is logged, with a bounded number of kinds in memory."""

    def __init__(
        self,
        quiet: float = QUIET_SECONDS,
        kinds: int = MAX_KINDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._quiet = quiet
        self._kinds = kinds
        self._clock = clock
        self._seen: OrderedDict[Hashable, _LoggedKind] = OrderedDict()

    def admit(self, kind: Hashable) -> tuple[str, int | None]:
        """Count one event of a kind, and decide whether it is logged.

        Returns:
            The id under which this kind was last logged, and how many events were suppressed before
            this one; None in its place: this one is not to be logged either.
        """
        now, suppressed = self._clock(), None
        seen = self._seen.pop(kind, None)
        if seen is None or now - seen.logged_at >= self._quiet:
            suppressed = seen.suppressed if seen is not None else 0
            seen = _LoggedKind(secrets.token_hex(8), now)
        else:
            seen.suppressed += 1
        self._seen[kind] = seen
        while len(self._seen) > self._kinds:
            self._seen.popitem(last=False)
        return seen.id, suppressed
