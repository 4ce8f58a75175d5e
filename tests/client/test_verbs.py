"""The verbs beside signing, against a server, as people and programs use them."""

import json
import re
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.client.site import Site, write_files

REQUEST_FOR_NOBODY = (
    *("release", "request", "X", "--key", "vault", "--max", "1", "--for", "1h"),
    *("--participant", "de@example.com"),
)
pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]


def test_who_is_signed_in(site: Site) -> None:
    shown = json.loads(site.run("whoami", "--json", "user,credential").stdout)
    assert shown["user"]["email"] == "dev@example.com"
    assert shown["credential"] == "COUNTERSIGN_TOKEN"
    printed = site.run("whoami").stdout
    assert "dev <dev@example.com>" in printed
    assert site.crowd.tokens["dev"] not in printed


def test_whether_this_machine_can_sign(site: Site) -> None:
    printed = site.run("client", "doctor").stdout
    assert printed.count("ok ") == 5
    assert "FAULT" not in printed
    assert "WARN" not in printed
    by_an_approver = site.run("client", "doctor", who="ann").stdout
    assert re.search(r"^WARN   signing: .* lack SIGN$", by_an_approver, re.MULTILINE)
    assert by_an_approver.count("ok ") == 4


def test_a_request_is_decided_from_the_inbox(site: Site) -> None:
    request = ("release", "request", "Decided", "--key", "vault", "--team", "blue", "--max", "3")
    site.run(*request, "--starts", "now+1h", "--for", "2h", "--version", "1.0", "--note", "Why.")
    (waiting,) = site.json("inbox", who="ann")
    assert (waiting["name"], waiting["version"], waiting["note"]) == ("Decided", "1.0", "Why.")
    assert site.json("inbox", who="dev") == []
    # Nobody can be asked in a pipeline, so that it says what was read.
    assert "--revision" in site.run("approve", "Decided", who="ann", status=2).stderr
    site.run("approve", "Decided", "--revision", str(waiting["revision"]), who="ann")
    assert "ALREADY_DECIDED" in site.run("approve", "Decided", "--yes", who="ann", status=1).stderr
    site.run("reject", "Decided", "--comment", "Not now.", "--yes", who="bob")
    shown = site.run("release", "show", "Decided").stdout
    assert "REJECTED" in shown
    listed = site.run("release", "list", "--status", "rejected").stdout
    assert listed.startswith("Decided\tREJECTED\tvault\t")
    by_id = site.json("release", "show", waiting["id"])
    assert by_id["name"] == "Decided"


def test_a_release_and_the_inbox_are_watched(site: Site) -> None:
    request = ("release", "request", "Watched", "--key", "vault", "--team", "blue", "--max", "3")
    watching = site.start("inbox", "--watch", "--json", "name", who="ann")
    following = site.start("release", "watch")
    try:
        assert watching.stdout is not None
        assert following.stdout is not None
        site.run(*request, "--for", "1h")
        assert json.loads(watching.stdout.readline()) == {"name": "Watched"}
        # Its request may have come before the stream was open, what comes next cannot.
        site.run("release", "withdraw", "Watched", "--reason", "Later.")
        line = following.stdout.readline()
        assert re.search(r"Watched\s+release:\w+", line)
    finally:
        watching.kill()
        following.kill()
        watching.communicate()
        following.communicate()


def test_keys_are_listed_and_exported(site: Site) -> None:
    assert {key["alias"] for key in site.json("key", "list")} == {
        "vault",
        "second",
        "third",
        "open",
    }
    assert "ECDSA_P256" in site.run("key", "show", "vault").stdout
    assert site.run("key", "export", "vault").stdout.startswith("-----BEGIN PUBLIC KEY-----")
    ssh = site.run("key", "export", "vault", "--format", "ssh").stdout
    assert ssh.startswith("ecdsa-sha2-nistp256 ")
    assert json.loads(site.run("key", "export", "vault", "--format", "jwk").stdout)["kty"] == "EC"
    assert "no form" in site.run("key", "export", "vault", "--format", "openpgp", status=2).stderr


