"""The program in the documents that verifies a downloaded ledger, with Python alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from api.downloads.routes import download_routes
from api.graphql.limits.config import Limits
from tests.docs.documents import titled
from tests.support.api import Api, make_api
from tests.support.ledger_changes import (
    Change,
    as_first_format,
    change_head,
    change_text,
    cut_end,
    delete_entry,
    rewrite,
    swap_entries,
    tamper,
)
from tests.support.world import World


class Auditor:
    """Downloads the ledger of a world, and verifies it with the program."""

    def __init__(self, api: Api, client: TestClient, folder: Path) -> None:
        self.world = api.world
        self._client = client
        self._headers = {"Authorization": f"Bearer {api.token('admin')}"}
        self._folder = folder
        (folder / "verify_ledger.py").write_text(titled("ledger.md", "verify_ledger.py"))

    def download(self) -> bytes:
        return self._client.get("/downloads/ledger.jsonl", headers=self._headers).content

    def verdict(self, content: bytes | None = None, *kept: str) -> tuple[bool, str]:
        """Whether the program ends well, and what it prints."""
        (self._folder / "ledger.jsonl").write_bytes(content or self.download())
        # -I: nothing but the standard library can be imported.
        command = [sys.executable, "-I", "-S", "verify_ledger.py", "ledger.jsonl", *kept]
        done = subprocess.run(
            command, cwd=self._folder, capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, 1), done.stderr
        return done.returncode == 0, (done.stdout or done.stderr).strip()


@pytest.fixture
def auditor(world: World, tmp_path: Path) -> Iterator[Auditor]:
    api, runtime = make_api(world)
    app = Starlette(routes=download_routes(runtime, Limits()))
    with api.client, TestClient(app) as client:
        yield Auditor(api, client, tmp_path)
    runtime.executor.shutdown()


def test_a_ledger_that_holds_is_told_with_its_head(auditor: Auditor) -> None:
    auditor.world.request(name="Fälcon 1", note="two\nlines")
    last = auditor.world.ledger()[-1]
    head = f"{last.position} {last.hash.hex()}"
    message = f"The ledger holds. Keep this head: {head}"
    assert auditor.verdict() == (True, message)
    assert auditor.verdict(None, *head.upper().split()) == (True, message)


def test_entries_of_the_first_format_hold(auditor: Auditor) -> None:
    first = as_first_format(auditor.world.account_id, range(1, 5))
    tamper(auditor.world.system.database, first)
    assert auditor.verdict()[0]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (change_text(4), "entry 4: its text was changed"),
        (delete_entry(4), "entry 4: it is missing; the next one has position 5"),
        (delete_entry(1), "entry 1: it is missing; the next one has position 2"),
        (swap_entries(3, 4), "entry 3: it is not chained to the entry before"),
        (change_head(hash=bytes(32)), "entries or the head are missing, or the head was changed"),
        (change_head(count=4), "entry 5: entries or the head are missing, or the head was"),
        (change_head(count=99), "entries or the head are missing, or the head was changed"),
    ],
    ids=["changed", "missing", "first missing", "swapped", "head", "head cut", "head too far"],
)
def test_what_was_done_to_the_database_is_found(
    auditor: Auditor, change: Change, fault: str
) -> None:
    tamper(auditor.world.system.database, change)
    holds, message = auditor.verdict()
    assert not holds
    assert fault in message


def test_a_cut_download_is_found(auditor: Auditor) -> None:
    whole = auditor.download()
    lines = whole.splitlines(keepends=True)
    count = len(lines) - 1
    missing = "entries or the head are missing"
    assert missing in auditor.verdict(b"".join(lines[:-1]))[1]
    assert f"entry {count}: {missing}" in auditor.verdict(b"".join([*lines[:-2], lines[-1]]))[1]
    assert not auditor.verdict(whole[:-300])[0]
    assert "behind the head" in auditor.verdict(whole + lines[-1])[1]


@pytest.mark.parametrize("body", ["{}", "[]", "x", '{"previous": 1}', 7])
def test_a_text_that_is_no_entry_is_found(auditor: Auditor, body: object) -> None:
    line = json.dumps({"position": 1, "hash": "", "body": body})
    holds, message = auditor.verdict(line.encode())
    assert not holds
    assert message.startswith("The ledger is broken: ")


def test_a_rewritten_and_a_shortened_ledger_are_found_by_a_kept_head(auditor: Auditor) -> None:
    world, last = auditor.world, auditor.world.ledger()[-1]
    kept = str(last.position), last.hash.hex()
    tamper(world.system.database, rewrite(world.account_id, 3, reason="nothing to see"))
    assert auditor.verdict()[0]
    rewritten = f"entry {last.position}: its hash is not the kept one: the ledger was rewritten"
    assert auditor.verdict(None, *kept)[1] == f"The ledger is broken: {rewritten}"
    tamper(world.system.database, cut_end(world.account_id, last.position - 1))
    assert auditor.verdict()[0]
    shortened = f"it is missing; {last.position} were kept"
    assert shortened in auditor.verdict(None, *kept)[1]
