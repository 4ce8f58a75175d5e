"""Which operations use an offline key without a release: by the signer's own log of its calls.

The operations are made from the schema, so what is added later is walked over as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from api.graphql.ids import to_global
from api.graphql.limits.config import Limits
from engine.model.vocabulary import KeypairCategory
from engine.persistence.db.ids import uuid7
from engine.persistence.store import tables as t
from engine.signers.base import SigningInput, SigningKey
from engine.signers.local import LocalSigner
from tests.api.graphql.operations import MUTATIONS, NODES, QUERIES, mutation, query, ways
from tests.support.api import Api, make_api
from tests.support.world import World

#: What `docs/keys-and-certificates.md` says of offline keypairs.
WITHOUT_A_RELEASE = {
    "createCertificateRequest",
    "issueSelfSignedCertificate",
    "renewOpenpgpCertificate",
}
#: These use the new key, before it is a keypair: to show that it signs, or for its certificate.
OF_NEW_KEYS = {"adoptKeypair", "createKeypair", "importKeypair"}
CATEGORIES = {"vault": KeypairCategory.STANDARD, "pgp": KeypairCategory.GPG}


class LoggingSigner(LocalSigner):
    """The signer `local`, with a log of its signatures."""

    #: The ids of the keys that have signed.
    log: list[UUID]

    def sign(self, key: SigningKey, message: SigningInput) -> bytes:
        self.log.append(key.binding.keypair_id)
        return super().sign(key, message)


@pytest.fixture
def offline(small_world: World) -> World:
    """Two offline keypairs, one of each category, each in a release that has not begun."""
    world = small_world
    world.add_keypair("pgp", category=KeypairCategory.GPG)
    world.add_user("chief", "ADMIN", "LEAD", "DEVELOPER", "AUDITOR")
    world.set_team("blue", members=["ann", "bob", "dev", "chief"], keypairs=["vault", "pgp"])
    for alias, category in CATEGORIES.items():
        world.things[f"release of {alias}"] = world.approved(
            name=f"Falcon of {alias}",
            category=category,
            keypair_ids=frozenset({world.things[alias]}),
            starts_at=world.clock.instant + timedelta(hours=1),
        )
    return world


@pytest.fixture
def signer(offline: World) -> LoggingSigner:
    """The signer of the world, whose log begins here."""
    signer = object.__new__(LoggingSigner)
    signer.__dict__ |= offline.system.signers["local"].__dict__
    signer.log = []
    offline.system = replace(offline.system, signers={"local": signer})
    return signer


@pytest.fixture
def api(offline: World, signer: LoggingSigner) -> Iterator[Api]:
    api, runtime = make_api(offline, limits=Limits(rate=0))
    with api.client:
        yield api
    runtime.executor.shutdown()


def ids_of(world: World, alias: str) -> dict[str, str]:
    """The global id of something of each type; of what cannot lead to a key, of nothing."""
    known = {
        "Keypair": world.things[alias],
        "Release": world.things[f"release of {alias}"],
        "Team": world.things["blue"],
        "User": world.people["dev"],
    }
    return {kind: to_global(kind, known.get(kind, uuid7())) for kind in NODES}


@pytest.mark.parametrize("name", MUTATIONS)
def test_no_mutation_uses_an_offline_key_but_those_that_are_documented(
    api: Api, signer: LoggingSigner, name: str
) -> None:
    world = api.world
    used: list[UUID] = []
    for alias in CATEGORIES:
        ids = ids_of(world, alias)
        # First barely, then with everything that it takes: that may freeze or disable something.
        for only in ((), None):
            text, variables = mutation(name, lambda _path, kind: ids[kind], only)  # noqa: B023
            api.post("chief", text, **variables)
            used += signer.log
            signer.log.clear()
    if name in OF_NEW_KEYS:
        assert not set(used) & {world.things["vault"], world.things["pgp"]}
    else:
        assert set(used) <= keys_of(world)
        assert bool(used) == (name in WITHOUT_A_RELEASE)


def keys_of(world: World) -> set[Any]:
    """The ids of the keys of the keypairs, of an OpenPGP one both."""
    with world.system.database.reading() as connection:
        primary = set(connection.execute(t.openpgp_primary_keys.select()).scalars())
    return primary | {world.things["vault"], world.things["pgp"]}


@pytest.mark.parametrize("alias", CATEGORIES)
def test_no_query_uses_a_key(api: Api, signer: LoggingSigner, alias: str) -> None:
    ids = ids_of(api.world, alias)
    for name in QUERIES:
        for way in ways(name):
            text, variables = query(name, lambda _path, kind: ids[kind], way)
            api.post("chief", text, **variables)
            assert signer.log == [], (name, way)
