"""The action for GitHub and the template for GitLab, step by step, as those systems run them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.api.web.sign_in.loopback_issuer import Issuer
from tests.client.site import ONLINE, Site, open_site, write_files
from tests.support import claim_sets
from tests.support.api import serving

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
REQUEST_TOKEN = "the runner's own secret"


@dataclass(frozen=True, slots=True)
class PipelineSite:
    """A site that trusts an issuer, with a rule for each system."""

    site: Site
    issuer: Issuer
    rules: dict[str, str]

    def job_token(self, system: str) -> str:
        """A new token of a job, with the server as audience."""
        claims = getattr(claim_sets, system) | {"aud": self.site.server.url, "jti": str(uuid4())}
        now = int(time.time())
        self.issuer.claims = {**claims, "iat": now, "nbf": now, "exp": now + 300}
        self.issuer.without_claims = ("email", "email_verified", "nonce")
        self.issuer.header = {"typ": "JWT"}
        return self.issuer.signed()


def issuer_app(issuers: list[Issuer], answers: dict[str, Any]) -> Starlette:
    """The issuer, and beside it the service that GitHub's runners ask for a job's token."""

    async def id_token(request: Request) -> Response:
        assert request.headers["Authorization"] == f"Bearer {REQUEST_TOKEN}"
        answers["audience"] = request.query_params["audience"]
        return JSONResponse({"value": answers["token"]()})

    async def serve(request: Request) -> Response:
        return await issuers[0].serve(request)

    return Starlette(routes=[Route("/id-token", id_token), Route("/{path:path}", serve)])


CONDITIONS = {
    "GITHUB_ACTIONS": [
        {"claim": "repository_id", "equals": ["4711"]},
        {"claim": "ref", "matches": ["refs/tags/v*"]},
    ],
    "GITLAB_CI": [
        {"claim": "project_id", "equals": ["20"]},
        {"claim": "ref_type", "equals": ["tag"]},
    ],
}


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    """What the service for tokens answers, and was asked."""
    return {}


@pytest.fixture(scope="module")
def pipelines(
    tmp_path_factory: pytest.TempPathFactory, answers: dict[str, Any]
) -> Iterator[PipelineSite]:
    folder = tmp_path_factory.mktemp("pipelines")
    issuers: list[Issuer] = []
    with (
        serving(issuer_app(issuers, answers)) as address,
        open_site(
            f"sqlite:///{folder / 'site.db'}", folder, COUNTERSIGN_ISSUER_ALLOW_PRIVATE="true"
        ) as site,
    ):
        issuers.append(Issuer(address))
        rules = make_rules(site, address)
        pipelines = PipelineSite(site, issuers[0], rules)
        answers["address"] = address
        answers["token"] = lambda: pipelines.job_token("GITHUB_ACTIONS")
        yield pipelines


def make_rules(site: Site, address: str) -> dict[str, str]:
    """A service user in the team, an issuer, and a rule for each system; the rules' ids."""
    user = {"email": "robot@example.com", "name": "robot", "roles": ["DEVELOPER"], "service": True}
    user_id = site.change("createUser", user, "user { id }")["user"]["id"]
    members = {"id": site.crowd.team, "userIds": [user_id]}
    site.change("addTeamMembers", members, "team { id }")
    rules = {}
    for kind, conditions in CONDITIONS.items():
        # Each system is an issuer of its own; here both are one server with one set of keys.
        url = f"{address}" if kind == "GITHUB_ACTIONS" else f"{address}/"
        issuer = {"name": kind, "kind": kind, "url": url}
        issuer_id = site.change("createTrustedIssuer", issuer, "issuer { id }")["issuer"]["id"]
        values = {
            "issuerId": issuer_id,
            "name": kind,
            "userId": user_id,
            "conditions": conditions,
            "scopes": ["SIGN", "REQUEST_RELEASE", "VIEW_RELEASES"],
            "keypairIds": [*site.crowd.keypairs, *site.crowd.online],
        }
        rules[kind] = site.change("createPipelineRule", values, "rule { id }")["rule"]["id"]
    return rules


