"""Results of checks, as lines for people or JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    #: It works, but not as anybody can rely on.
    WARNING = "WARNING"
    #: It needs something that is missing, which another check reports, or it was not wanted.
    SKIPPED = "SKIPPED"


_MARKS = {Verdict.PASSED: "✓", Verdict.FAILED: "✗", Verdict.WARNING: "!", Verdict.SKIPPED: "-"}
_MARKS_IN_ASCII = {
    Verdict.PASSED: "[ok]",
    Verdict.FAILED: "[failed]",
    Verdict.WARNING: "[warning]",
    Verdict.SKIPPED: "[-]",
}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check, and what to do about it."""

    name: str
    verdict: Verdict
    #: What was seen, in a sentence.
    message: str
    #: What to do, in a sentence; empty where there is nothing to do.
    advice: str = ""


def passed(name: str, message: str) -> CheckResult:
    """Return a result that is fine."""
    return CheckResult(name, Verdict.PASSED, message)


def failed(name: str, message: str, advice: str) -> CheckResult:
    """Return a result that somebody has to act on."""
    return CheckResult(name, Verdict.FAILED, message, advice)


def warned(name: str, message: str, advice: str) -> CheckResult:
    """Return a result that works, but should be changed before others rely on it."""
    return CheckResult(name, Verdict.WARNING, message, advice)


def skipped(name: str, message: str) -> CheckResult:
    """Return the result of a check that could not be made."""
    return CheckResult(name, Verdict.SKIPPED, message)


def is_healthy(results: Sequence[CheckResult]) -> bool:
    """Return whether no check failed."""
    return all(result.verdict is not Verdict.FAILED for result in results)


def as_lines(results: Sequence[CheckResult], encoding: str | None) -> str:
    """Return a line for each check, with signs that the terminal can show."""
    marks = _MARKS if _can_write("".join(_MARKS.values()), encoding) else _MARKS_IN_ASCII
    lines = (
        " ".join(filter(None, (marks[r.verdict], f"{r.name}:", r.message, r.advice)))
        for r in results
    )
    return "\n".join(_one_line(line) for line in lines)


def as_json(results: Sequence[CheckResult]) -> str:
    """Return a JSON object with `healthy` and the `checks`."""
    checks = [
        {
            "name": result.name,
            "verdict": result.verdict,
            "message": result.message,
            "advice": result.advice,
        }
        for result in results
    ]
    return json.dumps({"healthy": is_healthy(results), "checks": checks}, indent=2)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _can_write(text: str, encoding: str | None) -> bool:
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