def test_a_retired_keypair_names_its_successor(site: Site, tmp_path: Path) -> None:
    site.add_keypair("old", "STANDARD", "ECDSA_P256")
    id_ = site.json("key", "show", "old")["id"]
    renewed = {"keypairId": id_, "alias": "new", "reason": "A test."}
    site.change("renewKeypair", renewed, "keypair { id }")
    site.change("retireKeypair", {"keypairId": id_, "reason": "A test."}, "keypair { id }")
    rows = [line.split("\t") for line in site.run("key", "list").stdout.splitlines()]
    assert {row[0]: (row[3], row[-1]) for row in rows if row[0] in {"old", "new"}} == {
        "old": ("retired", "new"),
        "new": ("enabled", ""),
    }
    lines = site.run("key", "show", "old").stdout.splitlines()
    shown = dict(re.split(r" {2,}", line, maxsplit=1) for line in lines)
    assert (shown["state"], shown["successor"]) == ("retired", "new")
    assert (shown["access"], shown["teams"]) == ("open", "blue")
    assert "retired" in shown
    (file,) = write_files(tmp_path, 1)
    refused = site.run("sign", file, "--key", "old", status=5).stderr
    assert re.search(r"KEYPAIR_DISABLED: .* The successor of old is new\.$", refused)
    request = ("release", "request", "Old", "--key", "old", "--team", "blue", "--max", "1")
    refused = site.run(*request, "--for", "1h", status=5).stderr
    assert "The successor of old is new." in refused
    assert "for openpgp" not in shown


def test_an_openpgp_keypair_says_when_it_expires(site: Site) -> None:
    values = {"alias": "packages", "type": "TEST", "category": "GPG", "algorithm": "ED25519"}
    values["openpgpUserId"] = "Packages <p@example.com>"
    values["openpgpExpiresAt"] = "2040-05-04T12:00:00Z"
    site.change("createKeypair", values, "keypair { id }")
    shown = site.run("key", "show", "packages", who="ann").stdout
    assert re.search(r"^for openpgp +Packages <p@example.com>$", shown, re.MULTILINE)
    assert re.search(r"^expires +2040-05-04 ", shown, re.MULTILINE)


def test_tokens_need_the_scope_for_it(site: Site) -> None:
    assert "FORBIDDEN" in site.run("client", "token", "create", "ci", status=5).stderr
    names = {token["name"] for token in site.json("client", "token", "list")}
    assert names == {"test"}


def test_an_end_of_the_window_is_said_once(site: Site) -> None:
    request = ("release", "request", "Endless", "--key", "vault", "--max", "1")
    assert "--ends or --for" in site.run(*request, status=2).stderr
    both = site.run(*request, "--for", "1h", "--ends", "now+2h", status=2)
    assert "--ends or --for" in both.stderr


def test_a_shell_completes_it(site: Site) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "_COUNTERSIGN_COMPLETE" in site.run("completion", shell, who=None).stdout
    words = {"COMP_WORDS": "countersign rel", "COMP_CWORD": "1"}
    done = site.run(who=None, _COUNTERSIGN_COMPLETE="complete_bash", **words)
    assert done.stdout.split() == ["release"]


def test_names_that_both_sides_have_are_the_servers(site: Site) -> None:
    assert "--user" in site.run("token", "create", "--help", who=None).stdout
    assert "--user" in site.run("client", "token", "create", "--help", who=None).stdout
    assert "test mail" in site.run("doctor", "--help", who=None).stdout
    assert "credential" in site.run("client", "doctor", "--help", who=None).stdout
    shown = site.run("--help", who=None).stdout
    assert all(f" {verb} " in shown for verb in ("serve", "worker", "sign", "keys", "key"))


