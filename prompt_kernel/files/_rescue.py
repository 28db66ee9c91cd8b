"""A damaged store -> a folder: every version that can still be read, as plain text."""

import os
from collections.abc import Iterable
from pathlib import Path

from prompt_kernel.errors import InvalidPathError
from prompt_kernel.expansion import hash_of
from prompt_kernel.files._export import write_file
from prompt_kernel.files._import import from_home
from prompt_kernel.names import check_path
from prompt_kernel.records import ExportReport, Salvaged


def rescue_to_folder(versions: Iterable[Salvaged], folder: str | os.PathLike[str]) -> ExportReport:
    """Write each version as `path@3.md` in `folder`, and report those that are lost; nothing is overwritten by less.

    Raises:
        ExportFileError: a file cannot be written.
    """
    root = Path(os.path.realpath(from_home(folder)))
    written: list[str] = []
    unchanged: list[str] = []
    lost: list[str] = []
    for version in versions:
        name = f"{_safe(version.path)}@{version.version}"
        if version.problem:
            lost.append(f"{name}: {version.problem}" if version.path else f"row {version.version}: {version.problem}")
            continue
        changed = write_file(root, f"{name}.md", version.text.encode())
        (written if changed else unchanged).append(f"{name}.md")
    return ExportReport(str(root), tuple(written), tuple(unchanged), tuple(lost))


def _safe(path: str) -> str:
    """Return a path that stays in the folder, whatever the damaged file says."""
    try:
        return check_path(path)
    except InvalidPathError:
        # Two such paths are still two names.
        return f"lost/path-{hash_of(path)[:12]}"
