"""Asks a time-stamping authority for a token over a signature, and verifies it (RFC 3161)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx2
import structlog
from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    VerifierBuilder,
    decode_timestamp_response,
)

from engine.model.errors import Code, Refusal

log = structlog.get_logger("countersign.timestamps")

#: Seconds for the whole answer, however slowly its parts arrive.
ANSWER_SECONDS = 10.0
#: Bytes of an answer: a token with its chain of certificates has a few thousand.
ANSWER_BYTES = 64 * 1024
_HEADERS = {
    "Content-Type": "application/timestamp-query",
    "Accept": "application/timestamp-reply",
    "Accept-Encoding": "identity",
}


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """A token that says when a signature existed."""

    #: DER, as CMS signatures and `openssl ts` take it.
    token: bytes
    at: datetime


class _UnusableAnswerError(Exception):
    """The authority gave no usable answer; the message says why, for people."""


class TimeStampAuthority:
    """An authority, and the certificates that vouch for it.

    Args:
        url: Where it takes requests. Its answers are signed, so that plain http is as good.
        roots: The certificates that its own leads to.
    """

    def __init__(self, url: str, roots: Sequence[Certificate]) -> None:
        self._url = url
        self._roots = list(roots)

    @classmethod
    def from_file(cls, url: str, ca_file: Path) -> TimeStampAuthority:
        """The authority whose roots are in a file of PEM; raises ValueError or OSError."""
        return cls(url, load_pem_x509_certificates(ca_file.read_bytes()))

    async def stamp(self, value: bytes) -> TimeStamp:
        """Return a verified token over the value of a signature.

        Raises:
            Refusal: TIMESTAMP_FAILED; there is none.
        """
        request = TimestampRequestBuilder(data=value, hash_algorithm=HashAlgorithm.SHA256).build()
        try:
            return self._verified(request, await self._ask(request), value)
        except _UnusableAnswerError as error:
            log.warning("time_stamp_failed", url=self._url, reason=str(error))
            message = (
                f"The signature was made, but it has no time stamp: {error} Send the same call with"
                " the same idempotency key again; it answers this signature and uses no other."
            )
            raise Refusal(Code.TIMESTAMP_FAILED, message, "timestamp") from error

    async def _ask(self, request: TimeStampRequest) -> bytes:
        try:
            async with asyncio.timeout(ANSWER_SECONDS), httpx2.AsyncClient(timeout=None) as client:
                sent = client.stream(
                    "POST", self._url, content=request.as_bytes(), headers=_HEADERS
                )
                async with sent as response:
                    if response.status_code != httpx2.codes.OK:
                        message = f"the authority answered with status {response.status_code}."
                        raise _UnusableAnswerError(message)
                    return await _body(response)
        except TimeoutError:
            message = f"the authority did not answer within {ANSWER_SECONDS:.0f} s."
            raise _UnusableAnswerError(message) from None
        except (httpx2.HTTPError, OSError) as error:
            message = f"the authority could not be reached ({type(error).__name__})."
            raise _UnusableAnswerError(message) from error

    def _verified(self, request: TimeStampRequest, answer: bytes, value: bytes) -> TimeStamp:
        """Return the token if its chain, imprint and nonce are right."""
        try:
            response = decode_timestamp_response(answer)
            # It would be added to with each root that is passed one by one.
            verifier = VerifierBuilder(nonce=request.nonce, roots=list(self._roots)).build()
            verifier.verify_message(response, value)
            return TimeStamp(response.time_stamp_token(), response.tst_info.gen_time)
        except Exception as error:  # whatever the library makes of a foreign answer
            log.warning("time_stamp_not_verified", error=type(error).__name__, reason=str(error))
            message = "the answer of the authority could not be verified."
            raise _UnusableAnswerError(message) from error


async def _body(response: httpx2.Response) -> bytes:
    received = bytearray()
    async for part in response.aiter_raw():
        received += part
        if len(received) > ANSWER_BYTES:
            raise _UnusableAnswerError("the answer of the authority is too large.")
    return bytes(received)
