"""The store -> a folder of markdown: look at every place first, then write each file as a whole or not at all."""

import os
import stat
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prompt_kernel import replacing
from prompt_kernel.errors import AmbiguousNameError, ExportFileError, PromptNotFoundError
from prompt_kernel.files._document import encode
from prompt_kernel.files._frontmatter import Metadata
from prompt_kernel.files._import import ENDING, from_home
from prompt_kernel.names import ancestors, check_path, is_path, key_of
from prompt_kernel.records import ExportReport, Prompt

if TYPE_CHECKING:
    from prompt_kernel.store import Store

_PAGE: Final = 500


def export_folder(
    store: "Store",
    folder: str | os.PathLike[str],
    *,
    directory: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> ExportReport:
    """Write every prompt in `directory` and below it as a markdown file in `folder`.

    The inverse of `import_folder(store, folder, into=directory)`: a prompt's path in the directory, with `.md`, is
    the file's path in the folder. A file that is right already is not touched; files of other names stay. Each file
    is replaced as a whole, so that whoever reads it finds the old one or the new one.

    Args:
        store: where from.
        folder: where to, made if it is not there; `~` is the home directory.
        directory: of the store, "" for everything. Prompts in disabled directories are exported too.
        progress: called with how many prompts are done, and how many there are.

    Raises:
        InvalidPathError: `directory`, or the path of a prompt in a damaged store, cannot be one.
        ExportFileError: a file cannot be written where it belongs. Before anything is written, it is made sure that
            no place is taken by something else, or leads out of the folder by a link.
    """
    root = Path(os.path.realpath(from_home(folder)))
    plan = dict(_plan(store, check_path(directory) if directory else ""))

    def content(name: str) -> bytes | None:
        path, layout = plan[name]
        prompt = _get(store, path)
        return _bytes_of(prompt, layout) if prompt else None

    return write_files(root, plan, content, progress)


def write_files(
    root: Path,
    names: Collection[str],
    content: Callable[[str], bytes | None],
    progress: Callable[[int, int], None] | None = None,
) -> ExportReport:
    """Make each of the files `names` in `root` hold its `content`, as a whole; None leaves it as it is.

    Raises:
        ExportFileError: a file cannot be written where it belongs; see `export_folder`.
    """
    for place in _make_folders(root, names):
        _clear(root, place)
    written: list[str] = []
    unchanged: list[str] = []
    for done, name in enumerate(names, start=1):
        data = content(name)
        if data is not None:
            with _blaming(root, name):
                (written if _write(root / name, data) else unchanged).append(name)
        if progress:
            progress(done, len(names))
    for place in {above for name in written for above in ("", *ancestors(name))}:
        replacing.flush(root / place)
    return ExportReport(str(root), tuple(written), tuple(unchanged))


def write_file(root: Path, name: str, data: bytes) -> bool:
    """Make file `name` in `root` hold `data`, as a whole; tell whether it did not already.

    Raises:
        ExportFileError: it cannot be written.
    """
    _make_folders(root, [name])
    with _blaming(root, name):
        return _write(root / name, data)


def _plan(store: "Store", directory: str) -> Iterator[tuple[str, tuple[str, Mapping[str, Any]]]]:
    """Give each prompt's file in the folder, its path and its layout, in the order of paths."""
    above = len(directory.split("/")) if directory else 0
    after: str | None = None
    while page := store.prompts(directory=directory or None, after=after, limit=_PAGE):
        paths = [entry.path for entry in page]
        layouts = store.layouts(paths)
        for path in paths:
            layout = layouts.get(path, {})
            yield _file_name(check_path(path).split("/")[above:], layout.get("file")), (path, layout)
        after = paths[-1]


def _file_name(segments: list[str], remembered: object) -> str:
    """Return the file for the path of `segments`: the one that an import found there, if it still fits."""
    names = [*segments[:-1], segments[-1] + ENDING]
    found = remembered.split("/") if isinstance(remembered, str) else []
    common = min(len(names), len(found))
    fits = common and all(map(_fits, found[-common:], names[-common:]))
    return "/".join([*names[:-common], *found[-common:]] if fits else names)


def _fits(found: str, name: str) -> bool:
    """Tell whether both are the same but for case and look; a disk may tell them apart, and a store does not."""
    return key_of(found) == key_of(name) and is_path(unicodedata.normalize("NFC", found))


def _make_folders(root: Path, names: Collection[str]) -> list[str]:
    """Look at every place that the files `names` need in `root`, and only then make the folders; return these."""
    folders = sorted({"", *(above for name in names for above in ancestors(name))})
    _check_places(root, folders, names)
    for place in folders:
        with _blaming(root, place):
            (root / place).mkdir(parents=True, exist_ok=True)
    return folders


def _check_places(root: Path, folders: Iterable[str], names: Iterable[str]) -> None:
    problems = {place or str(root): fault for place in folders if (fault := _folder_fault(root, root / place))}
    keys = {key_of(place): place for place in folders}
    for name in names:
        fault = _file_fault(root / name)
        if key_of(name) in keys:
            fault = f"the prompts in {keys[key_of(name)]} need a folder of that name"
        if fault:
            problems[name] = fault
    if problems:
        raise ExportFileError(str(root), problems)


def _folder_fault(root: Path, folder: Path) -> str:
    mode, fault = _look(folder)
    if mode is None:
        return fault
    if stat.S_ISLNK(mode) or not Path(os.path.realpath(folder)).is_relative_to(root):
        return "this is a link, and links are not followed"
    return "" if stat.S_ISDIR(mode) else "this is no folder"


def _file_fault(file: Path) -> str:
    mode, fault = _look(file)
    return fault if mode is None or stat.S_ISREG(mode) else "something that is no ordinary file has this place"


def _look(place: Path) -> tuple[int | None, str]:
    """Return the mode of what is at `place`, None if there is nothing, and what keeps anything from being there."""
    try:
        return place.lstat().st_mode, ""
    except FileNotFoundError:
        return None, ""
    except OSError as error:
        return None, f"this cannot be written: {error.strerror}"


@contextmanager
def _blaming(root: Path, name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ExportFileError(str(root), {name or str(root): f"this cannot be written: {error.strerror}"}) from error


def _clear(root: Path, place: str) -> None:
    """Remove the temporary files that a killed export has left."""
    with _blaming(root, place), os.scandir(root / place) as entries:
        for entry in entries:
            if replacing.LEFT_OVER.fullmatch(entry.name):
                Path(entry).unlink(missing_ok=True)


def _get(store: "Store", path: str) -> Prompt | None:
    """Return the prompt at `path`, None if it has gone from there since the plan was made."""
    try:
        prompt = store.get(path)
    except (PromptNotFoundError, AmbiguousNameError):
        return None
    return prompt if key_of(prompt.path) == key_of(path) else None  # else another one of that display name


def _bytes_of(prompt: Prompt, layout: Mapping[str, Any]) -> bytes:
    metadata = Metadata(prompt.description, prompt.tags, prompt.engine, prompt.variables)
    return encode(prompt.text, metadata, layout)


def _write(file: Path, data: bytes) -> bool:
    """Make `file` hold `data`; tell whether it did not already."""
    with suppress(FileNotFoundError):
        if file.read_bytes() == data:
            return False
    replacing.replace(file, data)
    return True
