"""What signatures are for: the artifact and context that callers state, and finding them again."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest

from engine.model.artifacts import MAX_ARTIFACT_NAME_LENGTH, MAX_CONTEXT_BYTES
from engine.model.vocabulary import ReleaseType, Status
from tests.support.api import Api
from tests.support.refusals import details_of
from tests.support.releases import release_in

FILE = b"falcon 1.0"
DIGEST = b64encode(sha256(FILE).digest()).decode()
OTHER = b64encode(sha256(b"another").digest()).decode()
ARTIFACT = {"name": "dist/falcon-1.0.tar.gz", "size": len(FILE)}
CONTEXT = [
    {"name": "repository", "value": "acme/falcon"},
    {"name": "commit", "value": "4f2a9c"},
]
SHOWN = """signature { id artifact { name size digest digestAlgorithm } context { name value }
    release { name } keypair { alias } }"""


@pytest.fixture
def open_api(api: Api) -> Api:
    """An open release holds the vault; `web` signs online without a release."""
    release_in(api.world, Status.IN_PROGRESS, max_signatures=10)
    api.world.add_keypair("web", ReleaseType.ONLINE)
    api.world.set_team("blue", keypairs=["vault", "spare", "web"])
    return api


def sign(api: Api, who: str = "dev", **more: Any) -> Any:
    values = {"keypairAlias": "vault", "digest": DIGEST, "artifact": ARTIFACT, "context": CONTEXT}
    return api.try_(who, "sign", values | more, SHOWN)


def found(api: Api, who: str, **conditions: Any) -> list[str]:
    """The ids of the signatures that the filter finds."""
    query = """query ($f: SignatureFilter) { signatures(filter: $f) {
        totalCount edges { node { id } } } }"""
    connection = api.ask(who, query, f=conditions)["signatures"]
    ids = [edge["node"]["id"] for edge in connection["edges"]]
    assert connection["totalCount"] == len(ids)
    return ids


def test_artifact_and_context_are_in_the_signature_and_in_the_ledger(open_api: Api) -> None:
    payload = sign(open_api)
    assert payload["errors"] == []
    signature = payload["signature"]
    assert signature["artifact"] == ARTIFACT | {"digest": None, "digestAlgorithm": None}
    assert signature["context"] == sorted(CONTEXT, key=lambda entry: entry["name"])
    (entry,) = open_api.world.ledger(tag="signature:made")
    assert details_of(entry)["artifact"] == ARTIFACT
    assert details_of(entry)["context"] == {"repository": "acme/falcon", "commit": "4f2a9c"}
    again = open_api.ask(
        "dev",
        "query ($i: ID!) { node(id: $i) { ... on Signature { artifact { name } } } }",
        i=signature["id"],
    )
    assert again["node"]["artifact"]["name"] == ARTIFACT["name"]


def test_without_them_nothing_is_stored_of_them(open_api: Api) -> None:
    payload = sign(open_api, artifact=None, context=None)
    assert payload["signature"]["artifact"] is None
    assert payload["signature"]["context"] == []
    (entry,) = open_api.world.ledger(tag="signature:made")
    assert details_of(entry).keys().isdisjoint({"artifact", "context"})


def test_the_artifact_may_have_a_digest_of_its_own(open_api: Api) -> None:
    digest = {"digest": OTHER, "digestAlgorithm": "SHA256"}
    signature = sign(open_api, artifact=ARTIFACT | digest)["signature"]
    assert signature["artifact"] == ARTIFACT | digest
    assert found(open_api, "dev", digest=OTHER) == [signature["id"]]
    assert found(open_api, "dev", digest=DIGEST) == [signature["id"]]
    assert found(open_api, "dev", artifactName=ARTIFACT["name"]) == [signature["id"]]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"artifact": {"name": ""}}, ["artifact", "name"]),
        ({"artifact": {"name": "a\nb"}}, ["artifact", "name"]),
        (
            {"artifact": {"name": "a" * (MAX_ARTIFACT_NAME_LENGTH + 1)}},
            ["artifact", "name"],
        ),
        ({"artifact": {"name": "a", "size": -1}}, ["artifact", "size"]),
        ({"artifact": {"name": "a", "digest": OTHER}}, ["artifact", "digest"]),
        (
            {"artifact": {"name": "a", "digest": OTHER, "digestAlgorithm": "SHA512"}},
            ["artifact", "digest"],
        ),
        ({"context": [{"name": "", "value": "x"}]}, ["context"]),
        ({"context": [{"name": "a", "value": "\x00"}]}, ["context"]),
        ({"context": [{"name": "a", "value": "x" * MAX_CONTEXT_BYTES}]}, ["context"]),
        ({"context": [{"name": "a", "value": "1"}] * 2}, ["context"]),
        ({"keypairAlias": None}, ["keypairId"]),
    ],
)
def test_what_cannot_be_kept_is_refused_at_its_field(
    open_api: Api, change: dict[str, Any], field: list[str]
) -> None:
    sign(open_api)
    before = open_api.world.snapshot()
    payload = sign(open_api, **change)
    (error,) = payload["errors"]
    assert (error["code"], error["field"]) == ("INVALID_INPUT", field)
    assert payload["signature"] is None
    assert open_api.world.snapshot() == before


def test_a_keypair_is_found_by_its_alias_as_people_write_it(open_api: Api) -> None:
    assert sign(open_api, keypairAlias=" VAULT ")["signature"]["keypair"] == {"alias": "vault"}
    (error,) = sign(open_api, keypairAlias="nowhere")["errors"]
    assert (error["code"], error["field"]) == ("NOT_FOUND", ["keypairAlias"])


def test_a_signature_counts_toward_the_release_that_is_named_or_is_refused(open_api: Api) -> None:
    world = open_api.world
    release_id = next(iter(world.ledger(tag="release:requested"))).release_id
    named = open_api.id("Release", release_id)
    assert sign(open_api, releaseId=named)["signature"]["release"] == {"name": "Falcon 1.0"}
    (error,) = sign(open_api, keypairAlias="web", releaseId=named)["errors"]
    assert error["code"] == "RELEASE_MISMATCH"
    assert "toward no release" in error["message"]
    assert world.ledger()[-1].tag == "attempt:refused"
    assert world.release(release_id).signatures_used == 1


def test_each_item_of_a_batch_has_an_artifact_and_all_share_the_context(open_api: Api) -> None:
    items = [
        {"digest": DIGEST, "artifact": {"name": "one"}},
        {"digest": OTHER, "artifact": {"name": "two"}},
        {"digest": OTHER, "artifact": {"name": ""}},
    ]
    values = {"keypairAlias": "vault", "items": items, "context": CONTEXT}
    shown = f"outcomes {{ {SHOWN} errors {{ code }} }}"
    one, two, bad = open_api.try_("dev", "signBatch", values, shown)["outcomes"]
    assert [one["signature"]["artifact"]["name"], two["signature"]["artifact"]["name"]] == [
        "one",
        "two",
    ]
    assert len(two["signature"]["context"]) == 2
    assert [error["code"] for error in bad["errors"]] == ["INVALID_INPUT"]


def test_who_finds_which_signatures(open_api: Api) -> None:
    in_release = sign(open_api)["signature"]["id"]
    outside = sign(open_api, keypairAlias="web")["signature"]["id"]
    assert found(open_api, "dev") == [outside, in_release]
    assert found(open_api, "ann") == [in_release], "a lead of the team sees its release"
    assert found(open_api, "admin") == [outside, in_release]
    assert found(open_api, "eve") == []
    keypair = open_api.id("Keypair", "web")
    assert found(open_api, "admin", keypairId=keypair) == [outside]
    signer = open_api.id("User", "ann")
    assert found(open_api, "admin", signerId=signer) == []
    now = open_api.world.clock.instant.isoformat()
    assert found(open_api, "admin", since=now) == [outside, in_release]
    assert found(open_api, "admin", until=now) == []
