"""A running server and the agent in a process of its own, for tools as people have them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from engine.commands.releases.close_release import CloseRelease
from engine.model.algorithms import KeypairAlgorithm
from engine.model.vocabulary import KeypairCategory
from tests.support.api import make_api, serving
from tests.support.code_signing_authority import CodeSigningAuthority
from tests.support.world import World

#: Where the programs of the client are installed.
SCRIPTS = Path(sys.executable).parent
AGENT = [sys.executable, "-m", "countersign", "agent"]
TOOL_SECONDS = 50
CLIENT_FOLDER = Path(__file__).parents[2] / "client"
#: With COUNTERSIGN_REQUIRE_ALL set, a tool that is missing fails its test.
NEEDED_MODULE = next(Path("/usr/lib").glob("*/pkcs11/p11-kit-client.so"), None)


def needs(*programs: str, modules: Sequence[str] = ()) -> pytest.MarkDecorator:
    """Skip a test where a program, a Python module or p11-kit's client module is missing."""
    missing = [program for program in programs if shutil.which(program) is None]
    missing += [module for module in modules if find_spec(module) is None]
    if NEEDED_MODULE is None:
        missing.append("p11-kit-client.so")
    return pytest.mark.skipif(bool(missing), reason=f"missing: {', '.join(missing)}")


@dataclass
class AgentTools:
    """Runs tools under the agent, as the developer dev of the world.

    Attributes:
        world: The account.
        folder: Where the tools run.
        environment: The environment of the agent.
        public_keys: The public keys of the keypairs, in the forms that the server has.
        category: What the keypairs are for.
    """

    world: World
    folder: Path
    environment: dict[str, str]
    public_keys: dict[str, dict[str, str]]
    category: KeypairCategory

    def open_release(self, alias: str, max_signatures: int) -> UUID:
        """An approved offline release whose window is open now."""
        release_id = self.world.approved(
            name=f"{alias} {self.world.clock.instant:%H:%M}",
            category=self.category,
            keypair_ids=frozenset({self.world.things[alias]}),
            max_signatures=max_signatures,
        )
        self.world.clock.pass_(hours=1)
        return release_id

    def close_release(self, release_id: UUID) -> None:
        self.world.do("dev", CloseRelease(release_id=release_id))

    def run(
        self, *command: str, options: Sequence[str] = (), **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """A tool under the agent; whatever it answers."""
        return self.agent("exec", *options, "--", *command, **environment)

    def agent(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """The agent itself."""
        return self.plain(*AGENT, *words, **self.environment | environment)

    def plain(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A program without the agent."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment or self.environment,
            capture_output=True,
            text=True,
            timeout=TOOL_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def certify(self, alias: str) -> Path:
        """A file with a certificate of the keypair and that of the authority which issued it."""
        authority = CodeSigningAuthority.in_folder(self.folder)
        return authority.certify(alias, self.public_keys[alias]["pem"])


@contextmanager
def agent_tools(
    world: World,
    folder: Path,
    algorithms: dict[str, KeypairAlgorithm],
    category: KeypairCategory = KeypairCategory.STANDARD,
) -> Iterator[AgentTools]:
    """Keypairs of the team, a server, and the developer's token in the agent's environment."""
    world.clock.instant = datetime.now(UTC)  # tools look at the machine's clock
    for alias, algorithm in algorithms.items():
        world.add_keypair(alias, algorithm=algorithm, category=category)
    world.set_team("blue", keypairs=["vault", "spare", *algorithms])
    api, _runtime = make_api(world)
    with serving(api.client.app) as url:
        keep = {name: value for name, value in os.environ.items() if "COUNTERSIGN" not in name}
        environment = keep | {
            "COUNTERSIGN_URL": url,
            "COUNTERSIGN_TOKEN": api.token("dev"),
            "PYTHONPATH": str(CLIENT_FOLDER),
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
        }
        forms = "alias publicKey { pem ssh openpgp }"
        query = f"{{ keypairs(first: 20) {{ edges {{ node {{ {forms} }} }} }} }}"
        rows = [edge["node"] for edge in api.ask("dev", query)["keypairs"]["edges"]]
        yield AgentTools(
            world, folder, environment, {row["alias"]: row["publicKey"] for row in rows}, category
        )


def token_key_id(public_key_pem: str) -> str:
    """What the token calls a keypair: 01 and the SHA-1 of its public key."""
    public_key = load_pem_public_key(public_key_pem.encode())
    der = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "01" + hashlib.sha1(der, usedforsecurity=False).hexdigest()
