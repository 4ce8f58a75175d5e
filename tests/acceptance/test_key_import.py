"""`countersign keys import`, as an operator runs it."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.persistence.db.database import Database
from engine.persistence.store import tables as t
from tests.support.private_key_files import pem_of
from tests.support.running import init, run, settings

PASSPHRASE = "correct horse 4711"


@pytest.mark.long
@pytest.mark.timeout(300)
def test_an_operator_imports_a_key_and_sees_nothing_of_it(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    url = f"sqlite:///{tmp_path / 'countersign.db'}"
    environment = settings(url)
    init(environment, tmp_path)
    key = tmp_path / "release.pem"
    key.write_bytes(pem_of(ec.generate_private_key(ec.SECP384R1()), PASSPHRASE.encode()))
    (tmp_path / "passphrase").write_text(f"{PASSPHRASE}\n")
    words = ("keys", "import", str(key), "--alias", "falcon", "--type", "OFFLINE")
    algorithm, passphrase = ("--algorithm", "ECDSA_P384"), ("--passphrase-file", "passphrase")

    refused = run(environment, tmp_path, *words, *algorithm, succeeds=False)
    assert "The private key is encrypted. Give its passphrase." in refused.stderr
    refused = run(
        environment, tmp_path, *words, "--algorithm", "ED25519", *passphrase, succeeds=False
    )
    assert "a key of ECDSA_P384, not of ED25519" in refused.stderr
    done = run(environment, tmp_path, *words, *algorithm, *passphrase)
    assert done.stdout.startswith("falcon is a keypair in the signer local now. Delete")
    assert "Nobody may use it yet. Assign people" in done.stdout
    again = run(environment, tmp_path, *words, *algorithm, *passphrase, succeeds=False)
    assert "Another keypair has this alias." in again.stderr
    for output in (refused, done, again):
        assert PASSPHRASE not in output.stdout + output.stderr

    database = Database(url)
    with database.reading() as connection:
        (row,) = connection.execute(sa.select(t.keypairs)).all()
        bodies = connection.execute(sa.select(t.ledger_entries.c.body)).scalars().all()
    database.dispose()
    assert (row.alias, row.access) == ("falcon", "RESTRICTED")
    assert PASSPHRASE not in "".join(bodies)
    assert "Every sealed key opens." in run(environment, tmp_path, "keys", "check").stdout
    assert run(environment, tmp_path, "ledger", "verify").returncode == 0
