"""The command line, as an operator uses it: real processes, a folder of their own."""

import json
import signal
import socket
from importlib.metadata import version
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.support.running import init, run, serving, settings
from tests.support.waiting import WAIT_LIMIT_SECONDS

#: Each starts servers of its own.
pytestmark = pytest.mark.long


@pytest.fixture
def environment(database_url: str) -> dict[str, str]:
    return settings(database_url)


def test_init_makes_an_account_whose_token_works_and_serve_ends_on_sigterm(
    environment: dict[str, str], tmp_path: Path
) -> None:
    installation = init(environment, tmp_path)
    with serving(environment, tmp_path) as server:
        query = json.dumps({"query": "{ viewer { user { id } account { id name } } }"}).encode()
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {installation['token']}",
        }
        with urlopen(Request(f"{server.url}/graphql", query, headers), timeout=5) as answer:
            viewer = json.load(answer)["data"]["viewer"]
        assert viewer == {
            "user": {"id": installation["user"]},
            "account": {"id": installation["account"], "name": "Acme"},
        }
        with urlopen(f"{server.url}/healthz", timeout=5) as answer:
            assert answer.status == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=WAIT_LIMIT_SECONDS) == 0


def test_a_second_account_of_the_same_name_is_refused(
    environment: dict[str, str], tmp_path: Path
) -> None:
    init(environment, tmp_path)
    words = ("init", "--account", "ACME", "--admin-email", "other@example.com")
    refused = run(environment, tmp_path, *words, succeeds=False)
    assert refused.returncode == 1
    assert "Another account has this name." in refused.stderr


def test_an_operator_makes_tokens_with_the_scopes_named(
    environment: dict[str, str], tmp_path: Path
) -> None:
    installation = init(environment, tmp_path)
    words = ("token", "create", "--user", "ADMIN@example.com", "--name", "ci", "--json")
    token = json.loads(run(environment, tmp_path, *words, "--scope", "VIEW_LEDGER").stdout)
    assert (token["account"], token["user"]) == (installation["account"], installation["user"])
    assert token["token"] != installation["token"]
    unknown = ("token", "create", "--user", "nobody@example.com", "--name", "ci")
    refused = run(environment, tmp_path, *unknown, succeeds=False)
    assert refused.returncode == 1
    assert "no active user" in refused.stderr


def test_without_secrets_nothing_starts_and_none_is_shown(
    environment: dict[str, str], tmp_path: Path
) -> None:
    del environment["COUNTERSIGN_MASTER_KEY"]
    environment["COUNTERSIGN_SECRET_KEY"] = "too-short"
    refused = run(environment, tmp_path, "serve", "--port", "0", succeeds=False)
    assert refused.returncode == 2
    assert "COUNTERSIGN_MASTER_KEY" in refused.stderr
    assert "COUNTERSIGN_SECRET_KEY" in refused.stderr
    assert "too-short" not in refused.stderr


def test_another_master_key_is_refused_at_the_start(
    environment: dict[str, str], tmp_path: Path
) -> None:
    init(environment, tmp_path)
    other = environment | {"COUNTERSIGN_MASTER_KEY": settings("")["COUNTERSIGN_MASTER_KEY"]}
    refused = run(other, tmp_path, "serve", "--port", "0", succeeds=False)
    assert refused.returncode == 1
    assert "Set COUNTERSIGN_MASTER_KEY to the one it was set up with." in refused.stderr


def test_secrets_can_come_from_files_and_from_dotenv(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "master").write_text(environment.pop("COUNTERSIGN_MASTER_KEY") + "\n")
    secret = environment.pop("COUNTERSIGN_SECRET_KEY")
    (tmp_path / ".env").write_text(f"COUNTERSIGN_SECRET_KEY={secret}\n")
    environment["COUNTERSIGN_MASTER_KEY_FILE"] = "master"
    assert init(environment, tmp_path)["token"].startswith("csn_")


