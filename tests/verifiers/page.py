"""Writes the page of the matrix: `python -m tests.verifiers.page > docs/verifiers.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from engine.model.algorithms import KeypairAlgorithm
from tests.verifiers.matrix import (
    ALGORITHMS,
    BACKENDS,
    CHECKS,
    HOLDERS,
    Check,
    refusal_of_server,
)


def _signers() -> str:
    described = [
        f"`{name}` ({HOLDERS[name]})" if name in HOLDERS else f"`{name}`" for name in BACKENDS
    ]
    return f"{', '.join(described[:-1])} and {described[-1]}"


_HEAD = f"""# Verified by

Tests sign with keys of each algorithm in each of the signers
{_signers()},
and hold the signatures against programs that are not part of Countersign: each accepts the content
that was signed, and refuses another. Only `pkcs11` has no keys of ML-DSA. Of RSA one size is tried.
The page is generated from the table of these tests, `tests/verifiers/matrix.py`. What jarsigner,
osslsigncode, sbsign, apksigner and other tools sign through the agent is verified by these tools in
tests of their own.
"""


def page() -> str:
    """Return the page."""
    forms = list(dict.fromkeys(check.form for check in CHECKS))
    sections = ("\n".join(_section(form)) for form in forms)
    return "\n".join([_HEAD, *sections])


def _section(form: str) -> Iterator[str]:
    checks = [check for check in CHECKS if check.form == form]
    sentences = list(dict.fromkeys(filter(None, _sentences(form, checks))))
    yield f"## {form}\n"
    yield _row(["program", *(f"`{algorithm}`" for algorithm in ALGORITHMS)])
    yield _row(["---"] * (len(ALGORITHMS) + 1))
    for check in checks:
        yield _row([check.program, *(_cell(check, a, sentences) for a in ALGORITHMS)])
    yield ""
    for number, sentence in enumerate(sentences, 1):
        yield f"{number}. {sentence}"
    if sentences:
        yield ""


def _sentences(form: str, checks: Sequence[Check]) -> Iterator[str | None]:
    for algorithm in ALGORITHMS:
        yield refusal_of_server(form, algorithm)
        yield from (check.refuses.get(algorithm.scheme) for check in checks)


def _cell(check: Check, algorithm: KeypairAlgorithm, sentences: Sequence[str]) -> str:
    sentence = refusal_of_server(check.form, algorithm) or check.refuses.get(algorithm.scheme)
    return "✓" if sentence is None else f"no ({sentences.index(sentence) + 1})"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(page())
