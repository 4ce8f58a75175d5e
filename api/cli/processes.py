"""Several processes that serve one port.

The first process imports the program and forks the others, which share its memory and its listening
sockets. It serves nothing itself: it passes signals on, and replaces a process that was killed.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

import structlog
import typer

log = structlog.get_logger("countersign.processes")

#: A process that is killed sooner after its start is not replaced: it would be killed again.
MIN_LIFETIME_SECONDS = 3.0
#: Seconds beyond the time that a process has to end in, after which the first one ends as well.
SHUTDOWN_MARGIN_SECONDS = 2.0
_ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def fork_processes(number: int, shutdown_seconds: float) -> int:
    """Fork processes, and return in each of them its index from 0.

    In the first process it does not return. It waits for the others: one that was killed by a
    signal is replaced; one that gave up by itself, or was killed at once, ends all of them.

    Args:
        number: How many processes to fork.
        shutdown_seconds: In which each of them ends after a signal.

    Raises:
        typer.Exit: In the first process, when all others have ended; with the exit code of the one
            that gave up, and 0 if all ended because they were told to.
    """
    # What was imported stays shared, as long as no process looks for cycles in it.
    gc.collect()
    gc.freeze()
    supervisor = _Supervisor(shutdown_seconds)
    for index in range(number):
        if supervisor.start(index):
            return index
    replacing = supervisor.wait()
    if replacing is not None:
        return replacing
    raise typer.Exit(supervisor.exit_code)


@dataclass(frozen=True, slots=True)
class _Child:
    index: int
    started_at: float


class _Supervisor:
    """What the first process knows of those that it has forked."""

    def __init__(self, shutdown_seconds: float) -> None:
        self.exit_code = 0
        self._shutdown_seconds = shutdown_seconds
        self._children: dict[int, _Child] = {}
        self._is_ending = False
        #: Nothing is ever written to it: it is closed when the first process is gone.
        self._lifeline = os.pipe()
        for number in _ENDING_SIGNALS:
            signal.signal(number, self._on_signal)

    def start(self, index: int) -> bool:
        """Fork a process unless all are ending, and return whether this is the new one."""
        with _signals_blocked():
            if self._is_ending:
                return False
            pid = os.fork()
            if pid:
                self._children[pid] = _Child(index, time.monotonic())
                return False
            for number in _ENDING_SIGNALS:
                signal.signal(number, signal.SIG_DFL)
        self._end_with_first_process()
        return True

    def wait(self) -> int | None:
        """Wait until all have ended; returns an index in a process that replaces another."""
        while self._children:
            pid, status = os.waitpid(-1, 0)
            child = self._children.pop(pid, None)
            if child is None or self._is_ending:
                continue
            exit_code = os.waitstatus_to_exitcode(status)
            lifetime = time.monotonic() - child.started_at
            if exit_code < 0 and lifetime >= MIN_LIFETIME_SECONDS:
                name = signal.Signals(-exit_code).name
                log.error("process_replaced", process=child.index, pid=pid, killed_by=name)
                if self.start(child.index):
                    return child.index
            else:
                log.error("process_gave_up", process=child.index, pid=pid, exit_code=exit_code)
                self.exit_code = exit_code if exit_code > 0 else 1
                self._end()
        return None

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if not self._is_ending:
            log.info("ending_processes", signal=signal.Signals(number).name)
            self._end()

    def _end(self) -> None:
        """Tell all to end. Each sees to it that it ends in time; this is for one that cannot."""
        self._is_ending = True
        for pid in self._children:
            os.kill(pid, signal.SIGTERM)
        seconds = self._shutdown_seconds + SHUTDOWN_MARGIN_SECONDS
        timer = threading.Timer(seconds, self._kill)
        timer.daemon = True
        timer.start()

    def _kill(self) -> None:
        for pid in list(self._children):
            log.warning("process_killed", pid=pid, after_seconds=self._shutdown_seconds)
            os.kill(pid, signal.SIGKILL)

    def _end_with_first_process(self) -> None:
        """End this process as by SIGTERM once the first one is gone, however it went."""
        reading, writing = self._lifeline
        os.close(writing)

        def wait() -> None:
            os.read(reading, 1)
            log.error("first_process_is_gone")
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=wait, name="lifeline", daemon=True).start()


@contextmanager
def _signals_blocked() -> Iterator[None]:
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING_SIGNALS)
