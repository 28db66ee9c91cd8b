"""Every block of code in `docs/` is run, or read by whom it is for, and the pages lead to each other."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.pages import ROOT, Block, blocks_of, reading

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))

RUN = {"python", "ipython", "bash"}
#: What prompts and terminals look like, and what a person does elsewhere: nothing that could be run.
SHOWN = {"text", "markdown"}
#: Blocks that only their syntax is checked of, or that another test runs, each with the reason.
PARSED = {
    ("formats.md", "py"): "MLflow is no part of the tests",
    ("sharing.md", "py"): "it is about a server on the network",
    ("api.md", "sh"): "tests/server/test_api_docs.py runs them against the API",
}


def parse(block: Block) -> None:
    """Read a block that is not run."""
    if block.language == "json":
        json.loads(block.code)
    elif block.language == "yaml":
        yaml.safe_load(block.code)
    elif block.language == "py":
        compile(block.code, "page", "exec")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_of_a_page_runs_and_gives_what_it_promises(page: Path, tmp_path: Path) -> None:
    with reading(page, tmp_path) as reader:
        for block in blocks_of(page):
            if block.language in RUN:
                reader.run(block)
            else:
                parse(block)


def test_no_block_is_left_out_in_silence() -> None:
    known = RUN | SHOWN | {"json", "yaml"}
    others = {(page.name, block.language) for page in PAGES for block in blocks_of(page)} - {
        (page.name, language) for page in PAGES for language in known
    }
    assert others == set(PARSED)


def test_every_fence_is_a_block() -> None:
    odd = [
        page.name
        for page in PAGES
        if len(re.findall(r"^ *```", page.read_text(encoding="utf-8"), re.MULTILINE)) != 2 * len(blocks_of(page))
    ]
    assert odd == []


def links_of(page: Path) -> Iterator[tuple[str, str]]:
    """Return the places on this disk that a page leads to, each as a file and a heading."""
    prose = re.sub(r"^ *```.*?^ *```$|`[^`\n]+`", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"(?:\]\(|src(?:set)?=\")(?!https?:)([^)\s\"]+)", prose):
        file, _, heading = link.partition("#")
        yield file, heading


def headings_of(page: Path) -> set[str]:
    """Return what GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_leads_somewhere() -> None:
    broken = []
    for page in PAGES:
        for file, heading in links_of(page):
            target = page.parent / file if file else page
            if not target.exists() or (heading and heading not in headings_of(target)):
                broken.append((page.name, file, heading))
    assert broken == []


def test_the_index_names_every_page_and_every_notebook() -> None:
    named = {file for file, _ in links_of(DOCS / "README.md")}
    notebooks = {f"../notebooks/{notebook.name}" for notebook in (ROOT / "notebooks").glob("*.ipynb")}
    assert named >= {page.name for page in PAGES if page.name != "README.md"} | notebooks
