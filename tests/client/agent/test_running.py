"""`countersign agent exec` and `serve`: what commands get, and how they end."""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

import pytest

from engine.commands.keys.certificates import AddCertificate
from engine.model.algorithms import KeypairAlgorithm
from tests.support.agent_tools import AGENT, AgentTools, agent_tools, needs, token_key_id
from tests.support.p11_client import INITIALIZE, TokenConnection, TokenError, u32
from tests.support.running import free_port
from tests.support.waiting import WAIT_LIMIT_SECONDS
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
    secrets = dict.fromkeys(
        [
            "COUNTERSIGN_TOKEN_FILE",
            "COUNTERSIGN_ID_TOKEN",
            "COUNTERSIGN_ID_TOKEN_FILE",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
            "ACTIONS_ID_TOKEN_REQUEST_URL",
        ],
        "secret",
    )
    shown = tools.run(sys.executable, "-c", SHOW, "--key", "-x", **secrets)
    environment, arguments = json.loads(shown.stdout)
    assert arguments == ["-c", "--key", "-x"]
    address = environment["P11_KIT_SERVER_ADDRESS"]
    assert address.startswith("unix:path=/")
    assert not Path(address.removeprefix("unix:path=")).parent.exists()
    assert not environment.keys() & {"COUNTERSIGN_TOKEN", *secrets}
    assert "secret" not in environment.values()


