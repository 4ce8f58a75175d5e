"""What `countersign doctor` does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from countersign.cli.output import chosen, print_json
from countersign.connection.credentials import Credentials
from countersign.connection.graphql import Connection
from countersign.connection.settings import load_settings
from countersign.errors import ClientError
from countersign.operations.viewer import VIEWER
from countersign.terminal import print_line

#: The clocks of pipelines decide whether their tokens are valid, and windows open by the server's.
_MAX_CLOCK_DIFFERENCE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and the fault if there is one."""

    name: str
    detail: str
    fault: ClientError | None = None
    #: Whether it is no fault, but may be not what somebody expects.
    is_warning: bool = False

    @property
    def mark(self) -> str:
        """What a person sees in front of it."""
        if self.fault is not None:
            return "FAULT"
        return "WARN " if self.is_warning else "ok   "


def examine(fields: str | None) -> None:
    """Check one thing after the other, and stop at what makes the rest pointless.

    Raises:
        ClientError: The first fault.
    """
    checks = []
    for check in _checks():
        checks.append(check)
        if fields is None:
            print_line(f"{check.mark}  {check.name}: {check.detail}")
    if fields is not None:
        rows = [
            {
                "name": check.name,
                "ok": check.fault is None,
                "warning": check.is_warning,
                "detail": check.detail,
            }
            for check in checks
        ]
        print_json([chosen(row, fields) for row in rows])
    for check in checks:
        if check.fault is not None:
            raise check.fault


def _checks() -> Iterator[Check]:
    try:
        settings = load_settings(os.environ)
        yield Check("server", settings.server)
        credentials = Credentials(os.environ, settings)
        yield Check("credential", f"from {credentials.current().source}")
        with Connection(settings.server, credentials, retry_seconds=0) as connection:
            data = connection.run(VIEWER)
    except ClientError as error:
        yield Check("connection", error.message, error)
        return
    viewer = data["viewer"]
    yield Check("account", f"{viewer['user']['name']} in {viewer['account']['name']}")
    yield _clock(str(data["serverTime"]))
    yield _may_sign(viewer["permissions"], is_frozen=viewer["account"]["signingFrozen"])


def _clock(server_time: str) -> Check:
    difference = datetime.now(UTC) - datetime.fromisoformat(server_time)
    seconds = abs(difference.total_seconds())
    detail = f"{seconds:.1f} seconds from the server's"
    if seconds <= _MAX_CLOCK_DIFFERENCE_SECONDS:
        return Check("clock", detail)
    fault = ClientError("CLOCK", f"The clock of this machine is {detail}. Set it right.")
    return Check("clock", detail, fault)


def _may_sign(permissions: list[str], *, is_frozen: bool) -> Check:
    if is_frozen:
        fault = ClientError("SIGNING_FROZEN", "An administrator stopped all signing.")
        return Check("signing", fault.message, fault)
    if "SIGN" not in permissions:
        detail = "not with this credential: its scopes or its user's permissions lack SIGN"
        return Check("signing", detail, is_warning=True)
    return Check("signing", "allowed")
