"""What is said about the build that signs: by the caller, and by the system that runs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from countersign.errors import UsageError

#: By the variable that only this system sets, the texts about a build in its variables' words.
_SYSTEMS: dict[str, dict[str, str]] = {
    "GITHUB_ACTIONS": {
        "repository": "{GITHUB_REPOSITORY}",
        "commit": "{GITHUB_SHA}",
        "ref": "{GITHUB_REF}",
        "build": "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",
    },
    "GITLAB_CI": {
        "repository": "{CI_PROJECT_PATH}",
        "commit": "{CI_COMMIT_SHA}",
        "ref": "{CI_COMMIT_REF_NAME}",
        "build": "{CI_JOB_URL}",
    },
}


def build_context(environ: Mapping[str, str], entries: Sequence[str]) -> dict[str, str]:
    """Return names and texts about the build; what the caller says replaces what is known.

    Args:
        environ: The environment.
        entries: What the caller says, each as `NAME=TEXT`.

    Raises:
        UsageError: An entry has no name or no text.
    """
    context: dict[str, str] = {}
    for variable, texts in _SYSTEMS.items():
        if environ.get(variable):
            context |= {name: text for name, text in _filled(texts, environ).items() if text}
    for entry in entries:
        name, _, text = entry.partition("=")
        if not name or not text:
            raise UsageError(f"--context {entry!r} is not of the form NAME=TEXT.")
        context[name] = text
    return context


def _filled(texts: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Fill the variables in; a text with one that is not set is empty."""
    filled = {}
    for name, text in texts.items():
        try:
            filled[name] = text.format_map(environ)
        except KeyError:
            filled[name] = ""
    return filled
