"""A webhook's secret, by the Standard Webhooks specification: derived, and stored nowhere.

It is derived from the webhook key as the tokens of links are (`derived_tokens`). So neither the
database alone nor the key alone is enough to make signatures that a receiver accepts.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from dataclasses import dataclass, field
from uuid import UUID

from engine.model import derived_tokens

#: The purpose of the key that secrets are derived with.
PURPOSE = "webhooks"
PREFIX = "whsec_"
#: The key has this one purpose, so that no word is needed that separates purposes.
_NO_PURPOSE = b""
#: Bytes of the secret's own digest that are stored, to notice that another key made it.
_CHECK_BYTES = 8


class OtherKeyError(ValueError):
    """The service's secret key is not the one the webhook's secret was made with."""


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A webhook and its new secret, which is shown this once and stored nowhere."""

    webhook_id: UUID
    secret: str = field(repr=False)


def new_seed(key: bytes, webhook_id: UUID) -> bytes:
    """Return what is stored: a nonce, and a check value that says nothing about the secret."""
    nonce = derived_tokens.new_nonce()
    return nonce + _check_value(derived_tokens.derive_digest(key, _NO_PURPOSE, webhook_id, nonce))


def secret_of(key: bytes, webhook_id: UUID, seed: bytes) -> str:
    """Return the secret as receivers are shown it.

    Raises:
        OtherKeyError: The seed was made with another key, so the secret cannot be derived.
    """
    nonce, check_value = seed[: derived_tokens.NONCE_BYTES], seed[derived_tokens.NONCE_BYTES :]
    secret = derived_tokens.derive_digest(key, _NO_PURPOSE, webhook_id, nonce)
    if not hmac.compare_digest(_check_value(secret), check_value):
        raise OtherKeyError("the secret was made with another key: make a new one")
    return PREFIX + b64encode(secret).decode("ascii")


def _check_value(secret: bytes) -> bytes:
    return hmac.digest(secret, b"countersign:webhook-check", "sha256")[:_CHECK_BYTES]
