"""The wheels carry all that runs and nothing else, and run from another folder."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.running import settings

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]  # the wheel has the built dashboard

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def call(*words: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The server's and the client's."""
    folder = tmp_path_factory.mktemp("wheels")
    words = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    call(*words, "--wheel-dir", folder, ROOT, ROOT / "client", cwd=folder)
    (server,) = folder.glob("countersign_server-*.whl")
    (client,) = folder.glob("countersign_client-*.whl")
    return server, client


def clean_environment(folder: Path) -> Path:
    """An environment without packages; its Python."""
    call(BIN / "uv", "venv", "--quiet", "--python", sys.executable, folder, cwd=folder.parent)
    return folder / "bin" / "python"


def rooms_of(wheel: Path) -> set[str]:
    names = zipfile.ZipFile(wheel).namelist()
    return {name.split("/")[0] for name in names if ".dist-info/" not in name}


def test_the_clients_carries_its_package_alone(wheels: tuple[Path, Path]) -> None:
    _, client = wheels
    assert rooms_of(client) == {"countersign"}
    assert "countersign/py.typed" in zipfile.ZipFile(client).namelist()


def test_the_servers_carries_the_three_rooms_with_migrations_and_templates(
    wheels: tuple[Path, Path],
) -> None:
    server, _ = wheels
    names = set(zipfile.ZipFile(server).namelist())
    rooms = rooms_of(server)
    assert rooms == {"engine", "notifications", "api"}
    assert {f"{room}/py.typed" for room in rooms} <= names
    for kept in (
        "engine/persistence/store/migrations",
        "notifications/content/templates",
        "api/web/templates",
    ):
        shipped = {
            str(path.relative_to(ROOT))
            for path in (ROOT / kept).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert shipped
        assert shipped <= names


def test_both_run_in_a_clean_environment_from_another_folder(
    wheels: tuple[Path, Path], tmp_path: Path
) -> None:
    python = clean_environment(tmp_path / "venv")
    locked = (BIN / "uv", "pip", "install", "--quiet", "--python", python)
    call(*locked, "--require-hashes", "-r", ROOT / "requirements.lock", cwd=tmp_path)
    call(*locked, "--no-deps", *wheels, cwd=tmp_path)
    configuration = settings("sqlite:///here.db")
    del configuration["PYTHONPATH"]
    countersign = python.with_name("countersign")
    words = ("init", "--account", "Acme", "--admin-email", "admin@example.com")
    assert "csn_" in call(countersign, *words, cwd=tmp_path, env=configuration)
    assert (tmp_path / "here.db").exists()
    assert "type Mutation" in call(countersign, "schema", cwd=tmp_path, env=configuration)


def test_the_clients_runs_with_its_few_dependencies_alone(
    wheels: tuple[Path, Path], tmp_path: Path
) -> None:
    _, client = wheels
    python = clean_environment(tmp_path / "venv")
    locked = (BIN / "uv", "pip", "install", "--quiet", "--python", python)
    call(*locked, "-c", ROOT / "requirements.lock", client, cwd=tmp_path)
    countersign = python.with_name("countersign")
    shown = call(countersign, "--help", cwd=tmp_path)
    assert "whoami" in shown
    assert "migrate" not in shown
