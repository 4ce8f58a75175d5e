"""What a process and its children cost, as Linux counts it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
#: Places of utime and stime among what follows the name in `/proc/PID/stat`.
_UTIME, _STIME = 11, 12


def cpu_seconds(pid: int) -> float:
    """Return the user and system time of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[_UTIME]) + int(fields[_STIME])) / _TICKS_A_SECOND


def resident_mib(pid: int) -> float:
    """Return the memory of one process, with what it shares with others (RSS)."""
    return _mib(Path(f"/proc/{pid}/status"), "VmRSS:")


def proportional_mib(pid: int) -> float:
    """Return the memory of a process and its descendants, each shared page counted once (PSS)."""
    return sum(_mib(Path(f"/proc/{each}/smaps_rollup"), "Pss:") for each in _tree(pid))


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from _tree(int(child))


def _mib(file: Path, name: str) -> float:
    (kilobytes,) = (
        line.split()[1] for line in file.read_text().splitlines() if line.startswith(name)
    )
    return int(kilobytes) / 1024
