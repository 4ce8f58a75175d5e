"""The example of an application that embeds Countersign, from its README to a signature."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from api.web.mailbox.mail_folder_app import MailFolder
from tests.docs.documents import ROOT, blocks_of
from tests.support import running
from tests.support.approval_pages import csrf_in
from tests.support.chromium import Chromium, chromium
from tests.support.waiting import until

EXAMPLE = ROOT / "examples/embedded"
PASSWORD = "a password of the example"
VIEWER = "{ viewer { user { id email name } permissions } }"

pytestmark = pytest.mark.timeout(180)


@dataclass
class Forge:
    """The running example."""

    url: str
    folder: Path
    stack: ExitStack

    def client(self) -> httpx2.Client:
        """A browser with no cookie."""
        client = httpx2.Client(base_url=self.url, headers={"Origin": self.url})
        return self.stack.enter_context(client)

    def sign_in(self, name: str, password: str = PASSWORD) -> httpx2.Client:
        """Somebody signs in at the host's own page."""
        client = self.client()
        form = {"email": f"{name}@example.com", "password": password}
        response = client.post("/sign-in", data=form)
        assert response.status_code == 303, response.text
        return client

    def mail(self, name: str, pattern: str) -> str:
        """What a mail to somebody has that matches, as soon as there is one."""
        folder = MailFolder(self.folder / "mails")

        def matches() -> list[str]:
            mails = folder.newest_first(to=f"{name}@example.com")
            return [match for mail in mails for match in re.findall(pattern, mail.text or "")]

        until(matches, 20)
        return matches()[0]


def ask(client: httpx2.Client, query: str, **variables: Any) -> dict[str, Any]:
    """GraphQL as a page of the host asks it; errors fail the test."""
    body = {"query": query, "variables": variables}
    answer: dict[str, Any] = client.post("/signing/graphql", json=body).json()
    assert "errors" not in answer, answer
    data: dict[str, Any] = answer["data"]
    return data


def change(client: httpx2.Client, name: str, input_: dict[str, Any], what: str) -> Any:
    """A mutation and what it answers; a refusal fails the test."""
    kind = f"{name[0].upper()}{name[1:]}Input"
    query = (
        f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {what} errors {{ message }} }} }}"
    )
    payload = ask(client, query, input=input_)[name]
    assert payload["errors"] == [], payload
    return payload


@contextmanager
def started(folder: Path) -> Iterator[Forge]:
    """What the README says, at another port."""
    shutil.copytree(EXAMPLE, folder)
    url = f"http://127.0.0.1:{running.free_port()}"
    init, start = (block.code for block in blocks_of(EXAMPLE / "README.md"))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COUNTERSIGN_")}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    readme = init.replace("http://127.0.0.1:8000", url)
    assert readme != init
    done = subprocess.run(
        ["bash", "-euc", readme],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ids = dict(line.split() for line in done.stdout.splitlines() if len(line.split()) == 2)
    for name, value in {"account": ids["account"], "user": ids["user"]}.items():
        start = start.replace(f"<{name}>", value)
    start = start.replace("<password>", f"'{PASSWORD}'").replace("8000", url.rpartition(":")[2])
    # Its own process, which a signal reaches.
    command = ["bash", "-euc", start.replace("\nuvicorn", "\nexec uvicorn")]
    with subprocess.Popen(command, cwd=folder, env=environment) as process:
        try:
            until(lambda: process.poll() is not None or answers(url), 40)
            assert process.poll() is None, "the example ended"
            with ExitStack() as stack:
                yield Forge(url, folder, stack)
        finally:
            process.terminate()
            assert process.wait(timeout=30) in {0, -15}


def answers(url: str) -> bool:
    try:
        return bool(httpx2.get(f"{url}/signing/readyz").json() == {"status": "ready"})
    except httpx2.HTTPError:
        return False


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    with started(tmp_path_factory.mktemp("example") / "embedded") as forge:
        yield forge


def test_from_the_hosts_sign_in_to_a_signature(forge: Forge) -> None:
    admin, lea, dev = (forge.sign_in(name) for name in ("admin", "lea", "dev"))
    change(admin, "updateAccount", {"teamsEnabled": False}, "account { id }")
    created = change(
        admin, "createKeypair", {"alias": "tool", "type": "OFFLINE"}, "keypair { id publicKeyPem }"
    )
    # Whoever is new becomes a user, as what the host says.
    lead = ask(lea, VIEWER)["viewer"]["user"]
    assert (lead["email"], lead["name"]) == ("lea@example.com", "Lea Lead")
    viewer = ask(dev, VIEWER)["viewer"]
    permissions = viewer["permissions"]
    assert {"REQUEST_RELEASE", "SIGN"} <= set(permissions)
    assert "APPROVE_RELEASE" not in permissions

    now = datetime.now(UTC)
    release = change(
        dev,
        "createRelease",
        {
            "name": "Tool 1.0",
            "type": "OFFLINE",
            "keypairIds": [created["keypair"]["id"]],
            "participantIds": [viewer["user"]["id"]],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(hours=4)).isoformat(),
            "maxSignatures": 1,
        },
        "release { id status }",
    )["release"]
    assert release["status"] == "PENDING"

    link = forge.mail("lea", rf"{forge.url}/signing/decide/\S+")
    reader = forge.client()
    page = reader.get(link)
    assert reader.cookies.get("forge_session") is None
    form = {"csrf": csrf_in(page.text), "revision": "1", "comment": "", "verdict": "APPROVE"}
    decided = reader.post(link, data=form)
    assert "You approved Tool 1.0" in decided.text

    digest = hashlib.sha256(b"what was built").digest()
    signed = change(
        dev,
        "sign",
        {"keypairAlias": "tool", "digest": base64.b64encode(digest).decode()},
        "signature { value }",
    )
    public = load_pem_public_key(created["keypair"]["publicKeyPem"].encode())
    assert isinstance(public, EllipticCurvePublicKey)
    value = base64.b64decode(signed["signature"]["value"])
    public.verify(value, digest, ECDSA(Prehashed(SHA256())))

    tags = ("release:requested", "release:approved", "release:opened", "signature:made")
    until(lambda: all(tag in dev.get("/").text for tag in tags), 10)
    assert "release:requested by Dev Dean" in dev.get("/").text


