"""The whole files in the documents are imported and run."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient

from api.runtime.event_feed import EventFeed, feeding
from engine.commands.keys.create_keypair import CreateKeypair
from engine.lifecycle.machine import compile_table
from engine.lifecycle.table import TRANSITIONS
from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm
from engine.model.errors import Code, Refusal
from engine.model.facts import Facts
from engine.model.vocabulary import ReleaseType, Status, Trigger
from engine.signers import loading as signer_loading
from engine.signers.base import (
    Digest,
    KeyBinding,
    Signer,
    SignerContext,
    SignerFailed,
    SigningKey,
)
from engine.signers.keyring import Keyring
from notifications.channels import loading
from notifications.channels.base import ChannelContext, ChannelFailed, Outgoing, Undelivered
from notifications.content.message import Parts, RenderedMessage
from tests.docs.documents import ROOT, titled
from tests.support import running
from tests.support.facts import facts
from tests.support.releases import release_in
from tests.support.world import DIGEST, World

PENDING = Status.PENDING


@dataclass
class Subject:
    """What the state machine moves."""

    state: str


KEYRING = Keyring([b"0123456789abcdef0123456789abcdef"])


def module_of(page: str, title: str, folder: Path) -> ModuleType:
    """Import a file as a reader saves it."""
    path = folder / title
    path.write_text(titled(page, title), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def found_by(monkeypatch: pytest.MonkeyPatch, where: Any, value: str) -> None:
    """As if a distribution named it as its entry point."""
    ours = where.entry_points(group=where.ENTRY_POINTS)
    more = EntryPoint("sample", value, where.ENTRY_POINTS)
    monkeypatch.setattr(where, "entry_points", lambda group: [*ours, more])


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    module_of("extending.md", "folder_signer.py", tmp_path)
    folder = tmp_path / "keys"
    folder.mkdir()
    monkeypatch.setenv("FOLDER_SIGNER_PATH", str(folder))
    found_by(monkeypatch, signer_loading, "folder_signer:FolderSigner")
    yield folder
    del sys.modules["folder_signer"]


def folder_signer() -> Signer:
    return signer_loading.load_signers(SignerContext(KEYRING, {}))["folder"]


def test_the_sample_signer_makes_signatures_that_verify_and_destroys_its_keys(keys: Path) -> None:
    signer, binding = folder_signer(), KeyBinding(uuid4(), uuid4())
    generated = signer.generate(KeypairAlgorithm.ED25519, binding)
    (file,) = keys.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600

    key = SigningKey(
        binding,
        KeypairAlgorithm.ED25519,
        generated.public_key_pem,
        generated.material,
        generated.key_id,
    )
    signature = signer.sign(key, Digest(DigestAlgorithm.SHA256, DIGEST))
    public: Any = load_pem_public_key(generated.public_key_pem.encode())
    public.verify(signature, DIGEST)

    signer.destroy(key)
    signer.destroy(key)
    assert list(keys.iterdir()) == []
    with pytest.raises(SignerFailed, match="cannot be read"):
        signer.sign(key, Digest(DigestAlgorithm.SHA256, DIGEST))
    with pytest.raises(SignerFailed, match="cannot make"):
        signer.generate(KeypairAlgorithm.ECDSA_P256, binding)


def test_the_sample_signer_signs_through_the_engine(keys: Path, world: World) -> None:
    signers = {**world.system.signers, "folder": folder_signer()}
    object.__setattr__(world.system, "signers", signers)
    command = CreateKeypair(
        alias="folder",
        type=ReleaseType.ONLINE,
        algorithm=KeypairAlgorithm.ED25519,
        backend="folder",
    )
    world.things["folder"] = world.do("admin", command)
    world.set_team("blue", keypairs=["vault", "spare", "folder"])

    (outcome,) = world.sign("dev", "folder")

    (file,) = keys.iterdir()
    assert file.name == f"{world.things['folder'].hex}.key"
    assert len(outcome.signed.value) == 64  # type: ignore[union-attr]


def test_the_sample_signer_is_absent_or_says_what_is_wrong(
    keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOLDER_SIGNER_PATH", str(keys / "elsewhere"))
    with pytest.raises(SignerFailed, match="names no folder"):
        folder_signer()
    monkeypatch.delenv("FOLDER_SIGNER_PATH")
    assert "folder" not in signer_loading.load_signers(SignerContext(KEYRING, {}))


def context(**options: str) -> ChannelContext:
    ours = {"smtp_url": "smtp://mx.example.com", "mail_from": "C <c@example.com>"}
    return ChannelContext(ours | options, lambda purpose: purpose.encode().ljust(32))


def test_the_sample_channel_conveys_messages_and_says_what_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module_of("extending.md", "spool_channel.py", tmp_path)
    found_by(monkeypatch, loading, "spool_channel:SpoolChannel")
    assert "spool" not in loading.load_channels(context())
    with pytest.raises(ChannelFailed, match="does not exist"):
        loading.load_channels(context(spool_file=str(tmp_path / "none" / "spool.jsonl")))

    file = tmp_path / "spool.jsonl"
    channel = loading.load_channels(context(spool_file=str(file)))["spool"]
    outgoing = Outgoing(
        delivery_id=uuid4(),
        created_at=datetime(2030, 6, 3).astimezone(),
        address="ann@example.com",
        name="Ann",
        message=RenderedMessage(
            subject="Approve Falcon", text_parts=Parts("Hello"), html_parts=Parts("")
        ),
        link="https://countersign.example.com/decide/secret",
    )
    asyncio.run(channel.send(channel.prepare(outgoing)))
    (line,) = file.read_text(encoding="utf-8").splitlines()
    report = json.loads(line)
    assert report == {
        "id": str(outgoing.delivery_id),
        "to": "ann@example.com",
        "subject": "Approve Falcon",
        "text": "Hello",
        "link": "https://countersign.example.com/decide/secret",
    }

    file.unlink()
    file.mkdir()
    with pytest.raises(Undelivered, match="cannot be written"):
        asyncio.run(channel.send(channel.prepare(outgoing)))


@pytest.mark.long
def test_the_mounted_application_answers_below_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = running.settings(f"sqlite:///{tmp_path / 'countersign.db'}") | {
        "COUNTERSIGN_PUBLIC_URL": "http://127.0.0.1:8000/signing"
    }
    token = running.init(environment, tmp_path)["token"]
    for name, value in environment.items():
        if name.startswith("COUNTERSIGN_"):
            monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    module = module_of("embedding.md", "mounted.py", tmp_path)

    with TestClient(module.app, base_url="http://127.0.0.1:8000") as client:
        assert client.get("/signing/readyz").json() == {"status": "ready"}
        answer = client.post(
            "/signing/graphql",
            json={"query": "{ viewer { user { email } } }"},
            headers={"Authorization": f"Bearer {token}"},
        )
    assert answer.json() == {"data": {"viewer": {"user": {"email": "admin@example.com"}}}}


async def test_the_sample_people_are_those_of_the_house(tmp_path: Path) -> None:
    sample = module_of("embedding.md", "people.py", tmp_path)
    sample.SESSIONS["secret"] = "ann@example.com"

    async def user(cookie: str) -> Any:
        headers = [(b"cookie", f"host_session={cookie}".encode())]
        return await sample.people.user_of(HTTPConnection({"type": "http", "headers": headers}))

    assert await user("wrong") is None
    ann = await user("secret")
    assert (ann.account_id, ann.email, ann.sent_by_browser) == (
        sample.ACCOUNT_ID,
        "ann@example.com",
        True,
    )
    new = sample.new_user(ann)
    assert (new.name, new.roles, new.created_by) == ("Ann", ("DEVELOPER",), sample.CREATOR_ID)
    assert sample.new_user(replace(ann, email="ann@example.org")) is None


async def test_the_sample_listener_announces_what_opens(world: World, tmp_path: Path) -> None:
    sample = module_of("embedding.md", "listener.py", tmp_path)
    feed = EventFeed(sample.announce)
    world.system = replace(world.system, event_listeners=(feed,))
    async with feeding([feed]):
        release = release_in(world, Status.IN_PROGRESS)
    assert [f"{release} opened at 13:00"] == sample.OPENED


def test_the_embedded_engine_signs_once_and_refuses_the_second(tmp_path: Path) -> None:
    script = tmp_path / "embedded.py"
    script.write_text(titled("embedding.md", "embedded.py"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env=running.settings("unused") | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    signature, refused, status = done.stdout.splitlines()
    assert len(bytes.fromhex(signature.removeprefix("signature: "))) == 64
    assert refused.startswith("refused: The only signature of Nightly is used or under way. ")
    assert status == "status: IN_PROGRESS 1 used"


def test_the_sample_rule_refuses_in_the_table_of_transitions(tmp_path: Path) -> None:
    rule = module_of("development.md", "weekday.py", tmp_path).window_starts_on_a_weekday
    (row,) = (r for r in TRANSITIONS if r.trigger is Trigger.WITHDRAW and r.source is PENDING)
    table = compile_table((replace(row, guards=(rule,)),))
    draft_facts = facts(PENDING)
    assert draft_facts.subject.fields.starts_at.strftime("%A") == "Monday"
    saturday = draft_facts.subject.fields.starts_at + timedelta(days=5)
    fields = replace(draft_facts.subject.fields, starts_at=saturday)
    on_saturday = replace(
        draft_facts, release=replace(draft_facts.subject, fields=fields), proposed=fields
    )

    def fire(given: Facts) -> bool:
        return bool(table.events["WITHDRAW"].trigger(Subject("PENDING"), given))

    assert fire(draft_facts)
    with pytest.raises(Refusal, match="Start it on a weekday") as refused:
        fire(on_saturday)
    assert (refused.value.code, refused.value.field) == (Code.WINDOW_INVALID, ("starts_at",))
