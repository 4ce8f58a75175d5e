"""What if one rule were missing? Leaves out each guard, condition and factor; a test must fail.

Run by `scripts/mutate-guards`. The tests are collected once; then each mutant lives in a process
of its own, forked off, which alters the tables in memory and runs them until one fails.
"""

from __future__ import annotations

import argparse
import ast
import gc
import inspect
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from engine.lifecycle import administration, machine, table
from engine.lifecycle.table import Transition
from engine.model import signing_factors

LIFECYCLE = "tests/engine/lifecycle/test_lifecycle.py"
FACTORS = "tests/engine/model/test_signing_factors.py"
#: What the rules on keys are asked by; the database makes no difference to them.
KEY_COMMANDS = (
    "tests/engine/commands/keys",
    "tests/engine/commands/credentials/test_granting.py",
)
#: The rules on certificates and on keys that come in, of which each condition is left out.
KEY_RULES: tuple[Callable[..., Any], ...] = (
    administration.refuse_certification,
    administration.refuse_declared_certificate,
    administration.refuse_default_certificate,
    administration.refuse_known_key,
    administration.refuse_opening,
    administration.refuse_openpgp_certificate,
    administration.refuse_renewal,
    administration.refuse_retired,
    administration.refuse_x509_certificate,
)
PROCESSES = 2


@dataclass(frozen=True)
class Mutant:
    """One rule that is left out."""

    #: Which tests must notice: the beginnings of their names.
    tests: str | tuple[str, ...]
    #: Of the lifecycle table, of the list of factors, or of the rules on keys.
    row: int
    what: str
    #: Of the row's guards, or the conditions of a rule; None: its `when`, or the factor itself.
    guard: int | None = None

    def live(self) -> None:
        """Alter the tables of this process."""
        if self.tests == FACTORS:
            _replace_everywhere(
                "RULES", signing_factors.RULES, _without(signing_factors.RULES, self.row)
            )
            return
        if self.tests == KEY_COMMANDS:
            assert self.guard is not None
            rule = KEY_RULES[self.row]
            _replace_everywhere(rule.__name__, rule, _without_condition(rule, self.guard))
            return
        rows = list(table.TRANSITIONS)
        row = rows[self.row]
        if self.guard is None:
            rows[self.row] = replace(row, when=None)
        else:
            rows[self.row] = replace(row, guards=_without(row.guards, self.guard))
        _replace_everywhere("TRANSITIONS", table.TRANSITIONS, tuple(rows))
        machine._machine = machine.compile_table(tuple(rows))


def mutants() -> Iterator[Mutant]:
    """Every rule there is, one left out each time."""
    for number, row in enumerate(table.TRANSITIONS):
        name = _row_name(row)
        for guard, rule in enumerate(row.guards):
            yield Mutant(LIFECYCLE, number, f"{name}  guard {rule.__name__}", guard)
        if row.when is not None:
            yield Mutant(LIFECYCLE, number, f"{name}  when {row.when.__name__}")
    for number, factor in enumerate(signing_factors.RULES):
        yield Mutant(FACTORS, number, f"SIGN  factor {factor.name}")
    for number, rule in enumerate(KEY_RULES):
        for guard, condition in enumerate(_conditions(_parsed(rule))):
            what = f"KEYS  {rule.__name__} if {ast.unparse(condition.test)}"
            yield Mutant(KEY_COMMANDS, number, what, guard)


@dataclass
class Laboratory:
    """A pytest plugin that, instead of running the tests once, runs them on each mutant."""

    examined: list[Mutant]
    survivors: list[Mutant] = field(default_factory=list)
    items: list[pytest.Item] = field(default_factory=list)
    caught_by: str = ""

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """After the collection; the answer keeps pytest from running them itself."""
        global _laboratory
        self.items, _laboratory = session.items, self
        gc.freeze()
        began = time.monotonic()
        forking = multiprocessing.get_context("fork")
        with forking.Pool(PROCESSES, maxtasksperchild=1) as pool:
            for mutant, by in pool.imap(_examine, self.examined, chunksize=1):
                _print(f"{'caught  ' if by else 'SURVIVED'}  {mutant.what:<80}  {by}")
                if not by:
                    self.survivors.append(mutant)
        seconds = time.monotonic() - began
        _print(f"{len(self.examined)} mutants, {len(self.survivors)} survived, {seconds:.0f} s")
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """In a fork: which test failed first."""
        if report.failed and not self.caught_by:
            self.caught_by = report.nodeid.partition("::")[2]

    def examine(self, mutant: Mutant) -> str:
        """In a fork: the test that notices the mutant; empty if none does."""
        mutant.live()
        of_these = [item for item in self.items if item.nodeid.startswith(mutant.tests)]
        if mutant.tests == KEY_COMMANDS:
            of_these = [item for item in of_these if "postgresql" not in item.nodeid]
        for item in sorted(of_these, key=lambda item: not _is_about(item, mutant)):
            item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
            if self.caught_by:
                break
        return self.caught_by


#: The one there is, so that the forks find it.
_laboratory: Laboratory


def _examine(mutant: Mutant) -> tuple[Mutant, str]:
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    return mutant, _laboratory.examine(mutant)


def main() -> int:
    """Print a table; 1 if any mutant went unnoticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-k", default="", metavar="TEXT", help="only mutants with this in them")
    text = parser.parse_args().k
    laboratory = Laboratory([mutant for mutant in mutants() if text in mutant.what])
    options = ["-q", "--no-header", "--capture=no", "-p", "no:cacheprovider", "-p", "no:xdist"]
    code = pytest.main([*options, LIFECYCLE, FACTORS, *KEY_COMMANDS], plugins=[laboratory])
    return int(code != pytest.ExitCode.OK or bool(laboratory.survivors))


def _is_about(item: pytest.Item, mutant: Mutant) -> bool:
    """Those tests come first that fire the same transition: so the forks are short."""
    row = getattr(item, "callspec", None) and item.callspec.params.get("row")
    if row is None or mutant.tests != LIFECYCLE:
        return False
    changed = table.TRANSITIONS[mutant.row]
    return (row.trigger, row.source, row.target) == (
        changed.trigger,
        changed.source,
        changed.target,
    )


def _row_name(row: Transition) -> str:
    source = row.source or table.UNREQUESTED
    return f"{row.trigger} {source} -> {row.target}"


def _parsed(rule: Callable[..., Any]) -> ast.Module:
    return ast.parse(inspect.getsource(rule))


def _conditions(module: ast.Module) -> list[ast.If]:
    """The conditions under which a rule decides, in the order of its text."""
    found = [node for node in ast.walk(module) if isinstance(node, ast.If)]
    return sorted(found, key=lambda node: node.lineno)


def _without_condition(rule: Callable[..., Any], number: int) -> Any:
    """The rule as it is when one of its conditions never holds."""
    module = _parsed(rule)
    _conditions(module)[number].test = ast.Constant(value=False)
    names = dict(vars(sys.modules[rule.__module__]))
    exec(compile(ast.fix_missing_locations(module), rule.__module__, "exec"), names)
    return names[rule.__name__]


def _without(rules: tuple[Any, ...], number: int) -> tuple[Any, ...]:
    return rules[:number] + rules[number + 1 :]


def _replace_everywhere(name: str, old: Any, new: Any) -> None:
    """Also where it was imported by name."""
    for module in list(sys.modules.values()):
        if vars(module).get(name) is old:
            setattr(module, name, new)


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
