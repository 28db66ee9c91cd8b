"""What the verbs ask that change something: texts, labels, names, the trash, directories."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace as changed
from typing import Any

from prompt_kernel import wire
from prompt_kernel.client._call import (
    Call,
    directory_at,
    field,
    nothing,
    prompt_at,
    rows_of,
    value_of,
    version_of,
    writing,
)
from prompt_kernel.errors import InvalidMetadataError, InvalidTextError
from prompt_kernel.language import ENGINES
from prompt_kernel.names import check_path
from prompt_kernel.records import Directory, Draft, Entry, ImportReport, Prompt, Replaced, Rows, SyncReport, Trashed
from prompt_kernel.variables import as_data, declare


def save(
    path: str,
    content: str,
    /,
    *,
    message: str = "",
    tags: Sequence[str] | None = None,
    description: str | None = None,
    engine: str | None = None,
    variables: Mapping[str, Any] | None = None,
    expected: int | None = None,
    author: str | None = None,
    origin: str | None = None,
) -> Call[Prompt]:
    """Save a text as the newest version of `path`; what is None stays as it is."""
    body = {
        **_draft(path, content, description, tags, engine, variables),
        "message": message,
        "expected": expected,
    }
    call = writing("PUT", prompt_at("/prompts", body.pop("path")), value_of(Prompt), body)
    return changed(call, author=author, origin=origin)


def describe(path: str, *, description: str | None = None, tags: Sequence[str] | None = None) -> Call[Prompt]:
    """Change what is said of a prompt; this makes no version."""
    body = {"description": description, "tags": _tags(tags)}
    return writing("PATCH", prompt_at("/prompts", path), value_of(Prompt), body)


def save_many(
    drafts: Iterable[Draft],
    *,
    message: str = "",
    origin: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Call[ImportReport]:
    """Save many prompts in one transaction: all of them or none. `progress` is told (done, of)."""
    made = [_drafted(draft) for draft in drafts]

    def read(data: Any) -> ImportReport:
        if progress and made:
            progress(len(made), len(made))
        return wire.from_data(ImportReport, data)

    return changed(writing("POST", "/save-many", read, {"drafts": made, "message": message}), origin=origin)


def _drafted(draft: Draft) -> dict[str, Any]:
    data = _draft(draft.path, draft.text, draft.description, draft.tags, draft.engine, draft.variables)
    return {**data, "layout": wire.value_to_data(draft.layout)}


def _draft(
    path: str,
    content: str,
    description: str | None,
    tags: Sequence[str] | None,
    engine: str | None,
    variables: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return a draft as data, checked where a request could not say what is wrong with it."""
    path = check_path(path)
    if not isinstance(content, str):
        raise InvalidTextError(path, f"it must be text, not {type(content).__name__}")
    if engine is not None and engine not in ENGINES:
        raise InvalidMetadataError("engine", f"{engine!r} is not one of {', '.join(ENGINES)}")
    return {
        "path": path,
        "text": content,
        "description": description,
        "tags": _tags(tags),
        "engine": engine,
        "variables": None if variables is None else as_data(declare(variables)),
    }


def _tags(tags: Sequence[str] | None) -> list[str] | None:
    if tags is None:
        return None
    if isinstance(tags, str) or not isinstance(tags, Iterable) or not all(isinstance(tag, str) for tag in tags):
        raise InvalidMetadataError("tags", "write a list of texts")
    return list(tags)


def restore(path: str, version: int | str, *, message: str = "") -> Call[Prompt]:
    """Save an old version, by number or label, as the newest again."""
    body = {"path": path, **version_of(version), "message": message}
    return writing("POST", "/restore", value_of(Prompt), body)


def label(path: str, label: str, *, version: int | None = None) -> Call[Prompt]:
    """Let a label mean `version`, the newest where none is given; returns that version."""
    return writing("POST", "/labels", value_of(Prompt), {"path": path, "label": label, "version": version})


def unlabel(path: str, label: str) -> Call[Prompt]:
    """Take a label away."""
    return writing("DELETE", prompt_at("/labels", path), value_of(Prompt), label=label)


def rename(old: str, new: str) -> Call[Rows[str]]:
    """Give a prompt another path; every text that mentions it is rewritten, and the old path still finds it."""
    return _rename(old, new, "prompt")


