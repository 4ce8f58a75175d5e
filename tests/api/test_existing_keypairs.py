"""Importing and adopting keypairs over GraphQL: on which connections, and what nobody sees."""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from api.web.http.clients import is_confidential
from engine.model.algorithms import KeypairAlgorithm
from tests.support.api import Api, make_api
from tests.support.device import Device
from tests.support.private_key_files import ED25519_PEM, pem_of
from tests.support.world import World

PASSPHRASE = "correct horse 4711"


@pytest.fixture
def api(world: World) -> Iterator[Api]:
    world.system = replace(world.system, signers={**world.system.signers, "device": Device()})
    api, runtime = make_api(world)
    with api.client:
        yield api
    runtime.executor.shutdown()


def import_input(**changes: Any) -> dict[str, Any]:
    return {
        "alias": "old",
        "type": "ONLINE",
        "algorithm": "ED25519",
        "privateKeyFile": b64encode(ED25519_PEM).decode(),
    } | changes


def adopt_input(**changes: Any) -> dict[str, Any]:
    return {
        "alias": "old",
        "type": "ONLINE",
        "algorithm": "ED25519",
        "backend": "device",
        "key": "release",
    } | changes


def test_a_key_is_imported_and_nothing_shows_it(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    key = ed25519.Ed25519PrivateKey.generate()
    file = pem_of(key, PASSPHRASE.encode())
    secrets = (PASSPHRASE, b64encode(file).decode(), key.private_bytes_raw().hex())
    with caplog.at_level(logging.DEBUG), capture_logs() as logs:
        values = import_input(privateKeyFile=secrets[1], passphrase=PASSPHRASE)
        payload = api.change("admin", "importKeypair", values, "keypair { alias algorithm }")
        wrong = api.try_("admin", "importKeypair", values | {"alias": "b", "passphrase": "x 4711"})
    assert payload["keypair"] == {"alias": "old", "algorithm": KeypairAlgorithm.ED25519}
    (error,) = wrong["errors"]
    assert (error["code"], error["field"]) == ("INVALID_INPUT", ["privateKeyFile"])
    bodies = "".join(entry.body for entry in api.world.ledger())
    for secret in (*secrets, "x 4711"):
        for text in (caplog.text, str(logs), bodies, str(payload), str(wrong)):
            assert secret not in text


def test_a_passphrase_of_another_type_is_not_repeated(api: Api) -> None:
    document = "mutation ($i: ImportKeypairInput!) { importKeypair(input: $i) { keypair { id } } }"
    for passphrase in ([PASSPHRASE], {"a": PASSPHRASE}):
        answer = api.post("admin", document, i=import_input(passphrase=passphrase))
        assert ".passphrase: String cannot represent a non string value." in str(answer)
        assert PASSPHRASE not in str(answer)


def test_a_key_is_adopted_once(api: Api) -> None:
    payload = api.change("admin", "adoptKeypair", adopt_input(), "keypair { alias }")
    assert payload["keypair"] == {"alias": "old"}
    again = api.try_("admin", "adoptKeypair", adopt_input(alias="new"), "keypair { alias }")
    assert [(e["code"], e["field"]) for e in again["errors"]] == [("KEYPAIR_IN_USE", ["key"])]
    missing = api.try_("admin", "adoptKeypair", adopt_input(alias="new", key="none"))
    assert [(e["code"], e["field"]) for e in missing["errors"]] == [("INVALID_INPUT", ["key"])]


def test_a_key_is_not_imported_over_plain_http(api: Api) -> None:
    api.token("admin")
    client = api.client
    api.client = TestClient(client.app, client=("192.0.2.7", 50000))
    before = len(api.world.ledger())
    refused = api.try_("admin", "importKeypair", import_input(), "keypair { alias }")
    (error,) = refused["errors"]
    assert (error["code"], error["field"]) == ("FORBIDDEN", ["privateKeyFile"])
    assert "do not use it any more" in error["message"]
    assert "countersign keys import" in error["message"]
    assert refused["keypair"] is None
    assert len(api.world.ledger()) == before
    api.client = TestClient(client.app, "https://testserver", client=("192.0.2.7", 50000))
    api.change("admin", "importKeypair", import_input(), "keypair { alias }")


@pytest.mark.parametrize(
    ("scheme", "address", "expected"),
    [
        ("https", "192.0.2.7", True),
        ("wss", "192.0.2.7", True),
        ("http", "192.0.2.7", False),
        ("ws", "2001:db8::1", False),
        ("http", "127.0.0.1", True),
        ("http", "::1", True),
        ("http", "::ffff:127.0.0.1", True),
        ("http", "::ffff:192.0.2.7", False),
        ("http", "localhost.example.com", False),
        ("http", None, False),
    ],
)
def test_what_nobody_can_read_on_its_way(scheme: str, address: str | None, expected: bool) -> None:
    client = (address, 1) if address is not None else None
    scope = {
        "type": "http",
        "scheme": scheme,
        "server": ("testserver", 80),
        "path": "/",
        "headers": [],
        "client": client,
    }
    assert is_confidential(HTTPConnection(scope)) is expected
