"""AWS KMS for tests: moto's server on this machine, with what moto does otherwise than KMS.

Moto keeps the keys with their descriptions, tags, aliases and states, and answers in the protocol.
Of it the following is replaced here, by the reference of the API: keys are made of every key spec
(moto has no Ed25519 and no ML-DSA), digests and representatives of messages are signed as such,
the salt of RSA-PSS is as long as the digest, keys that are not enabled do not sign, their deletion
is asked for by ARN, too, and ListKeys has pages. The shapes of requests and answers are checked by
botocore's model of the service.
"""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from engine.signers.aws_kms.signer import AwsKmsSigner
from engine.signers.base import SignerContext
from engine.signers.keyring import Keyring

REGION = "eu-central-1"
#: What boto3 finds in the environment, and nothing else: no file, no profile, no metadata service.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "the-session-token-of-the-tests",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "127.0.0.1",
}
#: Every variable that would have boto3 look elsewhere.
FOREIGN = ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS", "AWS_CA_BUNDLE")

_PAGE_KEYS = 2
_CURVES: dict[str, ec.EllipticCurve] = {
    "ECC_NIST_P256": ec.SECP256R1(),
    "ECC_NIST_P384": ec.SECP384R1(),
    "ECC_NIST_P521": ec.SECP521R1(),
    "ECC_SECG_P256K1": ec.SECP256K1(),
}
_ML_DSA: dict[str, Any] = {
    "ML_DSA_44": mldsa.MLDSA44PrivateKey,
    "ML_DSA_65": mldsa.MLDSA65PrivateKey,
    "ML_DSA_87": mldsa.MLDSA87PrivateKey,
}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}
_RSA = [f"RSASSA_{scheme}_SHA_{bits}" for scheme in ("PSS", "PKCS1_V1_5") for bits in _HASHES]
#: By key spec, what keys of it sign with.
_SIGNING_ALGORITHMS = {
    "ECC_NIST_P256": ["ECDSA_SHA_256"],
    "ECC_NIST_P384": ["ECDSA_SHA_384"],
    "ECC_NIST_P521": ["ECDSA_SHA_512"],
    "ECC_SECG_P256K1": ["ECDSA_SHA_256"],
    "ECC_NIST_EDWARDS25519": ["ED25519_SHA_512", "ED25519_PH_SHA_512"],
    **{spec: ["ML_DSA_SHAKE_256"] for spec in _ML_DSA},
    **{f"RSA_{bits}": _RSA for bits in (2048, 3072, 4096)},
}


