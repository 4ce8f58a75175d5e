"""Forms of signatures over GraphQL: chosen when one reads them, of new and of stored ones."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from engine.model.algorithms import KeypairAlgorithm
from engine.model.vocabulary import ReleaseType
from tests.support.api import Api, make_api
from tests.support.world import DIGEST, World

FORMS = "value der: valueAs raw: valueAs(format: RAW, lowS: true)"
SIGN = f"""mutation ($input: SignInput!) {{
  sign(input: $input) {{ signature {{ id {FORMS} }} errors {{ code message field }} }} }}"""
STORED = f"query ($id: ID!) {{ node(id: $id) {{ ... on Signature {{ {FORMS} }} }} }}"


@pytest.fixture
def api(world: World) -> Any:
    world.add_keypair("curve", ReleaseType.TEST, algorithm=KeypairAlgorithm.ECDSA_P256)
    world.add_keypair("plain", ReleaseType.TEST)
    world.set_team("blue", keypairs=["curve", "plain"])
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
