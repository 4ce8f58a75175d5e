"""How backends are found, and what they are handed."""

import sys
from pathlib import Path

import pytest

from engine.model.algorithms import DigestAlgorithm
from engine.signers.base import (
    ENTRY_POINTS,
    Content,
    Digest,
    GeneratedKey,
    SignerContext,
    SignerFailed,
    UnsuitableMessage,
    load_signers,
)
from engine.signers.keyring import KeyBinding

BACKENDS = """\
class Cloud:
    name = "cloud"
    def __init__(self, region): self.region = region
    @classmethod
    def from_context(cls, context):
        return cls(context.options["cloud_region"]) if "cloud_region" in context.options else None

class Namesake(Cloud):
    pass
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
    signers = load_signers(SignerContext(keyring, {"cloud_region": "north"}))
    assert signers["cloud"].region == "north"


def test_a_backend_that_is_not_configured_is_absent(installed, context) -> None:
    installed("cloud = cloud_signer_for_tests:Cloud")
    assert "cloud" not in load_signers(context)


def test_a_backend_that_cannot_be_loaded_is_named(installed, context) -> None:
    installed("cloud = cloud_signer_for_tests:Missing")
    with pytest.raises(SignerFailed, match=r"signer backend cloud .* cannot be loaded"):
        load_signers(context)


def test_two_backends_of_one_name_are_refused(installed, keyring) -> None:
    installed("one = cloud_signer_for_tests:Cloud", "two = cloud_signer_for_tests:Namesake")
    with pytest.raises(SignerFailed, match="Two signer backends are named cloud"):
        load_signers(SignerContext(keyring, {"cloud_region": "north"}))


@pytest.mark.parametrize("algorithm", DigestAlgorithm)
@pytest.mark.parametrize("off_by", [-1, 1])
def test_a_digest_of_the_wrong_length_is_refused(algorithm: DigestAlgorithm, off_by: int) -> None:
    length = algorithm.length + off_by
    with pytest.raises(UnsuitableMessage, match=f"{algorithm.length} bytes, not {length}"):
        Digest(algorithm, b"d" * length)


def test_nothing_secret_shows_when_it_is_printed(keyring) -> None:
    shown = repr(GeneratedKey("pem", b"material", None))
    shown += repr(SignerContext(keyring, {"pkcs11_pin": "1234"}))
    shown += repr(Content(b"content")) + repr(KeyBinding)
    for secret in ("material'", "1234", "b'content'"):
        assert secret not in shown
