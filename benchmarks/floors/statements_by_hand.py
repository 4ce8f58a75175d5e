"""The floor of signing: the same statements written by hand, one transaction for each signature.

It decides nothing and signs nothing: it reads one of the releases, writes a signature of the usual
size, counts it, and appends an entry of the usual size to the ledger.
"""

from __future__ import annotations

import hashlib
import os
import random
import sqlite3
import subprocess
import tempfile
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.data.signing_world import Signing
from benchmarks.environment.databases import connect_sqlite
from engine.persistence.db.database import normal_url
from engine.persistence.db.ids import uuid7
from tests.support.postgres import PROGRAMS, SITE

FACTORS = "f" * 900
BODY = "b" * 1400

# A colon would name one of its variables; of two in a row it makes nothing.
_PGBENCH = """\
\\set number random(1, {number})
BEGIN;
SELECT status, starts_at, ends_at, signatures_used, signatures_reserved, max_signatures
  FROM releases WHERE id = {release} FOR UPDATE;
INSERT INTO signatures (id, account_id, user_id, keypair_id, release_id, state, digest,
    digest_algorithm, value, factors, channel, reserved_at, lapses_at, settled_at)
  VALUES (uuidv7(), '{account}', '{user}', {keypair}, {release}, 'MADE',
    '\\x{digest}', 'SHA256', '\\x{value}', '{factors}', 'API', now(), now(), now());
UPDATE releases SET signatures_used = signatures_used + 1 WHERE id = {release};
SELECT count, hash FROM ledger_heads WHERE account_id = '{account}' FOR UPDATE;
INSERT INTO ledger_entries (account_id, position, tag, actor_id, subject_id, release_id,
    effective_at, recorded_at, body, hash)
  SELECT '{account}', count + 1, 'signature-made', '{user}', uuidv7(), {release},
    now(), now(), '{body}', sha256('{body}'::bytea) FROM ledger_heads
  WHERE account_id = '{account}';
UPDATE ledger_heads SET count = count + 1, hash = sha256('{body}'::bytea)
  WHERE account_id = '{account}';
COMMIT;
"""


def by_hand(url: str, signing: Signing, callers: int, seconds: float) -> float:
    """Signatures a second: of sqlite3 in one thread, which is fastest there, or of pgbench."""
    if url.startswith("sqlite"):
        return _sqlite(url, signing, seconds)
    return _pgbench(url, signing, callers, seconds)


def _sqlite(url: str, signing: Signing, seconds: float) -> float:
    connection = connect_sqlite(url)
    began, number = time.perf_counter(), 0
    while time.perf_counter() < began + seconds:
        _sign(connection, signing)
        number += 1
    rate = number / (time.perf_counter() - began)
    connection.close()
    return rate


def _sign(connection: sqlite3.Connection, signing: Signing) -> None:
    account, user = signing.principal.account_id.hex, signing.principal.user_id.hex
    number, signature = random.randrange(len(signing.release_ids)), uuid7().hex
    release, keypair = signing.release_ids[number].hex, signing.keypair_ids[number].hex
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(
        "SELECT status, starts_at, ends_at, signatures_used, signatures_reserved, max_signatures"
        " FROM releases WHERE id = ?",
        (release,),
    ).fetchone()
    digest, value = os.urandom(32), os.urandom(71)
    connection.execute(
        "INSERT INTO signatures (id, account_id, user_id, keypair_id, release_id, state, digest,"
        " digest_algorithm, value, factors, channel, reserved_at, lapses_at, settled_at)"
        " VALUES (?, ?, ?, ?, ?, 'MADE', ?, 'SHA256', ?, ?, 'API', ?, ?, ?)",
        (signature, account, user, keypair, release, digest, value, FACTORS, now, now, now),
    )
    connection.execute(
        "UPDATE releases SET signatures_used = signatures_used + 1 WHERE id = ?", (release,)
    )
    (count,) = connection.execute(
        "SELECT count FROM ledger_heads WHERE account_id = ?", (account,)
    ).fetchone()
    entry_hash = hashlib.sha256(BODY.encode()).digest()
    connection.execute(
        "INSERT INTO ledger_entries (account_id, position, tag, actor_id, subject_id, release_id,"
        " effective_at, recorded_at, body, hash)"
        " VALUES (?, ?, 'signature:made', ?, ?, ?, ?, ?, ?, ?)",
        (account, count + 1, user, signature, release, now, now, BODY, entry_hash),
    )
    connection.execute(
        "UPDATE ledger_heads SET count = ?, hash = ? WHERE account_id = ?",
        (count + 1, entry_hash, account),
    )
    connection.execute("COMMIT")


def _pgbench(url: str, signing: Signing, callers: int, seconds: float) -> float:
    parsed = normal_url(url)
    statements = _PGBENCH.format(
        account=signing.principal.account_id,
        user=signing.principal.user_id,
        number=len(signing.release_ids),
        release=_of_number(signing.release_ids),
        keypair=_of_number(signing.keypair_ids),
        digest=os.urandom(32).hex(),
        value=os.urandom(71).hex(),
        factors=FACTORS,
        body=BODY,
    )
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "sign.sql"
        script.write_text(statements)
        command = [
            *(str(SITE / PROGRAMS / "bin/pgbench"), "--no-vacuum", "--protocol=prepared"),
            *(f"--client={callers}", "--jobs=2", f"--time={max(1, round(seconds))}"),
            *(f"--file={script}", f"--host={parsed.query['host']}"),
            *(f"--username={parsed.username}", str(parsed.database)),
        ]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("tps ="))
    return float(line.split()[2])


def _of_number(ids: Sequence[uuid.UUID]) -> str:
    """Write SQL for the id at pgbench's random number."""
    array = ",".join(map(str, ids))
    return f"('{{{array}}}'::uuid[])[:number]"
