"""A home folder for gpg, with the certificates of the keypairs and nothing secret."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from countersign.agent.signing_keys import AgentKey
from countersign.signing.openpgp.packets import unarmored

#: No other agent is started, and the certificates, which are the server's, are trusted.
CONFIGURATION = "no-autostart\ntrust-model always\n"


def write_gnupg_home(home: Path, keys: Sequence[AgentKey]) -> None:
    """Make a home folder, whose keyring has the certificate of each OpenPGP keypair."""
    home.mkdir(mode=0o700, exist_ok=True)
    (home / "gpg.conf").write_text(CONFIGURATION)
    certificates = [key.openpgp_certificate for key in keys if key.openpgp_certificate]
    (home / "pubring.gpg").write_bytes(b"".join(map(unarmored, certificates)))
