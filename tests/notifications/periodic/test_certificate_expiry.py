"""Those who manage keypairs hear in time that a certificate expires, once at each step."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from engine.commands.administration.roles import CreateRole
from engine.commands.keys.certificates import RemoveCertificate
from engine.commands.keys.openpgp_certificates import RenewOpenPgpCertificate
from engine.commands.keys.update_keypair import UpdateKeypair
from engine.model.certificates import CertificateKind
from engine.model.vocabulary import KeypairCategory, Permission
from engine.persistence.store.tables import certificates
from notifications.content.writer import MessageRenderer, Reader
from notifications.periodic.certificate_expiry import NOTICE_DAYS, CertificateExpiry, due_step
from notifications.tables import preferences
from notifications.vocabulary import MessageKind
from tests.support.chains import add_certificate
from tests.support.notices import Notices
from tests.support.world import NOON, World, make_world

DAY = timedelta(days=1)
EXPIRES = MessageKind.CERTIFICATE_EXPIRES


def run(world: World) -> int:
    return asyncio.run(CertificateExpiry(world.system, world.executor).run_once())


def add(world: World, days: float, alias: str = "vault", **more: Any) -> Any:
    """A certificate that expires in so many days."""
    return add_certificate(world, alias, ends_at=world.clock.instant + days * DAY, **more)


@pytest.mark.parametrize(
    ("days_left", "step"),
    [
        (61, None), (60.001, None), (60, 60), (30.001, 60), (30, 30), (20, 30), (14, 14), (8, 14),
        (7, 7), (1.001, 7), (1, 1), (0.001, 1), (0, None), (-1, None),
    ],
)  # fmt: skip
def test_the_nearest_step_that_has_begun_is_due(days_left: float, step: int | None) -> None:
    assert due_step(NOON + days_left * DAY, NOON) == step


def test_each_step_is_sent_once(world: World, notices: Notices) -> None:
    add(world, 70)
    assert run(world) == 0
    left = 70
    for sent, days in enumerate(NOTICE_DAYS, start=1):
        world.clock.pass_(seconds=((left - days) * DAY - timedelta(seconds=1)).total_seconds())
        assert run(world) == 0, "a second too early"
        world.clock.pass_(seconds=1)
        assert (run(world), run(world)) == (1, 0)
        assert notices.recipients(kind=EXPIRES) == [("admin", EXPIRES)] * sent
        left = days
    world.clock.pass_(days=2)
    assert run(world) == 0, "it has expired"


def test_who_adds_one_late_hears_of_the_nearest_step_alone(world: World, notices: Notices) -> None:
    add(world, 5)
    assert (run(world), run(world)) == (1, 0)
    world.clock.pass_(days=4)
    assert (run(world), run(world)) == (1, 0)
    assert len(notices.rows(kind=EXPIRES)) == 2


def test_a_clock_that_jumps_over_steps_causes_one_message(world: World, notices: Notices) -> None:
    add(world, 70)
    world.clock.pass_(days=58)
    assert (run(world), run(world)) == (1, 0)
    world.clock.pass_(days=-40)
    assert run(world) == 0, "a step is not repeated when the clock goes back"
    world.clock.pass_(days=45)
    assert (run(world), run(world)) == (1, 0)
    assert len(notices.rows(kind=EXPIRES)) == 2


def test_what_nobody_signs_with_any_more_is_no_news(world: World, notices: Notices) -> None:
    keypair_id = world.things["vault"]
    removed = add(world, 5)
    world.do("admin", RemoveCertificate(keypair_id=keypair_id, certificate_id=removed))
    assert run(world) == 0
    add(world, 5)
    world.do("admin", UpdateKeypair(keypair_id=keypair_id, enabled=False))
    assert run(world) == 0
    world.do("admin", UpdateKeypair(keypair_id=keypair_id, enabled=True))
    assert run(world) == 1
    assert len(notices.rows(kind=EXPIRES)) == 1


def add_openpgp(world: World, days: float | None) -> None:
    expires_at = None if days is None else world.clock.instant + days * DAY
    gpg = {"category": KeypairCategory.GPG, "openpgp_user_id": "Example <build@example.com>"}
    world.add_keypair("letters", openpgp_expires_at=expires_at, **gpg)


def renew(world: World, expires_at: datetime | None) -> None:
    reason = "It expires soon."
    keypair_id = world.things["letters"]
    world.do(
        "admin",
        RenewOpenPgpCertificate(keypair_id=keypair_id, reason=reason, expires_at=expires_at),
    )


def test_each_step_of_an_openpgp_certificate_is_sent_once(world: World, notices: Notices) -> None:
    add_openpgp(world, 70)
    assert run(world) == 0
    left = 70
    for sent, days in enumerate(NOTICE_DAYS, start=1):
        world.clock.pass_(days=left - days)
        assert (run(world), run(world)) == (1, 0)
        assert notices.recipients(kind=EXPIRES) == [("admin", EXPIRES)] * sent
        left = days
    world.clock.pass_(days=2)
    assert run(world) == 0, "it has expired"


def test_a_renewed_openpgp_certificate_begins_anew(world: World, notices: Notices) -> None:
    add_openpgp(world, 5)
    assert (run(world), run(world)) == (1, 0)
    renew(world, world.clock.instant + 8 * DAY)
    assert (run(world), run(world)) == (1, 0)
    renew(world, None)
    assert run(world) == 0
    days_left = [json.loads(row.facts)["days_left"] for row in notices.rows(kind=EXPIRES)]
    assert days_left == [5, 8]


def test_one_that_is_renewed_while_it_is_looked_for_is_not_sent(
    world: World, notices: Notices
) -> None:
    add_openpgp(world, 5)
    service = CertificateExpiry(world.system, world.executor)
    (row,) = service._find()
    renew(world, world.clock.instant + 6 * DAY)
    assert service._notify(row) is False
    assert notices.rows(kind=EXPIRES) == []
    assert run(world) == 1


def test_an_openpgp_certificate_of_a_disabled_keypair_or_without_expiry_is_no_news(
    world: World, notices: Notices
) -> None:
    add_openpgp(world, None)
    assert run(world) == 0
    renew(world, world.clock.instant + 5 * DAY)
    world.do("admin", UpdateKeypair(keypair_id=world.things["letters"], enabled=False))
    assert run(world) == 0
    assert notices.rows(kind=EXPIRES) == []


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "It is the OpenPGP certificate of Example <build@example.com> and expires on"),
        ("de", "Es ist das OpenPGP-Zertifikat von Example <build@example.com> und läuft am"),
    ],
)
def test_the_message_says_that_an_openpgp_certificate_is_renewed(
    world: World, notices: Notices, language: str, sentence: str
) -> None:
    add_openpgp(world, 5)
    run(world)
    (row,) = notices.rows(kind=EXPIRES)
    reader = Reader(language=language, audiences=row.audiences)
    message = MessageRenderer("https://countersign.example.com").render(EXPIRES, row.facts, reader)
    assert message.fault is None
    assert sentence in " ".join(message.text.split())


def test_an_openpgp_certificate_is_none_of_x509(world: World, notices: Notices) -> None:
    certificate_id = add(world, 5)
    c = certificates
    with world.system.database.writing() as connection:
        as_openpgp = c.update().where(c.c.id == certificate_id).values(kind=CertificateKind.OPENPGP)
        connection.execute(as_openpgp)
        connection.commit()
    assert run(world) == 0
    assert notices.rows(kind=EXPIRES) == []


def test_a_permission_decides_who_hears_of_it(world: World, notices: Notices) -> None:
    permissions = frozenset({Permission.MANAGE_KEYPAIRS})
    world.do("admin", CreateRole(name="Keeper", permissions=permissions))
    world.add_user("kim", "Keeper")
    world.add_user("quiet", "Keeper")
    with world.system.database.writing() as connection:
        silence = {"user_id": world.people["quiet"], "kind": EXPIRES, "channels": ""}
        connection.execute(preferences.insert().values(**silence))
        connection.commit()
    make_world(world.system.database, account="Other")
    add(world, 5)
    assert run(world) == 1
    assert notices.recipients(kind=EXPIRES) == [("admin", EXPIRES), ("kim", EXPIRES)]
    assert {row.account_id for row in notices.rows(kind=EXPIRES)} == {world.account_id}


@pytest.mark.anyio
async def test_workers_at_the_same_time_send_each_once(world: World, notices: Notices) -> None:
    await asyncio.to_thread(add, world, 5)
    await asyncio.to_thread(add, world, 20, "spare")
    workers = [CertificateExpiry(world.system, world.executor) for _ in range(4)]
    counts = await asyncio.gather(*(worker.run_once() for worker in workers))
    assert sum(counts) == 2
    assert len(notices.rows(kind=EXPIRES)) == 2


@pytest.mark.parametrize(
    ("language", "subject", "reason"),
    [
        (
            "en",
            "The certificate of vault expires in 5 days",
            "You get this because you manage the keypairs of this account.",
        ),
        (
            "de",
            "Das Zertifikat von vault läuft in 5 Tagen ab",
            "Sie erhalten dies, weil Sie die Schlüsselpaare dieses Kontos verwalten.",
        ),
    ],
)
def test_the_message_says_which_certificate_and_when(
    world: World, notices: Notices, language: str, subject: str, reason: str
) -> None:
    add(world, 5)
    run(world)
    (row,) = notices.rows(kind=EXPIRES)
    reader = Reader(language=language, audiences=row.audiences)
    message = MessageRenderer("https://countersign.example.com").render(EXPIRES, row.facts, reader)
    assert message.fault is None
    assert message.subject == subject
    assert "CN=Example Signing" in message.text
    assert reason in " ".join(message.text.split())
