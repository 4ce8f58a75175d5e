"""Do the everyday tests notice a random small change of the code? Tries a sample of such changes.

Run by `scripts/mutate-sample`. First the everyday tests run once under coverage, which records for
each line the tests that execute it. Then each mutant is written into a copy of the code, and the
tests that execute its line run on it until one fails. A line that no test executes by itself, since
it is executed when its module is imported, is tried on the tests of its package.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

from coverage import CoverageData

ROOT = Path(__file__).parents[2]
PACKAGES = ("engine", "notifications", "api")
#: Not part of what runs in production, or executed by no everyday test in this process.
LEFT_OUT = ("engine/persistence/store/migrations/", "api/demo/")
DATA = ROOT / ".coverage"
#: Tests of one mutant, the nearest first; and how long they may take together.
MOST_TESTS = 60
MUTANT_SECONDS = 120
WORKERS = 2

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


@dataclass(frozen=True)
class Mutant:
    """One change of one node, by its place in the order of `ast.walk`."""

    path: Path
    number: int
    line: int
    what: str

    def source(self) -> str:
        """The whole module with the change."""
        tree = ast.parse((ROOT / self.path).read_text("utf-8"))
        node = list(ast.walk(tree))[self.number]
        change_of(node)[1](node)  # type: ignore[index]
        return ast.unparse(ast.fix_missing_locations(tree))

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.what}"


Change = tuple[str, Callable[[ast.AST], None]]


def change_of(node: ast.AST) -> Change | None:
    """What is changed about a node, if anything, and how."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARISONS:
        return f"comparison turned: {ast.unparse(node)}", _turn_comparison
    if isinstance(node, ast.BoolOp):
        return f"and/or turned: {ast.unparse(node)}", _turn_bool_op
    if isinstance(node, ast.If):
        return f"branch dropped: if {ast.unparse(node.test)}", _drop_branch
    if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        return f"return replaced: {ast.unparse(node)}", _replace_return
    return None


def _turn_comparison(node: ast.AST) -> None:
    assert isinstance(node, ast.Compare)
    node.ops[0] = _COMPARISONS[type(node.ops[0])]()


def _turn_bool_op(node: ast.AST) -> None:
    assert isinstance(node, ast.BoolOp)
    node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()


def _drop_branch(node: ast.AST) -> None:
    assert isinstance(node, ast.If)
    node.test = ast.Constant(value=False)


def _replace_return(node: ast.AST) -> None:
    assert isinstance(node, ast.Return)
    value = node.value
    replaced = not value.value if _is_bool(value) else None  # type: ignore[union-attr]
    node.value = ast.Constant(value=replaced)


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_bool(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, bool)


def mutants() -> Iterator[Mutant]:
    """Every change there is, in the order of the files."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT)
            if name.as_posix().startswith(LEFT_OUT):
                continue
            tree = ast.parse(path.read_text("utf-8"))
            unreal, lines = _type_checking_only(tree), _statement_lines(tree)
            for number, node in enumerate(ast.walk(tree)):
                change = None if node in unreal else change_of(node)
                if change is not None:
                    yield Mutant(name, number, lines[node], change[0][:100])


def _statement_lines(tree: ast.Module) -> dict[ast.AST, int]:
    """The line of each node's statement: that is what coverage records of all its lines."""
    lines: dict[ast.AST, int] = {}

    def visit(node: ast.AST, line: int) -> None:
        lines[node] = node.lineno if isinstance(node, ast.stmt) else line
        for child in ast.iter_child_nodes(node):
            visit(child, lines[node])

    visit(tree, 0)
    return lines


def _type_checking_only(tree: ast.Module) -> set[ast.AST]:
    return {
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    }


def record_coverage() -> None:
    """Run the everyday tests once, recording for each line the tests that execute it."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "-m", "not long"]
    packages = [f"--cov={package}" for package in PACKAGES]
    subprocess.run(
        [*command, *packages, "--cov-context=test", "--cov-report=", "-p", "no:cacheprovider"],
        cwd=ROOT,
        check=True,
    )
    if not DATA.exists():
        subprocess.run([sys.executable, "-m", "coverage", "combine", "-q"], cwd=ROOT, check=True)


def tests_of(data: CoverageData, mutant: Mutant) -> list[str]:
    """Tests that execute the mutant's line: of the mirrored folder first, of many functions."""
    contexts = data.contexts_by_lineno(str(ROOT / mutant.path)).get(mutant.line, [])
    tests = sorted({context.partition("|")[0] for context in contexts} - {""})
    if not tests:
        return [f"tests/{mutant.path.parts[0]}", "-k", "not postgresql"]
    # A server to start for each mutant would take most of the time.
    tests = [test for test in tests if "postgresql" not in test] or tests
    cases: Counter[str] = Counter()
    ranked = []
    for test in tests:
        function = test.partition("[")[0]
        mirrored = test.startswith(f"tests/{mutant.path.parent}")
        ranked.append((not mirrored, cases[function], test))
        cases[function] += 1
    return [test for *_, test in sorted(ranked)[:MOST_TESTS]]


def is_noticed(mutant: Mutant, tests: list[str], folder: Path) -> bool:
    """Whether one of the tests fails on the mutant, in this copy of the code."""
    path = folder / mutant.path
    original = path.read_text("utf-8")
    path.write_text(mutant.source(), "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-m", "not long"]
    try:
        done = subprocess.run(
            [*command, "-p", "no:cacheprovider", *tests],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(folder)},
            capture_output=True,
            timeout=MUTANT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    finally:
        path.write_text(original, "utf-8")
    return done.returncode not in {0, 5}


def try_all(chosen: list[Mutant], data: CoverageData) -> list[Mutant]:
    """Print what became of each mutant; answer those that no test noticed."""
    survivors: list[Mutant] = []
    with TemporaryDirectory() as scratch, ThreadPoolExecutor(WORKERS) as pool:
        folders: SimpleQueue[Path] = SimpleQueue()
        for worker in range(WORKERS):
            folder = Path(scratch) / str(worker)
            ignored = shutil.ignore_patterns(".git", ".venv", "node_modules", ".*_cache")
            shutil.copytree(ROOT, folder, ignore=ignored, symlinks=True)
            modules = folder / "tests/node/node_modules"
            modules.symlink_to(ROOT / "tests/node/node_modules")
            folders.put(folder)

        def examine(mutant: Mutant) -> tuple[Mutant, bool]:
            folder = folders.get()
            try:
                return mutant, is_noticed(mutant, tests_of(data, mutant), folder)
            finally:
                folders.put(folder)

        for mutant, noticed in pool.map(examine, chosen):
            _print(f"{'noticed ' if noticed else 'SURVIVED'} {mutant}")
            if not noticed:
                survivors.append(mutant)
    return survivors


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Print a table; 1 if any mutant went unnoticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=100, help="how many mutants, 100 at first")
    parser.add_argument("--seed", type=int, default=0, help="another seed, another sample")
    parser.add_argument("-k", default="", metavar="TEXT", help="only mutants with this in them")
    parser.add_argument("--recorded", action="store_true", help="use the coverage of the last run")
    arguments = parser.parse_args()
    if not arguments.recorded:
        record_coverage()
    data = CoverageData(str(DATA))
    data.read()
    every = [mutant for mutant in mutants() if arguments.k in str(mutant)]
    number = min(arguments.number, len(every))
    chosen = random.Random(arguments.seed).sample(every, number)
    survivors = try_all(chosen, data)
    _print(f"{len(chosen)} of {len(every)} mutants, {len(survivors)} survived")
    return int(bool(survivors))


if __name__ == "__main__":
    sys.exit(main())
