"""`countersign agent exec` and `serve`: what commands get, and how they end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.model.algorithms import KeypairAlgorithm
from tests.support.agent_tools import AGENT, AgentTools, agent_tools, needs
from tests.support.world import World

pytestmark = [
    pytest.mark.long,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
SHOW = "import json, os, sys; print(json.dumps([dict(os.environ), sys.argv]))"


@pytest.fixture
def tools(world: World, tmp_path: Path) -> Iterator[AgentTools]:
    with agent_tools(world, tmp_path, {"release": KeypairAlgorithm.ECDSA_P256}) as tools:
        yield tools


def test_command_gets_sockets_and_no_token(tools: AgentTools) -> None:
    shown = tools.run(sys.executable, "-c", SHOW, "--key", "-x")
    environment, arguments = json.loads(shown.stdout)
    assert arguments == ["-c", "--key", "-x"]
    address = environment["P11_KIT_SERVER_ADDRESS"]
    assert address.startswith("unix:path=/")
    assert not Path(address.removeprefix("unix:path=")).parent.exists()
    assert "COUNTERSIGN_TOKEN" not in environment


@pytest.mark.parametrize(
    ("command", "status"),
    [(("sh", "-c", "exit 3"), 3), (("sh", "-c", "kill -9 $$"), 137), (("no-such-program",), 127)],
)
def test_agent_ends_with_the_status_of_the_command(
    tools: AgentTools, command: tuple[str, ...], status: int
) -> None:
    assert tools.run(*command).returncode == status


@needs("pkcs11-tool")
def test_only_keys_that_were_named_are_offered(tools: AgentTools) -> None:
    show = ("sh", "-c", 'pkcs11-tool --module "$COUNTERSIGN_PKCS11_MODULE" --list-objects')
    assert "label:      release" in tools.run(*show).stdout
    assert "release" not in tools.run(*show, options=["--key", "spare"]).stdout


@needs("pkcs11-tool")
def test_session_prints_what_a_shell_needs(tools: AgentTools) -> None:
    runtime_folder = tools.folder / "run"
    runtime_folder.mkdir(mode=0o700)
    environment = tools.environment | {"XDG_RUNTIME_DIR": str(runtime_folder)}
    command = [*AGENT, "serve"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as agent:
        assert agent.stdout
        exports = [agent.stdout.readline() for _ in range(5)]
        script = "".join(exports) + 'pkcs11-tool --module "$COUNTERSIGN_PKCS11_MODULE" -O'
        shown = tools.plain("sh", "-c", script)
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(timeout=20) == 0
    assert "label:      release" in shown.stdout
    assert list((runtime_folder / "countersign").glob("pkcs11")) == []
