"""A request that is refused before there is an operation to run."""

from __future__ import annotations

from cross_web import HTTPException


class RefusedError(HTTPException):
    """An HTTP status, and a code beside the sentence."""

    def __init__(self, status: int, code: str, message: str, **more: object) -> None:
        super().__init__(status, message)
        self.extensions = {"code": code, **more}
        self.headers: dict[str, str] = {}


def wrong_method(message: str, allowed: str) -> RefusedError:
    """Refused, with the methods that would do."""
    refused = RefusedError(405, "METHOD_NOT_ALLOWED", message)
    refused.headers["Allow"] = allowed
    return refused
