"""Keys in AWS KMS: a server of its API on this machine holds them, OpenSSL accepts what they sign.

The server is moto's, mended in `tests/support/kms.py`; nothing is asked of AWS itself.
"""

from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from structlog.testing import capture_logs

from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm
from engine.signers.aws_kms.connection import KmsConnection
from engine.signers.aws_kms.parameters import MAX_MESSAGE_BYTES as KMS_MAX_MESSAGE_BYTES
from engine.signers.aws_kms.parameters import fit_digest
from engine.signers.aws_kms.settings import configured_kms
from engine.signers.aws_kms.signer import AwsKmsSigner
from engine.signers.base import (
    MAX_MESSAGE_BYTES,
    Digest,
    Message,
    SignerContext,
    SignerFailed,
    SigningKey,
    UnacceptableKey,
    UnsuitableMessage,
)
from engine.signers.guard import adopt_key
from engine.signers.key_proof import require_signs
from engine.signers.keyring import KeyBinding, Keyring
from tests.engine.signers.conftest import DigestOf, OpensslVerifies, StoreKey
from tests.support.kms import ENVIRONMENT, REGION, KmsServer, close, kms_server

ROOT = Path(__file__).parents[3]
SHA256, P256 = DigestAlgorithm.SHA256, KeypairAlgorithm.ECDSA_P256
ALGORITHMS = sorted(AwsKmsSigner.capabilities.generates)
PROBE = Digest(SHA256, bytes(32))


@pytest.fixture(scope="module")
def running() -> Iterator[KmsServer]:
    with kms_server() as server:
        yield server