def test_sessions_of_the_host_and_of_countersign_are_apart(forge: Forge) -> None:
    admin = forge.sign_in("admin")
    assert [cookie.name for cookie in admin.cookies.jar] == ["forge_session"]
    assert ask(admin, VIEWER)["viewer"]["user"]["email"] == "admin@example.com"

    # Countersign's own sign-in, by mail, at another browser.
    other = forge.client()
    assert other.post("/signing/sign-in", data={"address": "admin@example.com"}).status_code == 303
    link = forge.mail("admin", rf"{forge.url}/signing/sign-in/[0-9a-f]{{32}}\.[\w-]{{43}}")
    assert other.post(link).status_code == 303
    assert {cookie.name: cookie.path for cookie in other.cookies.jar} == {
        "countersign.signing": "/signing",
        "countersign.signing-known": "/signing",
    }
    assert ask(other, VIEWER)["viewer"]["user"]["email"] == "admin@example.com"
    assert "Sign in" in other.get("/").text

    # Neither sign-out ends the other's session.
    assert admin.post("/signing/sign-out").status_code == 303
    assert ask(admin, VIEWER)["viewer"]["user"]["email"] == "admin@example.com"
    assert admin.post("/sign-out").status_code == 303
    refused = admin.post("/signing/graphql", json={"query": VIEWER}).json()
    assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert ask(other, VIEWER)["viewer"]["user"]["email"] == "admin@example.com"


def test_a_wrong_password_and_a_foreign_page_sign_nobody_in(forge: Forge) -> None:
    wrong = {"email": "dev@example.com", "password": "wrong"}
    assert forge.client().post("/sign-in", data=wrong).status_code == 403
    right = wrong | {"password": PASSWORD}
    foreign = {"Origin": "http://evil.example"}
    assert forge.client().post("/sign-in", data=right, headers=foreign).status_code == 403
    dev = forge.sign_in("dev")
    stolen = dev.post("/signing/graphql", json={"query": VIEWER}, headers=foreign).json()
    assert stolen["errors"][0]["extensions"]["code"] == "FOREIGN_ORIGIN"


@pytest.mark.long
async def test_the_front_page_works_in_a_browser(forge: Forge, tmp_path: Path) -> None:
    ask(forge.sign_in("lea"), VIEWER)  # somebody who could approve
    async with chromium(tmp_path / "browser") as browser:
        await enter(browser, forge, "admin")
        await browser.sees("At Countersign: Ada Admin (admin@example.com)")
        await browser.do("document.querySelector('#prepare').click()")
        await browser.sees("publicKeyPem")
        await browser.do("document.forms[0].requestSubmit()")  # signs out
        await browser.until("document.querySelector('[name=email]') !== null")
        await enter(browser, forge, "dev")
        await browser.sees("At Countersign: Dev Dean (dev@example.com)")
        await browser.do("document.querySelector('#request').click()")
        await browser.sees('"status": "PENDING"')
        await browser.do("document.querySelector('#sign').click()")
        await browser.sees('"signature": null')
        await browser.open(forge.url)
        await browser.sees("release:requested by Dev Dean")


async def enter(browser: Chromium, forge: Forge, name: str) -> None:
    """Somebody signs in at the host's own page."""
    await browser.open(forge.url)
    for field, value in {"email": f"{name}@example.com", "password": PASSWORD}.items():
        await browser.do(f"document.querySelector('[name={field}]').value = {value!r}")
    await browser.do("document.forms[0].requestSubmit()")
