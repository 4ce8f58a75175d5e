"""A short soak; COUNTERSIGN_SOAK_SECONDS makes it longer."""

import os

import pytest

from tests.acceptance.soak import PATIENCE, soak
from tests.support.invariants import table

SECONDS = float(os.environ.get("COUNTERSIGN_SOAK_SECONDS", "20"))

pytestmark = [pytest.mark.long, pytest.mark.timeout(SECONDS + 4 * PATIENCE)]


async def test_nothing_is_lost_however_processes_and_the_database_die() -> None:
    found = await soak(SECONDS)
    assert not any(finding.faults for finding in found), table(found)
