"""What the documents say to paste is run, or is listed here with its number."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from contextlib import ExitStack
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values
from graphql import build_schema, parse, validate

from api.config.settings import PREFIX, Settings
from api.graphql.schema import schema
from docs.tooling import sequence
from tests.docs.documents import DOCS, blocks, blocks_of
from tests.docs.walk import Walk

#: The pages whose examples are run, one after the other, in one installation.
WALKED = ("getting-started.md", "signing-tools.md", "api.md", "operations.md")
#: What they use beside Countersign.
PROGRAMS = ("bash", "curl", "gpg", "jq", "openssl")
#: Languages of which nothing can be run, and what is looked at instead.
READ = frozenset({"mermaid", "dotenv", "json", "toml", "text", "nginx", "js", "yaml"})
#: Whole files, which test_samples.py imports; the walk saves and runs the first one.
FILES = {
    "sign_file.py",
    "folder_signer.py",
    "spool_channel.py",
    "mounted.py",
    "embedded.py",
    "people.py",
    "vite.config.js",
    "listener.py",
    "weekday.py",
    "verify_ledger.py",
}
#: How many blocks of each page are shown and not run.
NOT_RUN = {
    "docs/getting-started.md": 7,
    "docs/api.md": 3,
    "docs/keys-and-certificates.md": 4,
    "docs/ledger.md": 1,
    "docs/operations.md": 1,
    "docs/client.md": 6,
    "docs/signing-tools.md": 1,
    "docs/tools.md": 12,
}


def test_every_block_is_run_or_is_listed_as_not_run() -> None:
    not_run = Counter(block.page for block in blocks() if block.not_run)
    assert not_run == NOT_RUN
    walked = {f"docs/{page}" for page in WALKED}
    for block in blocks():
        is_run = block.page in walked and block.language in {"graphql", "sh", "python"}
        has_a_test = block.title in FILES
        assert is_run or has_a_test or block.not_run or block.language in READ, block.place
    assert {block.title for block in blocks() if block.title} == FILES


@pytest.mark.long
@pytest.mark.timeout(240)
def test_the_examples_lead_from_page_to_page(tmp_path: Path) -> None:
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        pytest.skip(f"the examples use {', '.join(missing)}")
    with ExitStack() as stack:
        walk = Walk(tmp_path, stack)
        for page in WALKED:
            for block in blocks_of(DOCS / page):
                if not block.not_run and block.language not in READ:
                    walk.follow(block)


def test_every_operation_fits_the_schema() -> None:
    built = build_schema(schema.as_str())
    operations = [block for block in blocks() if block.language == "graphql"]
    assert operations
    for block in operations:
        assert validate(built, parse(block.code)) == [], block.place


def test_every_setting_that_is_shown_exists() -> None:
    names = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for block in blocks():
        if block.language == "dotenv":
            values = dotenv_values(stream=StringIO(block.code))
            assert values, block.place
            assert set(values) <= names | {f"{name}_FILE" for name in names}, block.place


def test_every_diagram_can_be_drawn_and_every_json_be_read() -> None:
    for block in blocks():
        if block.language == "mermaid":
            assert sequence.draw(sequence.parse(block.code)).startswith("<svg"), block.place
        if block.language == "json":
            json.loads(block.code)
