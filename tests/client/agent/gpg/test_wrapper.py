"""countersign-gpg signs through the agent, and lets gpg itself do everything else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from countersign.agent.gpg.wrapper import signs
from engine.model.algorithms import KeypairAlgorithm
from engine.model.vocabulary import KeypairCategory
from tests.support.agent_tools import SCRIPTS, agent_tools
from tests.support.world import World


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ("--status-fd=2 -bsau release", True),  # git
        ("--no-verbose --no-armor -u release -sbo out -- file", True),  # rpm
        ("--local-user release --clearsign --armor", True),  # debsign
        ("--detach-sign file", True),
        ("--keyid-format=long --status-fd=1 --verify file -", False),
        ("-u sb --verify file", False),
        ("-usb --verify file", False),
        ("--export release", False),
        ("-- -s", False),
    ],
)
def test_arguments_that_sign(arguments: str, answer: bool) -> None:
    assert signs(arguments.split()) is answer


@pytest.mark.long
@pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_git_signs_and_verifies_with_its_setting(world: World, tmp_path: Path) -> None:
    algorithms = {"release": KeypairAlgorithm.ED25519}
    with agent_tools(world, tmp_path, algorithms, KeypairCategory.GPG) as tools:
        tools.open_release("release", 1)
        (tmp_path / "public.asc").write_text(tools.public_keys["release"]["openpgp"])
        prepared = tools.plain(
            "sh",
            "-ec",
            "mkdir -m 700 .gnupg; gpg --batch --quiet --import public.asc;"
            " git init -q .; git config user.name Dev; git config user.email dev@example.com;"
            f" git config gpg.program {SCRIPTS}/countersign-gpg;"
            " git config user.signingkey release",
        )
        assert prepared.returncode == 0, prepared.stderr
        signed = tools.plain("git", "commit", "--allow-empty", "-S", "-m", "signed")
        assert signed.returncode == 0, signed.stderr
        verified = tools.plain("git", "verify-commit", "HEAD")
        assert verified.returncode == 0, verified.stderr
        refused = tools.plain(f"{SCRIPTS}/countersign-gpg", "-bsau", "release")
        assert refused.returncode != 0
        assert "countersign: QUOTA_EXHAUSTED: " in refused.stderr
