"""`python -m benchmarks [NAME ...]`: measures, prints the table, writes it as JSON and Markdown."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from pathlib import Path

import benchmarks
from benchmarks import report
from benchmarks.comparison import Comparison

#: A benchmark is a module of this package whose name begins so, with `run(rounds)`.
PREFIX = "bench_"


def names() -> list[str]:
    """Every benchmark that is there."""
    modules = (module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    return sorted(name.removeprefix(PREFIX) for name in modules if name.startswith(PREFIX))


def main() -> None:
    """Measure what was named, else everything."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}")
    parser.add_argument("--rounds", type=int, default=5, help="counted rounds of each pair")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    told = parser.parse_args()
    unknown = sorted(set(told.names) - set(names()))
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(names())}")
    where = report.machine()
    found: list[Comparison] = []
    for name in told.names or names():
        module = importlib.import_module(f"benchmarks.{PREFIX}{name}")
        for comparison in module.run(told.rounds):
            found.append(comparison)
            print(report.as_markdown(where, [comparison]).splitlines()[4], flush=True)
            report.write(told.out, where, found)
    print("\n" + report.as_markdown(where, found))


if __name__ == "__main__":
    main()
