"""`countersign` that kills itself with SIGKILL at a chosen step of what it does with keys.

`python -m tests.support.killable_countersign serve` is `countersign serve`, and starts again each
time. Steps are the commits of a command, each call of its signer, and its end. `Steps` says,
from another process, at which of them it dies; all else goes on as it is.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import local
from typing import Any

import typer

PROGRAM = [sys.executable, "-m", "tests.support.killable_countersign"]
#: The environment's name for the folder of `Steps`.
STEPS_FOLDER = "TEST_STEPS_FOLDER"


@dataclass(frozen=True, slots=True)
class Steps:
    """Which step is the last one, and which steps there were."""

    folder: Path

    def begin(self, last: int | None = None) -> None:
        """Note the steps from now on, and die before the one of this number, counted from 0."""
        self._passed.write_text("")
        self._armed.write_text("" if last is None else str(last))

    def end(self) -> None:
        """Note and end nothing any more."""
        self._armed.unlink(missing_ok=True)

    @property
    def passed(self) -> list[str]:
        """The names of the steps, of which the last one was not done where the process died."""
        return self._passed.read_text().splitlines()

    def reach(self, name: str) -> None:
        """Note a step that is about to be done; may not return."""
        if not self._armed.exists():
            return
        last = self._armed.read_text()
        number = len(self.passed)
        with self._passed.open("a") as file:
            file.write(f"{name}\n")
        if last and number == int(last):
            os.kill(os.getpid(), signal.SIGKILL)

    @property
    def _armed(self) -> Path:
        return self.folder / "armed"

    @property
    def _passed(self) -> Path:
        return self.folder / "passed"


class _Counter:
    """Counts what happens in threads that are in the middle of such a command."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._thread = local()

    def step(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, which is a step of a command that calls it."""

        @functools.wraps(original)
        def stepping(*args: Any, **kwargs: Any) -> Any:
            if getattr(self._thread, "is_within", False):
                self._steps.reach(name)
            return original(*args, **kwargs)

        return stepping

    def command(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, whose steps count; the last one is that it ends."""

        @functools.wraps(original)
        def counted(*args: Any, **kwargs: Any) -> Any:
            if getattr(self._thread, "is_within", False):
                return original(*args, **kwargs)
            self._thread.is_within = True
            try:
                result = original(*args, **kwargs)
            finally:
                self._thread.is_within = False
            self._steps.reach("end")
            return result

        return counted


#: What a signer does with keys.
_CALLS = ("generate", "import_key", "adopt", "sign", "destroy")


def _install(steps: Steps) -> None:
    """Count steps in this process: before the modules are imported that call these functions."""
    from sqlalchemy import Connection

    from engine.commands.maintenance import reseal_keypairs
    from engine.signers.local import LocalSigner
    from engine.signers.pkcs11.signer import Pkcs11Signer
    from engine.signing import decide_calls, settle, sign

    counter = _Counter(steps)
    Connection.commit = counter.step("commit", Connection.commit)  # type: ignore[method-assign]
    for signer in (LocalSigner, Pkcs11Signer):
        for name in _CALLS:
            if name in vars(signer):
                setattr(signer, name, counter.step(name, getattr(signer, name)))
    for module in (decide_calls, settle, sign, reseal_keypairs):
        name = module.__name__.rpartition(".")[2]
        setattr(module, name, counter.command(getattr(module, name)))
    # So that a few keypairs are more than one transaction.
    reseal_keypairs.reseal_keypairs.__wrapped__.__kwdefaults__["batch_rows"] = 1  # type: ignore[attr-defined]
    from engine.commands.keys.certify import CertifyCommand
    from engine.commands.keys.create_keypair import CreateKeypair

    for command in (CreateKeypair, CertifyCommand):
        setattr(command, "run", counter.command(command.run))  # noqa: B010 - of any type


def _restart_forever() -> None:
    """Return in a process forked off, and in another one once that was killed, as `serve` does."""
    import api.app  # noqa: F401 - shared with those that are forked
    from api.cli import processes

    processes.MIN_LIFETIME_SECONDS = 0.0
    try:
        processes.fork_processes(1, shutdown_seconds=20.0)
    except typer.Exit as ended:
        sys.exit(ended.exit_code)


if __name__ == "__main__":
    _install(Steps(Path(os.environ[STEPS_FOLDER])))
    from api.cli.main import app

    if sys.argv[1] == "serve":
        _restart_forever()
    app()
