"""Sessions of one client: what it searches, and what it is about to sign."""

from __future__ import annotations

from dataclasses import dataclass, field

from countersign.agent.p11.constants import ReturnValue, SessionFlag
from countersign.agent.p11.mechanisms import DigestInput, SigningMechanism
from countersign.agent.p11.wire import Mechanism
from countersign.agent.signing_keys import AgentKey

#: How many sessions a client may have; SunPKCS11 opens one for each thread.
MAX_SESSIONS = 1024


class CallFailed(Exception):
    """A call has no result but an error of PKCS#11."""

    def __init__(self, value: ReturnValue) -> None:
        super().__init__(value.name)
        self.value = value


@dataclass(slots=True)
class SigningOperation:
    """A signature that was begun.

    Attributes:
        key: The key that signs.
        named: The mechanism as the caller named it.
        mechanism: The mechanism.
        signing_input: What the caller has passed so far.
        has_parts: Whether it passed any part already.
    """

    key: AgentKey
    named: Mechanism
    mechanism: SigningMechanism
    signing_input: DigestInput
    has_parts: bool = False


@dataclass(slots=True)
class Session:
    """A session.

    Attributes:
        flags: The flags that it was opened with.
        search: The handles that a search has still to answer; None outside of one.
        operation: The signature that was begun; None outside of one.
    """

    flags: int
    search: list[int] | None = None
    operation: SigningOperation | None = None

    def take_operation(self) -> SigningOperation:
        """The signature that was begun, which ends with this call whatever comes of it.

        Raises:
            CallFailed: None was begun.
        """
        operation, self.operation = self.operation, None
        if operation is None:
            raise CallFailed(ReturnValue.OPERATION_NOT_INITIALIZED)
        return operation


@dataclass(slots=True)
class Sessions:
    """The open sessions of a client."""

    _sessions: dict[int, Session] = field(default_factory=dict)
    _last_handle: int = 0

    def __len__(self) -> int:
        return len(self._sessions)

    def open(self, flags: int) -> int:
        """Open a session; answers its handle.

        Raises:
            CallFailed: It is not a serial one, or there are too many.
        """
        if not flags & SessionFlag.SERIAL_SESSION:
            raise CallFailed(ReturnValue.SESSION_PARALLEL_NOT_SUPPORTED)
        if len(self._sessions) >= MAX_SESSIONS:
            raise CallFailed(ReturnValue.SESSION_COUNT)
        self._last_handle += 1
        self._sessions[self._last_handle] = Session(flags)
        return self._last_handle

    def get(self, handle: int) -> Session:
        """The session of a handle.

        Raises:
            CallFailed: There is none.
        """
        session = self._sessions.get(handle)
        if session is None:
            raise CallFailed(ReturnValue.SESSION_HANDLE_INVALID)
        return session

    def close(self, handle: int) -> None:
        """Close a session.

        Raises:
            CallFailed: There is none.
        """
        self.get(handle)
        del self._sessions[handle]

    def close_all(self) -> None:
        """Close all sessions."""
        self._sessions.clear()
