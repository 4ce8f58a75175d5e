"""A served Countersign with keys of one backend, whose server is killed and started again."""

from __future__ import annotations

import base64
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa
from sqlalchemy import Row

from engine.commands.maintenance.unused_keys import unused_keys
from engine.persistence.db.database import Database
from engine.persistence.store import tables as t
from engine.signers.base import KeyBinding, Signer, SignerContext, SigningKey
from engine.signers.key_proof import require_signs
from engine.signers.keyring import Keyring
from engine.signers.local import LocalSigner
from engine.signers.pkcs11.signer import Pkcs11Signer
from tests.support.killable_countersign import PROGRAM, STEPS_FOLDER, Steps
from tests.support.running import Server, free_port, init, run, serving, settings
from tests.support.softhsm import token_settings
from tests.support.waiting import until

#: After so many seconds the server gives up what was not finished: the least that can be set.
RESERVATION_SECONDS = 5


@dataclass
class KeySite:
    """An account with its administrator, and what is stored of it."""

    environment: dict[str, str]
    folder: Path
    #: The name of the signer that is tested.
    backend: str
    token: str = ""
    port: int = field(default_factory=free_port)
    server: Server | None = None

    @property
    def steps(self) -> Steps:
        """The steps of the server, and of `countersign keys`."""
        return Steps(Path(self.environment[STEPS_FOLDER]))

    @contextmanager
    def serving(self) -> Iterator[None]:
        """A server that can be killed at a step."""
        with serving(self.environment, self.folder, program=PROGRAM, port=self.port) as self.server:
            yield

    def server_pids(self) -> str:
        """The process that serves, which another one replaces when it is killed."""
        assert self.server is not None
        pid = self.server.process.pid
        return Path(f"/proc/{pid}/task/{pid}/children").read_text()

    def await_another_server(self, killed: str) -> None:
        """Wait until another process serves than the one that was killed."""
        until(lambda: self.server_pids() not in ("", killed))
        until(self._is_ready)

    def _is_ready(self) -> bool:
        try:
            return httpx2.get(f"http://127.0.0.1:{self.port}/readyz").status_code == 200
        except httpx2.TransportError:
            return False

    def ask(self, mutation: str, input_: dict[str, Any], selected: str, token: str = "") -> Any:
        """The payload of a mutation, of the administrator unless a token is given."""
        kind = f"{mutation[0].upper()}{mutation[1:]}Input"
        query = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {selected}"
        answer = httpx2.post(
            f"http://127.0.0.1:{self.port}/graphql",
            json={
                "query": f"{query} errors {{ code message }} }} }}",
                "variables": {"input": input_},
            },
            headers={"Authorization": f"Bearer {token or self.token}"},
            timeout=60,
        ).json()
        assert "errors" not in answer, answer
        return answer["data"][mutation]

    def change(self, mutation: str, input_: dict[str, Any], selected: str, token: str = "") -> Any:
        """The same, which is not refused."""
        payload = self.ask(mutation, input_, selected, token)
        assert payload["errors"] == [], payload
        return payload

    # --- what is stored -------------------------------------------------------------------

    @cached_property
    def database(self) -> Database:
        """The database, beside the server."""
        return Database(self.environment["COUNTERSIGN_DATABASE_URL"])

    @cached_property
    def signers(self) -> dict[str, Signer]:
        """The signers, beside the server, with every master key that there is."""
        keyring = Keyring.parse(self.environment["COUNTERSIGN_MASTER_KEY"])
        names = {"module": "MODULE", "token": "TOKEN", "pin": "PIN"}
        options = {
            f"pkcs11_{name}": self.environment[f"COUNTERSIGN_PKCS11_{upper}"]
            for name, upper in names.items()
            if f"COUNTERSIGN_PKCS11_{upper}" in self.environment
        }
        context = SignerContext(keyring, options)
        signers = [*LocalSigner.from_context(context), *Pkcs11Signer.from_context(context)]
        return {signer.name: signer for signer in signers}

    def use_master_key(self, value: str) -> None:
        """Set COUNTERSIGN_MASTER_KEY for what is started from now on."""
        self.environment["COUNTERSIGN_MASTER_KEY"] = value
        self.__dict__.pop("signers", None)

    def count_sealed(self, master_key: str) -> int:
        """How many private keys are sealed under a master key."""
        key_id = Keyring.parse(master_key).sealing_key_id
        rows = [*self.rows(t.keypairs), *self.rows(t.openpgp_primary_keys)]
        return sum(row.master_key_id == key_id for row in rows)

    def rows(self, table: sa.Table) -> list[Row[Any]]:
        """All rows of a table, the oldest first."""
        with self.database.reading() as connection:
            order = table.primary_key.columns
            return list(connection.execute(sa.select(table).order_by(*order)).all())

    def entries(self, tag: str) -> list[Row[Any]]:
        """The entries of the ledger with a tag."""
        return [entry for entry in self.rows(t.ledger_entries) if entry.tag == tag]

    def assert_no_key_is_lost(self) -> None:
        """Each key of each keypair signs, and fits its public half."""
        keypairs = self.rows(t.keypairs)
        backends = {row.id: row.backend for row in keypairs}
        algorithms = {row.id: row.algorithm for row in keypairs}
        accounts = {row.id: row.account_id for row in keypairs}
        primary = [(row, row.keypair_id) for row in self.rows(t.openpgp_primary_keys)]
        for row, keypair_id in [*((row, row.id) for row in keypairs), *primary]:
            key = SigningKey(
                KeyBinding(accounts[keypair_id], row.id),
                algorithms[keypair_id],
                row.public_key,
                row.material,
                row.master_key_id,
            )
            require_signs(self.signers[backends[keypair_id]], key)

    def orphans(self) -> set[UUID]:
        """The ids of keys in the token that no keypair uses; all of them are named by the check."""
        hsm = self.signers.get("pkcs11")
        if hsm is None:
            return set()
        assert isinstance(hsm, Pkcs11Signer)
        used = {row.id for row in [*self.rows(t.keypairs), *self.rows(t.openpgp_primary_keys)]}
        orphans = {UUID(bytes=id_) for id_ in _key_ids(hsm) if len(id_) == 16} - used
        named = {key.binding.keypair_id for key in unused_keys(self.database, [hsm])}
        assert named == orphans
        return orphans

    def assert_each_keypair_has_its_entry(self) -> None:
        """One entry for each, and none for another."""
        created = Counter(entry.subject_id for entry in self.entries("keypair:created"))
        assert created == Counter(row.id for row in self.rows(t.keypairs))

    def assert_checks_pass(self, orphans: int = 0) -> None:
        """`countersign keys check` and `countersign ledger verify` say the same."""
        checked = run(self.environment, self.folder, "keys", "check", succeeds=not orphans)
        assert "Every sealed key opens." in checked.stdout
        assert checked.stdout.count("that no keypair uses") == orphans
        run(self.environment, self.folder, "ledger", "verify")


