"""The option `--wait`, which may have a length of time, and what is told while one waits."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from countersign.terminal import note
from countersign.times import parse_length, shown_instant

Wait = Annotated[
    str | None,
    typer.Option(
        "--wait",
        metavar="[=2h]",
        help="Wait until the release opens; `--wait=2h` for at most that long.",
    ),
]


class WaitingCommand(TyperCommand):
    """A command with `--wait`: the option stands alone, or has its value after `=`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read `--wait` as one without a limit, so that it takes no file for its value."""
        end = args.index("--") if "--" in args else len(args)
        options = ["--wait=" if word == "--wait" else word for word in args[:end]]
        return super().parse_args(ctx, options + args[end:])


def wait_limit(wait: str | None) -> timedelta | None:
    """Return how long to wait at most; None for ever, or where nobody waits.

    Raises:
        UsageError: It is no length of time.
    """
    return parse_length(wait) if wait else None


def tell_status(release: dict[str, Any]) -> None:
    """Tell a person what a release waits for."""
    from countersign.releases.waiting import AWAITED, OPEN

    name, status = release["name"], release["status"]
    if status == OPEN:
        note(f"{name} is open until {shown_instant(release['endsAt'])}.")
    elif status in AWAITED:
        since = f" ({shown_instant(release['startsAt'])})" if status != "PENDING" else ""
        note(f"{name} {AWAITED[status]}{since}.")
