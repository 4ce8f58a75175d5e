"""Tokens for pipelines: the job's own token is exchanged for one of Countersign (RFC 8693).

A job's token can be exchanged once, and several commands of a job need a token: the one that was
exchanged is cached in a private file until it ends, at most 15 minutes later.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from countersign.connection import oauth
from countersign.connection.paths import cache_folder, write_private
from countersign.connection.settings import Settings
from countersign.connection.user_agent import user_agent
from countersign.errors import NotSignedInError

#: What tells the jobs of one runner apart; where no system numbers them, their own tokens do.
_JOB_VARIABLES = ("GITHUB_RUN_ID", "GITHUB_JOB", "CI_JOB_ID", "COUNTERSIGN_ID_TOKEN")
#: A token that ends within this time is not used any more.
MARGIN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class PipelineToken:
    """A token of Countersign that a job got."""

    secret: str = field(repr=False)
    #: In seconds since 1970.
    expires_at: float


def pipeline_token(environ: Mapping[str, str], settings: Settings) -> PipelineToken | None:
    """Return the job's token, exchanged now or by an earlier command; None outside of pipelines.

    Raises:
        NotSignedInError: The job has no token of its own, or the exchange was refused.
    """
    if settings.rule is None:
        return None
    path = _file(environ, settings)
    cached = _read(path)
    if cached is not None and cached.expires_at > time.time() + MARGIN_SECONDS:
        return cached
    exchanged = _exchange(environ, settings, settings.rule)
    write_private(
        path, json.dumps({"secret": exchanged.secret, "expires_at": exchanged.expires_at})
    )
    return exchanged


def forget_pipeline_token(environ: Mapping[str, str], settings: Settings) -> None:
    """Forget the token that an earlier command exchanged, since the server refused it."""
    _file(environ, settings).unlink(missing_ok=True)


def _exchange(environ: Mapping[str, str], settings: Settings, rule: str) -> PipelineToken:
    audience = settings.audience or settings.server
    form = {
        "grant_type": oauth.EXCHANGE_GRANT,
        "client_id": rule,
        "subject_token": job_token(environ, audience),
        "subject_token_type": oauth.ID_TOKEN_TYPE,
    }
    answer = oauth.post_form(settings.server, oauth.TOKEN_PATH, form)
    return PipelineToken(
        secret=str(answer["access_token"]), expires_at=time.time() + float(answer["expires_in"])
    )


def job_token(environ: Mapping[str, str], audience: str) -> str:
    """Return the token that the pipeline's own system signed for this job.

    Raises:
        NotSignedInError: There is none.
    """
    for variable, read in _SOURCES.items():
        if environ.get(variable):
            return read(environ, audience)
    raise NotSignedInError(
        "COUNTERSIGN_RULE is set, but the job has no token of its own. In GitHub Actions give the"
        " job the permission `id-token: write`; elsewhere set COUNTERSIGN_ID_TOKEN."
    )


def _from_variable(environ: Mapping[str, str], _audience: str) -> str:
    return environ["COUNTERSIGN_ID_TOKEN"].strip()


def _from_file(environ: Mapping[str, str], _audience: str) -> str:
    path = Path(environ["COUNTERSIGN_ID_TOKEN_FILE"])
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise NotSignedInError(f"{path} cannot be read: {error}.") from error


def _from_github(environ: Mapping[str, str], audience: str) -> str:
    """Ask the runner's own service, which signs a new token each time."""
    url = httpx2.URL(environ["ACTIONS_ID_TOKEN_REQUEST_URL"]).copy_merge_params(
        {"audience": audience}
    )
    secret = environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    headers = {"Authorization": f"Bearer {secret}", "User-Agent": user_agent()}
    try:
        response = httpx2.get(url, headers=headers, timeout=oauth.TIMEOUT)
        return str(response.raise_for_status().json()["value"])
    except (httpx2.HTTPError, ValueError, KeyError) as error:
        message = f"GitHub's service for ID tokens did not answer with one: {error}."
        raise NotSignedInError(message) from error


#: By the variable that a system sets, what brings the job's token.
_SOURCES: dict[str, Callable[[Mapping[str, str], str], str]] = {
    "COUNTERSIGN_ID_TOKEN": _from_variable,
    "COUNTERSIGN_ID_TOKEN_FILE": _from_file,
    "ACTIONS_ID_TOKEN_REQUEST_URL": _from_github,
}


#: Variables with which whoever reads them can pass for the job.
IDENTITY_VARIABLES = frozenset({*_SOURCES, "ACTIONS_ID_TOKEN_REQUEST_TOKEN"})


def _read(path: Path) -> PipelineToken | None:
    try:
        cached = json.loads(path.read_text(encoding="utf-8"))
        return PipelineToken(str(cached["secret"]), float(cached["expires_at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _file(environ: Mapping[str, str], settings: Settings) -> Path:
    """Return a file of this rule, server and job: jobs of one runner have one home folder."""
    job = [environ.get(name, "") for name in _JOB_VARIABLES]
    if environ.get("COUNTERSIGN_ID_TOKEN_FILE"):
        job.append(_from_file(environ, ""))
    identity = "\n".join([settings.server, settings.rule or "", *job])
    name = hashlib.sha256(identity.encode()).hexdigest()[:32]
    return cache_folder(environ) / f"pipeline-token-{name}.json"
