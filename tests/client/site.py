"""A served Countersign with a small account, and the command line of the people in it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2

from tests.support.callers import Caller, Crowd, gather_crowd
from tests.support.running import Server, free_port, init, serving, settings

COUNTERSIGN = [str(Path(sys.executable).with_name("countersign"))]
#: An offline keypair for each test that needs one of its own, and an online one.
OFFLINE = ("vault", "second", "third")
ONLINE = ("open",)


@dataclass(frozen=True, slots=True)
class Site:
    """A server, the crowd that uses it, and a folder for what they write."""

    server: Server
    crowd: Crowd
    folder: Path
    #: The environment of the server.
    configuration: dict[str, str]
    port: int
    admin_token: str

    def environment(self, who: str | None = "dev", **more: str) -> dict[str, str]:
        """The environment of a person's command line; with None nobody is signed in."""
        own = {
            "COUNTERSIGN_URL": self.server.url,
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }
        if who is not None:
            own["COUNTERSIGN_TOKEN"] = self.crowd.tokens[who]
        kept = {k: v for k, v in self.configuration.items() if not k.startswith("COUNTERSIGN_")}
        return kept | own | more

    def run(
        self, *words: str | Path, who: str | None = "dev", status: int = 0, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command, which has to end with a status."""
        done = subprocess.run(
            [*COUNTERSIGN, *map(str, words)],
            env=self.environment(who, **more),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
        return done

    def start(
        self, *words: str | Path, who: str | None = "dev", **more: str
    ) -> subprocess.Popen[str]:
        """Begin a command, for the test to follow."""
        return subprocess.Popen(
            [*COUNTERSIGN, *map(str, words)],
            env=self.environment(who, **more),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def json(self, *words: str | Path, who: str = "dev") -> Any:
        """What a command answers with `--json all`."""
        return json.loads(self.run(*words, "--json", "all", who=who).stdout)

    def change(
        self, mutation: str, values: dict[str, Any], selected: str, who: str | None = None
    ) -> Any:
        """A mutation of a person, of the administrator if nobody is named."""
        token = self.admin_token if who is None else self.crowd.tokens[who]
        kind = f"{mutation[0].upper()}{mutation[1:]}Input"
        query = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {selected}"
        answer = httpx2.post(
            f"{self.server.url}/graphql",
            json={"query": f"{query} errors {{ message }} }} }}", "variables": {"input": values}},
            headers={"Authorization": f"Bearer {token}"},
        ).json()
        payload = answer["data"][mutation]
        assert payload["errors"] == []
        return payload

    def add_keypair(self, alias: str, category: str, algorithm: str) -> None:
        """A keypair of the type TEST, which the team may use."""
        values = {"alias": alias, "type": "TEST", "category": category, "algorithm": algorithm}
        keypair = self.change("createKeypair", values, "keypair { id }")["keypair"]["id"]
        keypairs = [*self.crowd.keypairs, *self.crowd.online, keypair]
        self.change("updateTeam", {"id": self.crowd.team, "keypairIds": keypairs}, "team { id }")

    def approve(self, name: str) -> None:
        """Both approvers approve a release."""
        for who in ("ann", "bob"):
            self.run("approve", name, "--yes", who=who)

    def open(self, name: str, key: str, maximum: int) -> None:
        """An approved release that is open for an hour."""
        words = ("release", "request", name, "--key", key, "--team", "blue", "--for", "1h")
        self.run(*words, "--max", str(maximum))
        self.approve(name)


@contextmanager
def open_site(url: str, folder: Path, **more: str) -> Iterator[Site]:
    """Serve until the block ends."""
    port = free_port()
    configuration = settings(url, COUNTERSIGN_PUBLIC_URL=f"http://127.0.0.1:{port}", **more)
    admin_token = init(configuration, folder)["token"]
    with serving(configuration, folder, port=port) as server:
        crowd = _gather(server, admin_token, configuration, folder)
        yield Site(server, crowd, folder, configuration, port, admin_token)


@contextmanager
def serve_copy(site: Site, folder: Path) -> Iterator[Site]:
    """Serve a copy of a site whose server has ended, until the block ends."""
    shutil.copytree(site.folder, folder, dirs_exist_ok=True)
    port = free_port()
    configuration = {
        name: value.replace(str(site.folder), str(folder)).replace(f":{site.port}", f":{port}")
        for name, value in site.configuration.items()
    }
    with serving(configuration, folder, port=port) as server:
        yield replace(site, server=server, folder=folder, configuration=configuration, port=port)


def _gather(server: Server, admin_token: str, configuration: dict[str, str], folder: Path) -> Crowd:
    import anyio

    async def gather() -> Crowd:
        async with httpx2.AsyncClient(base_url=server.url, timeout=60) as client:
            admin = Caller(client, admin_token)
            return await gather_crowd(admin, configuration, folder, *OFFLINE, online=ONLINE)

    return anyio.run(gather)


def write_files(folder: Path, count: int) -> list[Path]:
    """Files with different contents."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"file-{index:04}.bin" for index in range(count)]
    for index, file in enumerate(files):
        file.write_bytes(f"content {index}".encode() * 100)
    return files
