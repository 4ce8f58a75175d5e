"""A webhook's secret, by the Standard Webhooks specification: derived, and stored nowhere.

It is HMAC-SHA256(webhook key, webhook id and random nonce), like the tokens of action links. So
neither the database alone nor the key alone makes signatures that a receiver takes for ours.
"""

from __future__ import annotations

import hmac
import os
from base64 import b64encode
from dataclasses import dataclass, field
from uuid import UUID

#: The purpose of the key that secrets are derived with.
PURPOSE = "webhooks"
PREFIX = "whsec_"
_NONCE = 16
#: Of the secret's own digest, enough to see that it was made with another key.
_CHECK = 8


class OtherKeyError(ValueError):
    """The service's secret key is not the one the webhook's secret was made with."""


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A webhook and the secret it has from now on; it is here and nowhere else."""

    webhook_id: UUID
    secret: str = field(repr=False)


def new_seed(key: bytes, webhook_id: UUID) -> bytes:
    """What is stored: a nonce, and a check that tells nothing about the secret."""
    nonce = os.urandom(_NONCE)
    return nonce + _check(_derive(key, webhook_id, nonce))


def secret_of(key: bytes, webhook_id: UUID, seed: bytes) -> str:
    """The secret as receivers get it; `OtherKeyError` where it cannot be made any more."""
    secret = _derive(key, webhook_id, seed[:_NONCE])
    if not hmac.compare_digest(_check(secret), seed[_NONCE:]):
        raise OtherKeyError("the secret was made with another key: make a new one")
    return PREFIX + b64encode(secret).decode("ascii")


def _derive(key: bytes, webhook_id: UUID, nonce: bytes) -> bytes:
    return hmac.digest(key, webhook_id.bytes + nonce, "sha256")


def _check(secret: bytes) -> bytes:
    return hmac.digest(secret, b"countersign:webhook-check", "sha256")[:_CHECK]