@pytest.mark.parametrize(
    ("command", "status"),
    [(("sh", "-c", "exit 3"), 3), (("sh", "-c", "kill -9 $$"), 137), (("no-such-program",), 127)],
)
def test_agent_ends_with_the_status_of_the_command(
    tools: AgentTools, command: tuple[str, ...], status: int
) -> None:
    assert tools.run(*command).returncode == status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_command_is_ended_with_the_agent(tools: AgentTools, number: signal.Signals) -> None:
    script = "echo $P11_KIT_SERVER_ADDRESS; exec sleep 60"
    with subprocess.Popen(
        [*AGENT, "exec", "--", "sh", "-c", script],
        env=tools.environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as agent:
        assert agent.stdout
        address = agent.stdout.readline().strip()
        agent.send_signal(number)
        assert agent.wait(timeout=20) == 128 + number
    assert not Path(address.removeprefix("unix:path=")).parent.exists()


@needs("pkcs11-tool")
def test_only_keys_that_were_named_are_offered(tools: AgentTools) -> None:
    show = ("sh", "-c", 'pkcs11-tool --module "$COUNTERSIGN_PKCS11_MODULE" --list-objects')
    assert "label:      release" in tools.run(*show).stdout
    assert "release" not in tools.run(*show, options=["--key", "spare"]).stdout


def test_key_that_is_not_there_is_said_before_the_command_runs(tools: AgentTools) -> None:
    refused = tools.run("echo", "ran", options=["--key", "release", "--key", "relaese"])
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.startswith("countersign: NOT_FOUND: There is no enabled keypair 'relaes")


def test_keypair_without_certificate_is_said_once_at_the_start(tools: AgentTools) -> None:
    options = ["--key", "release"]
    warned = tools.run("true", options=options)
    assert warned.returncode == 0
    (line,) = warned.stderr.splitlines()
    assert line.startswith("countersign: NO_CERTIFICATE: No certificate is known of release. ")
    certificate = str(tools.certify("release"))
    assert tools.run("true", options=[*options, "--certificate", certificate]).stderr == ""


def test_server_that_is_not_there_is_said_before_the_command_runs(tools: AgentTools) -> None:
    refused = tools.run("echo", "ran", COUNTERSIGN_URL=f"http://127.0.0.1:{free_port()}")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert "Trying again for up to 10 s." in refused.stderr
    assert refused.stderr.splitlines()[-1].startswith("countersign: UNREACHABLE: ")


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


@contextmanager
def session_of(tools: AgentTools) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """An agent for a session, and what sets a shell's SSH_AUTH_SOCK."""
    environment = tools.environment | {"XDG_RUNTIME_DIR": str(tools.folder)}
    command = [*AGENT, "serve"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as agent:
        try:
            assert agent.stdout
            exports = iter(agent.stdout.readline, "")
            yield agent, next(line for line in exports if "SSH_AUTH_SOCK" in line)
        finally:
            agent.kill()


@pytest.mark.skipif(which("ssh-add") is None, reason="missing: ssh-add")
def test_second_session_leaves_the_first_alone(tools: AgentTools) -> None:
    with session_of(tools) as (first, exports):
        second = tools.agent("serve", XDG_RUNTIME_DIR=str(tools.folder))
        assert second.returncode == 1
        assert f"ALREADY_SERVED: Another agent, process {first.pid}, has" in second.stderr
        assert "release" in tools.plain("sh", "-c", f"{exports} ssh-add -l").stdout
    with session_of(tools) as (_, exports):  # in the place of what the killed one has left behind
        assert "release" in tools.plain("sh", "-c", f"{exports} ssh-add -l").stdout


#: As p11-kit runs it for a module with `remote:`, and as ssh does on another machine.
ON_A_SOCKET = [*AGENT, "stdio"]
ON_PIPES = ["sh", "-c", f"cat | {shlex.join(ON_A_SOCKET)} | cat"]


@pytest.mark.parametrize("command", [ON_A_SOCKET, ON_PIPES], ids=["socket", "pipes"])
def test_agent_answers_on_standard_input_and_output(tools: AgentTools, command: list[str]) -> None:
    tools.open_release("release", 1)
    ours, theirs = socket.socketpair()
    with subprocess.Popen(
        command,
        env=tools.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
    ) as agent:
        theirs.close()
        signature, failure = asyncio.run(asyncio.wait_for(sign_twice(ours), WAIT_LIMIT_SECONDS))
        assert agent.stderr
        assert "countersign: QUOTA_EXHAUSTED: " in agent.stderr.read()
        assert agent.wait(timeout=20) == 0
    assert len(signature) == 64
    assert failure.value == 0x200  # CKR_FUNCTION_REJECTED


async def sign_twice(connection: socket.socket) -> tuple[bytes, TokenError]:
    """A signature and a refusal."""
    reader, writer = await asyncio.open_connection(sock=connection)
    writer.write(b"\0")
    assert await reader.readexactly(1) == b"\0"
    client = TokenConnection(reader, writer, [])
    await client.receive(client.send(INITIALIZE))
    session = await client.open_session()
    key = await client.find_private_key(session, "release")
    ecdsa = u32(0x1041)
    await client.sign_init(session, key, ecdsa)
    signature = await client.sign(session, bytes(32))
    await client.sign_init(session, key, ecdsa)
    with pytest.raises(TokenError) as failure:
        await client.sign(session, bytes(32))
    writer.close()
    return signature, failure.value


@needs("pkcs11-tool")
def test_tool_waits_until_the_release_opens(tools: AgentTools) -> None:
    release_id = tools.world.approved(
        keypair_ids=frozenset({tools.world.things["release"]}), max_signatures=1
    )
    (tools.folder / "digest").write_bytes(bytes(32))
    key_id = token_key_id(tools.public_keys["release"]["pem"])
    script = (
        'pkcs11-tool --module "$COUNTERSIGN_PKCS11_MODULE" --sign --mechanism ECDSA'
        f" --id {key_id} --input-file digest --output-file signature"
    )
    command = [*AGENT, "exec", "--wait", "1m", "--", "sh", "-c", script]
    with subprocess.Popen(
        command, env=tools.environment, cwd=tools.folder, stderr=subprocess.PIPE, text=True
    ) as agent:
        assert agent.stderr
        lines = iter(agent.stderr.readline, "")
        assert any(line.startswith("countersign: WAITING: ") for line in lines)
        assert tools.world.release(release_id).signatures_used == 0
        tools.world.clock.pass_(hours=1)
        assert agent.wait(timeout=30) == 0
    assert tools.world.release(release_id).signatures_used == 1


@needs("pkcs11-tool", "openssl")
def test_default_certificate_of_the_server_is_in_the_token(tools: AgentTools) -> None:
    chain = tools.certify("release").read_text()
    keypair_id = tools.world.things["release"]
    tools.world.do("admin", AddCertificate(keypair_id=keypair_id, chain=chain, make_default=True))
    script = (
        'pkcs11-tool --module "$COUNTERSIGN_PKCS11_MODULE" --read-object --type cert'
        f" --id {token_key_id(tools.public_keys['release']['pem'])}"
        " | openssl x509 -inform DER -noout -subject"
    )
    assert "Acme release" in tools.run("sh", "-c", script).stdout
