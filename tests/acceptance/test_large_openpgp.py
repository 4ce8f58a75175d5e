"""A large file is signed with OpenPGP: neither the file nor its size reaches the server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.acceptance.sign_large_file import peak_bytes
from tests.support.callers import Caller, gather_crowd
from tests.support.gnupg import gnupg
from tests.support.running import Server, init, serving, settings

#: Starts a server of its own.
pytestmark = pytest.mark.long

MIB = 1024 * 1024


@pytest.mark.timeout(300)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_memory_and_bytes_sent_do_not_depend_on_the_size(
    database_url: str, tmp_path: Path
) -> None:
    environment = settings(database_url)
    admin_token = init(environment, tmp_path)["token"]
    with serving(environment, tmp_path) as server:
        async with httpx2.AsyncClient(base_url=server.url, timeout=60) as client:
            admin = Caller(client, admin_token)
            crowd = await gather_crowd(admin, environment, tmp_path, "vault")
            values = {"alias": "packages", "type": "TEST", "category": "GPG"}
            values["algorithm"] = "ED25519"
            shown = "keypair { id publicKeyPem }"
            keypair = (await admin.change("createKeypair", values, shown))["keypair"]
            grant = {"id": crowd.team, "keypairIds": [*crowd.keypairs, keypair["id"]]}
            await admin.change("updateTeam", grant, "team { id }")
        arguments = (server, crowd.tokens["dev"], keypair["id"])
        small, large = (_signed(tmp_path, size * MIB, *arguments) for size in (1, 200))
    with gnupg() as gpg:
        gpg.run("--import", given=keypair["publicKeyPem"].encode())
        for one in (small, large):
            verified = gpg.run("--verify", f"{one['file']}.asc", one["file"])
            assert b"VALIDSIG" in verified.stdout
    assert large["sent_bytes"] == small["sent_bytes"] < 2000
    assert abs(large["peak_bytes"] - small["peak_bytes"]) < 8 * MIB
    assert abs(large["server_bytes"] - small["server_bytes"]) < 8 * MIB


def _signed(folder: Path, size: int, server: Server, token: str, keypair_id: str) -> dict[str, Any]:
    """What it took to sign a file of so many bytes."""
    file = folder / f"file-{size}"
    with file.open("wb") as content:
        content.truncate(size)
    program = "tests.acceptance.sign_large_file"
    command = [sys.executable, "-m", program, server.url, token, keypair_id]
    done = subprocess.run(
        [*command, str(file), f"{file}.asc"], capture_output=True, check=True, text=True
    )
    taken: dict[str, Any] = json.loads(done.stdout)
    return taken | {"file": str(file), "server_bytes": peak_bytes(server.process.pid)}
