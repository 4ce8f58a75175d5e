"""The signers over GraphQL: what each can do, as forms for new keypairs need it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from engine.model.algorithms import KeypairAlgorithm
from tests.support.api import Api, make_api
from tests.support.device import Device
from tests.support.world import World

SIGNERS = """
{ signers { name algorithms
    { algorithm categories generates imports adopts signsDigests signsMessages } } }
"""


class Token(Device):
    """Makes and holds fewer kinds of keys than the local signer, and takes none."""

    capabilities = replace(
        Device.capabilities,
        generates=frozenset({KeypairAlgorithm.ED25519, KeypairAlgorithm.ECDSA_P256}),
        imports=frozenset(),
        adopts=frozenset({KeypairAlgorithm.ED25519}),
    )


@pytest.fixture
def api(world: World) -> Iterator[Api]:
    world.system = replace(world.system, signers={**world.system.signers, "device": Token()})
    api, runtime = make_api(world)
    with api.client:
        yield api
    runtime.executor.shutdown()


def by_algorithm(signer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each.pop("algorithm"): each for each in signer["algorithms"]}


def test_each_signer_says_what_it_can_do(api: Api) -> None:
    device, local = api.ask("admin", SIGNERS)["signers"]
    assert (device["name"], local["name"]) == ("device", "local")
    known = by_algorithm(local)
    assert list(known) == [each.name for each in KeypairAlgorithm if each is each.current]
    own = {"generates": True, "imports": True, "adopts": False}
    both = ["STANDARD", "GPG"]
    assert known["ED25519"] == own | {
        "categories": both,
        "signsDigests": True,
        "signsMessages": True,
    }
    digests = {"signsDigests": True, "signsMessages": False}
    assert known["ECDSA_P256"] == own | digests | {"categories": both}
    assert known["RSA_PSS_2048"] == own | digests | {"categories": ["STANDARD"]}
    foreign = by_algorithm(device)
    can = {act: {name for name in foreign if foreign[name][act]} for act in own}
    assert can == {"generates": {"ED25519", "ECDSA_P256"}, "imports": set(), "adopts": {"ED25519"}}


def test_a_signer_makes_the_keys_that_it_offers_and_no_others(api: Api) -> None:
    for signer in api.ask("admin", SIGNERS)["signers"]:
        offered = {name for name, each in by_algorithm(signer).items() if each["generates"]}
        for name in ("ED25519", "ECDSA_P256", "ML_DSA_44"):
            values = {"alias": f"{signer['name']} {name}", "type": "TEST", "algorithm": name}
            payload = api.try_("admin", "createKeypair", values | {"backend": signer["name"]})
            assert (payload["errors"] == []) is (name in offered), (signer["name"], name)


def test_only_who_manages_keypairs_reads_them(api: Api) -> None:
    for who in ("ann", "dev"):
        answer = api.post(who, SIGNERS)
        assert answer["data"] == {"signers": None}
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "FORBIDDEN"
