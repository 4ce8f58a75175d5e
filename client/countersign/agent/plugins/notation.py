"""`notation-countersign`: notation signs with a keypair that has a certificate.

notation runs it after its plug-in contract 1.0 (specs/plugin-extensibility.md): the command as the
only word, a request as JSON on standard input, the answer as JSON on standard output, and an error
as JSON on standard error with exit status 1.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from countersign.agent.p11.mechanisms import to_token_form
from countersign.agent.plugins.keys import find_key, sign
from countersign.agent.signing_keys import AgentKey, DigestAlgorithm, Scheme
from countersign.errors import FACTOR_CODES, ClientError

CONTRACT_VERSION = "1.0"
#: Names the file of certificates, where notation's own setting `certificate` does not.
CERTIFICATE_VARIABLE = "COUNTERSIGN_CERTIFICATE"
#: Keys as notation names them, by the server's names of algorithms. RSA is PSS there.
KEY_SPECS = {
    "ECDSA_P256": "EC-256",
    "ECDSA_P384": "EC-384",
    "ECDSA_P521": "EC-521",
    "RSA_PSS_2048": "RSA-2048",
    "RSA_PSS_3072": "RSA-3072",
    "RSA_PSS_4096": "RSA-4096",
}
SIGNING_ALGORITHMS = {Scheme.ECDSA: "ECDSA", Scheme.RSA_PSS: "RSASSA-PSS"}
#: notation's words for refusals; any other one is ERROR.
ERROR_CODES = {
    **dict.fromkeys((*FACTOR_CODES, "UNAUTHENTICATED", "NOT_FOUND"), "ACCESS_DENIED"),
    **dict.fromkeys(("OVERLOADED", "RATE_LIMITED"), "THROTTLED"),
    **dict.fromkeys(("TIMED_OUT", "UNREACHABLE"), "TIMEOUT"),
    "INVALID_REQUEST": "VALIDATION_ERROR",
    "UNSUPPORTED_VERSION": "UNSUPPORTED_CONTRACT_VERSION",
}

Request = dict[str, Any]


def _metadata(_request: Request) -> Request:
    return {
        "name": "countersign",
        "description": "Signs with keypairs of a Countersign server.",
        "version": version("countersign-client"),
        "url": "about:blank",  # it has to have one
        "supportedContractVersions": [CONTRACT_VERSION],
        "capabilities": ["SIGNATURE_GENERATOR.RAW"],
    }


def _key(request: Request) -> AgentKey:
    """The keypair of a request, which notation can use."""
    settings = request.get("pluginConfig") or {}
    certificate = settings.get("certificate") or os.environ.get(CERTIFICATE_VARIABLE)
    key = find_key(request["keyId"], [Path(certificate)] if certificate else [])
    if key.algorithm not in KEY_SPECS:
        raise ClientError(
            "INVALID_REQUEST",
            f"{key.alias} is {key.algorithm}: notation signs with ECDSA or RSA_PSS.",
        )
    return key


def _describe_key(request: Request) -> Request:
    return {"keyId": request["keyId"], "keySpec": KEY_SPECS[_key(request).algorithm]}


def _generate_signature(request: Request) -> Request:
    key = _key(request)
    if not key.certificates:
        raise ClientError(
            "INVALID_REQUEST",
            f"{key.alias} has no certificate: name its file with"
            f" `--plugin-config certificate=FILE` or {CERTIFICATE_VARIABLE}.",
        )
    algorithm = DigestAlgorithm(request["hashAlgorithm"].replace("-", ""))
    digest = algorithm.new(base64.b64decode(request["payload"])).digest()
    signature = to_token_form(key, sign(key.alias, digest, algorithm))
    return {
        "keyId": request["keyId"],
        "signature": base64.b64encode(signature).decode(),
        "signingAlgorithm": f"{SIGNING_ALGORITHMS[key.scheme]}-{request['hashAlgorithm']}",
        "certificateChain": [
            base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
            for certificate in key.certificates
        ],
    }


COMMANDS: dict[str, Callable[[Request], Request]] = {
    "get-plugin-metadata": _metadata,
    "describe-key": _describe_key,
    "generate-signature": _generate_signature,
}


def run(command: str, content: bytes) -> Request:
    """Return the answer to a command.

    Raises:
        ClientError: There is none.
    """
    if command not in COMMANDS:
        raise ClientError("INVALID_REQUEST", f"There is no command {command!r}.")
    try:
        request = json.loads(content or b"{}")
        contract = request.get("contractVersion", CONTRACT_VERSION)
        if contract.split(".")[0] != CONTRACT_VERSION.split(".", maxsplit=1)[0]:
            raise ClientError(
                "UNSUPPORTED_VERSION", f"Only contract version {CONTRACT_VERSION} is spoken."
            )
        return COMMANDS[command](request)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ClientError("INVALID_REQUEST", "The request is not one of the contract.") from error


def main() -> None:
    """Answer the command of this process."""
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        sys.stdout.write(json.dumps(run(command, sys.stdin.buffer.read())))
    except ClientError as error:
        code = ERROR_CODES.get(error.code, "ERROR")
        sys.stderr.write(json.dumps({"errorCode": code, "errorMessage": str(error)}))
        sys.exit(1)
