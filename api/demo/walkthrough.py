"""Runs the main workflow over HTTP and SMTP, and prints each step."""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from api.demo.browser import Person, StoryError
from api.demo.environment import DemoEnvironment
from api.demo.seeded_account import ADMIN
from api.graphql.ids import to_global

ARTIFACT = b"falcon-1.0.tar.gz: pretend these are the bytes of a release"
#: Seconds until the window opens, and until it ends.
OPENS, ENDS = 4, 9

CREATE = """mutation ($input: CreateReleaseInput!) {
  createRelease(input: $input) { release { id status keypairs { publicKeyPem } }
    errors { code message } } }"""
SIGN = """mutation ($input: SignInput!) {
  sign(input: $input) { signature { value } errors { code message } } }"""
STATUS = "query ($id: ID!) { release(id: $id) { status signaturesUsed } }"
HISTORY = """query ($id: ID!) { release(id: $id) {
  history(first: 50) { edges { node { position tag recordedAt effectiveAt } } } } }"""


@dataclass
class _Teller:
    """Prints what happens, and when."""

    started: float

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.started:6.2f} s  {text}", flush=True)

    def expect(self, what: str, actual: Any, expected: Any) -> None:
        if actual != expected:
            raise StoryError(f"{what} is {actual!r}, not {expected!r}")


def run_walkthrough(ready: DemoEnvironment) -> None:
    """Run the walkthrough; raises `StoryError` if a step fails."""
    teller = _Teller(time.monotonic())
    people = {
        email.split("@")[0]: Person(ready.url, ready.mailbox_url, email, token)
        for email, token in ready.cast.tokens.items()
    }
    keypair = to_global("Keypair", ready.cast.keypairs["falcon-release"])
    release, public_key, opens_at = _request(teller, ready, people["dana"], keypair)
    _refused(teller, people["dana"], keypair, "before the window", "OUTSIDE_WINDOW")
    _approve(teller, people, release)
    _await_opening(teller, people["dana"], release, opens_at)
    _sign(teller, people["dana"], keypair, public_key)
    _refused(
        teller, people["eve"], keypair, "by Eve, who is not in the team", "KEYPAIR_NOT_ALLOWED"
    )
    _sign(teller, people["dana"], keypair, public_key)
    _refused(teller, people["dana"], keypair, "as number 3 of 2", "QUOTA_EXHAUSTED")
    _await_end(teller, people, release, keypair)


def _request(
    teller: _Teller, ready: DemoEnvironment, dana: Person, keypair: str
) -> tuple[str, EllipticCurvePublicKey, datetime]:
    now = datetime.now(UTC)
    opens_at = now + timedelta(seconds=OPENS)
    release_input = {
        "name": "Falcon 1.0",
        "version": "1.0.0",
        "note": "The first public release.",
        "type": "OFFLINE",
        "teamId": to_global("Team", ready.cast.team_id),
        "keypairIds": [keypair],
        "startsAt": opens_at.isoformat(),
        "endsAt": (now + timedelta(seconds=ENDS)).isoformat(),
        "maxSignatures": 2,
    }
    payload = dana.ask(CREATE, input=release_input)["createRelease"]
    if payload["errors"]:
        raise StoryError(payload["errors"][0]["message"])
    release = payload["release"]
    teller.expect("the new release", release["status"], "PENDING")
    teller.say("Dana requested the offline release Falcon 1.0 for 2 signatures: PENDING.")
    key = load_pem_public_key(release["keypairs"][0]["publicKeyPem"].encode())
    assert isinstance(key, EllipticCurvePublicKey)
    return release["id"], key, opens_at


def _approve(teller: _Teller, people: dict[str, Person], release: str) -> None:
    links = {name: people[name].mail_with_link() for name in ("ann", "bob", "cleo")}
    teller.expect("the number of different links", len(set(links.values())), 3)
    teller.say("Ann, Bob and Cleo each got a mail of their own, with a link of their own.")
    for name, status in (("ann", "PENDING"), ("bob", "APPROVED")):
        people[name].decide(links[name], "APPROVE", "Checked against the release plan.")
        current = _status(people[name], release)["status"]
        teller.expect("the release", current, status)
        teller.say(f"{name.title()} opened the link and approved: {status}.")


def _await_opening(teller: _Teller, dana: Person, release: str, opens_at: datetime) -> None:
    # Nobody asks: the ledger shows afterwards when it opened by itself.
    time.sleep(max(0.0, (opens_at - datetime.now(UTC)).total_seconds()) + 1.0)
    edges = dana.ask(HISTORY, id=release)["release"]["history"]["edges"]
    opened = next((e["node"] for e in edges if e["node"]["tag"] == "release:opened"), None)
    if opened is None:
        raise StoryError("the window did not open by itself within a second")
    late = datetime.fromisoformat(opened["recordedAt"]) - opens_at
    teller.expect("the release", _status(dana, release)["status"], "IN_PROGRESS")
    teller.say(f"The window opened by itself, {late.total_seconds():.2f} s after its start.")


def _sign(teller: _Teller, dana: Person, keypair: str, public_key: EllipticCurvePublicKey) -> None:
    digest = sha256(ARTIFACT).digest()
    sign_input = {"keypairId": keypair, "digest": b64encode(digest).decode()}
    payload = dana.ask(SIGN, input=sign_input)["sign"]
    if payload["errors"]:
        raise StoryError(payload["errors"][0]["message"])
    try:
        value = b64decode(payload["signature"]["value"])
        public_key.verify(value, digest, ECDSA(Prehashed(hashes.SHA256())))
    except InvalidSignature as error:
        raise StoryError("the signature does not fit the public key") from error
    teller.say("Dana signed a SHA-256 digest; the signature fits the public key.")


def _refused(teller: _Teller, who: Person, keypair: str, when: str, code: str) -> None:
    digest = b64encode(sha256(ARTIFACT).digest()).decode()
    payload = who.ask(SIGN, input={"keypairId": keypair, "digest": digest})["sign"]
    teller.expect(f"a signature {when}", [e["code"] for e in payload["errors"]], [code])
    teller.say(f"Refused {when}: {code}. {payload['errors'][0]['message']}")


def _await_end(teller: _Teller, people: dict[str, Person], release: str, keypair: str) -> None:
    dana = people["dana"]
    deadline = time.monotonic() + ENDS + 2
    while _status(dana, release)["status"] == "IN_PROGRESS" and time.monotonic() < deadline:
        time.sleep(0.1)
    release_state = _status(dana, release)
    teller.expect("the release", release_state, {"status": "COMPLETED", "signaturesUsed": 2})
    teller.say("The window ended: COMPLETED, 2 of 2 signatures used.")
    _refused(teller, dana, keypair, "after the window", "OUTSIDE_WINDOW")
    ledger = "{ ledger(first: 1) { edges { node { position hash } } } }"
    head = people[ADMIN.split("@", maxsplit=1)[0]].ask(ledger)["ledger"]["edges"][0]["node"]
    teller.say(f"The ledger has {head['position']} entries; the last one's hash is {head['hash']}.")


def _status(who: Person, release: str) -> dict[str, Any]:
    release_state: dict[str, Any] = who.ask(STATUS, id=release)["release"]
    return release_state
