"""`sigstore-kms-countersign`, driven as cosign drives it after the plug-in protocol of sigstore.

cosign itself cannot be installed where these tests run. This harness follows
pkg/signature/kms/cliplugin of sigstore: the version and the arguments on the command line, the
message on standard input, the answer on standard output, whatever the exit status.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from countersign.agent.plugins.cosign import run
from engine.model.algorithms import KeypairAlgorithm
from tests.support.agent_tools import SCRIPTS, AgentTools, agent_tools
from tests.support.world import World

SHA256 = 5
MESSAGE = b'{"critical": {"image": {"docker-manifest-digest": "sha256:00"}}}'


@pytest.fixture
def tools(world: World, tmp_path: Path) -> Iterator[AgentTools]:
    with agent_tools(world, tmp_path, {"release": KeypairAlgorithm.ECDSA_P256}) as tools:
        yield tools


def call(tools: AgentTools, method: str, message: bytes = b"", **arguments: Any) -> tuple[Any, str]:
    """What cosign reads, and what the person does."""
    options = {
        "protocolVersion": "1",
        "keyResourceID": "countersign://release",
        "hashFunc": SHA256,
    }
    words = {"initOptions": options, "methodName": method, method: arguments}
    plugin = subprocess.run(
        [f"{SCRIPTS}/sigstore-kms-countersign", "v1", json.dumps(words)],
        input=message,
        env=tools.environment,
        capture_output=True,
        timeout=30,
        check=False,
    )
    answer = json.loads(plugin.stdout)
    assert set(answer) in ({method}, {"errorMessage"})
    return answer.get(method, answer), plugin.stderr.decode()


@pytest.mark.long
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_message_is_signed_verified_and_refused_after_the_quota(tools: AgentTools) -> None:
    tools.open_release("release", 2)
    pem = base64.b64decode(call(tools, "publicKey")[0]["publicKeyPEM"])
    public_key = load_pem_public_key(pem)
    assert isinstance(public_key, ec.EllipticCurvePublicKey)

    signed, _ = call(tools, "signMessage", MESSAGE, signOptions={})
    signature = base64.b64decode(signed["signature"])
    public_key.verify(signature, MESSAGE, ec.ECDSA(hashes.SHA256()))
    digest = base64.b64encode(hashlib.sha256(MESSAGE).digest()).decode()
    options = {"messageOptions": {"digest": digest}}
    signed, _ = call(tools, "signMessage", signOptions=options)
    public_key.verify(base64.b64decode(signed["signature"]), MESSAGE, ec.ECDSA(hashes.SHA256()))

    verify = {"signature": signed["signature"], "verifyOptions": {}}
    assert call(tools, "verifySignature", MESSAGE, **verify)[0] == {}
    answer, _ = call(tools, "verifySignature", MESSAGE + b" ", **verify)
    assert answer["errorMessage"].startswith("INVALID_SIGNATURE: ")

    answer, terminal = call(tools, "signMessage", MESSAGE, signOptions={})
    assert answer["errorMessage"].startswith("QUOTA_EXHAUSTED: ")
    assert terminal.startswith("countersign: QUOTA_EXHAUSTED: ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["v2", "{}"], "Only version v1"),
        (["v1"], "Only version v1"),
        (["v1", "not JSON"], "not those of the protocol"),
        (["v1", "[]"], "not those of the protocol"),
        (["v1", '{"methodName": "signMessage"}'], "not those of the protocol"),
        (["v1", '{"methodName": "rotateKey"}'], "no method 'rotateKey'"),
        (["v1", '{"methodName": "createKey"}'], "made by an administrator"),
    ],
)
def test_other_calls_are_answered_with_an_error(words: list[str], message: str) -> None:
    assert message in run(words, io.BytesIO())["errorMessage"]


def test_algorithms_need_no_server() -> None:
    words = ["v1", '{"methodName": "defaultAlgorithm"}']
    assert run(words, io.BytesIO()) == {"defaultAlgorithm": {"defaultAlgorithm": "ecdsa-p256"}}
