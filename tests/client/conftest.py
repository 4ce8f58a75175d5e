"""A served Countersign for the tests of a module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.site import Site, open_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with open_site(f"sqlite:///{folder / 'site.db'}", folder) as opened:
        yield opened


@pytest.fixture
def folder(site: Site, request: pytest.FixtureRequest) -> Path:
    """A folder of the test's own, where the command line runs."""
    own = site.folder / request.node.name.replace("[", "-").replace("]", "")
    own.mkdir()
    return own