@dataclass
class KmsServer:
    """A WSGI application in front of moto's, which counts calls and has some of them fail."""

    moto: Callable[..., Iterable[bytes]]
    port: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    _faults: list[_Fault] = field(default_factory=list)
    #: Set when calls that are not answered may end.
    _released: threading.Event = field(default_factory=threading.Event)
    _stop: Callable[[], None] = lambda: None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def options(self) -> dict[str, str]:
        """The settings of a signer that calls it."""
        return {"aws_kms_region": REGION, "aws_kms_endpoint_url": self.url}

    def start(self) -> None:
        """Listen: where it did before, if it did."""
        from moto.moto_server.werkzeug_app import MotoRequestHandler
        from werkzeug.serving import make_server

        self._released.clear()
        listening = make_server(
            "127.0.0.1", self.port, self, threaded=True, request_handler=MotoRequestHandler
        )
        self.port = listening.server_port
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()

        def stop() -> None:
            listening.shutdown()
            thread.join()
            listening.server_close()

        self._stop = stop

    def stop(self) -> None:
        """Listen no more; the keys stay."""
        self._released.set()
        self._stop()

    def fail(
        self, operation: str, code: str, status: int = 400, *, times: int = 1, after: bool = False
    ) -> None:
        """Have calls answered with an error, before or after what they ask for is done."""
        self._faults.append(_Fault(operation, code, status, times, after))

    def hang(self, operation: str, *, after: bool = False) -> None:
        """Have one call not answered at all."""
        self._faults.append(_Fault(operation, "", 0, 1, after))

    def reset(self) -> None:
        """Count anew, and let everything succeed."""
        self.calls.clear()
        self._faults.clear()

    def key_states(self) -> list[str]:
        """The states of all keys that there are."""
        return sorted(key.key_state for key in _backend().list_keys())

    def make_key(self, spec: str) -> str:
        """Make a key that is nobody's; answers its id."""
        key = _backend().create_key(None, "SIGN_VERIFY", spec, "", None)
        key_id: str = key.id
        return key_id

    def forget_keys(self) -> None:
        """Begin without any key."""
        _backend().reset()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        operation = environ["HTTP_X_AMZ_TARGET"].removeprefix("TrentService.")
        self.calls[operation] += 1
        fault = next((f for f in self._faults if f.operation == operation), None)
        if fault is None:
            return self.moto(environ, start_response)
        fault.times -= 1
        if not fault.times:
            self._faults.remove(fault)
        if fault.after:
            list(self.moto(environ, lambda *_: lambda _: None))
        if not fault.code:
            self._released.wait(20)
        # The text of a real answer can quote what was sent.
        text = f"refused: {environ.get('HTTP_X_AMZ_SECURITY_TOKEN')}"
        body = json.dumps({"__type": fault.code, "message": text}).encode()
        start_response(f"{fault.status or 500} Error", [("Content-Type", "application/json")])
        return [body]


@dataclass
class _Fault:
    operation: str
    code: str
    status: int
    times: int
    after: bool


@contextmanager
def kms_server() -> Iterator[KmsServer]:
    """A server that listens on this machine, and an environment in which boto3 has credentials."""
    pytest.importorskip("boto3", reason="boto3 is not installed")
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )

    with pytest.MonkeyPatch.context() as patch:
        for name in FOREIGN:
            patch.delenv(name, raising=False)
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        _mend_moto(patch)
        patch.setattr(MotoRequestHandler, "log", lambda *_args: None)
        server = KmsServer(DomainDispatcherApplication(create_backend_app))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def kms_signer() -> Iterator[AwsKmsSigner]:
    """A signer whose keys are in such a server."""
    with kms_server() as server, signer_of(server) as signer:
        yield signer


@contextmanager
def signer_of(server: KmsServer) -> Iterator[AwsKmsSigner]:
    """A signer that calls a server."""
    (signer,) = AwsKmsSigner.from_context(SignerContext(Keyring([bytes(32)]), server.options))
    yield signer
    close(signer)


def close(signer: AwsKmsSigner) -> None:
    """Close the connections of a signer, which otherwise ends with its process."""
    client = signer._keys._kms._client
    if client is not None:
        client.close()


class _Key:
    """A private key as moto keeps it."""

    def __init__(self, spec: str) -> None:
        self.private = _new_private_key(spec)

    def public_key(self) -> bytes:
        """SubjectPublicKeyInfo in DER."""
        public = self.private.public_key()
        encoded: bytes = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return encoded


def _new_private_key(spec: str) -> Any:
    if spec in _CURVES:
        return ec.generate_private_key(_CURVES[spec])
    if spec in _ML_DSA:
        return _ML_DSA[spec].generate()
    if spec == "ECC_NIST_EDWARDS25519":
        return ed25519.Ed25519PrivateKey.generate()
    bits = int(spec.removeprefix("RSA_")) if spec.startswith("RSA_") else 2048
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _mend_moto(patch: pytest.MonkeyPatch) -> None:
    import botocore.session
    from moto.kms import models, responses, utils

    service = botocore.session.get_session().get_service_model("kms")
    specs = service.shape_for("KeySpec").enum
    patch.setattr(utils.KeySpec, "key_specs", classmethod(lambda _: specs))
    patch.setattr(models, "generate_private_key", _Key)
    patch.setattr(models.Key, "signing_algorithms", property(_signing_algorithms))
    patch.setattr(responses.KmsResponse, "sign", _sign)
    patch.setattr(responses.KmsResponse, "list_keys", _list_keys)
    patch.setattr(models.KmsBackend, "schedule_key_deletion", _by_id("schedule_key_deletion"))


