"""A server that is killed between any two steps of what it does with keys.

After it was started again no key is lost, none lies in the HSM without `countersign keys check`
naming it, what is counted is exact, and the ledger is complete and verifies.
"""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from engine.model.algorithms import KeypairAlgorithm
from engine.model.vocabulary import SignatureState
from engine.persistence.store import tables as t
from engine.signers.pkcs11.signer import Pkcs11Signer
from tests.support.callers import Crowd, release_input, token_of
from tests.support.key_site import KeySite, kill_at_each_step, new_master_key, open_key_site
from tests.support.killable_countersign import PROGRAM
from tests.support.private_key_files import pem_of
from tests.support.waiting import until

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

KEYPAIR = "keypair { id }"


@pytest.fixture
def stopped_site(
    database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[KeySite]:
    with open_key_site(database_url, tmp_path, request.param) as site:
        yield site


@pytest.fixture
def site(stopped_site: KeySite) -> Iterator[KeySite]:
    with stopped_site.serving():
        yield stopped_site


#: Each database and each signer: neither knows which of the others there is.
on_both = pytest.mark.parametrize(
    ("database_url", "stopped_site"),
    [("sqlite", "pkcs11"), ("postgresql", "local")],
    indirect=True,
)
on_local = pytest.mark.parametrize("stopped_site", ["local"], indirect=True)
on_pkcs11 = pytest.mark.parametrize("stopped_site", ["pkcs11"], indirect=True)


def creation(site: KeySite, number: int, **more: Any) -> dict[str, Any]:
    """An online keypair, which a release is not asked for."""
    common = {"alias": f"key {number}", "type": "ONLINE", "algorithm": "ECDSA_P256"}
    return common | {"backend": site.backend} | more


def make_keys_in_token(site: KeySite, number: int) -> list[str]:
    """Keys that other tools have made; their labels."""
    hsm = site.signers["pkcs11"]
    assert isinstance(hsm, Pkcs11Signer)
    labels = [f"release-{index}" for index in range(number)]
    for index, label in enumerate(labels):
        hsm._token.make_key(KeypairAlgorithm.ECDSA_P256, bytes([index]), label)
    return labels


def assert_makes_keypairs(
    site: KeySite, mutation: str, inputs: list[dict[str, Any]], keys_of_each: int
) -> list[str]:
    """It is killed at each step, and asked for again; returns the names of the steps."""
    orphans = 0

    def check(number: int, done: list[str]) -> None:
        nonlocal orphans
        is_stored = done.count("commit") == 2
        orphans += 0 if is_stored or site.backend == "local" else done.count("generate")
        again = site.ask(mutation, inputs[number], KEYPAIR)
        assert [error["code"] for error in again["errors"]] == ["NAME_TAKEN"] * is_stored
        keypairs = site.rows(t.keypairs)
        assert sorted(row.alias for row in keypairs) == sorted(
            input_["alias"] for input_ in inputs[: number + 1]
        )
        assert len(site.rows(t.openpgp_primary_keys)) == (keys_of_each - 1) * len(keypairs)
        site.assert_no_key_is_lost()
        site.assert_each_keypair_has_its_entry()
        assert len(site.orphans()) == orphans

    steps = kill_at_each_step(site, lambda n: site.change(mutation, inputs[n], KEYPAIR), check)
    site.assert_checks_pass(orphans)
    return steps


@on_both
def test_creating_a_keypair(site: KeySite) -> None:
    inputs = [creation(site, number) for number in range(6)]
    steps = assert_makes_keypairs(site, "createKeypair", inputs, 1)
    assert steps == ["commit", "generate", "commit", "end"]


@on_both
def test_creating_an_openpgp_keypair(site: KeySite) -> None:
    inputs = [creation(site, number, category="GPG") for number in range(12)]
    steps = assert_makes_keypairs(site, "createKeypair", inputs, 2)
    signatures = ["sign"] * steps.count("sign")
    assert steps == ["commit", "generate", "generate", *signatures, "commit", "end"]
    assert len(signatures) >= 3, "two self-signatures and the revocation, at least"


@on_local
def test_importing_a_key(site: KeySite) -> None:
    files = [pem_of(ec.generate_private_key(ec.SECP256R1())) for _ in range(8)]
    inputs = [
        creation(site, number, privateKeyFile=b64encode(file).decode())
        for number, file in enumerate(files)
    ]
    steps = assert_makes_keypairs(site, "importKeypair", inputs, 1)
    assert steps == ["commit", "import_key", "sign", "commit", "end"]


@on_pkcs11
def test_adopting_a_key(site: KeySite) -> None:
    labels = make_keys_in_token(site, 8)
    inputs = [creation(site, number, key=label) for number, label in enumerate(labels)]
    steps = assert_makes_keypairs(site, "adoptKeypair", inputs, 1)
    assert steps == ["commit", "adopt", "sign", "commit", "end"]


CERTIFICATIONS = {
    "createCertificateRequest": ({}, "requestPem"),
    "issueSelfSignedCertificate": ({"days": 30}, "certificate { id }"),
}


@on_both
@pytest.mark.parametrize("mutation", CERTIFICATIONS)
def test_signing_a_certificate(site: KeySite, mutation: str) -> None:
    more, selected = CERTIFICATIONS[mutation]
    input_ = creation(site, 0, type="OFFLINE")
    keypair_id = site.change("createKeypair", input_, KEYPAIR)["keypair"]["id"]
    given = {"keypairId": keypair_id, "subject": "CN=Example", "reason": "For tests."} | more
    completed = 0

    def uses() -> Counter[str]:
        """How many uses of the key have an entry: of what was intended, and how that ended."""
        ends = {name: uses_of(site, name) for name in ("intended", "done", "failed")}
        assert not ends["done"] & ends["failed"]
        assert ends["done"] | ends["failed"] <= ends["intended"]
        return Counter({name: len(uses) for name, uses in ends.items()})

    def check(number: int, done: list[str]) -> None:
        nonlocal completed
        completed += done.count("commit") == 2
        begun = number  # the first attempt died before its first step
        assert (uses()["intended"], uses()["done"]) == (begun, completed)
        is_kept = mutation == "issueSelfSignedCertificate"
        assert len(site.rows(t.certificates)) == completed * is_kept
        site.assert_no_key_is_lost()

    steps = kill_at_each_step(site, lambda _: site.change(mutation, given, selected), check)
    assert steps == ["commit", "sign", "commit", "end"]
    failed = len(steps) - completed
    until(lambda: uses()["failed"] == failed)
    assert uses() == {"intended": len(steps), "done": completed, "failed": failed}
    site.assert_checks_pass()


def uses_of(site: KeySite, end: str) -> set[str]:
    """The uses of a key for certificates that have ended in a way, or have begun."""
    entries = site.entries(f"keypair:certification:{end}")
    uses = [json.loads(entry.body)["details"]["use_id"] for entry in entries]
    assert len(uses) == len(set(uses))
    return set(uses)


@on_both
def test_signing(site: KeySite) -> None:
    keypair_id, token = open_release(site)
    digest = b64encode(bytes(32)).decode()

    def sign(number: int) -> Any:
        key = f"file {number}"
        input_ = {"keypairId": keypair_id, "digest": digest, "idempotencyKey": key}
        return site.ask("sign", input_, "signature { id }", token)

    def check(number: int, _done: list[str]) -> None:
        until(lambda: sign(number)["signature"])
        signed_ids = {row.id for row in site.rows(t.signatures) if row.state is SignatureState.MADE}
        assert len(signed_ids) == number + 1
        assert {row.subject_id for row in site.entries("signature:made")} == signed_ids
        assert len(site.entries("signature:made")) == len(signed_ids)
        (release,) = site.rows(t.releases)
        assert (release.signatures_used, release.signatures_reserved) == (len(signed_ids), 0)

    steps = kill_at_each_step(site, sign, check)
    site.assert_checks_pass()
    made_at_once = ["sign", "commit", "end"]
    reserved_first = ["commit", "end", "sign", "end", "commit", "end"]
    assert steps == (made_at_once if site.backend == "local" else reserved_first)


def open_release(site: KeySite) -> tuple[str, str]:
    """A release that is open: its keypair, and the token of who may sign."""
    people = [
        {"email": f"{name}@example.com", "name": name, "roles": [role]}
        for name, role in (("ann", "LEAD"), ("dev", "DEVELOPER"))
    ]
    users = [site.change("createUser", person, "user { id }")["user"]["id"] for person in people]
    input_ = creation(site, 0, type="OFFLINE")
    keypair_id = site.change("createKeypair", input_, KEYPAIR)["keypair"]["id"]
    team = {"name": "blue", "memberIds": users, "keypairIds": [keypair_id], "requiredApprovals": 1}
    team_id = site.change("createTeam", team, "team { id }")["team"]["id"]
    ann, dev = (token_of(site.environment, site.folder, name) for name in ("ann", "dev"))
    input_ = release_input(Crowd(team_id, [keypair_id], {}), keypair_id, 20)
    release = site.change("createRelease", input_, "release { id }", dev)["release"]["id"]
    site.change("approveRelease", {"id": release, "revision": 1}, "release { id }", ann)
    return keypair_id, dev


@on_both
def test_sealing_anew(stopped_site: KeySite) -> None:
    site = stopped_site
    with site.serving():
        if site.backend == "local":
            for number, more in enumerate([{}, {"category": "GPG"}, {}]):
                site.change("createKeypair", creation(site, number, **more), KEYPAIR)
        else:  # of keys in a token only where an adopted one is found is sealed
            for number, label in enumerate(make_keys_in_token(site, 3)):
                site.change("adoptKeypair", creation(site, number, key=label), KEYPAIR)
    sealed = len(site.rows(t.keypairs)) + len(site.rows(t.openpgp_primary_keys))
    assert sealed == (4 if site.backend == "local" else 3)
    old, new = site.environment["COUNTERSIGN_MASTER_KEY"], new_master_key()
    site.use_master_key(f"{new},{old}")

    def reseal(last: int | None) -> list[str]:
        """Run it, killed at that step; returns the steps that were done."""
        site.steps.begin(last)
        words = [*PROGRAM, "keys", "reseal"]
        code = subprocess.run(words, env=site.environment, cwd=site.folder, check=False).returncode
        site.steps.end()
        assert code == (0 if last is None else -SIGKILL)
        site.assert_no_key_is_lost()
        assert len(site.entries("keypair:resealed")) == site.count_sealed(new)
        assert site.count_sealed(new) + site.count_sealed(old) == sealed
        return site.steps.passed

    with site.serving():
        assert reseal(0) == ["commit"]
        assert site.count_sealed(new) == 0
        for number in range(3):
            assert reseal(1) == ["commit", "commit"]
            assert 0 < site.count_sealed(new) <= sealed
            assert (site.count_sealed(new) == sealed) == (number == 2)
        assert reseal(1) == ["commit", "end"]
        assert reseal(None) == ["commit", "end"]
    site.use_master_key(new)
    with site.serving():
        site.assert_no_key_is_lost()
    site.assert_checks_pass()
