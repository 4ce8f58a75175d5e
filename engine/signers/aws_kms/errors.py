"""What the errors of AWS mean here: which may be tried again, and what to tell people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    SSLError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as NotConnected

from engine.signers.base import SignerFailed

KmsError: TypeAlias = BotoCoreError | ClientError

#: Codes of KMS that its callers here tell from each other.
NOT_FOUND = "NotFoundException"
ACCESS_DENIED = "AccessDeniedException"
INVALID_REFERENCES = frozenset({NOT_FOUND, "InvalidArnException", "ValidationException"})

_THROTTLED = frozenset(
    {"ThrottlingException", "Throttling", "RequestLimitExceeded", "TooManyRequestsException"}
)
#: No request was sent.
_NOT_SENT = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)

NO_CREDENTIALS = (
    "There are no AWS credentials for KMS. Give the process a role, or set AWS_ACCESS_KEY_ID and"
    " AWS_SECRET_ACCESS_KEY in its environment."
)
_REFUSED_CREDENTIALS = (
    "AWS refused the credentials. Check that they are valid and have not expired, and the clock of"
    " this machine."
)
_UNUSABLE_CREDENTIALS = (
    "The AWS credentials cannot be used. Check the role, the profile or the AWS_ variables of the"
    " process."
)
_BUSY = "AWS KMS takes no more calls at the moment. Try again shortly, or raise its quotas."
_FAILED = "AWS KMS failed. Try again shortly."
_UNREACHABLE = (
    "AWS KMS cannot be reached. Check the network, COUNTERSIGN_AWS_KMS_REGION and"
    " COUNTERSIGN_AWS_KMS_ENDPOINT_URL."
)
_NO_ANSWER = (
    "AWS KMS did not answer in time. Try again shortly; what was asked for may have been done."
)
_NO_KEY = (
    "AWS KMS has no such key. Check that COUNTERSIGN_AWS_KMS_REGION names the region, and the"
    " credentials the AWS account, in which it was made."
)
_NOT_OFFERED = (
    "AWS KMS does not offer what this keypair's algorithm needs in this region."
    " Choose another algorithm."
)
_SENTENCES: Mapping[str, str] = {
    **dict.fromkeys(_THROTTLED, _BUSY),
    "DependencyTimeoutException": _FAILED,
    "DisabledException": "The key is disabled in AWS KMS. Enable it there.",
    "ExpiredTokenException": _REFUSED_CREDENTIALS,
    "IncompleteSignature": _REFUSED_CREDENTIALS,
    "InvalidAccessKeyId": _REFUSED_CREDENTIALS,
    "InvalidArnException": _NO_KEY,
    "InvalidClientTokenId": _REFUSED_CREDENTIALS,
    "InvalidKeyUsageException": "The key does not sign in this way. Check its usage in AWS KMS.",
    "InvalidSignatureException": _REFUSED_CREDENTIALS,
    "KMSInternalException": _FAILED,
    "KMSInvalidStateException": (
        "The state of the key in AWS KMS does not allow this. It may wait for its deletion: cancel"
        " that and enable the key there."
    ),
    "KeyUnavailableException": _FAILED,
    "LimitExceededException": (
        "The AWS account has as many keys as its quota allows. Raise the quota, or delete keys that"
        " nobody uses."
    ),
    "MissingAuthenticationToken": _REFUSED_CREDENTIALS,
    NOT_FOUND: _NO_KEY,
    "OptInRequired": "The AWS account may not use KMS in this region. Enable the region in it.",
    "RequestExpired": _REFUSED_CREDENTIALS,
    "SignatureDoesNotMatch": _REFUSED_CREDENTIALS,
    "UnrecognizedClientException": _REFUSED_CREDENTIALS,
    "UnsupportedOperationException": _NOT_OFFERED,
    "ValidationException": _NOT_OFFERED,
}
_SENTENCES_BY_TYPE: Mapping[type[BotoCoreError], str] = {
    NoCredentialsError: NO_CREDENTIALS,
    PartialCredentialsError: _UNUSABLE_CREDENTIALS,
    CredentialRetrievalError: _UNUSABLE_CREDENTIALS,
    TokenRetrievalError: _UNUSABLE_CREDENTIALS,
    ProfileNotFound: _UNUSABLE_CREDENTIALS,
    SSLError: (
        "The certificate of AWS KMS is not trusted. Check COUNTERSIGN_AWS_KMS_ENDPOINT_URL, and"
        " AWS_CA_BUNDLE where a proxy is in between."
    ),
    NotConnected: _UNREACHABLE,
    HTTPClientError: _NO_ANSWER,
}


class KmsCallFailed(SignerFailed):
    """A call to KMS failed.

    Args:
        message: What to tell people.
        code: The code of the error; None if there was no answer.
    """

    def __init__(self, message: str, code: str | None) -> None:
        super().__init__(message)
        self.code = code


def code_of(error: BaseException) -> str | None:
    """Return the code of an error that KMS answered; None for any other."""
    return str(error.response["Error"].get("Code")) if isinstance(error, ClientError) else None


def is_not_begun(error: BaseException) -> bool:
    """Whether nothing was done, so that the call may be made again."""
    return isinstance(error, _NOT_SENT) or code_of(error) in _THROTTLED


def sentence_of(error: KmsError) -> str:
    """Return what to tell people of it: what is wrong, and what to check."""
    if isinstance(error, ClientError):
        return _sentence_of_answer(error)
    for type_, sentence in _SENTENCES_BY_TYPE.items():
        if isinstance(error, type_):
            return sentence
    return f"The call of AWS KMS failed: {type(error).__name__}. Check the settings of AWS."


def _sentence_of_answer(error: ClientError) -> str:
    code = str(code_of(error))
    if code == ACCESS_DENIED:
        permission = f"kms:{error.operation_name}"
        return (
            f"AWS KMS denies {permission} to these credentials. Allow it in IAM and in the policy"
            " of the key."
        )
    if code in _SENTENCES:
        return _SENTENCES[code]
    return _FAILED if _is_server_error(error) else f"AWS KMS refused the call: {code}."


def _is_server_error(error: ClientError) -> bool:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= 500
