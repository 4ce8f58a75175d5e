"""1,000 files against a quota of 1,000, while client, server and connection are cut at random."""

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from countersign.signing.forms import form_named
from countersign.signing.hashing import hash_file
from countersign.signing.names import FormName
from countersign.signing.trusted_keys import read_trusted_key
from tests.client.cutting_proxy import cutting_proxy
from tests.client.site import Site, open_site, serve_copy, write_files
from tests.support.running import serving

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]

COUNT = 1000
KILLS = 3


@pytest.fixture(scope="module")
def prepared_site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """An account with 1,000 files and an open release of as many signatures; its server has ended.

    The release is open for longer than all of the tests take.
    """
    folder = tmp_path_factory.mktemp("prepared")
    with open_site(f"sqlite:///{folder / 'site.db'}", folder) as site:
        write_files(site.folder / "dist", COUNT)
        site.run("key", "export", "vault", "--out", site.folder / "vault.pem")
        site.open("Thousand", "vault", COUNT)
        return site


@pytest.fixture
def crash_site(prepared_site: Site, tmp_path: Path) -> Iterator[Site]:
    """A server of the test's own, since it is killed, on a copy of the account and the files."""
    with serve_copy(prepared_site, tmp_path) as site:
        yield site


WORDS = ("sign", *(f"dist/file-{index:04}.bin" for index in range(COUNT)), "--key", "vault")


def valid_signatures(site: Site) -> int:
    """How many files have a signature; each one that is there has to be valid."""
    form = form_named(FormName.RAW, read_trusted_key(site.folder / "vault.pem"))
    signatures = list((site.folder / "dist").glob("file-*.sig"))
    for signature in signatures:
        file = hash_file(signature.with_suffix(""), "sha256")
        assert form.is_valid(file, signature.read_bytes())
    return len(signatures)


def assert_exactly_the_quota_is_used(site: Site) -> None:
    assert valid_signatures(site) == COUNT
    shown = site.json("release", "show", "Thousand")
    assert (shown["signaturesUsed"], shown["signaturesLeft"]) == (COUNT, 0)
    (more,) = write_files(site.folder / "more", 1)
    assert "QUOTA_EXHAUSTED" in site.run("sign", more, "--key", "vault", status=5).stderr
    assert not Path(f"{more}.sig").exists()


def test_a_client_that_is_killed_uses_nothing_twice(crash_site: Site) -> None:
    rng = random.Random(20310504)
    for _ in range(KILLS):
        process = crash_site.start(*WORDS)
        time.sleep(rng.uniform(0.5, 4.0))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        valid_signatures(crash_site)
    assert f"{COUNT} files signed and verified" in crash_site.run(*WORDS).stderr
    assert_exactly_the_quota_is_used(crash_site)


def test_lost_answers_use_nothing_twice(crash_site: Site) -> None:
    # Before the first byte, in the head, and in the body.
    with cutting_proxy(crash_site.port, [0, 100, 0, 5000, 60_000]) as proxy:
        crash_site.run(*WORDS, COUNTERSIGN_URL=f"http://127.0.0.1:{proxy.port}")
        assert proxy.connections > 5
    assert_exactly_the_quota_is_used(crash_site)


def test_a_server_that_is_killed_uses_nothing_twice(crash_site: Site) -> None:
    rng = random.Random(20310505)
    process = crash_site.start(*WORDS)
    time.sleep(rng.uniform(0.5, 3.0))
    crash_site.server.process.kill()
    crash_site.server.process.wait()
    for _ in range(KILLS):
        with serving(crash_site.configuration, crash_site.folder, port=crash_site.port) as server:
            time.sleep(rng.uniform(0.0, 1.0))
            server.process.kill()
            server.process.wait()
            valid_signatures(crash_site)
    with serving(crash_site.configuration, crash_site.folder, port=crash_site.port):
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert f"{COUNT} files signed and verified" in errors
        assert_exactly_the_quota_is_used(crash_site)


def test_waiting_goes_on_over_restarts_and_requests_nothing_twice(crash_site: Site) -> None:
    site = crash_site
    (file,) = write_files(site.folder / "awaited", 1)
    request = ("release", "request", "Awaited", "--key", "second", "--team", "blue", "--max", "1")
    sign = ("sign", file, "--key", "second", "--release", "Awaited", "--wait")
    killed = site.start(*request, "--for", "1h", "--wait")
    time.sleep(3)
    killed.kill()
    killed.communicate()
    # Again, as a pipeline that was restarted would.
    site.run(*request, "--for", "1h")
    waiting = site.start(*sign)
    time.sleep(2)
    site.server.process.kill()
    site.server.process.wait()
    time.sleep(2)
    with serving(site.configuration, site.folder, port=site.port):
        assert waiting.poll() is None
        site.approve("Awaited")
        _, errors = waiting.communicate(timeout=120)
        assert waiting.returncode == 0, errors
        names = [release["name"] for release in site.json("release", "list")]
        assert sorted(names) == ["Awaited", "Thousand"]
        assert site.json("release", "show", "Awaited")["signaturesUsed"] == 1