def _backend() -> Any:
    """What moto has of the account that the credentials stand for."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.kms.models import kms_backends

    return kms_backends[DEFAULT_ACCOUNT_ID][REGION]


def _by_id(method: str) -> Callable[..., Any]:
    """Return a method of moto that takes a key's id alone so that it takes the ARN, too."""
    from moto.kms.models import KmsBackend

    original: Callable[..., Any] = getattr(KmsBackend, method)
    return lambda backend, key_id, *rest: original(backend, backend.get_key_id(key_id), *rest)


def _signing_algorithms(key: Any) -> list[str]:
    return _SIGNING_ALGORITHMS.get(key.key_spec, []) if key.key_usage == "SIGN_VERIFY" else []


def _sign(response: Any) -> str:
    key_id, algorithm, message_type, message = (
        response._get_param(name)
        for name in ("KeyId", "SigningAlgorithm", "MessageType", "Message")
    )
    response._validate_key_id(key_id)
    key = response.kms_backend.describe_key(key_id)
    if key.key_state == "Disabled":
        raise _error("DisabledException", "is disabled")
    if key.key_state != "Enabled":
        raise _error("KMSInvalidStateException", f"is {key.key_state}")
    if algorithm not in key.signing_algorithms:
        raise _error("InvalidKeyUsageException", f"does not sign with {algorithm}")
    value = _signature(key.private_key.private, algorithm, message_type or "RAW", message)
    encoded = b64encode(value).decode()
    return json.dumps({"KeyId": key.arn, "Signature": encoded, "SigningAlgorithm": algorithm})


def _signature(private: Any, algorithm: str, message_type: str, message: bytes) -> bytes:
    signature: bytes
    if not 1 <= len(message) <= 4096:
        raise _error("ValidationException", "Member must have length between 1 and 4096")
    match algorithm, message_type:
        case "ED25519_SHA_512", "RAW":
            signature = private.sign(message)
        case "ML_DSA_SHAKE_256", "RAW":
            signature = private.sign(message)
        case "ML_DSA_SHAKE_256", "EXTERNAL_MU" if len(message) == 64:
            signature = private.sign_mu(message)
        case _, "DIGEST" if len(message) * 8 == int(algorithm[-3:]):
            signature = private.sign(message, *_arguments(algorithm))
        case _:
            raise _error("ValidationException", f"{message_type} of {len(message)} bytes")
    return signature


def _arguments(algorithm: str) -> tuple[Any, ...]:
    hash_ = _HASHES[algorithm[-3:]]
    if algorithm.startswith("ECDSA"):
        return (ec.ECDSA(Prehashed(hash_)),)
    if algorithm.startswith("RSASSA_PSS"):
        return padding.PSS(padding.MGF1(hash_), hash_.digest_size), Prehashed(hash_)
    return padding.PKCS1v15(), Prehashed(hash_)


def _list_keys(response: Any) -> str:
    keys = list(response.kms_backend.list_keys())
    begin = int(response._get_param("Marker") or 0)
    end = begin + min(response._get_param("Limit") or _PAGE_KEYS, _PAGE_KEYS)
    more = {"NextMarker": str(end)} if end < len(keys) else {}
    page = [{"KeyArn": key.arn, "KeyId": key.id} for key in keys[begin:end]]
    return json.dumps({"Keys": page, "Truncated": bool(more), **more})


def _error(code: str, text: str) -> Exception:
    from moto.core.exceptions import JsonRESTError

    error: Exception = JsonRESTError(code, text)
    return error
