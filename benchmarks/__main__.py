"""`python -m benchmarks [NAME ...]`: measures, prints the table, writes it as JSON and Markdown."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import time
from pathlib import Path

from benchmarks import cases, report
from benchmarks.comparison import Comparison


def names() -> list[str]:
    """Return the names of all benchmarks: the modules of `cases`, each with a `run(rounds)`."""
    return sorted(module.name for module in pkgutil.iter_modules(cases.__path__))


def main() -> None:
    """Run the benchmarks that are named, or all of them."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}")
    parser.add_argument("--rounds", type=int, default=5, help="counted rounds of each comparison")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(names()))
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(names())}")
    machine = report.machine()
    comparisons: list[Comparison] = []
    for name in arguments.names or names():
        started = time.perf_counter()
        for comparison in importlib.import_module(f"benchmarks.cases.{name}").run(arguments.rounds):
            comparisons.append(comparison)
            print(report.as_row(comparison), flush=True)
            report.write(arguments.out, machine, comparisons)
        print(f"{name}: {time.perf_counter() - started:.0f} s", flush=True)
    print("\n" + report.as_markdown(machine, comparisons))


if __name__ == "__main__":
    main()