def kill_at_each_step(
    site: KeySite, attempt: Callable[[int], object], check: Callable[[int, list[str]], None]
) -> list[str]:
    """Attempt something again and again, with the server killed before the next step each time.

    Args:
        site: The site, whose server is running.
        attempt: Does it over the API; is given how often that was tried before.
        check: Looks, while the server runs again, at what that attempt has left; is given the
            number of the attempt and the steps that were done.

    Returns:
        The names of all steps, the end included.
    """
    for number in count():
        before = site.server_pids()
        site.steps.begin(number)
        try:
            attempt(number)
        except httpx2.TransportError:
            site.steps.end()
            assert len(site.steps.passed) == number + 1
            site.await_another_server(before)
            check(number, site.steps.passed[:-1])
            continue
        site.steps.end()
        assert site.server_pids() == before
        check(number, site.steps.passed)
        return site.steps.passed
    raise AssertionError("it never ends")


@contextmanager
def open_key_site(url: str, folder: Path, backend: str) -> Iterator[KeySite]:
    """Until the block ends; skips the test where SoftHSM is asked for and not installed."""
    (folder / "steps").mkdir()
    own = {
        STEPS_FOLDER: str(folder / "steps"),
        "COUNTERSIGN_RESERVATION_SECONDS": str(RESERVATION_SECONDS),
    }
    with pytest.MonkeyPatch.context() as patch:
        if backend == "pkcs11":
            own |= token_settings(folder, patch)
        environment = settings(url, **own)
        site = KeySite(environment, folder, backend)
        site.token = init(environment, folder)["token"]
        try:
            yield site
        finally:
            site.database.dispose()
            hsm = site.signers.get("pkcs11")
            if isinstance(hsm, Pkcs11Signer):
                hsm._token._disconnect()


def new_master_key() -> str:
    """A value for COUNTERSIGN_MASTER_KEY."""
    return base64.b64encode(os.urandom(32)).decode()


def _key_ids(hsm: Pkcs11Signer) -> set[bytes]:
    """The ids of all private and public keys in the token, as the token tells them."""
    from pkcs11 import Attribute

    def ids(connection: Any) -> set[bytes]:
        return {key[Attribute.ID] for key in connection.session.get_objects()}

    return hsm._token._run(ids)
