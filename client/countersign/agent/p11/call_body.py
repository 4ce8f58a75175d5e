"""The body of a call, which may be a whole file."""

from __future__ import annotations

from collections.abc import Callable


class CallBody:
    """Bytes that are held until the call has read them, and no longer.

    Args:
        content: The bytes.
        give_back: What is called once when they are not held any more.
    """

    def __init__(self, content: bytes, give_back: Callable[[], None] = lambda: None) -> None:
        self.content = content
        self._give_back: Callable[[], None] | None = give_back

    def drop(self) -> None:
        """Let go of the bytes, if they are still held."""
        self.content = b""
        if self._give_back is not None:
            self._give_back()
            self._give_back = None
