"""What the demo prints leads somewhere: every link opens, and every curl line can be pasted."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from api.demo.environment import DemoEnvironment, stage
from api.demo.run import guide
from api.web.dashboard.built_files import read_dashboard


@pytest.fixture(scope="module")
def ready() -> Iterator[DemoEnvironment]:
    with stage() as running:
        yield running


def test_every_link_opens_in_a_browser(ready: DemoEnvironment) -> None:
    shown = guide(ready).replace(f"COUNTERSIGN_URL={ready.url}", "")
    links = {link.rstrip("/") for link in re.findall(r"https?://\S+", shown)}
    dashboard = set() if read_dashboard() is None else {ready.url}
    assert links == {f"{ready.url}/graphql", ready.mailbox_url} | dashboard
    for link in links:
        with urlopen(Request(link, headers={"Accept": "text/html,*/*;q=0.8"})) as answer:
            assert answer.status == 200
            assert answer.headers["content-type"].startswith("text/html")


def test_what_is_to_be_pasted_is_answered(ready: DemoEnvironment) -> None:
    request, sign = (
        pasted(line) for line in re.findall(r"^curl .*\n.*\n.*$", guide(ready), re.MULTILINE)
    )
    assert request["createRelease"]["release"]["status"] == "PENDING"
    # Nobody has approved it yet.
    assert [error["code"] for error in sign["sign"]["errors"]] == ["OUTSIDE_WINDOW"]


def test_the_command_line_is_set_up_and_requests(ready: DemoEnvironment, tmp_path: Path) -> None:
    lines = guide(ready).partition("export PATH=")
    export, request, file, sign, verify = f"{lines[1]}{lines[2]}".strip().splitlines()

    def run(*commands: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", "\n".join([export, *commands])],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    assert re.search(r"status +PENDING", run(request).stdout)
    # Nobody has approved it yet.
    assert run(file, sign.removesuffix(" --wait")).returncode == 8
    assert run(verify).returncode == 2, "the file has no signature yet"


def pasted(line: str) -> Any:
    words = shlex.split(line.replace("\\\n", " "))
    url = next(word for word in words if word.startswith("http"))
    options = dict(pairwise(words))
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    with urlopen(Request(url, options["-d"].encode(), headers)) as answer:
        body = json.load(answer)
    assert "errors" not in body
    return body["data"]
