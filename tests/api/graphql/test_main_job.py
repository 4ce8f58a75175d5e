"""The main job over GraphQL: everything set up, requested, approved and signed through the API."""

from base64 import b64encode

from tests.support.api import Api
from tests.support.world import DIGEST

RELEASE = """
  id name version note category type status withDefaultCertificate startsAt endsAt
  maxSignatures signaturesUsed signaturesLeft createdAt revision materialRevision
  endedAt endReason endCode
  team { name members { email } }
  keypairs { alias publicKeyPem heldBy { name } users { name } }
  participants { name } requestedBy { name teams { name } roles { name permissions } }
  approval { required received remaining
    decisions { verdict comment channel revision decidedAt approver { name } }
    eligibleApprovers { name } }
  availableActions { action allowed refusal { code message field } }
  signatures(first: 5) { edges { node { id signer { name } factors { name passed } } } }
  history(first: 50) { edges { node { tag position actorName actor { name } } } }
"""


def request_input(api: Api, **changes: object) -> dict[str, object]:
    return {
        "name": "Falcon 1.0",
        "type": "OFFLINE",
        "teamId": api.id("Team", "blue"),
        "keypairIds": [api.id("Keypair", "vault")],
        "startsAt": "2030-06-03T13:00:00Z",
        "endsAt": "2030-06-03T17:00:00+02:00",
        "maxSignatures": 1,
    } | changes


def test_a_release_from_request_to_signature(api: Api) -> None:
    payload = api.change("dev", "createRelease", request_input(api), f"release {{ {RELEASE} }}")
    release = payload["release"]
    assert release["status"] == "PENDING"
    assert release["endsAt"] == "2030-06-03T15:00:00.000000Z"
    assert release["approval"]["remaining"] == 2
    assert [k["alias"] for k in release["keypairs"]] == ["vault"]
    assert release["keypairs"][0]["heldBy"] == {"name": "Falcon 1.0"}
    allowed = {a["action"] for a in release["availableActions"] if a["allowed"]}
    assert allowed == {"WITHDRAW", "UPDATE"}

    inbox = "{ approvalInbox { totalCount edges { node { name } } } }"
    assert api.ask("ann", inbox)["approvalInbox"]["totalCount"] == 1
    decision = {"id": release["id"], "revision": 1, "comment": "fine"}
    api.change("ann", "approveRelease", decision, "release { status }")
    assert api.ask("ann", inbox)["approvalInbox"]["totalCount"] == 0
    approved = api.change("bob", "approveRelease", decision, f"release {{ {RELEASE} }}")["release"]
    assert approved["status"] == "APPROVED"
    assert [d["approver"]["name"] for d in approved["approval"]["decisions"]] == ["Ann", "Bob"]

    api.world.clock.pass_(hours=1)
    reading = api.ask("dev", "query ($id: ID!) { release(id: $id) { status } }", id=release["id"])
    assert reading["release"]["status"] == "IN_PROGRESS"

    sign = {"keypairId": api.id("Keypair", "vault"), "digest": b64encode(DIGEST).decode()}
    what = "signature { id value release { id } factors { name passed } } factors { name passed }"
    created = api.change("dev", "sign", sign, what)
    assert created["signature"]["release"]["id"] == release["id"]
    assert all(factor["passed"] for factor in created["signature"]["factors"])
    over = api.try_("dev", "sign", sign, what)
    assert [error["code"] for error in over["errors"]] == ["QUOTA_EXHAUSTED"]
    assert [f["name"] for f in over["factors"] if not f["passed"]] == ["signature_left"]

    found = api.ask(
        "admin", f"query ($id: ID!) {{ release(id: $id) {{ {RELEASE} }} }}", id=release["id"]
    )
    tags = [edge["node"]["tag"] for edge in found["release"]["history"]["edges"]]
    assert tags.count("release:approved") == 1
    assert tags[-1] == "release:requested"


def test_a_refusal_is_data_with_a_code_and_the_field(api: Api) -> None:
    wrong = request_input(api, startsAt="2030-06-03T16:00:00Z")
    payload = api.try_("dev", "createRelease", wrong, "release { id }")
    assert payload["release"] is None
    assert [(e["code"], e["field"]) for e in payload["errors"]] == [("WINDOW_INVALID", ["endsAt"])]


def test_without_credentials_there_is_nothing_to_see(api: Api) -> None:
    answer = api.post(None, "{ viewer { user { email } } }")
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert answer["data"] is None


def test_a_node_is_found_by_its_id_and_a_foreign_or_broken_one_is_null(api: Api) -> None:
    ids = [api.id("User", "dev"), api.id("Team", "blue"), "nonsense", "VXNlcjow"]
    found = api.ask("dev", "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", ids=ids)
    assert [node and node["__typename"] for node in found["nodes"]] == ["User", "Team", None, None]
