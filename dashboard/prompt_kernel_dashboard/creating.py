"""Making prompts: whether a path can be had, and what a new one starts from. Values only; nothing here is drawn."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from prompt_kernel import Prompt, PromptKernelError, Store
from prompt_kernel.errors import (
    AmbiguousNameError,
    ConflictError,
    ImportFileError,
    InvalidPathError,
    NotFoundError,
    PathTakenError,
)
from prompt_kernel.names import check_path, is_suffix, join, key_of, name_of

ENDING: Final = ".md"


class Upload(NamedTuple):
    """A file that was handed in: its name, without any folder, and its bytes."""

    name: str
    data: bytes

    @property
    def stem(self) -> str:
        """The name without its ending: what the prompt is called unless somebody says otherwise."""
        name = PurePosixPath(self.name.replace("\\", "/")).name
        return name[: -len(ENDING)] if name.lower().endswith(ENDING) else name


class Report(NamedTuple):
    """What became of uploads: the paths of the new prompts, and by name why a file was left out."""

    created: tuple[str, ...]
    skipped: Mapping[str, str]

    def __str__(self) -> str:
        made = f"{len(self.created)} created" if self.created else "Nothing was created"
        return f"{made}, {len(self.skipped)} left out." if self.skipped else f"{made}."


def path_for(directory: str, name: str) -> str:
    """Return the path of a prompt that is called `name` in `directory`, as far as both are typed."""
    return join(directory.strip().strip("/"), name.strip().strip("/"))


def problem_with(store: Store, path: str) -> str:
    """Return why no new prompt can have `path`, as a sentence, and "" where one can."""
    try:
        path = check_path(path)
    except InvalidPathError as error:
        return str(error)
    holder = holder_of(store, path)
    if not holder:
        return ""
    if key_of(holder) == key_of(path):
        return str(PathTakenError(path, holder))
    return f"{holder} was called {path} before, and texts may still include it by that name. Choose another path."


def holder_of(store: Store, path: str) -> str:
    """Return the path of the prompt that has `path`, or had it before it was renamed; "" where there is none."""
    try:
        found = store.get(path).path
    except (NotFoundError, AmbiguousNameError):
        return ""
    # Otherwise it is a display name, which another prompt can have as its path.
    return "" if found != path and key_of(found) != key_of(path) and is_suffix(key_of(path), key_of(found)) else found


def create(store: Store, path: str, *, copy_of: str = "") -> Prompt:
    """Save a new prompt: empty, or with the text and the metadata of another.

    Raises:
        PathTakenError: somebody was quicker.
        PromptKernelError: it cannot be stored, or there is nothing to copy.
    """
    try:
        if not copy_of:
            return store.save(path, "", expected=0)
        source = store.get(copy_of)
        return store.save(
            path,
            source.text,
            description=source.description,
            tags=source.tags,
            engine=source.engine,
            variables=source.variables,
            message=f"copied from {source.path}@{source.version}",
            expected=0,
        )
    except ConflictError as error:
        raise PathTakenError(path, error.path) from error


def upload(store: Store, directory: str, uploads: Sequence[Upload], *, name: str = "") -> Report:
    """Make a prompt in `directory` of each file, front matter and all; `name` is for a single one.

    What cannot be a new prompt is left out: nothing that exists is changed.
    """
    created: list[str] = []
    skipped: dict[str, str] = {}
    for file in uploads:
        path = path_for(directory, name if name and len(uploads) == 1 else file.stem)
        reason = "it is no .md file" if not file.name.lower().endswith(ENDING) else problem_with(store, path)
        try:
            if not reason:
                created.extend(_import(store, directory, check_path(path), file.data))
                continue
        except ImportFileError as error:
            reason = "; ".join(error.problems.values())
        except PromptKernelError as error:
            reason = str(error)
        skipped[file.name] = reason
    return Report(tuple(created), skipped)


def _import(store: Store, directory: str, path: str, data: bytes) -> tuple[str, ...]:
    """Import one file as any other: by a folder that holds it alone, so that front matter has one reader."""
    with tempfile.TemporaryDirectory() as folder:
        below = path[len(directory) + 1 :] if directory else path
        file = Path(folder, *below.split("/"))
        file = file.with_name(name_of(path) + ENDING)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return store.import_folder(folder, into=directory, message="uploaded").created
