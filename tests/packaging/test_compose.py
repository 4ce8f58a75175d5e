"""The compose file, as far as it can be tried without a container engine: its commands are run."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

from tests.packaging.image import ROOT, stages
from tests.support.running import COUNTERSIGN, free_port, init, settings

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name in SERVICES if name != "database"]


def filled(text: str, **given: str) -> str:
    """As compose fills variables in: the given value, or the default."""
    return re.sub(
        r"\$\{(\w+):-([^}]*)\}", lambda found: given.get(found[1], found[2]), str(text)
    ).replace("$$", "$")


def test_it_is_the_server_the_worker_the_database_and_a_mail_catcher() -> None:
    assert set(SERVICES) == {"server", "worker", "database", "mail", "database-password"}


@pytest.mark.parametrize("name", OURS)
def test_ours_are_built_here_and_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["build"] == "."
    # A name without a host would be looked up in a public registry.
    assert service["image"].startswith("localhost/")
    assert service["pull_policy"] == "build"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "user", "cap_add"} & set(service)


def test_nothing_is_published_to_the_network() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert sorted(ports) == ["127.0.0.1:8000:8000", "127.0.0.1:8025:8025"]


def test_there_is_no_secret_in_it() -> None:
    for service in SERVICES.values():
        for variable, value in service.get("environment", {}).items():
            assert not re.search(r"(PASSWORD|SECRET_KEY|MASTER_KEY|TOKEN|PIN)$", variable), value
    assert "://countersign:" not in str([SERVICES[name].get("environment") for name in SERVICES])


def test_volumes_are_declared_and_are_where_the_image_has_folders() -> None:
    _, last = stages((ROOT / "Dockerfile").read_text("utf-8"))
    commands = " ".join(last.values("RUN"))
    for name in OURS:
        for volume in SERVICES[name].get("volumes", ()):
            source, target, *_ = volume.split(":")
            assert source in COMPOSE["volumes"]
            assert f" {target}" in commands


def test_the_settings_are_valid_with_their_defaults(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from api.cli.first_settings import fresh_secrets
    from api.config.settings import Settings

    url = tmp_path / "url"
    url.write_text("postgresql+psycopg://countersign:made-up@database/countersign")
    for variable, value in SERVICES["worker"]["environment"].items():
        monkeypatch.setenv(variable, filled(value).replace("/database-access/url", str(url)))
    settings = Settings(_env_file=None, **fresh_secrets())  # type: ignore[arg-type]
    assert settings.smtp_url.get_secret_value() == "smtp://mail:1025?tls=none"
    assert settings.public_url == "http://localhost:8000"


def test_the_databases_password_is_made_once_and_for_its_user_alone(tmp_path: Path) -> None:
    service = SERVICES["database-password"]
    (script,) = service["command"]
    place = tmp_path / "database-access"
    place.mkdir()
    words = [*service["entrypoint"], filled(script).replace("/database-access", str(place))]
    python = tmp_path / "bin"
    python.mkdir()
    (python / "python").symlink_to(shutil.which("python3") or "")
    env = {"PATH": f"{python}:{os.environ['PATH']}"}
    subprocess.run(words, env=env, check=True)
    password, url = (place / "password").read_text(), (place / "url").read_text()
    assert re.fullmatch(r"[\w-]{43}", password)
    assert url == f"postgresql+psycopg://countersign:{password}@database/countersign"
    assert {stat.S_IMODE(file.stat().st_mode) for file in place.iterdir()} == {0o600}
    assert {file.name for file in place.iterdir()} == {"password", "url"}
    subprocess.run(words, env=env, check=True)
    assert (place / "url").read_text() == url


@contextmanager
def started(
    name: str, ports: dict[str, str], folder: Path, env: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """The service's command, on ports of the test's own."""
    words = [ports.get(word, word) for word in SERVICES[name]["command"]]
    words = ["127.0.0.1" if word == "0.0.0.0" else word for word in words]
    process = subprocess.Popen([*COUNTERSIGN, *words], env=env, cwd=folder)
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0


def check_of(name: str) -> list[str]:
    """The service's health check, or the image's."""
    service = SERVICES[name]
    if "healthcheck" in service:
        kind, *words = service["healthcheck"]["test"]
        assert kind == "CMD"
        return list(words)
    _, last = stages((ROOT / "Dockerfile").read_text("utf-8"))
    found: list[str] = yaml.safe_load(last.values("HEALTHCHECK")[0].partition("CMD ")[2])
    return found


def await_health(name: str, ports: dict[str, str], process: subprocess.Popen[bytes]) -> None:
    words = check_of(name)
    for port, other in ports.items():
        words = [word.replace(f":{port}/", f":{other}/") for word in words]
    deadline = time.monotonic() + 60
    while (
        subprocess.run(["python3", *words[1:]], check=False, stderr=subprocess.DEVNULL).returncode
        != 0
    ):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.long
@pytest.mark.timeout(180)
def test_every_service_becomes_healthy_and_a_mail_arrives(
    database_url: str, tmp_path: Path
) -> None:
    ports = {port: str(free_port()) for port in ("8000", "8025", "1025", "9464")}
    environment = settings(database_url)
    for variable, value in SERVICES["worker"]["environment"].items():
        if variable == "COUNTERSIGN_DATABASE_URL_FILE":
            continue
        for port, other in ports.items():
            value = filled(value).replace(f":{port}", f":{other}")
        environment[variable] = value.replace("smtp://mail:", "smtp://127.0.0.1:")
    server = {k: v for k, v in environment.items() if k != "COUNTERSIGN_METRICS_ADDRESS"}
    init(server, tmp_path)
    with (
        started("mail", ports, tmp_path, server) as mail,
        started("worker", ports, tmp_path, environment) as worker,
        started("server", ports, tmp_path, server) as serving,
    ):
        for name, process in (("mail", mail), ("worker", worker), ("server", serving)):
            await_health(name, ports, process)
        looked = subprocess.run(
            [*COUNTERSIGN, "doctor"], env=server, cwd=tmp_path, capture_output=True, check=False
        )
        assert looked.returncode == 0, looked.stdout.decode()
        with urlopen(f"http://127.0.0.1:{ports['8025']}/api/messages") as answer:
            assert b"Test mail of Countersign" in answer.read()


def test_the_forges_workflow_runs_the_projects_own_check() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    jobs = workflow["jobs"]
    assert ".ci/run" in [step.get("run") for step in jobs["check"]["steps"]]
    assert workflow["permissions"] == {"contents": "read"}
    used = [step["uses"] for job in jobs.values() for step in job["steps"] if "uses" in step]
    # Pinned by what cannot be moved, unlike a tag.
    assert all(re.search(r"@[0-9a-f]{40}$", name) for name in used)
    commands = " ".join(step.get("run", "") for step in jobs["image"]["steps"])
    assert "docker compose up --detach --wait" in commands
    assert "countersign doctor" in commands
