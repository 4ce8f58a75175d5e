"""How Hypothesis runs the state machines, and what a test says of how much was tried."""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from engine.persistence.db.database import Database

#: Thousands of examples, other ones each time.
LONG = os.environ.get("COUNTERSIGN_MODEL") == "long"
LONG_EXAMPLES = 2000
STATE_MACHINE_TIMEOUT = pytest.mark.timeout(0 if LONG else 120)


def run_state_machine(
    machine: type[RuleBasedStateMachine], database: Database, *, examples: int, steps: int
) -> None:
    """Run the examples in one database, each in an account of its own."""
    run_state_machine_as_test(
        type("Machine", (machine,), {"database": database}),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=not LONG,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def report(request: pytest.FixtureRequest, line: str) -> None:
    """Write a line among those of the run."""
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(f"\n{line}")
