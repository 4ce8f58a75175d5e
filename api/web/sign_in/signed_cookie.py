"""Values in cookies that a browser can neither read nor forge."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from notifications.links.keys import derive


class SignedCookie:
    """Seals values for a cookie, for one purpose: those of another purpose do not open."""

    def __init__(self, secret: str, purpose: str, seconds: int) -> None:
        self._fernet = Fernet(urlsafe_b64encode(derive(secret, f"sealed:{purpose}")))
        #: How long it holds.
        self.seconds = seconds

    def seal(self, **values: Any) -> str:
        """Return values as text for a cookie."""
        return self._fernet.encrypt(json.dumps(values).encode()).decode("ascii")

    def open(self, text: str) -> dict[str, Any] | None:
        """Return sealed values; None unless they were sealed here and have not expired."""
        try:
            values: dict[str, Any] = json.loads(self._fernet.decrypt(text, ttl=self.seconds))
        except (InvalidToken, ValueError):
            return None
        return values
