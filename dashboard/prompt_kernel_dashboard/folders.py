"""Folders on disk, as far as a browser may reach them: the home folder and the current one, unless others are named."""

from pathlib import Path
from typing import Final

from prompt_kernel.server.folders import Folders, home_and_here
from prompt_kernel_dashboard import resources

MOST_OFFERED: Final = 12


def complete(typed: str) -> list[str]:
    """Return the folders that `typed` may be the beginning of, spelled as it is, with a `/`; none if out of reach."""
    return _reached().complete(typed)[:MOST_OFFERED]


def check(typed: str) -> Path:
    """Return the folder that was typed.

    Raises:
        InvalidMetadataError: it is none, or out of reach.
    """
    return _reached().check(typed)


def _reached() -> Folders:
    return Folders(resources.roots() or home_and_here())
