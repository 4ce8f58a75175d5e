"""Time stamps over signatures: verified before they are handed out, and in no signature's way."""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.timestamps import authority as authority_module
from api.timestamps.authority import TimeStampAuthority
from engine.model.vocabulary import ReleaseType
from engine.persistence.store import tables as t
from tests.support.api import Api, make_api
from tests.support.releases import rows
from tests.support.time_stamps import Answer, Authority, time_stamp_authority
from tests.support.world import DIGEST, World

SIGN = """mutation ($input: SignInput!) { sign(input: $input) {
    signature { id value } timeStamp { token at } errors { code message field } } }"""


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    with time_stamp_authority(tmp_path) as authority:
        yield authority


@pytest.fixture
def stamps(authority: Authority) -> TimeStampAuthority:
    return TimeStampAuthority.from_file(authority.url, authority.root)


@pytest.fixture
def api(world: World, stamps: TimeStampAuthority) -> Iterator[Api]:
    world.add_keypair("web", ReleaseType.ONLINE)
    world.set_team("blue", keypairs=["vault", "spare", "web"])
    api, runtime = make_api(world, time_stamps=stamps)
    with api.client:
        yield api
    runtime.executor.shutdown()


def sign(api: Api, **more: Any) -> Any:
    values = {"keypairAlias": "web", "digest": b64encode(DIGEST).decode(), "timestamp": True}
    return api.ask("dev", SIGN, input=values | {"idempotencyKey": "1"} | more)["sign"]


def test_a_token_over_the_signature_is_answered_that_openssl_verifies(
    api: Api, authority: Authority
) -> None:
    payload = sign(api)
    assert payload["errors"] == []
    value, token = (
        b64decode(text) for text in (payload["signature"]["value"], payload["timeStamp"]["token"])
    )
    assert authority.verifies(token, value)
    assert not authority.verifies(token, value + b" ")


def other_value(authority: Authority, query: bytes) -> bytes:
    """An answer to another request: the first one that came."""
    return authority.reply(authority.requests[0])


def another_nonce(authority: Authority, query: bytes) -> bytes:
    """An answer to another request for the same value."""
    authority._openssl("ts -query -data value -sha256 -cert -out other")
    return authority.reply((authority.folder / "other").read_bytes())


def altered(authority: Authority, query: bytes) -> bytes:
    reply = bytearray(authority.reply(query))
    reply[-1] ^= 1
    return bytes(reply)


def slow(authority: Authority, query: bytes) -> bytes:
    time.sleep(1)
    return authority.reply(query)


FAULTS: dict[str, tuple[Answer, str]] = {
    "for another value": (other_value, "could not be verified"),
    "altered": (altered, "could not be verified"),
    "no answer of its kind": (lambda *_: b"<html>", "could not be verified"),
    "too large": (lambda *_: bytes(100_000), "too large"),
    "late": (slow, "did not answer within"),
}


#: One of them is enough every day: each has an authority of its own.
EVERYDAY_FAULT = "for another value"


@pytest.mark.parametrize(
    "fault",
    [
        fault if fault == EVERYDAY_FAULT else pytest.param(fault, marks=pytest.mark.long)
        for fault in FAULTS
    ],
)
def test_what_does_not_verify_is_not_handed_out_and_the_signature_is(
    api: Api, authority: Authority, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    sign(api, idempotencyKey="earlier")
    authority.answer, sentence = FAULTS[fault]
    if fault == "late":
        monkeypatch.setattr(authority_module, "ANSWER_SECONDS", 0.2)
    payload = sign(api)
    assert payload["timeStamp"] is None
    assert payload["signature"]["value"]
    (error,) = payload["errors"]
    assert (error["code"], error["field"]) == ("TIMESTAMP_FAILED", ["timestamp"])
    assert sentence in error["message"]
    assert error["message"].endswith("it answers this signature and uses no other.")

    monkeypatch.undo()
    authority.answer = Authority.reply
    again = sign(api)
    assert again["signature"] == payload["signature"]
    assert again["timeStamp"] is not None
    assert len(rows(api.world, t.signatures)) == 2


@pytest.mark.long
def test_an_answer_with_another_nonce_is_an_old_one(api: Api, authority: Authority) -> None:
    payload = sign(api)
    (authority.folder / "value").write_bytes(b64decode(payload["signature"]["value"]))
    authority.answer = another_nonce
    assert [error["code"] for error in sign(api)["errors"]] == ["TIMESTAMP_FAILED"]


@pytest.mark.long
def test_an_authority_that_is_away_or_fails_is_told_of(api: Api, authority: Authority) -> None:
    authority.status = 503
    (error,) = sign(api)["errors"]
    assert "status 503" in error["message"]


def test_an_authority_under_another_root_is_not_believed(
    world: World, authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    with time_stamp_authority(tmp_path / "other") as other:
        stamps = TimeStampAuthority.from_file(authority.url, other.root)
        world.add_keypair("web", ReleaseType.ONLINE)
        world.set_team("blue", keypairs=["web"])
        api, runtime = make_api(world, time_stamps=stamps)
        with api.client:
            assert [error["code"] for error in sign(api)["errors"]] == ["TIMESTAMP_FAILED"]
        runtime.executor.shutdown()


def test_it_needs_an_idempotency_key_and_signs_nothing_without(api: Api) -> None:
    refused = sign(api, idempotencyKey=None)
    assert refused["signature"] is None
    (error,) = refused["errors"]
    assert (error["code"], error["field"]) == ("INVALID_INPUT", ["idempotencyKey"])
    assert rows(api.world, t.signatures) == []


def test_without_an_authority_it_is_refused(world: World) -> None:
    api, runtime = make_api(world)
    with api.client:
        (error,) = sign(api, keypairAlias="vault")["errors"]
    runtime.executor.shutdown()
    assert (error["code"], error["field"]) == ("INVALID_INPUT", ["timestamp"])
    assert "COUNTERSIGN_TSA_URL" in error["message"]
