"""A private Postfix: STARTTLS and AUTH on a port of its own, delivering to local mailboxes.

Who may sign in is asked of a few lines here, by the protocol that Postfix speaks with Dovecot.
"""

import asyncio
import base64
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from tests.support.certificates import certify

MASTER = """\
{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.com
mydestination =
mynetworks =
alias_maps =
local_transport = error:no local mail
virtual_mailbox_domains = example.com
virtual_mailbox_maps = texthash:{folder}/config/mailboxes
virtual_mailbox_base = {folder}/mail
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = {folder}/server.pem
smtpd_tls_key_file = {folder}/server.pem
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/auth
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
default_process_limit = 40
"""


def why_not() -> str | None:
    """Why it cannot run here; None where it can."""
    if shutil.which("postfix") is None:
        return "postfix is not installed"
    return None if os.geteuid() == 0 else "postfix is started by root alone"


@dataclass
class Postfix:
    """It runs, and what it delivered can be read."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"smtp://us%40er:p%3Ass@127.0.0.1:{self.port}?tls=starttls"

    @property
    def certificate(self) -> Path:
        return self.folder / "server.pem"

    def mails(self, name: str) -> list[EmailMessage]:
        """What is in this person's mailbox."""
        found = []
        for path in sorted((self.folder / "mail" / name / "new").glob("*")):
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            assert isinstance(mail, EmailMessage)
            found.append(mail)
        return found

    def count(self) -> int:
        """Mails in all mailboxes together."""
        return sum(1 for _ in (self.folder / "mail").glob("*/new/*"))

    async def delivered(self, number: int, seconds: float) -> bool:
        """Wait until so many are."""
        for _ in range(int(seconds / 0.2)):
            if self.count() >= number:
                return True
            await asyncio.sleep(0.2)
        return False


@asynccontextmanager
async def running_postfix(users: list[str]) -> AsyncIterator[Postfix]:
    """With mailboxes for these, for as long as the block lasts; all it has goes with it."""
    with tempfile.TemporaryDirectory(prefix="countersign-mx-") as name:
        folder = Path(name)
        postfix = Postfix(folder, _free_port())
        _lay_out(postfix, users)
        auth = await asyncio.start_unix_server(_authenticate, folder / "auth")
        (folder / "auth").chmod(0o666)
        _control(folder, "start")
        try:
            yield postfix
        finally:
            _control(folder, "stop")
            auth.close()


def _lay_out(postfix: Postfix, users: list[str]) -> None:
    folder, owner = postfix.folder, pwd.getpwnam("postfix")
    folder.chmod(0o755)
    for part in ("config", "queue", "data", "mail"):
        (folder / part).mkdir()
    os.chown(folder / "data", owner.pw_uid, owner.pw_gid)
    nobody = pwd.getpwnam("nobody")
    os.chown(folder / "mail", nobody.pw_uid, nobody.pw_gid)
    certify(postfix.certificate)
    values = {"folder": folder, "uid": nobody.pw_uid, "gid": nobody.pw_gid}
    (folder / "config/main.cf").write_text(MAIN.format(**values))
    (folder / "config/master.cf").write_text(MASTER.format(port=f"127.0.0.1:{postfix.port}"))
    mailboxes = "".join(f"{user}@example.com {user}/\n" for user in users)
    (folder / "config/mailboxes").write_text(mailboxes)


def _control(folder: Path, what: str) -> None:
    command = ["postfix", "-c", str(folder / "config"), what]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    log = folder / "log"
    log_text = log.read_text() if log.exists() else ""
    assert done.returncode == 0, done.stderr + done.stdout + log_text


async def _authenticate(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Dovecot's authentication protocol, as much of it as Postfix needs."""
    writer.write(b"VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t0\nDONE\n")
    while line := await reader.readline():
        parts = line.decode().rstrip("\n").split("\t")
        if parts[0] == "AUTH":
            given = next(part for part in parts if part.startswith("resp="))
            right = base64.b64decode(given.removeprefix("resp=")) == b"\0us@er\0p:ss"
            answer = f"OK\t{parts[1]}\tuser=us@er\n" if right else f"FAIL\t{parts[1]}\n"
            writer.write(answer.encode())
            await writer.drain()
    writer.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
