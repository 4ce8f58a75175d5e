"""The wheel carries all that runs and nothing else, and runs from another folder."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.running import settings

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def call(*words: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    words = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    call(*words, "--wheel-dir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


def test_its_name_is_that_of_the_server(wheel: Path) -> None:
    assert wheel.name.startswith("countersign_server-")


def test_it_carries_the_three_rooms_with_migrations_and_templates(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    rooms = {name.split("/")[0] for name in names if ".dist-info/" not in name}
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


@pytest.mark.timeout(300)
def test_it_runs_in_a_clean_environment_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    call(BIN / "uv", "venv", "--quiet", "--python", sys.executable, environment, cwd=tmp_path)
    locked = (BIN / "uv", "pip", "install", "--quiet", "--python", environment / "bin" / "python")
    call(*locked, "--require-hashes", "-r", ROOT / "requirements.lock", cwd=tmp_path)
    call(*locked, "--no-deps", wheel, cwd=tmp_path)
    configuration = settings("sqlite:///here.db")
    del configuration["PYTHONPATH"]
    countersign = environment / "bin" / "countersign"
    words = ("init", "--account", "Acme", "--admin-email", "admin@example.com")
    assert "csn_" in call(countersign, *words, cwd=tmp_path, env=configuration)
    assert (tmp_path / "here.db").exists()
    assert "type Mutation" in call(countersign, "schema", cwd=tmp_path, env=configuration)