@pytest.fixture(autouse=True)
def no_address_but_this_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test in which anything connects to another machine."""
    connect, foreign = socket.socket.connect, []

    def checked(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in {"127.0.0.1", "::1"}:
            foreign.append(address)
            raise ConnectionRefusedError(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", checked)
    yield
    assert foreign == []


@dataclass
class Kms:
    """A signer, the server that it calls, and its waits between tries."""

    server: KmsServer
    signer: AwsKmsSigner
    waits: list[float]

    def new_key(self, algorithm: KeypairAlgorithm = P256) -> SigningKey:
        binding = KeyBinding(uuid4(), uuid4())
        generated = self.signer.generate(algorithm, binding)
        return SigningKey(
            binding, algorithm, generated.public_key_pem, generated.material, generated.key_id
        )

    def sign(self, key: SigningKey) -> bytes:
        return self.signer.sign(key, PROBE)

    @property
    def client(self) -> Any:
        """What administrators of the AWS account do."""
        return self.signer._keys._kms._connected()

    def arn(self, key: SigningKey) -> str:
        return self.signer._arns.get(key)

    def metadata(self, key: SigningKey) -> dict[str, Any]:
        described: dict[str, Any] = self.client.describe_key(KeyId=self.arn(key))["KeyMetadata"]
        return described


MakeKms = Callable[..., Kms]


@pytest.fixture
def make_kms(running: KmsServer, keyring: Keyring) -> Iterator[MakeKms]:
    signers = []

    def make(**others: str) -> Kms:
        context = SignerContext(keyring, running.options | others)
        (signer,) = AwsKmsSigner.from_context(context)
        kms = Kms(running, signer, [])
        signer._keys._kms._sleep = kms.waits.append
        signers.append(signer)
        return kms

    running.reset()
    yield make
    running.reset()
    running.forget_keys()
    for signer in signers:
        close(signer)


@pytest.fixture(scope="module")
def client(running: KmsServer) -> Any:
    """One client for most of the tests: it takes a while to make one."""
    settings = configured_kms(running.options)
    assert settings is not None
    return KmsConnection(settings)._connected()


@pytest.fixture
def kms(make_kms: MakeKms, client: Any) -> Kms:
    kms = make_kms()
    kms.signer._keys._kms._client = client
    return kms


# --- keys and signatures ---------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_openssl_accepts_what_kms_signed_and_no_other_digest(
    kms: Kms,
    digest_of_content: DigestOf,
    openssl_verifies: OpensslVerifies,
    algorithm: KeypairAlgorithm,
) -> None:
    key = kms.new_key(algorithm)
    for of in DigestAlgorithm:
        digest = digest_of_content(of)
        signature = kms.signer.sign(key, digest)
        assert openssl_verifies(algorithm, key.public_key_pem, digest, signature)

        other = replace(digest, value=bytes(reversed(digest.value)))
        signature = kms.signer.sign(key, other)
        assert not openssl_verifies(algorithm, key.public_key_pem, digest, signature)


def test_it_signs_with_every_current_algorithm() -> None:
    assert set(ALGORITHMS) == {a for a in KeypairAlgorithm if a is a.current}
    assert AwsKmsSigner.capabilities.adopts == set(ALGORITHMS)


def test_imported_keys_are_not_taken() -> None:
    assert AwsKmsSigner.capabilities.imports == frozenset()


@pytest.mark.parametrize("algorithm", [KeypairAlgorithm.ED25519, KeypairAlgorithm.ML_DSA_65])
def test_a_message_is_signed_as_itself(kms: Kms, algorithm: KeypairAlgorithm) -> None:
    key = kms.new_key(algorithm)
    public: Any = load_pem_public_key(key.public_key_pem.encode())
    for message in (Message(b"tag v2.4.1"), Message(bytes(KMS_MAX_MESSAGE_BYTES))):
        public.verify(kms.signer.sign(key, message), message.value)
    with pytest.raises(UnsuitableMessage, match="signs a digest, not a message"):
        kms.signer.sign(replace(key, algorithm=P256), Message(b"tag v2.4.1"))


def test_a_long_message_is_signed_by_ml_dsa_and_refused_by_ed25519(kms: Kms) -> None:
    message = Message(bytes(MAX_MESSAGE_BYTES))
    ml_dsa = kms.new_key(KeypairAlgorithm.ML_DSA_44)
    public: Any = load_pem_public_key(ml_dsa.public_key_pem.encode())
    public.verify(kms.signer.sign(ml_dsa, message), message.value)
    ed25519 = kms.new_key(KeypairAlgorithm.ED25519)
    kms.server.reset()
    with pytest.raises(UnsuitableMessage, match=r"at most 4096 bytes\. Sign the digest\."):
        kms.signer.sign(ed25519, Message(bytes(KMS_MAX_MESSAGE_BYTES + 1)))
    assert not kms.server.calls


def test_a_digest_keeps_its_number_in_the_length_of_the_curve() -> None:
    assert fit_digest(b"\1" * 64, 32) == b"\1" * 32
    assert fit_digest(b"\1" * 32, 48) == bytes(16) + b"\1" * 32
    assert fit_digest(b"\1" * 48, 48) == b"\1" * 48


def test_a_key_is_made_in_kms_and_names_its_keypair(kms: Kms) -> None:
    key = kms.new_key()
    metadata, label = kms.metadata(key), f"{key.binding.account_id}/{key.binding.keypair_id}"
    assert metadata["KeySpec"] == "ECC_NIST_P256"
    assert metadata["KeyUsage"] == "SIGN_VERIFY"
    assert metadata["Origin"] == "AWS_KMS"
    assert metadata["Description"] == f"Countersign {label}"
    tags = kms.client.list_resource_tags(KeyId=metadata["KeyId"])["Tags"]
    assert tags == [{"TagKey": "countersign", "TagValue": label}]
    assert metadata["Arn"].encode() not in key.material


def test_a_key_of_another_keypair_or_account_is_not_used(kms: Kms) -> None:
    key = kms.new_key()
    for stranger in (
        KeyBinding(key.binding.account_id, uuid4()),
        KeyBinding(uuid4(), key.binding.keypair_id),
    ):
        with pytest.raises(SignerFailed, match="belongs to another keypair"):
            kms.sign(replace(key, binding=stranger))


def test_many_threads_sign(kms: Kms, make_kms: MakeKms) -> None:
    key, second = kms.new_key(), make_kms()
    second.signer._keyring, second.signer._arns = kms.signer._keyring, kms.signer._arns
    with ThreadPoolExecutor(8) as threads:
        signatures = threads.map(lambda n: (kms, second)[n % 2].sign(key), range(100))
        assert len(set(signatures)) == 100
    assert kms.server.calls["Sign"] == 100


# --- settings --------------------------------------------------------------------------------


def test_without_a_region_the_signer_is_absent(keyring: Keyring) -> None:
    context = SignerContext(keyring, {"aws_kms_deletion_days": "30"})
    assert AwsKmsSigner.from_context(context) == []


def test_an_address_without_a_region_is_refused(keyring: Keyring) -> None:
    context = SignerContext(keyring, {"aws_kms_endpoint_url": "https://kms.example.com"})
    with pytest.raises(SignerFailed, match="COUNTERSIGN_AWS_KMS_REGION is not"):
        AwsKmsSigner.from_context(context)


def test_configured_without_its_package_it_says_what_to_install(
    keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("keys", "connection", "errors"):
        monkeypatch.delitem(sys.modules, f"engine.signers.aws_kms.{name}", raising=False)
    for name in ("boto3", "botocore", "botocore.exceptions"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SignerFailed, match="install boto3"):
        AwsKmsSigner.from_context(SignerContext(keyring, {"aws_kms_region": REGION}))


def test_credentials_that_come_later_are_used_then(
    make_kms: MakeKms, monkeypatch: pytest.MonkeyPatch
) -> None:
    kms = make_kms()
    names = [name for name in ENVIRONMENT if name.endswith(("_ID", "_KEY", "_TOKEN"))]
    for name in names:
        monkeypatch.delenv(name)
    with pytest.raises(SignerFailed, match=r"There are no AWS credentials for KMS\. Give"):
        kms.signer.health()
    assert not kms.server.calls
    for name in names:
        monkeypatch.setenv(name, ENVIRONMENT[name])
    kms.signer.health()


def test_the_policy_of_the_documentation_allows_what_is_called_and_no_more(kms: Kms) -> None:
    key = kms.new_key()
    kms.sign(key)
    adopt_key(kms.signer, kms.server.make_key("ECC_NIST_P256"), P256, key.binding)
    kms.signer.stored_keys()
    kms.signer.health()
    kms.signer.destroy(key)
    called = {f"kms:{operation}" for operation in kms.server.calls}
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    _, _, section = page.partition("### Keys in AWS KMS")
    policy = json.loads(section.partition("```json\n")[2].partition("```")[0])
    actions = [action for statement in policy["Statement"] for action in statement["Action"]]
    assert sorted(actions) == sorted(called | {"kms:TagResource"}), "tags are given by CreateKey"
    table = section.partition("\n| permission |")[2].partition("\n\n")[0]
    assert set(re.findall(r"kms:\w+", table)) == set(actions)


# --- adoption --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "algorithm", [P256, KeypairAlgorithm.ED25519, KeypairAlgorithm.RSA_PSS_2048]
)
def test_a_key_that_is_in_kms_is_adopted_by_id_arn_or_alias(
    kms: Kms,
    stored: StoreKey,
    digest_of_content: DigestOf,
    openssl_verifies: OpensslVerifies,
    algorithm: KeypairAlgorithm,
) -> None:
    spec = {P256: "ECC_NIST_P256", KeypairAlgorithm.ED25519: "ECC_NIST_EDWARDS25519"}
    metadata = foreign_key(kms, KeySpec=spec.get(algorithm, "RSA_2048"))
    alias, binding = f"alias/release-{uuid4()}", KeyBinding(uuid4(), uuid4())
    kms.client.create_alias(AliasName=alias, TargetKeyId=metadata["KeyId"])
    alias_arn = metadata["Arn"].partition("key/")[0] + alias
    for reference in (metadata["KeyId"], metadata["Arn"], alias, alias_arn):
        key = stored(algorithm, binding, adopt_key(kms.signer, reference, algorithm, binding))
        require_signs(kms.signer, key)
        digest = digest_of_content(SHA256)
        signature = kms.signer.sign(key, digest)
        assert openssl_verifies(algorithm, key.public_key_pem, digest, signature)
    assert binding not in kms.signer.stored_keys()
    with pytest.raises(SignerFailed, match="belongs to another keypair"):
        kms.sign(replace(key, binding=KeyBinding(binding.account_id, uuid4())))

    other = foreign_key(kms)
    kms.client.update_alias(AliasName=alias, TargetKeyId=other["KeyId"])
    assert kms.arn(key) == metadata["Arn"], "the alias names another key, the keypair does not"
    kms.signer.destroy(key)
    assert kms.metadata(key)["KeyState"] == "Enabled"


def foreign_key(kms: Kms, **parameters: Any) -> dict[str, Any]:
    chosen = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", **parameters}
    metadata: dict[str, Any] = kms.client.create_key(**chosen)["KeyMetadata"]
    return metadata


def test_keys_that_cannot_be_adopted_say_why(kms: Kms) -> None:
    symmetric = foreign_key(kms, KeySpec="SYMMETRIC_DEFAULT", KeyUsage="ENCRYPT_DECRYPT")
    disabled, koblitz = foreign_key(kms), foreign_key(kms, KeySpec="ECC_SECG_P256K1")
    kms.client.disable_key(KeyId=disabled["KeyId"])
    p384 = foreign_key(kms, KeySpec="ECC_NIST_P384")["KeyId"]
    binding = KeyBinding(uuid4(), uuid4())
    for reference, sentence in (
        (" ", "Name the key by its id"),
        ("release", "no key of this id, ARN or alias"),
        ("alias/nowhere", "no key of this id, ARN or alias"),
        (str(uuid4()), "no key of this id, ARN or alias"),
        (kms.arn(kms.new_key()), "was made for a keypair"),
        (symmetric["KeyId"], "is for ENCRYPT_DECRYPT. Name a key for SIGN_VERIFY"),
        (disabled["KeyId"], "is in the state Disabled. Enable it"),
        (koblitz["KeyId"], "Keys of this kind or size are not used here"),
        (p384, "a key of ECDSA_P384, not of ECDSA_P256"),
    ):
        with pytest.raises(UnacceptableKey, match=sentence):
            adopt_key(kms.signer, reference, P256, binding)
    kms.server.fail("DescribeKey", "KMSInternalException", 500)
    with pytest.raises(SignerFailed, match="AWS KMS failed") as failed:
        adopt_key(kms.signer, p384, P256, binding)
    assert not isinstance(failed.value, UnacceptableKey)


# --- the keys that are there -----------------------------------------------------------------


def test_its_keys_are_told_from_those_of_others(kms: Kms) -> None:
    keys = [kms.new_key() for _ in range(5)]  # more than a page of the server has
    foreign_key(kms)
    foreign_key(kms, Description=f"Countersign {uuid4()}")
    foreign_key(kms, Description=f"of Countersign {uuid4()}/{uuid4()}")
    bindings = {key.binding for key in keys}
    assert kms.signer.stored_keys() == bindings
    kms.signer.destroy(keys[0])
    assert kms.signer.stored_keys() == bindings - {keys[0].binding}


def test_keys_that_may_not_be_looked_at_are_left_out_and_logged(kms: Kms) -> None:
    key = kms.new_key()
    kms.signer.stored_keys()
    kms.server.fail("DescribeKey", "AccessDeniedException")
    with capture_logs() as logs:
        kms.signer.stored_keys()
    assert {"event": "kms_keys_not_described", "keys": 1, "log_level": "warning"} in logs
    kms.server.fail("DescribeKey", "NotFoundException")  # deleted since it was listed
    kms.signer.stored_keys()
    kms.server.fail("DescribeKey", "KMSInternalException", 500)
    with pytest.raises(SignerFailed, match="AWS KMS failed"):
        kms.signer.stored_keys()
    assert key.binding in kms.signer.stored_keys()


@pytest.mark.parametrize("days", [7, 30])
def test_a_key_is_deleted_after_the_days_of_the_settings(make_kms: MakeKms, days: int) -> None:
    kms = make_kms(aws_kms_deletion_days=str(days))
    key = kms.new_key()
    kms.sign(key)
    for _ in range(2):
        kms.signer.destroy(key)
    assert kms.server.calls["ScheduleKeyDeletion"] == 1
    metadata = kms.metadata(key)
    assert metadata["KeyState"] == "PendingDeletion"
    waits = metadata["DeletionDate"] - datetime.now(UTC)
    assert timedelta(days=days - 1) < waits <= timedelta(days=days)
    with pytest.raises(SignerFailed, match="It may wait for its deletion: cancel that"):
        kms.sign(key)


def test_a_key_that_is_gone_is_destroyed_already(kms: Kms) -> None:
    key = kms.new_key()
    kms.server.fail("DescribeKey", "NotFoundException")
    kms.signer.destroy(key)
    kms.server.fail("ScheduleKeyDeletion", "AccessDeniedException")
    with pytest.raises(SignerFailed, match="denies kms:ScheduleKeyDeletion"):
        kms.signer.destroy(key)


def test_the_sentence_of_removal_names_the_tag_of_the_key(kms: Kms) -> None:
    key = kms.new_key()
    sentence = kms.signer.removal(key.binding)
    (tag,) = kms.client.list_resource_tags(KeyId=kms.arn(key))["Tags"]
    assert f"Key={tag['TagKey']},Values={tag['TagValue']}" in sentence


# --- failures --------------------------------------------------------------------------------


def test_a_key_whose_public_half_cannot_be_had_is_deleted_again(kms: Kms) -> None:
    kms.server.fail("GetPublicKey", "KMSInternalException", 500)
    with pytest.raises(SignerFailed, match="AWS KMS failed"):
        kms.new_key()
    assert kms.server.calls["ScheduleKeyDeletion"] == 1
    assert not kms.signer.stored_keys()


def test_a_key_that_cannot_be_deleted_again_is_found_by_its_binding(kms: Kms) -> None:
    kms.server.fail("GetPublicKey", "AccessDeniedException")
    kms.server.fail("ScheduleKeyDeletion", "AccessDeniedException")
    with pytest.raises(SignerFailed, match="denies kms:GetPublicKey"):
        kms.new_key()
    assert len(list(kms.signer.stored_keys())) == 1


def test_a_key_whose_making_was_not_answered_is_not_made_twice_and_is_found(kms: Kms) -> None:
    kms.server.fail("CreateKey", "KMSInternalException", 500, after=True)
    with pytest.raises(SignerFailed, match="AWS KMS failed"):
        kms.new_key()
    assert kms.server.calls["CreateKey"] == 1
    assert len(list(kms.signer.stored_keys())) == 1


def test_a_new_key_that_is_not_found_at_first_is_waited_for(kms: Kms) -> None:
    kms.server.fail("GetPublicKey", "NotFoundException", times=2)
    kms.sign(kms.new_key())
    assert kms.server.calls["GetPublicKey"] == 3
    assert len(kms.waits) == 2


def test_throttled_calls_are_made_again_and_not_without_end(kms: Kms) -> None:
    key = kms.new_key()
    kms.server.fail("Sign", "ThrottlingException", times=2)
    kms.sign(key)
    assert kms.server.calls["Sign"] == 3
    assert len(kms.waits) == 2
    kms.server.reset()
    kms.server.fail("Sign", "ThrottlingException", times=9)
    with pytest.raises(SignerFailed, match=r"no more calls at the moment\. Try again shortly"):
        kms.sign(key)
    assert kms.server.calls["Sign"] == 3


@pytest.mark.parametrize("after", [False, True])
def test_a_call_that_may_have_signed_is_not_made_again(kms: Kms, after: bool) -> None:
    key = kms.new_key()
    kms.server.fail("Sign", "KMSInternalException", 500, after=after)
    with pytest.raises(SignerFailed, match=r"AWS KMS failed\. Try again"):
        kms.sign(key)
    assert kms.server.calls["Sign"] == 1
    assert kms.sign(key), "the next call succeeds"


def test_a_call_that_is_not_answered_ends(
    make_kms: MakeKms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.signers.aws_kms.connection.READ_TIMEOUT_SECONDS", 0.5)
    kms = make_kms()
    key = kms.new_key()
    kms.server.hang("Sign")
    with pytest.raises(SignerFailed, match="did not answer in time"):
        kms.sign(key)
    assert kms.server.calls["Sign"] == 1
    assert kms.sign(key)


def test_a_kms_that_was_away_is_used_when_it_is_back(kms: Kms) -> None:
    key = kms.new_key()
    kms.server.stop()
    for call in (lambda: kms.sign(key), kms.signer.health, kms.new_key):
        kms.waits.clear()
        with pytest.raises(SignerFailed, match=r"cannot be reached\. Check the network"):
            call()
        assert len(kms.waits) == 2
    kms.server.start()
    assert kms.sign(key)
    kms.signer.health()


@pytest.mark.parametrize(
    ("code", "status", "sentence"),
    [
        ("AccessDeniedException", 400, "denies kms:Sign to these credentials. Allow it in IAM"),
        ("DisabledException", 400, "The key is disabled in AWS KMS. Enable it there."),
        ("ExpiredTokenException", 400, "AWS refused the credentials. Check that they are valid"),
        ("InvalidArnException", 400, "no such key. Check that COUNTERSIGN_AWS_KMS_REGION"),
        ("InvalidKeyUsageException", 400, "does not sign in this way"),
        ("InvalidSignatureException", 400, "AWS refused the credentials. Check that they are"),
        ("KeyUnavailableException", 500, "AWS KMS failed. Try again"),
        ("LimitExceededException", 400, "as many keys as its quota allows. Raise the quota"),
        ("NotFoundException", 400, "no such key. Check that COUNTERSIGN_AWS_KMS_REGION"),
        ("OptInRequired", 403, "Enable the region"),
        ("ServiceUnavailable", 503, "AWS KMS failed. Try again"),
        ("SomethingNew", 400, "AWS KMS refused the call: SomethingNew."),
        ("UnrecognizedClientException", 400, "AWS refused the credentials."),
        ("UnsupportedOperationException", 400, "does not offer what this keypair's algorithm"),
        ("ValidationException", 400, "does not offer what this keypair's algorithm"),
    ],
)
def test_each_failure_says_what_to_check_and_no_secret(
    kms: Kms, code: str, status: int, sentence: str
) -> None:
    key = kms.new_key()
    kms.server.fail("Sign", code, status)
    with capture_logs() as logs, pytest.raises(SignerFailed) as failed:
        kms.sign(key)
    assert sentence in str(failed.value)
    (entry,) = logs
    assert (entry["event"], entry["error"], entry["operation"]) == ("kms_call_failed", code, "Sign")
    for secret in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        assert ENVIRONMENT[secret] not in f"{entry} {failed.value}"


def test_a_profile_that_is_not_there_is_named(
    make_kms: MakeKms, monkeypatch: pytest.MonkeyPatch
) -> None:
    kms = make_kms()
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(SignerFailed, match=r"cannot be used\. Check the role, the profile"):
        kms.signer.health()
