"""Recording, as a notebook has it, and a place for locks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from prompt_kernel import uses


@pytest.fixture(autouse=True)
def _recording() -> Iterator[None]:
    """Record what is expanded, from nothing, and leave nothing behind."""
    uses.forget_all()
    uses.start()
    yield
    uses.stop()
    uses.forget_all()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The lock of a test, which is not there yet."""
    return tmp_path / "prompts.lock"
