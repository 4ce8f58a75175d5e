"""Tools as distributions ship them sign through the agent, unchanged, until the quota is used.

One table has a row for each tool: how it is called, how its own verifier is, and how many
signatures of the release it uses. Each is run against a server with an approved offline release of
just that many signatures, verified, and run once more: then it is refused, and the sentence is on
the terminal.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.agent_tools import AgentTools, agent_tools, needs, token_key_id
from tests.support.signing_tools import TOOLS, Tool
from tests.support.world import World


def cases() -> list[object]:
    return [
        pytest.param(tool, id=name, marks=needs(*tool.programs, modules=tool.modules))
        for name, tool in TOOLS.items()
    ]


@pytest.mark.long
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("tool", cases())
def test_tool_signs_until_the_quota_is_used(tool: Tool, world: World, tmp_path: Path) -> None:
    with agent_tools(world, tmp_path, {"release": tool.algorithm}, tool.category) as tools:
        write_files(tool, tools)
        certificate = ["--certificate", str(tools.certify("release"))] * tool.has_certificate
        prepared = tools.plain("sh", "-ec", tool.prepare)
        assert prepared.returncode == 0, prepared.stderr
        release_id = tools.open_release("release", tool.signature_count)

        signed = tools.run("sh", "-ec", tool.sign, options=certificate)
        assert signed.returncode == 0, signed.stdout + signed.stderr
        verified = tools.plain("sh", "-ec", tool.verify)
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert world.release(release_id).signatures_used == tool.signature_count

        refused = tools.run("sh", "-ec", tool.sign, options=certificate)
        assert refused.returncode != 0, refused.stdout
        assert "countersign: QUOTA_EXHAUSTED: " in refused.stderr
        assert world.release(release_id).signatures_used == tool.signature_count


def write_files(tool: Tool, tools: AgentTools) -> None:
    """What every row may use: content, the public key, and the keypair's id in the token."""
    (tools.folder / "content").write_bytes(b"what a tool signs\n" * 100)
    for form, text in tools.public_keys["release"].items():
        if text is not None:
            (tools.folder / f"public.{form}").write_text(text)
    (tools.folder / "id").write_text(token_key_id(tools.public_keys["release"]["pem"]))
    for name, content in tool.files.items():
        (tools.folder / name).write_bytes(content())