def test_the_ledgers_head_is_printed_and_verified(
    environment: dict[str, str], tmp_path: Path
) -> None:
    init(environment, tmp_path)
    head = run(environment, tmp_path, "ledger", "head").stdout
    (tmp_path / "head.json").write_text(head)
    verified = run(environment, tmp_path, "ledger", "verify", "--anchor", "head.json").stdout
    assert "The ledger holds: 3 entries." in verified
    forged = json.loads(head) | {"count": 2}
    (tmp_path / "forged.json").write_text(json.dumps(forged))
    words = ("ledger", "verify", "--anchor", "forged.json")
    assert run(environment, tmp_path, *words, succeeds=False).returncode == 1


def test_a_backup_is_checked_and_starts_elsewhere(tmp_path: Path) -> None:
    environment = settings("sqlite:///here.db")
    installation = init(environment, tmp_path)
    with serving(environment, tmp_path):
        output = run(environment, tmp_path, "backup", "copy.db").stdout
    assert "1 accounts, 3 ledger entries" in output
    again = run(environment, tmp_path, "backup", "copy.db", succeeds=False)
    assert (again.returncode, "exists" in again.stderr) == (1, True)
    restored = environment | {"COUNTERSIGN_DATABASE_URL": "sqlite:///copy.db"}
    assert "holds: 3 entries" in run(restored, tmp_path, "ledger", "verify").stdout
    words = ("token", "create", "--user", "admin@example.com", "--name", "ci", "--json")
    assert json.loads(run(restored, tmp_path, *words).stdout)["account"] == installation["account"]


def test_a_database_that_does_not_answer_is_told_in_a_sentence(tmp_path: Path) -> None:
    environment = settings("postgresql://nobody:hidden@127.0.0.1:1/nothing")
    refused = run(environment, tmp_path, "migrate", succeeds=False)
    assert refused.returncode == 1
    assert "The database does not answer" in refused.stderr
    assert "hidden" not in refused.stderr
    assert "Traceback" not in refused.stderr


def test_without_a_database_serve_says_how_to_make_one_and_makes_none(tmp_path: Path) -> None:
    environment = settings("sqlite:///empty.db")
    refused = run(environment, tmp_path, "serve", "--port", "0", succeeds=False)
    assert refused.returncode == 1
    assert "There is no database here yet: run `countersign init`." in refused.stderr
    assert list(tmp_path.iterdir()) == []
    run(environment, tmp_path, "migrate")
    run(environment, tmp_path, "migrate")


def test_a_database_in_no_folder_is_told_in_a_sentence(tmp_path: Path) -> None:
    missing = tmp_path / "missing" / "x.db"
    refused = run(settings(f"sqlite:///{missing}"), tmp_path, "migrate", succeeds=False)
    assert refused.stderr == (
        f"countersign: The database {missing} cannot be opened:"
        " does its folder exist, and may this user write there?\n"
    )


def test_a_new_database_is_its_owners_alone(tmp_path: Path) -> None:
    environment = settings("sqlite:///here.db")
    installation = init(environment, tmp_path)
    with serving(environment, tmp_path):
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert installation["token"]
    assert modes == {f"here.db{suffix}": 0o600 for suffix in ("", "-wal", "-shm", "-queue")}


def test_a_port_that_is_taken_ends_serve_with_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        words = ("serve", "--port", port)
        refused = run(settings("sqlite:///here.db"), tmp_path, *words, succeeds=False)
    assert refused.returncode == 1
    assert refused.stderr == f"countersign: Port {port} is taken: choose another with --port.\n"


def test_the_version_and_every_setting_are_printed_without_any_settings(tmp_path: Path) -> None:
    nothing = {k: v for k, v in settings("").items() if not k.startswith("COUNTERSIGN_")}
    assert run(nothing, tmp_path, "--version").stdout.strip() == version("countersign-server")
    assert "#COUNTERSIGN_IDE=false" in run(nothing, tmp_path, "settings").stdout
