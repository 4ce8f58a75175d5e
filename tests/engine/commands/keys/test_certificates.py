"""Certificates of keypairs: added, chosen, removed, and what follows for releases."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from engine.commands.keys.certificates import (
    AddCertificate,
    RemoveCertificate,
    SetDefaultCertificate,
)
from engine.commands.keys.create_keypair import CreateKeypair
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.model.certificates import MAX_KEYPAIR_CERTIFICATES, CertificateKind
from engine.model.errors import Code, Refusal
from engine.model.facts import Keypair
from engine.model.vocabulary import Permission, ReleaseType, Status
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.signing.request import Made
from tests.support.chains import Authority, add_certificate, chain_for, pem_of, public_key_of
from tests.support.refusals import assert_refused, details_of
from tests.support.world import NOON, World

DAY = timedelta(days=1)


def keypair(world: World, alias: str = "vault") -> Keypair:
    with world.system.database.reading() as connection:
        ids = [world.things[alias]]
        return loading.load_keypairs(connection, world.account_id, ids)[0]


def has_certificate(world: World, alias: str = "vault") -> bool:
    return keypair(world, alias).has_current_certificate(world.clock.instant)


def add(world: World, alias: str = "vault", **more: object) -> AddCertificate:
    values = {"keypair_id": world.things[alias], "chain": chain_for(world, alias)}
    return AddCertificate(**(values | more))  # type: ignore[arg-type]


def of_vault(world: World, certificate_id: object) -> dict[str, object]:
    return {"keypair_id": world.things["vault"], "certificate_id": certificate_id}


def test_a_default_chain_makes_a_default_certificate_until_it_expires(world: World) -> None:
    world.do("admin", add(world))
    assert not has_certificate(world), "one that is not the default makes no difference"
    add_certificate(world, ends_at=NOON + DAY)
    assert has_certificate(world)
    assert keypair(world).certificate_expires_at == NOON + DAY
    assert not has_certificate(world, "spare")
    world.clock.pass_(days=1)
    assert not has_certificate(world)


def test_the_ledger_says_what_was_added_chosen_and_removed(world: World) -> None:
    first = add_certificate(world)
    added = world.ledger()[-1]
    assert (added.tag, added.subject_id) == ("keypair:certificate:added", world.things["vault"])
    details = details_of(added)
    assert details["certificate_id"] == str(first)
    assert details["changes"] == {
        "certificate": [None, "CN=Example Signing"],
        "expires_at": [None, "2031-06-03T12:00:00.000000Z"],
        "default_certificate": [None, "CN=Example Signing"],
    }
    second = world.do("admin", add(world, chain=chain_for(world, name="Example Second")))
    world.do("admin", SetDefaultCertificate(**of_vault(world, second)))
    chosen = world.ledger()[-1]
    assert chosen.tag == "keypair:certificate:default"
    assert details_of(chosen)["changes"] == {
        "default_certificate": ["CN=Example Signing", "CN=Example Second"]
    }
    world.do("admin", RemoveCertificate(**of_vault(world, second)))
    removed = world.ledger()[-1]
    assert removed.tag == "keypair:certificate:removed"
    assert details_of(removed)["changes"] == {
        "certificate": ["CN=Example Second", None],
        "default_certificate": ["CN=Example Second", None],
    }
    assert not has_certificate(world)


def test_a_removed_certificate_keeps_its_record_and_can_be_added_again(world: World) -> None:
    chain = chain_for(world)
    first = world.do("admin", add(world, chain=chain))
    world.clock.pass_(minutes=1)
    world.do("admin", RemoveCertificate(**of_vault(world, first)))
    with world.system.database.reading() as connection:
        row = connection.execute(sa.select(t.certificates)).one()
    assert (row.removed_by, row.removed_at) == (world.admin_id, NOON + timedelta(minutes=1))
    assert row.content == chain
    remove = RemoveCertificate(**of_vault(world, first))
    assert_refused(world, "admin", remove, Code.NOT_FOUND, recorded=False)
    world.do("admin", add(world, chain=chain))
    assert_refused(world, "admin", add(world, chain=chain), Code.INVALID_INPUT, recorded=False)


def test_only_who_manages_keypairs_changes_certificates(world: World) -> None:
    certificate = add_certificate(world, make_default=False)
    narrowed = frozenset({Permission.MANAGE_USERS})
    for command in (
        add(world, chain=chain_for(world, name="Example Second")),
        SetDefaultCertificate(**of_vault(world, certificate)),
        RemoveCertificate(**of_vault(world, certificate)),
    ):
        assert_refused(world, "ann", command, Code.FORBIDDEN)
        assert_refused(world, "admin", command, Code.FORBIDDEN, scopes=narrowed)


def test_what_is_not_the_keypairs_does_not_exist(world: World) -> None:
    of_spare = add_certificate(world, "spare")
    for command in (
        add(world, keypair_id=uuid4()),
        SetDefaultCertificate(**of_vault(world, of_spare)),
        RemoveCertificate(**of_vault(world, of_spare)),
    ):
        assert_refused(world, "admin", command, Code.NOT_FOUND, recorded=False)


def test_a_default_is_valid_when_it_is_chosen(world: World) -> None:
    later = {"chain": chain_for(world, starts_at=NOON + DAY, ends_at=NOON + 2 * DAY)}
    at_once = add(world, **later, make_default=True)
    refusal = assert_refused(world, "admin", at_once, Code.INVALID_INPUT, recorded=False)
    assert refusal.field == ("make_default",)
    certificate = world.do("admin", add(world, **later))
    choose = SetDefaultCertificate(**of_vault(world, certificate))
    refusal = assert_refused(world, "admin", choose, Code.INVALID_INPUT, recorded=False)
    assert "not valid before 2030-06-04 12:00:00 UTC" in refusal.message
    world.clock.pass_(days=1)
    world.do("admin", choose)
    assert has_certificate(world)
    second = world.do("admin", add(world))
    world.clock.pass_(days=400)
    choose = SetDefaultCertificate(**of_vault(world, second))
    assert_refused(world, "admin", choose, Code.INVALID_INPUT, recorded=False)


def test_an_openpgp_certificate_is_no_default(world: World) -> None:
    certificate = world.do("admin", add(world))
    of_openpgp = t.certificates.update().values(kind=CertificateKind.OPENPGP)
    with world.system.database.writing() as connection:
        connection.execute(of_openpgp.where(t.certificates.c.id == certificate))
        connection.commit()
    choose = SetDefaultCertificate(**of_vault(world, certificate))
    refusal = assert_refused(world, "admin", choose, Code.INVALID_INPUT, recorded=False)
    assert "Only an X.509 certificate can be the default" in refusal.message
    assert not has_certificate(world)


def test_a_keypair_has_a_limited_number_of_certificates(world: World) -> None:
    root, key = Authority(), public_key_of(world)
    chains = [pem_of(root.issue(key)) for _ in range(MAX_KEYPAIR_CERTIFICATES + 1)]
    ids = [world.do("admin", add(world, chain=chain)) for chain in chains[:-1]]
    last = add(world, chain=chains[-1])
    assert_refused(world, "admin", last, Code.INVALID_INPUT, recorded=False)
    world.do("admin", RemoveCertificate(**of_vault(world, ids[0])))
    world.do("admin", last)


def test_what_was_declared_before_stands_until_a_certificate_takes_its_place(world: World) -> None:
    vault = world.things["vault"]
    declare(world)
    add_certificate(world, make_default=False)
    assert has_certificate(world), "an open release that asks for it goes on"
    world.do("admin", UpdateKeypair(keypair_id=vault, has_default_certificate=True))
    certificate = add_certificate(world, name="Example Second", ends_at=NOON + DAY)
    assert keypair(world).certificate_expires_at == NOON + DAY
    take_back = UpdateKeypair(keypair_id=vault, has_default_certificate=False)
    assert_refused(world, "admin", take_back, Code.INVALID_INPUT, recorded=False)
    world.do("admin", RemoveCertificate(**of_vault(world, certificate)))
    assert not has_certificate(world), "the declaration has ended"
    declared = UpdateKeypair(keypair_id=vault, has_default_certificate=True)
    assert_refused(world, "admin", declared, Code.INVALID_INPUT, recorded=False)


def test_a_declaration_can_be_taken_back(world: World) -> None:
    declare(world)
    command = UpdateKeypair(keypair_id=world.things["vault"], has_default_certificate=False)
    world.do("admin", command)
    assert not has_certificate(world)


def declare(world: World, alias: str = "vault") -> None:
    """What a program before there were certificates did."""
    keypairs = t.keypairs
    with world.system.database.writing() as connection:
        row = keypairs.update().where(keypairs.c.id == world.things[alias])
        connection.execute(row.values(has_default_certificate=True))
        connection.commit()


def test_a_new_keypair_declares_none(world: World) -> None:
    command = CreateKeypair(alias="third", type=ReleaseType.OFFLINE, has_default_certificate=True)
    assert_refused(world, "admin", command, Code.INVALID_INPUT, recorded=False)


def test_a_release_in_progress_goes_on_when_the_certificate_has_expired(world: World) -> None:
    add_certificate(world, ends_at=NOON + timedelta(hours=2))
    release = world.approved(with_default_certificate=True)
    world.clock.pass_(hours=2, minutes=30)
    (outcome,) = world.sign("dev")
    assert isinstance(outcome, Made)
    assert world.release(release).status is Status.IN_PROGRESS


def test_a_request_is_not_approved_when_the_certificate_has_expired(world: World) -> None:
    add_certificate(world, ends_at=NOON + timedelta(minutes=30))
    release = world.request(with_default_certificate=True)
    world.decide("ann", release)
    world.clock.pass_(minutes=30)
    with pytest.raises(Refusal, match="without a valid default certificate"):
        world.decide("bob", release)
    add_certificate(world, name="Example Second")
    world.decide("bob", release)
    assert world.release(release).status is Status.APPROVED
