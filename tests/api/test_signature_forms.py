"""Forms of signatures over GraphQL: chosen when one reads them, of new and of stored ones."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from engine.model.algorithms import KeypairAlgorithm
from engine.model.vocabulary import KeypairCategory, ReleaseType
from tests.support.api import Api, make_api
from tests.support.refusals import details_of
from tests.support.ssh import ssh_accepts
from tests.support.world import DIGEST, World

FORMS = (
    "form namespace digest digestAlgorithm value der: valueAs raw: valueAs(format: RAW, lowS: true)"
)
SIGN = f"""mutation ($input: SignInput!) {{
  sign(input: $input) {{ signature {{ id {FORMS} }} errors {{ code message field }} }} }}"""
PUBLIC_KEY = "query ($id: ID!) { keypair(id: $id) { publicKey { pem ssh } } }"
STORED = f"query ($id: ID!) {{ node(id: $id) {{ ... on Signature {{ {FORMS} }} }} }}"


@pytest.fixture
def api(world: World) -> Any:
    world.add_keypair("curve", ReleaseType.TEST, algorithm=KeypairAlgorithm.ECDSA_P256)
    world.add_keypair("plain", ReleaseType.TEST)
    world.add_keypair("padded", ReleaseType.TEST, algorithm=KeypairAlgorithm.RSA_PSS_2048)
    world.add_keypair("packages", ReleaseType.TEST, category=KeypairCategory.GPG)
    world.set_team("blue", keypairs=["curve", "plain", "padded", "packages"])
    api, runtime = make_api(world)
    with api.client:
        yield api
    runtime.executor.shutdown()


def sign(api: Api, alias: str, **values: Any) -> Any:
    values.setdefault("digest", b64encode(DIGEST).decode())
    return api.ask("dev", SIGN, input={"keypairAlias": alias, **values})["sign"]


def test_ecdsa_in_every_form_new_and_stored(api: Api) -> None:
    new = sign(api, "curve")["signature"]
    assert new["der"] == new["value"]
    r, _ = decode_dss_signature(b64decode(new["value"]))
    raw = b64decode(new["raw"])
    assert (len(raw), int.from_bytes(raw[:32], "big")) == (64, r)
    stored = api.ask("dev", STORED, id=new.pop("id"))["node"]
    assert stored == new


def test_others_have_no_other_form(api: Api) -> None:
    plain = sign(api, "plain")["signature"]
    assert (plain["der"], plain["raw"]) == (None, None)


def test_a_message_is_signed_as_it_is(api: Api) -> None:
    message = b"a message of any length" * 1000
    signature = sign(api, "plain", digest=None, message=encoded(message))["signature"]
    public_key(api, "plain").verify(b64decode(signature["value"]), message)
    assert signature["form"] == "MESSAGE"
    assert b64decode(signature["digest"]) == sha512(message).digest()
    assert details_of(api.world.ledger(tag="signature:made")[-1])["form"] == "MESSAGE"


@pytest.mark.parametrize("alias", ["plain", "curve"])
def test_openssh_accepts_what_the_server_puts_together(
    api: Api, tmp_path: Path, alias: str
) -> None:
    content = b"a release\n"
    digest = {"namespace": "file", "digest": encoded(sha256(content).digest())}
    signature = sign(api, alias, digest=None, sshsig=digest | {"digestAlgorithm": "SHA256"})
    signature = signature["signature"]
    line = api.ask("dev", PUBLIC_KEY, id=api.id("Keypair", alias))["keypair"]["publicKey"]["ssh"]
    value = b64decode(signature["value"]).decode()
    assert ssh_accepts(tmp_path, line, value, content, "file")
    assert not ssh_accepts(tmp_path, line, value, content, "git")
    shown = [signature[name] for name in ("form", "namespace", "digestAlgorithm", "raw")]
    assert shown == ["SSHSIG", "file", "SHA256", None]
    assert b64decode(signature["digest"]) == sha256(content).digest()
    assert details_of(api.world.ledger(tag="signature:made")[-1])["namespace"] == "file"


def test_a_batch_takes_each_of_them(api: Api) -> None:
    digest = encoded(sha512(b"content").digest())
    items = [
        {"digest": encoded(DIGEST)},
        {"message": encoded(b"a message")},
        {"sshsig": {"namespace": "git", "digest": digest}},
    ]
    query = """mutation ($input: SignBatchInput!) {
        signBatch(input: $input) { outcomes { signature { form } errors { code } } } }"""
    batch = api.ask("dev", query, input={"keypairAlias": "plain", "items": items})["signBatch"]
    forms = [outcome["signature"]["form"] for outcome in batch["outcomes"]]
    assert forms == ["DIGEST", "MESSAGE", "SSHSIG"]


def test_another_form_or_namespace_is_no_repetition(api: Api) -> None:
    given: dict[str, Any] = {"namespace": "git", "digest": encoded(sha512(b"x").digest())}
    ssh = {"digest": None, "sshsig": given, "idempotencyKey": "1"}
    first = sign(api, "plain", **ssh)["signature"]
    assert sign(api, "plain", **ssh)["signature"] == first
    raw = {"digest": given["digest"], "digestAlgorithm": "SHA512"}
    for other in (raw, {"sshsig": given | {"namespace": "file"}}):
        (error,) = sign(api, "plain", **(ssh | {"sshsig": None} | other))["errors"]
        assert error["code"] == "IDEMPOTENCY_MISMATCH"


@pytest.mark.parametrize(
    ("alias", "given", "field", "sentence"),
    [
        ("curve", {"message": b"x"}, ["message"], "signs digests"),
        ("packages", {"message": b"x"}, ["message"], "makes OpenPGP signatures"),
        ("packages", {"sshsig": {}}, ["sshsig"], "makes OpenPGP signatures"),
        ("padded", {"sshsig": {}}, ["sshsig"], "Use a keypair of ED25519, ECDSA or RSA_PKCS1."),
        ("plain", {"message": bytes(65537)}, ["message"], "at most 65536 bytes"),
        ("plain", {"sshsig": {"namespace": "a b"}}, ["sshsig", "namespace"], "printable"),
        ("plain", {"sshsig": {"namespace": ""}}, ["sshsig", "namespace"], "1 to 255"),
        (
            "plain",
            {"sshsig": {"digestAlgorithm": "SHA384"}},
            ["sshsig", "digestAlgorithm"],
            "Hash with SHA256 or SHA512.",
        ),
        (
            "plain",
            {"sshsig": {"digestAlgorithm": "SHA256"}},
            ["sshsig", "digest"],
            "has 32 bytes, this one 64",
        ),
        ("plain", {"message": b"x", "sshsig": {}}, ["digest"], "exactly one of"),
    ],
)
def test_what_a_keypair_does_not_sign_is_refused(
    api: Api, alias: str, given: dict[str, Any], field: list[str], sentence: str
) -> None:
    ssh = {"namespace": "git", "digest": encoded(sha512(b"x").digest())}
    values = {
        name: encoded(value) if isinstance(value, bytes) else ssh | value
        for name, value in given.items()
    }
    refused = sign(api, alias, digest=None, **values)
    assert refused["signature"] is None
    (error,) = refused["errors"]
    assert (error["code"], error["field"]) == ("INVALID_INPUT", field)
    assert sentence in error["message"]


def encoded(data: bytes) -> str:
    return b64encode(data).decode()


def public_key(api: Api, alias: str) -> Any:
    keypair = api.ask("dev", PUBLIC_KEY, id=api.id("Keypair", alias))["keypair"]
    return load_pem_public_key(keypair["publicKey"]["pem"].encode())
