"""Follows the documents as a reader does: one installation, in which each example is really run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from tests.docs.documents import Block
from tests.support.running import Server, free_port, run, serving

PLACEHOLDER = re.compile(r"<([a-zA-Z][a-zA-Z-]*)>")
URL = "http://127.0.0.1:8000"
ADMIN, DEVELOPER, LEAD = (f"{name}@example.com" for name in ("admin", "dev", "lea"))
#: Who sends an operation, by a field that it asks for; everything else is the administrator's.
SENDERS = {
    "createRelease": DEVELOPER,
    "sign": DEVELOPER,
    "signBatch": DEVELOPER,
    "approveRelease": LEAD,
    "sessions": DEVELOPER,
}
SCOPES = {
    LEAD: ("VIEW_RELEASES", "APPROVE_RELEASE"),
    DEVELOPER: ("REQUEST_RELEASE", "VIEW_RELEASES", "SIGN"),
}


@dataclass
class Walk:
    """The reader: a folder, what earlier answers gave, and the server once it is needed."""

    folder: Path
    stack: ExitStack
    kept: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    server: Server | None = None
    mail_page_port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        self.kept["now"] = now.isoformat()
        self.kept["in-four-hours"] = (now + timedelta(hours=4)).isoformat()

    def follow(self, block: Block) -> None:
        """Do what a block says."""
        actions = {"graphql": self._send, "sh": self._shell, "python": self._python}
        actions[block.language](block)

    @property
    def url(self) -> str:
        """Of the server, which starts when it is first asked for."""
        if self.server is None:
            self.server = self.stack.enter_context(serving(self._environment(), self.folder))
        return self.server.url

    def _environment(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("COUNTERSIGN_")}
        here = {
            "COUNTERSIGN_MAIL_PAGE_ADDRESS": f"127.0.0.1:{self.mail_page_port}",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{clean['PATH']}",
            "PYTHONPATH": str(Path.cwd()),
        }
        return clean | here | self._variables()

    def _variables(self) -> dict[str, str]:
        """What a reader has put into variables; GnuPG gets a folder of its own."""
        if "first-token" not in self.kept:
            return {}
        keyring = self.folder / "gnupg"
        keyring.mkdir(mode=0o700, exist_ok=True)
        return {
            "GNUPGHOME": str(keyring),
            "KEYPAIR": self.kept.get("keypair", ""),
            "TOKEN": self.tokens.get(DEVELOPER, self.kept["first-token"]),
        }

    def _filled(self, block: Block) -> str:
        """Its code with what earlier answers gave; other words in angle brackets stay."""
        return PLACEHOLDER.sub(lambda found: self.kept.get(found[1], found[0]), block.code)

    def _send(self, block: Block) -> None:
        query = self._filled(block)
        sender = next((SENDERS[name] for name in SENDERS if f"{name}(" in query), ADMIN)
        headers = {"Authorization": f"Bearer {self._token(sender)}"}
        answer = httpx2.post(f"{self.url}/graphql", json={"query": query}, headers=headers).json()
        assert "errors" not in answer, (block.place, answer["errors"])
        errors = [e for part in answer["data"].values() for e in _errors(part)]
        expected = [block.refused] if block.refused else []
        assert [e.get("code") or e["message"] for e in errors] == expected, block.place
        for name, part in answer["data"].items():
            self._keep(name, part)

    def _token(self, email: str) -> str:
        if email == ADMIN:
            return self.kept["first-token"]
        if email not in self.tokens:
            scopes = [word for scope in SCOPES[email] for word in ("--scope", scope)]
            words = ("token", "create", "--user", email, "--name", "trial", "--json", *scopes)
            installation = json.loads(run(self._environment(), self.folder, *words).stdout)
            self.tokens[email] = installation["token"]
        return self.tokens[email]

    def _keep(self, field_name: str, part: Any) -> None:
        """Ids by the kind of thing, of people by what the example calls them."""
        if not isinstance(part, dict):
            return
        for kind, thing in part.items():
            if not isinstance(thing, dict):
                continue
            if "id" in thing:
                self.kept[field_name if kind == "user" else kind] = thing["id"]
            if "value" in thing:
                self.kept["value"] = thing["value"]
            if "publicKeyPem" in thing:
                self._save_public_key(thing)

    def _save_public_key(self, keypair: dict[str, str]) -> None:
        """As the reader is told to: under the keypair's alias, by which later examples name it."""
        is_openpgp = "PGP" in keypair["publicKeyPem"]
        name = f"{keypair['alias']}.{'asc' if is_openpgp else 'pem'}"
        (self.folder / name).write_text(keypair["publicKeyPem"])
        self.kept[f"{keypair['alias']}-keypair"] = keypair["id"]

    def _shell(self, block: Block) -> None:
        code = self._filled(block)
        if URL in code and "countersign init" not in code:
            code = code.replace(URL, self.url)
        done = self._run(["bash", "-euo", "pipefail", "-c", code], block)
        if block.kept:
            self.kept[block.kept] = done.strip()
        if token := re.search(r"csn_\S+", done):
            self.kept.setdefault("first-token", token[0])

    def _python(self, block: Block) -> None:
        """A file with a title is saved, for later blocks to use; another one is run."""
        script = self.folder / (block.title or "example.py")
        script.write_text(block.code.replace(URL, self.url), encoding="utf-8")
        if block.title is None:
            self._run([sys.executable, str(script)], block)

    def _run(self, command: list[str], block: Block) -> str:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, (block.place, done.stdout, done.stderr)
        return done.stdout


def _errors(part: Any) -> list[dict[str, Any]]:
    found = part.get("errors") if isinstance(part, dict) else None
    return found or []
