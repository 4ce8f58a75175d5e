"""What a command can fail with: each error has a code, a sentence, and an exit status."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

#: The codes of the factors of a signature (spec section 5): somebody has to act before it is made.
FACTOR_CODES = frozenset(
    {
        *("SIGNING_FROZEN", "FORBIDDEN", "KEYPAIR_DISABLED", "KEYPAIR_RESTRICTED"),
        *("KEYPAIR_NOT_ALLOWED", "OUTSIDE_WINDOW", "NOT_A_PARTICIPANT", "ORIGIN_MISMATCH"),
        *("QUOTA_EXHAUSTED", "RELEASE_MISMATCH", "BATCH_REFUSED"),
    }
)


class ExitStatus(IntEnum):
    """The exit statuses of `countersign`."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    WAIT_RAN_OUT = 3
    NOT_SIGNED_IN = 4
    REFUSED_BY_FACTOR = 5
    PENDING = 8


class ClientError(Exception):
    """A failure that a person can understand; `str()` of it is `CODE: sentence`.

    Args:
        code: A stable code: one of the server's error codes, or one of the client's own.
        message: A sentence that says what is wrong and what to do.
    """

    exit_status = ExitStatus.FAILED

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class UsageError(ClientError):
    """The command line, the environment or the configuration is wrong."""

    exit_status = ExitStatus.USAGE

    def __init__(self, message: str) -> None:
        super().__init__("USAGE", message)


class NotSignedInError(ClientError):
    """There is no credential, or the server does not accept it."""

    exit_status = ExitStatus.NOT_SIGNED_IN

    def __init__(self, message: str) -> None:
        super().__init__("UNAUTHENTICATED", message)


class NoSignatureError(ClientError):
    """There is nothing to verify: the signature's file is missing, or a wrong one was named."""

    exit_status = ExitStatus.USAGE

    def __init__(self, message: str) -> None:
        super().__init__("NO_SIGNATURE", message)


class RefusedError(ClientError):
    """The server refused, and nothing has changed there.

    Args:
        code: The code of the first reason.
        message: The sentences of all reasons.
        field: The path of the input field at fault.
    """

    def __init__(self, code: str, message: str, field: Sequence[str] = ()) -> None:
        super().__init__(code, message)
        self.field = tuple(field)
        if code in FACTOR_CODES:
            self.exit_status = ExitStatus.REFUSED_BY_FACTOR


class TransientError(ClientError):
    """A failure that may not happen again: of the network, or of a server that is too busy.

    Args:
        code: The code.
        message: The sentence.
        did_nothing: Whether the server certainly did nothing, so that any operation may be sent
            again. Otherwise only one that can be repeated without harm may.
        retry_after_seconds: How long the server asks to wait.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        did_nothing: bool,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(code, message)
        self.did_nothing = did_nothing
        self.retry_after_seconds = retry_after_seconds


class UnresolvedNameError(TransientError):
    """The name of the server's host has no address, or no name service answers."""


class PendingError(ClientError):
    """The release is not open yet, and nobody asked to wait for it."""

    exit_status = ExitStatus.PENDING

    def __init__(self, message: str) -> None:
        super().__init__("PENDING", message)


class WaitRanOutError(ClientError):
    """The release did not open within the time that was allowed; the request stays."""

    exit_status = ExitStatus.WAIT_RAN_OUT

    def __init__(self, message: str) -> None:
        super().__init__("WAIT_RAN_OUT", message)
