"""Signing in from the command line by a code that is confirmed in a browser."""

import asyncio
import json
import re
import stat
from pathlib import Path

import httpx2
import pytest

from tests.client.site import COUNTERSIGN
from tests.support.served_site import ADMIN, ServedSite, served_site

pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]


async def signed_in_browser(site: ServedSite, client: httpx2.AsyncClient) -> None:
    await client.post("/sign-in", data={"address": ADMIN})
    answer = await client.post(await site.link(1))
    assert "You are signed in" in answer.text


async def countersign(environment: dict[str, str], *words: str, status: int = 0) -> tuple[str, str]:
    """What a command prints and says."""
    process = await asyncio.create_subprocess_exec(
        *COUNTERSIGN,
        *words,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == status, errors.decode()
    return output.decode(), errors.decode()


async def test_a_person_signs_in_and_out(database_url: str, tmp_path: Path) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "HOME": str(tmp_path)}
    async with served_site(database_url, tmp_path) as site:
        process = await asyncio.create_subprocess_exec(
            *(*COUNTERSIGN, "login", site.url, "--no-browser"),
            env=environment,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr is not None
        line = (await process.stderr.readline()).decode()
        match = re.search(rf"Open {site.url}/device and confirm the code (\S+)\.", line)
        assert match is not None, line
        headers = {"Sec-Fetch-Site": "same-origin"}
        async with httpx2.AsyncClient(
            base_url=site.url, headers=headers, follow_redirects=True
        ) as client:
            await signed_in_browser(site, client)
            fields = {"user_code": match[1], "decision": "confirm"}
            assert "The device is signed in" in (await client.post("/device", data=fields)).text
        said = (await process.stderr.read()).decode()
        assert await process.wait() == 0, said
        assert f"<{ADMIN}>" in said

        stored = tmp_path / "config" / "countersign" / "logins.json"
        assert stat.S_IMODE(stored.stat().st_mode) == 0o600
        secret = json.loads(stored.read_text())[site.url]
        assert secret not in line + said

        # The profile has the server, and the login the credential.
        shown, _ = await countersign(environment, "whoami", "--json", "server,credential")
        assert json.loads(shown) == {"server": site.url, "credential": "countersign login"}
        await countersign(environment, "client", "doctor")

        await countersign(environment, "logout")
        assert json.loads(stored.read_text()) == {}
        await countersign(environment, "whoami", status=4)
        # The session has ended at the server, too.
        token = {"COUNTERSIGN_TOKEN": secret}
        await countersign(environment | token, "whoami", status=4)
