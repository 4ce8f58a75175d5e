"""How backends are found, and what they are handed."""

import sys
from pathlib import Path

import pytest

from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm
from engine.signers.base import (
    MAX_MESSAGE_BYTES,
    Capabilities,
    Digest,
    GeneratedKey,
    Message,
    SignerContext,
    SignerFailed,
    UnsuitableMessage,
    inputs_of,
)
from engine.signers.keyring import KeyBinding
from engine.signers.loading import ENTRY_POINTS, load_signers

ED25519 = KeypairAlgorithm.ED25519

BACKENDS = """\
from engine.signers.base import Capabilities, Signer

class Cloud(Signer):
    capabilities = Capabilities(signs={}, generates=frozenset())
    def __init__(self, region): self.name, self.region = "cloud:" + region, region
    @classmethod
    def from_context(cls, context):
        return [cls(region) for region in context.options.get("cloud_regions", "").split()]
    def generate(self, algorithm, binding): ...
    def sign(self, key, message): ...
    def destroy(self, key): ...

class Namesake(Cloud):
    pass

class Undeclared(Cloud):
    capabilities = None

class Former:
    name = "former"
    @classmethod
    def from_context(cls, context): return cls()
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Installs a distribution that announces these backends."""

    def install(*backends: str) -> None:
        metadata = tmp_path / "cloud_signer-1.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: cloud-signer\nVersion: 1")
        (metadata / "entry_points.txt").write_text("\n".join([f"[{ENTRY_POINTS}]", *backends]))
        (tmp_path / "cloud_signer_for_tests.py").write_text(BACKENDS)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "cloud_signer_for_tests", raising=False)

    return install


def test_a_backend_of_another_distribution_is_found(installed, keyring) -> None:
    installed("cloud = cloud_signer_for_tests:Cloud")
    signers = load_signers(SignerContext(keyring, {"cloud_regions": "north south"}))
    assert [signers[f"cloud:{region}"].region for region in ("north", "south")] == [
        "north",
        "south",
    ]


def test_a_backend_that_is_not_configured_is_absent(installed, context) -> None:
    installed("cloud = cloud_signer_for_tests:Cloud")
    assert load_signers(context).keys() == {"local"}


def test_a_backend_that_cannot_be_loaded_is_named(installed, context) -> None:
    installed("cloud = cloud_signer_for_tests:Missing")
    with pytest.raises(SignerFailed, match=r"signer backend cloud .* cannot be loaded"):
        load_signers(context)


def test_two_backends_of_one_name_are_refused(installed, keyring) -> None:
    installed("one = cloud_signer_for_tests:Cloud", "two = cloud_signer_for_tests:Namesake")
    with pytest.raises(SignerFailed, match="Two signer backends are named cloud:north"):
        load_signers(SignerContext(keyring, {"cloud_regions": "north"}))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Former", r"has to derive from engine\.signers\.base\.Signer\. Install a version"),
        ("Undeclared", r"does not declare its capabilities\. Install a version"),
    ],
)
def test_a_backend_of_a_former_version_is_refused(installed, keyring, name, sentence) -> None:
    installed(f"cloud = cloud_signer_for_tests:{name}")
    with pytest.raises(SignerFailed, match=f"signer backend cloud .*{sentence}"):
        load_signers(SignerContext(keyring, {"cloud_regions": "north"}))


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1.0, 0.0])
def test_a_declared_duration_is_a_time(seconds: float) -> None:
    with pytest.raises(ValueError, match="no time"):
        Capabilities(
            signs=inputs_of([ED25519]), generates=frozenset(), quick_seconds={ED25519: seconds}
        )


def test_keys_that_come_in_sign_something() -> None:
    for way in ("generates", "imports", "adopts"):
        ways = {"generates": frozenset(), way: frozenset({ED25519})}
        with pytest.raises(ValueError, match="sign nothing"):
            Capabilities(signs={}, **ways)


def test_a_message_has_a_maximum() -> None:
    assert len(Message(bytes(MAX_MESSAGE_BYTES)).value) == 65_536
    with pytest.raises(UnsuitableMessage, match=r"at most 65536 bytes\. Sign its digest\."):
        Message(bytes(MAX_MESSAGE_BYTES + 1))


@pytest.mark.parametrize("algorithm", DigestAlgorithm)
@pytest.mark.parametrize("off_by", [-1, 1])
def test_a_digest_of_the_wrong_length_is_refused(algorithm: DigestAlgorithm, off_by: int) -> None:
    length = algorithm.length + off_by
    with pytest.raises(UnsuitableMessage, match=f"{algorithm.length} bytes, not {length}"):
        Digest(algorithm, b"d" * length)


def test_nothing_secret_shows_when_it_is_printed(keyring) -> None:
    shown = repr(GeneratedKey("pem", b"material", None))
    shown += repr(SignerContext(keyring, {"pkcs11_pin": "1234"}))
    shown += repr(Message(b"content")) + repr(KeyBinding)
    for secret in ("material'", "1234", "b'content'"):
        assert secret not in shown