@dataclass(slots=True)
class Runner:
    """What runs the steps of a composite action: inputs, variables, and a PATH that grows."""

    inputs: dict[str, str]
    environment: dict[str, str]
    folder: Path

    def value(self, text: str) -> str:
        """A text with its expressions filled in."""
        values = {f"inputs.{name}": value for name, value in self.inputs.items()}
        values["runner.temp"] = self.environment["RUNNER_TEMP"]
        return re.sub(r"\$\{\{ (.+?) \}\}", lambda match: values[match[1]], text)

    def run(self, step: dict[str, Any], **options: Any) -> subprocess.Popen[str]:
        """Begin a step, as the runner does for `shell: bash`."""
        assert step["shell"] == "bash"
        own = {name: self.value(text) for name, text in step.get("env", {}).items()}
        script = self.folder / f"{uuid4()}.sh"
        script.write_text(self.value(step["run"]))
        return subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            env=self.environment | own,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )


def github_environment(folder: Path, address: str) -> dict[str, str]:
    """The variables that GitHub sets."""
    return {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(folder),
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTION_PATH": str(ROOT / "ci/github"),
        "GITHUB_PATH": str(folder / "path"),
        "GITHUB_REPOSITORY": "octo-org/octo-repo",
        "GITHUB_REF": "refs/tags/v1.4.0",
        "GITHUB_SHA": "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
        "GITHUB_SERVER_URL": "https://git.example.com",
        "GITHUB_RUN_ID": "1234567890",
        "GITHUB_JOB": "sign",
        "RUNNER_TEMP": str(folder),
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{address}/id-token?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN,
    }


def action_step(name: str) -> dict[str, Any]:
    action = yaml.safe_load((ROOT / "ci/github/action.yml").read_text())
    (step,) = (step for step in action["runs"]["steps"] if step["name"] == name)
    return dict(step)


def action_inputs(**given: str) -> dict[str, str]:
    """The inputs of the action: the defaults, and what the workflow says."""
    action = yaml.safe_load((ROOT / "ci/github/action.yml").read_text())
    defaults = {name: str(i["default"]) for name, i in action["inputs"].items() if "default" in i}
    required = {name for name, i in action["inputs"].items() if i.get("required")}
    inputs = defaults | {name.replace("_", "-"): value for name, value in given.items()}
    assert required <= set(inputs)
    return inputs


def test_github_requests_waits_signs_and_verifies(
    pipelines: PipelineSite, answers: dict[str, Any], tmp_path: Path
) -> None:
    site = pipelines.site
    write_files(tmp_path / "dist", 3)
    inputs = action_inputs(
        server=site.server.url,
        rule=pipelines.rules["GITHUB_ACTIONS"],
        key="vault",
        files="dist/*.bin\n",
        release="Octo 1.4.0",
        max_signatures="3",
        team="blue",
        wait="2m",
    )
    runner = Runner(inputs, github_environment(tmp_path, answers["address"]), tmp_path)
    process = runner.run(action_step("Sign"))
    await_request(site, "Octo 1.4.0")
    site.approve("Octo 1.4.0")
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert "Octo 1.4.0 is open" in output
    assert "3 signatures are valid" in output
    assert answers["audience"] == site.server.url
    manifest = json.loads((tmp_path / inputs["manifest"]).read_text())
    assert [entry["name"] for entry in manifest["files"]] == [
        f"dist/file-000{index}.bin" for index in range(3)
    ]
    assert "csn_" not in output
    # The job is run again: it finds its release, and uses nothing twice.
    again = runner.run(action_step("Sign"))
    output, _ = again.communicate(timeout=120)
    assert again.returncode == 0, output
    shown = site.json("release", "show", "Octo 1.4.0")
    assert (shown["signaturesUsed"], shown["requestedBy"]["name"]) == (3, "robot")


