"""Values that a browser keeps for us and can neither read nor make up."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from notifications.links.keys import derive


class SignedCookie:
    """Of one purpose: what was sealed for another does not open."""

    def __init__(self, secret: str, purpose: str, seconds: int) -> None:
        self._fernet = Fernet(urlsafe_b64encode(derive(secret, f"sealed:{purpose}")))
        #: How long it holds.
        self.seconds = seconds

    def seal(self, **values: Any) -> str:
        """As text for a cookie."""
        return self._fernet.encrypt(json.dumps(values).encode()).decode("ascii")

    def open(self, text: str) -> dict[str, Any] | None:
        """The values; None for anything but what was sealed here, not long ago."""
        try:
            values: dict[str, Any] = json.loads(self._fernet.decrypt(text, ttl=self.seconds))
        except (InvalidToken, ValueError):
            return None
        return values
