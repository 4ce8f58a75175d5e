"""Checks the token that a pipeline proves itself with: its form, and its registered claims.

A pipeline's token is a JWT (RFC 7519) that its system has signed. Nothing in it is believed before
the signature is verified (`api.openid.signed_token`), and then no more than what is exact: one
audience, whole instants, an id that is used once.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from engine.model.claims import flatten_claims

MAX_TOKEN_CHARACTERS = 16 * 1024
MAX_TEXT_CHARACTERS = 255
#: Seconds that the issuer's clock may differ from ours.
LEEWAY_SECONDS = 60
#: From a token's issue to its end: GitHub's own last six hours, Kubernetes' an hour or more.
MAX_LIFETIME_SECONDS = 24 * 3600
_SEGMENT = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class TokenFault(StrEnum):
    """Why a pipeline's token is refused; the codes are stable, for pipelines branch on them."""

    MALFORMED = "TOKEN_MALFORMED"
    TOO_LARGE = "TOKEN_TOO_LARGE"
    WRONG_TYPE = "TOKEN_TYPE_WRONG"
    CRITICAL_HEADER = "TOKEN_HEADER_CRITICAL"
    ALGORITHM = "TOKEN_ALGORITHM_NOT_ALLOWED"
    SIGNATURE = "TOKEN_SIGNATURE_INVALID"
    ISSUER = "TOKEN_ISSUER_MISMATCH"
    ISSUER_UNAVAILABLE = "ISSUER_UNAVAILABLE"
    AUDIENCE = "TOKEN_AUDIENCE_MISMATCH"
    SEVERAL_AUDIENCES = "TOKEN_SEVERAL_AUDIENCES"
    EXPIRED = "TOKEN_EXPIRED"
    NOT_YET_VALID = "TOKEN_NOT_YET_VALID"
    LIFETIME = "TOKEN_LIFETIME_TOO_LONG"
    CLAIM = "TOKEN_CLAIM_INVALID"
    CONDITION = "RULE_CONDITION_FAILED"
    USED = "TOKEN_USED"


class TokenError(Exception):
    """A pipeline's token that is refused.

    Args:
        fault: Which rule it breaks.
        description: What is wrong and what to do.
        values: What the log names: the claim, the value that was expected, the one received.
    """

    def __init__(self, fault: TokenFault, description: str, **values: object) -> None:
        super().__init__(description)
        self.fault = fault
        self.description = description
        self.values = values


