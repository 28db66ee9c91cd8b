"""A damaged store -> a folder: every version that can still be read, as plain text, and every run, as JSON lines."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from prompt_kernel.errors import InvalidPathError
from prompt_kernel.expansion import hash_of
from prompt_kernel.files._export import write_file
from prompt_kernel.files._import import from_home
from prompt_kernel.names import check_path
from prompt_kernel.records import ExportReport, Salvaged

#: What comes of experiments.
_RUNS: Final = "experiments.jsonl"


def rescue_to_folder(
    versions: Iterable[Salvaged],
    folder: str | os.PathLike[str],
    runs: Iterable[tuple[int, Mapping[str, Any], str]] = (),
) -> ExportReport:
    """Write each version as `path@3.md` in `folder`, and report those that are lost; nothing is overwritten by less.

    The runs of experiments, each of them an id, plain data, and what is wrong with it, become lines of one file.

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
    lines = list(_lines(runs, lost))
    if lines:
        (written if _write_runs(root, b"".join(lines)) else unchanged).append(_RUNS)
    return ExportReport(str(root), tuple(written), tuple(unchanged), tuple(lost))


def _lines(runs: Iterable[tuple[int, Mapping[str, Any], str]], lost: list[str]) -> Iterator[bytes]:
    for number, run, problem in runs:
        if problem:
            lost.append(f"run {number}: {problem}")
        else:
            # In ASCII, because a model may have answered with half a character.
            yield json.dumps(run).encode() + b"\n"


def _write_runs(root: Path, data: bytes) -> bool:
    file = root / _RUNS
    return not (file.exists() and file.stat().st_size > len(data)) and write_file(root, _RUNS, data)


def _safe(path: str) -> str:
    """Return a path that stays in the folder, whatever the damaged file says."""
    try:
        return check_path(path)
    except InvalidPathError:
        # Two such paths are still two names.
        return f"lost/path-{hash_of(path)[:12]}"