def test_inbox_of_somebody_who_may_not_approve_says_so(site: Site) -> None:
    shown = site.run("inbox", "--json", "all", who="dev")
    assert json.loads(shown.stdout) == []
    assert "this credential may not approve releases" in shown.stderr
    assert "Nothing waits for your decision." in site.run("inbox", who="bob").stderr


@pytest.mark.parametrize(
    ("words", "suggestion"),
    [
        (("key", "show", "valut"), "'vault'"),
        (("team", "show", "bleu"), "'blue'"),
        (
            REQUEST_FOR_NOBODY,
            "'dev@example.com'",
        ),
    ],
)
def test_a_name_that_is_not_there_suggests_one(
    site: Site, words: tuple[str, ...], suggestion: str
) -> None:
    refused = site.run(*words, status=1).stderr
    assert "NOT_FOUND: There is no " in refused
    assert f"Did you mean {suggestion}" in refused


@pytest.mark.parametrize("verb", ["key", "release", "team"])
def test_a_name_like_none_suggests_to_list_them(site: Site, verb: str) -> None:
    refused = site.run(verb, "show", "zzz", status=1).stderr
    assert "Did you mean" not in refused
    assert f"`countersign {verb} list` lists those that you may see." in refused


def test_a_request_that_needs_a_team_says_how_to_give_one(site: Site) -> None:
    request = ("release", "request", "Teamless", "--key", "vault", "--max", "1", "--for", "1h")
    refused = site.run(*request, status=1).stderr
    assert "TEAM_REQUIRED" in refused
    assert "Give --team TEAM; `countersign team list`" in refused


def test_teams_are_listed_and_shown(site: Site) -> None:
    (team,) = site.json("team", "list")
    assert (team["name"], team["requiredApprovals"]) == ("blue", 2)
    assert "vault" in team["keypairs"]
    shown = site.run("team", "show", "Blue").stdout
    assert re.search(r"^members .*dev <dev@example.com>", shown, re.MULTILINE)
    assert site.run("team", "list", "--search", "red").stdout == ""


def test_a_keypair_gets_certificates(site: Site, tmp_path: Path) -> None:
    admin = {"who": None, "COUNTERSIGN_TOKEN": site.admin_token}
    assert "request-certificate" in site.run("key", "certificates", "vault").stderr
    about = ("--subject", "CN=Falcon,O=Falcon GmbH", "--reason", "The first one.")
    assert "FORBIDDEN" in site.run("key", "request-certificate", "vault", *about, status=5).stderr

    path = tmp_path / "vault.csr"
    site.run("key", "request-certificate", "vault", *about, "--out", path, **admin)
    request = x509.load_pem_x509_csr(path.read_bytes())
    assert request.subject.rfc4514_string() == "CN=Falcon,O=Falcon GmbH"
    key = request.public_key()
    exported = site.run("key", "export", "vault").stdout
    assert key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode() == exported

    own = ("key", "self-sign-certificate", "vault", *about, "--days", "30", "--json", "all")
    first = json.loads(site.run(*own, **admin).stdout)
    assert not first["isDefault"]
    second = json.loads(site.run(*own, "--default", **admin).stdout)
    assert second["isDefault"]
    chain = tmp_path / "chain.pem"
    chain.write_text(first["chainPem"])
    twice = site.run("key", "add-certificate", "vault", chain, status=1, **admin)
    assert twice.stderr.startswith("countersign: ")
    site.run("key", "remove-certificate", "vault", first["fingerprint"][:12], **admin)
    site.run("key", "add-certificate", "vault", chain, "--default", **admin)
    listed = {
        row["fingerprint"]: row["isDefault"] for row in site.json("key", "certificates", "vault")
    }
    assert listed == {first["fingerprint"]: True, second["fingerprint"]: False}
    change = ("key", "set-default-certificate", "vault")
    assert "certificates vault" in site.run(*change, "ffffff0", status=1, **admin).stderr
    assert re.search("default +yes", site.run(*change, second["id"], **admin).stdout)
