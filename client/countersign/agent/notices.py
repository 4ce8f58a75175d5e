"""Refusals as people read them: tools have only numbers for them."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable

#: Says why there is no signature, by a code and a sentence.
Notify = Callable[[str, str], None]


def notice(code: str, sentence: str) -> str:
    """The line that a person reads, without control characters of a server or a tool."""
    line = f"countersign: {code}: {sentence}"
    return "".join(character if character.isprintable() else " " for character in line)


def notify_on_stderr(code: str, sentence: str) -> None:
    """Say it on the agent's own standard error."""
    print(notice(code, sentence), file=sys.stderr, flush=True)


def notify_process(process_id: int) -> Notify:
    """Say it on the standard error of the tool as well, where that is a terminal or a pipe.

    A plain file is left alone, since the tool would write over it.
    """

    def notify(code: str, sentence: str) -> None:
        notify_on_stderr(code, sentence)
        try:
            descriptor = os.open(
                f"/proc/{process_id}/fd/2", os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK
            )
        except OSError:
            return  # the tool has gone, or has no standard error
        try:
            mode = os.fstat(descriptor).st_mode
            if stat.S_ISCHR(mode) or stat.S_ISFIFO(mode):
                os.write(descriptor, f"{notice(code, sentence)}\n".encode())
        except OSError:
            return  # the terminal has gone
        finally:
            os.close(descriptor)

    return notify