@dataclass(frozen=True, slots=True)
class CompactToken:
    """A token that has the form of one; nothing of it is believed yet."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    @property
    def signing_input(self) -> str:
        """What the signature is over. Another spelling of it would need another signature."""
        return self.text.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Proof:
    """What a verified token proves."""

    #: The claims that conditions can be about.
    claims: dict[str, str]
    #: The same for every use of one token.
    hash: bytes
    #: Until when its use has to be remembered.
    expires_at: datetime


def read_token(text: str) -> CompactToken:
    """Return a token that is not believed yet.

    Raises:
        TokenError: It has not the form of a signed JWT.
    """
    if len(text) > MAX_TOKEN_CHARACTERS:
        message = f"The subject_token has more than {MAX_TOKEN_CHARACTERS} characters."
        raise TokenError(TokenFault.TOO_LARGE, f"{message} Ask for one with fewer claims.")
    segments = text.split(".")
    if len(segments) != 3 or not all(map(_SEGMENT.fullmatch, segments)):
        raise _malformed("it is no signed token of three parts")
    header, claims = (_object(segment) for segment in segments[:2])
    if "crit" in header:
        message = "The subject_token has a crit header, which is not supported."
        raise TokenError(TokenFault.CRITICAL_HEADER, message)
    type_ = header.get("typ", "JWT")
    if not isinstance(type_, str) or type_.upper() != "JWT" or "cty" in header or "enc" in header:
        message = "The subject_token is no plain JWT by its header. Send the job's ID token."
        raise TokenError(TokenFault.WRONG_TYPE, message)
    return CompactToken(text, header, claims)


def check_issuer(token: CompactToken, issuer: str) -> None:
    """Refuse a token of another issuer, before anything is fetched for it.

    Raises:
        TokenError: Its `iss` is not exactly that of the rule.
    """
    received = token.claims.get("iss")
    if received != issuer:
        message = "The subject_token is of another issuer than that of the rule."
        raise TokenError(
            TokenFault.ISSUER, f"{message} Compare iss.", expected=issuer, received=received
        )


def check_claims(token: CompactToken, audience: str, now: datetime) -> Proof:
    """Return what a token proves whose signature was verified.

    Raises:
        TokenError: A registered claim is missing, malformed or not as it has to be.
    """
    _check_audience(token.claims.get("aud"), audience)
    expires_at = _check_times(token.claims, now)
    _text(token.claims, "sub")
    has_id = "jti" in token.claims
    names = ("jti", _text(token.claims, "jti")) if has_id else ("token", token.signing_input)
    used = json.dumps([token.claims["iss"], *names])
    return Proof(
        claims=flatten_claims(token.claims),
        hash=hashlib.sha256(used.encode("utf-8", "surrogatepass")).digest(),
        expires_at=expires_at + timedelta(seconds=2 * LEEWAY_SECONDS),
    )


def _check_audience(received: object, audience: str) -> None:
    if isinstance(received, list):
        if len(received) != 1:
            message = "The subject_token is for several audiences, or for none. Ask for one for"
            raise TokenError(
                TokenFault.SEVERAL_AUDIENCES,
                f"{message} this service alone.",
                expected=audience,
                received=received,
            )
        received = received[0]
    if received != audience:
        message = "The subject_token is for another audience. Ask for one with the audience that"
        raise TokenError(
            TokenFault.AUDIENCE,
            f"{message} the issuer has here; by default it is the public URL of this service.",
            expected=audience,
            received=received,
        )


def _check_times(claims: Mapping[str, Any], now: datetime) -> datetime:
    """Return when the token ends."""
    leeway, at = LEEWAY_SECONDS, now.timestamp()
    expires, issued = _instant(claims, "exp"), _instant(claims, "iat")
    begins = _instant(claims, "nbf") if "nbf" in claims else issued
    if expires <= at - leeway:
        message = "The subject_token has expired. Ask for a new one, and exchange it at once."
        raise TokenError(TokenFault.EXPIRED, message, expected=f"after {at}", received=expires)
    if max(issued, begins) > at + leeway:
        message = "The subject_token is not valid yet. Compare the clocks of both services."
        received = max(issued, begins)
        raise TokenError(
            TokenFault.NOT_YET_VALID, message, expected=f"before {at}", received=received
        )
    if not 0 < expires - issued <= MAX_LIFETIME_SECONDS:
        message = f"The subject_token lasts longer than {MAX_LIFETIME_SECONDS // 3600} hours, or"
        raise TokenError(
            TokenFault.LIFETIME,
            f"{message} ends before it was issued. Ask for one that lasts minutes.",
            received=expires - issued,
        )
    return datetime.fromtimestamp(expires, UTC)


def _instant(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 10**11:
        message = f"The claim {name} of the subject_token is missing, or no number of seconds."
        raise TokenError(TokenFault.CLAIM, f"{message} Send the job's ID token.", claim=name)
    return value


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT_CHARACTERS:
        message = f"The claim {name} of the subject_token is missing, or not of 1 to"
        raise TokenError(
            TokenFault.CLAIM, f"{message} {MAX_TEXT_CHARACTERS} characters.", claim=name
        )
    return value


def _object(segment: str) -> dict[str, Any]:
    """Return the JSON object that a part of a token holds; every name in it is there once."""
    try:
        text = urlsafe_b64decode(segment + "=" * (-len(segment) % 4)).decode("utf-8")
        parsed = json.loads(text, object_pairs_hook=_unique_members, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _malformed("a part of it is no JSON object") from error
    if not isinstance(parsed, dict):
        raise _malformed("a part of it is no JSON object")
    return parsed


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _malformed("it has a member twice")
    return members


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _malformed(why: str) -> TokenError:
    message = f"The subject_token cannot be read: {why}. Send the job's ID token as it is."
    return TokenError(TokenFault.MALFORMED, message)
