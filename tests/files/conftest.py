"""Fixtures for folders of files, and for both of PyYAML's parsers."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from prompt_kernel.files import _sync_world, _yaml
from prompt_kernel.store import Store

Tree = dict[str, bytes]


@pytest.fixture
def store() -> Iterator[Store]:
    """A store in memory: what a file means does not depend on a disk, and there are many files here."""
    with Store(":memory:", author="ana") as opened:
        yield opened


@pytest.fixture
def plant(tmp_path: Path) -> Callable[[Mapping[str, bytes | str]], Path]:
    """Write a folder of files, and return it."""

    def write(files: Mapping[str, bytes | str]) -> Path:
        root = tmp_path / "from"
        root.mkdir(exist_ok=True)
        for name, content in files.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return root

    return write


@pytest.fixture
def harvest() -> Callable[[Path], Tree]:
    """Read a folder: every file in it by name, hidden ones too."""

    def read(root: Path) -> Tree:
        return {file.relative_to(root).as_posix(): file.read_bytes() for file in root.rglob("*") if file.is_file()}

    return read


@pytest.fixture(params=["SafeLoader", "CSafeLoader"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Read YAML with PyYAML's own parser, or with libyaml's; what they find must be the same."""
    name = str(request.param)
    monkeypatch.setattr(_yaml, "LOADER", getattr(yaml, name))
    return name


@pytest.fixture
def no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave writing to the disk to the system, where many files are written and no power will be lost."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a sync wait for no editor, where nobody writes meanwhile."""
    monkeypatch.setattr(_sync_world, "QUIET", 0)
