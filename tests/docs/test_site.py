"""The documents build as a site without a warning, and it names no address outside of them."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.tooling.hooks import clean, foreign_addresses
from docs.tooling.reference import PAGES
from docs.tooling.sequence import NotationError, parse
from engine.model.errors import Code
from tests.docs.documents import DOCS, ROOT, pages

PATH = re.compile(r"`((?:api|benchmarks|docs|engine|notifications|scripts|tests)/[\w./-]*)[^`]*`")
DOTTED = re.compile(r"`((?:api|engine|notifications|docs|tests)(?:\.\w+)+)`")
NAME_IN = re.compile(r"`(\w+)`\s+(?:in|\()\s*`([\w/]+\.py)`")
LINK = re.compile(r"\]\(([^)#]+)(?:#([\w-]+))?\)")
SECTION = re.compile(r"spec sections? (\d+)(?:(?:,| and|, and) (\d+))*")
#: How the GraphQL interface writes the codes of errors that are no refusals.
CODE = re.compile(r'(?:"code": |RefusedError\(\d+, |^[A-Z_]+ = )"([A-Z][A-Z_]+)"', re.MULTILINE)
WORD = re.compile(r"[\w'’-]+")


def build(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The site, as `scripts/docs` builds it."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    return subprocess.run(
        [*command, *options],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(folder)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


def test_the_site_names_no_address_outside_of_the_project(site: Path) -> None:
    files = [path for path in site.rglob("*") if path.is_file()]
    assert len(files) > 30
    found = {
        (path.relative_to(site).as_posix(), address)
        for path in files
        if path.suffix not in {".png", ".webp", ".gz"}
        for address in foreign_addresses(path.read_text(encoding="utf-8"))
    }
    assert found == set()


def test_a_link_to_nowhere_keeps_the_site_from_being_built(tmp_path: Path) -> None:
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    shutil.copytree(DOCS, tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "docs" / "index.md").open("a", encoding="utf-8") as page:
        page.write("\n[a page](nowhere.md), [a place](glossary.md#nowhere)\n")

    done = build(tmp_path / "site", "--config-file", str(tmp_path / "mkdocs.yml"))

    assert done.returncode != 0
    assert "'nowhere.md'" in done.stderr
    assert "'#nowhere'" in done.stderr


def test_links_of_the_files_beside_the_site_lead_somewhere() -> None:
    for page in pages():
        if DOCS in page.parents:
            continue
        for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
            assert not target.startswith("http"), (page.name, target)
            path = page.parent / target
            assert path.exists(), (page.name, target)
            assert not anchor or anchor in anchors_of(path), (page.name, target, anchor)


def anchors_of(page: Path) -> set[str]:
    """The ids of a page's headings, as forges and the site make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_every_page_is_built_and_none_of_the_tooling(site: Path) -> None:
    tooling = DOCS / "tooling"
    for page in (page for page in DOCS.rglob("*.md") if tooling not in page.parents):
        assert (site / page.relative_to(DOCS)).with_suffix(".html").exists(), page
    assert not (site / "tooling").exists()


def test_the_walks_are_drawn_while_the_site_is_built(site: Path) -> None:
    page = (site / "architecture.html").read_text(encoding="utf-8")
    assert page.count('<svg class="sequence"') == 5
    assert "sequenceDiagram" not in page


def test_foreign_addresses_are_found_and_taken_out_of_the_themes_files(tmp_path: Path) -> None:
    text = 'a("https://cdn.example.org/x.js"); b("http://www.w3.org/2000/svg"); "//# nothing"'
    assert foreign_addresses(text) == ["https://cdn.example.org/x.js"]
    assert foreign_addresses("https://countersign.example.com/x http://127.0.0.1:8000/y") == []
    assert foreign_addresses("https://example.com.attacker.test/") != []
    (tmp_path / "a.js").write_text(text + "\n//# sourceMappingURL=a.js.map\n")
    (tmp_path / "a.js.map").write_text("{}")
    clean(tmp_path)
    assert (tmp_path / "a.js").read_text() == (
        'a("about:blank"); b("http://www.w3.org/2000/svg"); "//# nothing"\n'
    )
    assert [path.name for path in tmp_path.iterdir()] == ["a.js"]


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_current(name: str) -> None:
    stored = (DOCS / name).read_text(encoding="utf-8")
    assert stored == PAGES[name](), "run scripts/docs"


def test_a_diagram_that_cannot_be_drawn_is_refused_by_its_line() -> None:
    with pytest.raises(NotationError, match="A->>B: hello"):
        parse("sequenceDiagram\nparticipant A as Ann\nA->>B: hello")
    with pytest.raises(NotationError, match="flowchart"):
        parse("flowchart LR")


def test_every_path_and_module_that_is_named_exists() -> None:
    missing = []
    for page in pages():
        text = page.read_text(encoding="utf-8")
        name = page.name
        missing += [(name, p) for p in PATH.findall(text) if not (ROOT / p).exists()]
        missing += [(name, d) for d in DOTTED.findall(text) if not _is_there(d)]
    assert missing == []


def test_every_name_that_a_file_is_said_to_have_is_in_it() -> None:
    said = [
        (name, path)
        for page in pages()
        for name, path in NAME_IN.findall(page.read_text(encoding="utf-8"))
    ]
    assert len(said) > 5
    found = {(name, path) for name, path in said if name in (ROOT / path).read_text("utf-8")}
    assert sorted(set(said) - found) == []


def _is_there(dotted: str) -> bool:
    """A module, or a name in one."""
    for name in (dotted, dotted.rpartition(".")[0]):
        try:
            if importlib.util.find_spec(name) is None:
                continue
        except ModuleNotFoundError:
            continue
        return name == dotted or hasattr(importlib.import_module(name), dotted.rpartition(".")[2])
    return False


def test_every_folder_of_a_package_is_explained() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    folders = [
        path.parent.relative_to(ROOT).as_posix()
        for package in ("api", "notifications", "engine")
        for path in (ROOT / package).glob("*/__init__.py")
    ]
    assert len(folders) > 20
    assert [folder for folder in folders if f"| `{folder}` |" not in text] == []


def test_every_section_that_code_cites_is_in_the_specification() -> None:
    text = (DOCS / "specification.md").read_text(encoding="utf-8")
    sections = set(re.findall(r"^## (\d+)\. ", text, re.MULTILINE))
    cited = set()
    for package in ("engine", "notifications", "api", "tests"):
        for path in (ROOT / package).rglob("*.py"):
            for found in SECTION.findall(path.read_text(encoding="utf-8")):
                cited |= set(filter(None, found))
    assert {"2", "3", "4", "5", "6"} <= cited
    assert cited <= sections


def test_every_code_of_a_request_is_explained() -> None:
    page = (DOCS / "errors.md").read_text(encoding="utf-8")
    codes = {code.value for code in Code}
    for path in (*(ROOT / "api/graphql").rglob("*.py"), *(ROOT / "api/web/http").glob("*.py")):
        codes |= set(CODE.findall(path.read_text(encoding="utf-8")))
    assert {"BUG", "FOREIGN_ORIGIN", "LIMIT_EXCEEDED", "NOT_ACCEPTABLE"} <= codes
    assert [code for code in sorted(codes) if f"| `{code}` |" not in page] == []


def test_the_readme_is_short() -> None:
    words = WORD.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(words) <= 700