def rename_directory(old: str, new: str) -> Call[Rows[str]]:
    """Give a directory, with all that is in it, another path; see `rename`."""
    return _rename(old, new, "directory")


def _rename(old: str, new: str, kind: str) -> Call[Rows[str]]:
    def read(data: Any) -> Rows[str]:
        return Rows(data["rewritten"], title=f"Rewritten for {new}", empty="No other text mentions it.")

    return writing("POST", "/rename", read, {"old": old, "new": new, "kind": kind})


def delete(path: str, *, force: bool = False) -> Call[Trashed]:
    """Put a prompt into the trash."""
    return writing("DELETE", prompt_at("/prompts", path), value_of(Trashed), force=force)


def recover(path: str, *, to: str | None = None) -> Call[Prompt]:
    """Take a prompt (by path or uid) out of the trash, to its old path or to another."""
    return writing("POST", "/recover", value_of(Prompt), {"path": path, "to": to})


def purge(path: str | None = None) -> Call[int]:
    """Remove a prompt of the trash, or all of it, for good; backups still hold it. Returns how many."""
    # Null is to be said here: whoever forgets the path must not empty the trash.
    return changed(writing("POST", "/purge", field("count")), body={"path": path})


def replace(
    find: str,
    replacement: str,
    *,
    regex: bool = False,
    case: bool = False,
    directory: str | None = None,
    tag: str | None = None,
    paths: Iterable[str] | None = None,
    limit: int | None = None,
    message: str = "",
) -> Call[Replaced]:
    """Find and replace in all prompts, or in those named: one version of each, all of them or none."""
    body = {
        "find": find,
        "replacement": replacement,
        "regex": regex,
        "case": case,
        "directory": directory,
        "tag": tag,
        "paths": None if paths is None else list(paths),
        "limit": limit,
        "message": message,
    }
    return writing("POST", "/replace", value_of(Replaced), body)


def undo_replace(id: str) -> Call[Rows[str]]:  # noqa: A002 - what `Replaced` calls it
    """Put back what one `replace` has changed, merged with what was changed since; return the paths."""
    read = rows_of(str, "Put back", "Nothing was left to put back.")
    return writing("POST", "/undo-replace", read, {"id": id})


# What belongs to the author


def favourite(path: str, on: bool = True) -> Call[Entry]:  # noqa: FBT001, FBT002 - the signature of the store's verb
    """Make a prompt a favourite of the author, or no favourite any more."""
    return writing("PUT" if on else "DELETE", prompt_at("/favourites", path), value_of(Entry))


def note_opened(path: str) -> Call[Entry]:
    """Remember that the author has opened a prompt just now."""
    return writing("POST", "/opened", value_of(Entry), {"path": path})


def set_preference(name: str, value: Any) -> Call[None]:
    """Set plain data under a name, for the author."""
    try:
        json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidMetadataError(name, f"this cannot be kept: {error}") from None
    call = writing("PUT", prompt_at("/preferences", name), nothing)
    return changed(call, body={"value": value})


# Directories


def add_directory(path: str, *, description: str = "", source: str = "", enabled: bool = True) -> Call[Directory]:
    """Make a directory, which may be linked to a folder on disk (`source`)."""
    body = {"path": path, "description": description, "source": source, "enabled": enabled}
    return writing("POST", "/directories", value_of(Directory), body)


def update_directory(
    path: str, *, description: str | None = None, source: str | None = None, enabled: bool | None = None
) -> Call[Directory]:
    """Change what is given of a directory; in a disabled one no inclusion resolves."""
    body = {"description": description, "source": source, "enabled": enabled}
    return writing("PUT", directory_at("/directories", path), value_of(Directory), body)


def remove_directory(path: str) -> Call[None]:
    """Remove an empty directory; a linked folder's files stay where they are."""
    return writing("DELETE", directory_at("/directories", path), nothing)


def sync(
    directory: str | None = None,
    *,
    delete: bool = False,
    progress: Callable[[int, int], None] | None = None,  # noqa: ARG001 - a server says nothing until it is done
) -> Call[SyncReport]:
    """Bring a directory and its linked folder together, both ways, or all that are linked; see `files.sync`."""
    route = "/sync" if directory is None else directory_at("/sync", directory)
    return writing("POST", route, value_of(SyncReport), {"delete": delete})