def await_request(site: Site, name: str) -> None:
    for _ in range(100):
        if name in [release["name"] for release in site.json("inbox", who="ann")]:
            return
        time.sleep(0.2)
    raise AssertionError(f"{name} was not requested")


def test_github_is_refused_with_the_reason(
    pipelines: PipelineSite, answers: dict[str, Any], tmp_path: Path
) -> None:
    write_files(tmp_path / "dist", 1)
    inputs = action_inputs(
        server=pipelines.site.server.url, rule="unknown", key=ONLINE[0], files="dist/*"
    )
    environment = github_environment(tmp_path, answers["address"])
    process = Runner(inputs, environment, tmp_path).run(action_step("Sign"))
    output, _ = process.communicate(timeout=60)
    assert (process.returncode, "id of a pipeline rule" in output) == (4, True), output
    del environment["ACTIONS_ID_TOKEN_REQUEST_URL"]
    process = Runner(inputs, environment, tmp_path).run(action_step("Sign"))
    output, _ = process.communicate(timeout=60)
    assert (process.returncode, "id-token: write" in output) == (4, True), output
    inputs["files"] = "nothing/*"
    process = Runner(inputs, environment, tmp_path).run(action_step("Sign"))
    output, _ = process.communicate(timeout=60)
    assert (process.returncode, "No file matches nothing/*" in output) == (2, True), output


def test_gitlab_signs_with_the_token_of_the_job(pipelines: PipelineSite, tmp_path: Path) -> None:
    site = pipelines.site
    write_files(tmp_path / "dist", 2)
    template = yaml.safe_load((ROOT / "ci/gitlab/sign.yml").read_text())[".countersign-sign"]
    cache = tmp_path / ".countersign-302"
    (cache / "source").mkdir(parents=True)
    (cache / "source" / "ci").symlink_to(ROOT / "ci")
    pipelines.issuer.named = f"{pipelines.issuer.address}/"
    environment = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "GITLAB_CI": "true",
        "CI_JOB_ID": "302",
        "CI_BUILDS_DIR": str(tmp_path),
        "CI_PROJECT_PATH": "my-group/my-project",
        "CI_COMMIT_SHA": "714a629c0b401fdce83e847fc9589983fc6f46bc",
        "CI_COMMIT_REF_NAME": "v2.0",
        "CI_JOB_URL": "https://gitlab.example.com/my-group/my-project/-/jobs/302",
        "COUNTERSIGN_ID_TOKEN": pipelines.job_token("GITLAB_CI"),
        "COUNTERSIGN_URL": site.server.url,
        "COUNTERSIGN_RULE": pipelines.rules["GITLAB_CI"],
        "SIGN_KEY": ONLINE[0],
        "SIGN_FILES": "dist/*.bin",
    }
    for name, text in template["variables"].items():
        environment[name] = re.sub(r"\$(\w+)", lambda match: environment[match[1]], text)
    script = "\n".join(template["script"])
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 signatures are valid" in done.stderr
    # One exchange was enough for all of its commands, and nothing of it stays.
    subprocess.run(["bash", "-c", "\n".join(template["after_script"])], env=environment, check=True)
    assert not cache.exists()
    (artifact,) = template["artifacts"]["paths"]
    assert (tmp_path / environment[artifact.removeprefix("$")]).exists()


def test_the_client_is_installed_from_its_lock_file(tmp_path: Path) -> None:
    environment = github_environment(tmp_path, "http://127.0.0.1:1")
    runner = Runner({}, environment | {"PYTHON": sys.executable}, tmp_path)
    output, _ = (process := runner.run(action_step("Install the client"))).communicate()
    assert process.returncode == 0, output
    folder = Path((tmp_path / "path").read_text().strip())
    assert folder == tmp_path / "countersign" / "bin"
    assert shutil.which("countersign", path=str(folder))
    shown = subprocess.run(
        [folder / "countersign", "--version"], capture_output=True, text=True, check=True
    )
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", shown.stdout)
    assert not (ROOT / "client" / "build").exists()
