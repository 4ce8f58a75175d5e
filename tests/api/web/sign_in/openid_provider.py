"""The npm package `oidc-provider`, run by node, and a person who signs in there."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urljoin

import httpx2

from tests.support.node import PROVIDER, install, program
from tests.support.waiting import WAIT_LIMIT_SECONDS

#: With everything in it that form-encoding changes.
SECRET = "the secret+that%only: the provider & we know~*"


@contextmanager
def running_provider(redirect_uri: str) -> Iterator[str]:
    """Its issuer, while it runs."""
    install(PROVIDER)
    process = subprocess.Popen(
        [*program("node"), "server.mjs", redirect_uri, SECRET],
        cwd=PROVIDER,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        issuer = process.stdout.readline().strip()
        assert issuer, "the provider did not start"
        yield issuer
    finally:
        process.terminate()
        process.wait(timeout=WAIT_LIMIT_SECONDS)
        assert process.stdout is not None
        process.stdout.close()


async def agree(url: str, name: str) -> str:
    """Go to the provider, sign in and agree; where it sends the browser afterwards."""
    async with httpx2.AsyncClient(timeout=10) as client:
        answer = await client.get(url)
        for _ in range(20):
            if answer.is_redirect:
                url = urljoin(str(answer.url), answer.headers["location"])
                if not url.startswith(str(answer.url.copy_with(path="/", query=None))):
                    return url
                answer = await client.get(url)
            else:
                action = re.search(r'action="([^"]+)"', answer.text)
                assert action is not None, answer.text
                prompt = re.search(r'name="prompt" value="([^"]+)"', answer.text)
                assert prompt is not None, answer.text
                form = {"prompt": prompt[1], "login": name, "password": "any"}
                answer = await client.post(urljoin(str(answer.url), action[1]), data=form)
    raise AssertionError("the provider did not come to an end")
