"""`notation-countersign`, driven as notation drives it after its plug-in contract 1.0.

notation itself cannot be installed where these tests run. This harness follows
specs/plugin-extensibility.md of notaryproject: metadata first, then the key, then the signature,
which is verified with the leaf of the chain.
"""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from countersign.agent.plugins.notation import run
from countersign.errors import ClientError
from engine.model.algorithms import KeypairAlgorithm
from tests.support.agent_tools import SCRIPTS, AgentTools, agent_tools
from tests.support.world import World

PAYLOAD = b"eyJhbGciOiJFUzI1NiJ9.eyJ0YXJnZXRBcnRpZmFjdCI6e319"
HASHES = {"SHA-256": hashes.SHA256(), "SHA-384": hashes.SHA384(), "SHA-512": hashes.SHA512()}


def call(tools: AgentTools, command: str, **request: Any) -> tuple[Any, int]:
    """The answer to a command or its error, and the exit status."""
    certificate = {"certificate": str(tools.folder / "release.pem")}
    words = {"contractVersion": "1.0", "keyId": "release", "pluginConfig": certificate} | request
    plugin = subprocess.run(
        [f"{SCRIPTS}/notation-countersign", command],
        input=json.dumps(words).encode(),
        env=tools.environment,
        capture_output=True,
        timeout=30,
        check=False,
    )
    return json.loads(plugin.stdout or plugin.stderr), plugin.returncode


def verify(leaf: x509.Certificate, signature: bytes, hash_name: str) -> None:
    public_key, hash_function = leaf.public_key(), HASHES[hash_name]
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        half = len(signature) // 2
        r, s = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
        der = utils.encode_dss_signature(r, s)
        public_key.verify(der, PAYLOAD, ec.ECDSA(hash_function))
    else:
        assert isinstance(public_key, rsa.RSAPublicKey)
        pss = padding.PSS(padding.MGF1(hash_function), hash_function.digest_size)
        public_key.verify(signature, PAYLOAD, pss, hash_function)


@pytest.mark.long
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("algorithm", "key_spec", "hash_name", "signing_algorithm"),
    [
        (KeypairAlgorithm.ECDSA_P256, "EC-256", "SHA-256", "ECDSA-SHA-256"),
        (KeypairAlgorithm.ECDSA_P384, "EC-384", "SHA-384", "ECDSA-SHA-384"),
        (KeypairAlgorithm.RSA_PSS_2048, "RSA-2048", "SHA-256", "RSASSA-PSS-SHA-256"),
    ],
)
def test_payload_is_signed_until_the_quota_is_used(
    world: World,
    tmp_path: Path,
    algorithm: KeypairAlgorithm,
    key_spec: str,
    hash_name: str,
    signing_algorithm: str,
) -> None:
    with agent_tools(world, tmp_path, {"release": algorithm}) as tools:
        tools.certify("release")
        tools.open_release("release", 1)
        metadata, _ = call(tools, "get-plugin-metadata")
        assert all(metadata.values())
        assert metadata["capabilities"] == ["SIGNATURE_GENERATOR.RAW"]
        assert call(tools, "describe-key") == ({"keyId": "release", "keySpec": key_spec}, 0)

        request = {
            "keySpec": key_spec,
            "hashAlgorithm": hash_name,
            "payload": base64.b64encode(PAYLOAD).decode(),
        }
        answer, status = call(tools, "generate-signature", **request)
        assert status == 0, answer
        chain = [
            x509.load_der_x509_certificate(base64.b64decode(certificate))
            for certificate in answer["certificateChain"]
        ]
        assert [c.subject for c in chain[1:]] == [chain[0].issuer]
        assert answer["signingAlgorithm"] == signing_algorithm
        verify(chain[0], base64.b64decode(answer["signature"]), hash_name)

        error, status = call(tools, "generate-signature", **request)
        assert status == 1
        assert error["errorCode"] == "ACCESS_DENIED"
        assert error["errorMessage"].startswith("QUOTA_EXHAUSTED: ")


@pytest.mark.parametrize(
    ("command", "content", "code"),
    [
        ("generate-envelope", b"{}", "INVALID_REQUEST"),
        ("describe-key", b"not JSON", "INVALID_REQUEST"),
        ("describe-key", b"[]", "INVALID_REQUEST"),
        ("describe-key", b"{}", "INVALID_REQUEST"),
        ("describe-key", b'{"contractVersion": "2.0"}', "UNSUPPORTED_VERSION"),
    ],
)
def test_other_requests_are_refused(command: str, content: bytes, code: str) -> None:
    with pytest.raises(ClientError) as failure:
        run(command, content)
    assert failure.value.code == code
