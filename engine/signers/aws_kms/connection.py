"""The connection to KMS, and what happens when a call of it fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from engine.signers.aws_kms.errors import (
    NO_CREDENTIALS,
    NOT_FOUND,
    KmsCallFailed,
    KmsError,
    code_of,
    is_not_begun,
    sentence_of,
)
from engine.signers.aws_kms.settings import KmsSettings

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

Result = TypeVar("Result")

log = structlog.get_logger("countersign.signers.aws_kms")

#: All tries together end within the time for which a signature is reserved: three times to connect,
#: one wait for an answer, and two backoffs.
MAX_TRIES = 3
CONNECT_TIMEOUT_SECONDS = 3
READ_TIMEOUT_SECONDS = 10
FIRST_BACKOFF_SECONDS = 0.2
MAX_BACKOFF_SECONDS = 2.0
#: Connections that are kept for further calls.
MAX_KEPT_CONNECTIONS = 50


class KmsConnection:
    """The client of one region. Thread-safe; it is made at first use.

    Args:
        settings: The region.
        sleep: Waits for so many seconds between two tries.
    """

    def __init__(self, settings: KmsSettings, sleep: Callable[[float], None] = time.sleep) -> None:
        self._settings = settings
        self._sleep = sleep
        self._lock = Lock()
        self._client: KMSClient | None = None

    def run(self, call: Callable[[KMSClient], Result], *, is_new_key: bool = False) -> Result:
        """Make a call, again only if it was not begun: nothing is signed or made a second time.

        Args:
            call: Calls the client.
            is_new_key: The key was made just now, and may take a moment until it can be found.

        Raises:
            KmsCallFailed: There is no result.
        """

        def may_repeat(error: BaseException) -> bool:
            return is_not_begun(error) or (is_new_key and code_of(error) == NOT_FOUND)

        tries = Retrying(
            retry=retry_if_exception(may_repeat),
            stop=stop_after_attempt(MAX_TRIES),
            wait=wait_random_exponential(FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return tries(lambda: call(self._connected()))
        except (BotoCoreError, ClientError) as error:
            self._log(error)
            raise KmsCallFailed(sentence_of(error), code_of(error)) from error

    def _connected(self) -> KMSClient:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> KMSClient:
        session = boto3.session.Session(region_name=self._settings.region)
        # A client that began without credentials would never look for them again.
        if session.get_credentials() is None:
            raise KmsCallFailed(NO_CREDENTIALS, code=None)
        client: KMSClient = session.client(
            "kms",
            endpoint_url=self._settings.endpoint_url,
            config=Config(
                connect_timeout=CONNECT_TIMEOUT_SECONDS,
                read_timeout=READ_TIMEOUT_SECONDS,
                retries={"total_max_attempts": 1, "mode": "standard"},
                max_pool_connections=MAX_KEPT_CONNECTIONS,
            ),
        )
        return client

    def _log(self, error: KmsError) -> None:
        # Without its text: one of a wrong signature quotes the request with its session token.
        answered = error if isinstance(error, ClientError) else None
        log.warning(
            "kms_call_failed",
            error=code_of(error) or type(error).__name__,
            operation=answered.operation_name if answered else None,
            request_id=answered.response["ResponseMetadata"].get("RequestId") if answered else None,
            region=self._settings.region,
        )
