"""The mailbox, and the page of `serve` where mails are kept instead of sent: real processes."""

from __future__ import annotations

import json
import signal
import smtplib
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.support.running import COUNTERSIGN, free_port, init, run, serving, settings
from tests.support.waiting import WAIT_LIMIT_SECONDS

pytestmark = pytest.mark.long


@contextmanager
def mailbox(folder: Path) -> Iterator[tuple[int, int]]:
    """The ports of its page and of its mail server."""
    page, smtp = free_port(), free_port()
    words = ["mailbox", "--port", str(page), "--smtp-port", str(smtp)]
    process = subprocess.Popen([*COUNTERSIGN, *words], env=settings(""), cwd=folder)
    try:
        await_answer(f"http://127.0.0.1:{page}/", process)
        yield page, smtp
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=WAIT_LIMIT_SECONDS) == 0
    finally:
        process.kill()
        process.wait()


def await_answer(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("nothing answers")


def messages(page: int) -> list[dict[str, Any]]:
    with urlopen(f"http://127.0.0.1:{page}/api/messages", timeout=5) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found


def test_it_receives_mail_and_shows_it(tmp_path: Path) -> None:
    with mailbox(tmp_path) as (page, smtp):
        with smtplib.SMTP("127.0.0.1", smtp) as client:
            client.sendmail("a@example.com", ["b@example.com"], b"Subject: Hello\r\n\r\nThere\r\n")
        (message,) = messages(page)
        assert (message["subject"], message["to"]) == ("Hello", ["b@example.com"])


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with mailbox(tmp_path) as (_, smtp):
        words = ("mailbox", "--port", str(free_port()), "--smtp-port", str(smtp))
        refused = run(settings(""), tmp_path, *words, succeeds=False)
        assert refused.returncode == 1
        assert f"Port {smtp} is taken: choose another with --smtp-port." in refused.stderr


def test_serve_shows_the_mails_that_it_keeps_and_says_so(tmp_path: Path) -> None:
    page = free_port()
    environment = settings(
        "sqlite:///here.db",
        COUNTERSIGN_SMTP_URL="log:kept",
        COUNTERSIGN_MAIL_PAGE_ADDRESS=f"127.0.0.1:{page}",
    )
    init(environment, tmp_path)
    output = run(environment, tmp_path, "doctor", "--no-public-url").stdout
    assert "! mail: The folder kept took a test mail to admin@example.com." in output
    with serving(environment, tmp_path):
        (message,) = messages(page)
        assert message["subject"] == "Test mail of Countersign"
        second = run(environment, tmp_path, "serve", "--port", str(free_port()), succeeds=False)
        assert second.returncode == 1
        assert "choose another with COUNTERSIGN_MAIL_PAGE_ADDRESS" in second.stderr
        assert "mails_are_not_sent" in second.stdout + second.stderr
