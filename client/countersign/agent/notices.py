"""Refusals as people read them: tools have only numbers for them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable

from countersign.terminal import note_failure, notice

#: Says why there is no signature, by a code and a sentence.
Notify = Callable[[str, str], None]


def notify_process(process_id: int) -> Notify:
    """Say it on the standard error of the tool as well, where that is a terminal or a pipe.

    A plain file is left alone, since the tool would write over it.
    """

    def notify(code: str, sentence: str) -> None:
        note_failure(code, sentence)
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
