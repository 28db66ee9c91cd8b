"""Formats of other tools: recognised, imported, exported, each with a report of what could not be carried.

    store.import_from("~/vault")                          # says what it took it for
    store.export_to("out.csv", format="prompts-chat")

A format is one module here and one line in `FORMATS`; what it must have, `_format` says.
"""

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prompt_kernel.errors import ImportFileError, InvalidMetadataError
from prompt_kernel.files._import import from_home
from prompt_kernel.files.formats import _exporting, _importing
from prompt_kernel.files.formats._bundle import Bundle
from prompt_kernel.files.formats._claude import Claude
from prompt_kernel.files.formats._copilot import Copilot
from prompt_kernel.files.formats._dotprompt import Dotprompt
from prompt_kernel.files.formats._fabric import Fabric
from prompt_kernel.files.formats._format import Carrier, Format, Progress, Reader, Recognition, Writer
from prompt_kernel.files.formats._langfuse import Langfuse
from prompt_kernel.files.formats._llm import Llm
from prompt_kernel.files.formats._manager import PromptManager
from prompt_kernel.files.formats._markdown import Markdown
from prompt_kernel.files.formats._mlflow import Mlflow
from prompt_kernel.files.formats._obsidian import Obsidian
from prompt_kernel.files.formats._promptfoo import Promptfoo
from prompt_kernel.files.formats._prompts_chat import PromptsChat
from prompt_kernel.files.formats._prompty import Prompty
from prompt_kernel.names import check_path, near
from prompt_kernel.records import ExportReport, ImportReport

if TYPE_CHECKING:
    from prompt_kernel.store import Store

#: All formats, by the names that one types.
FORMATS: Final[dict[str, Format]] = {
    each.name: each
    for each in (
        Markdown(),
        Bundle(),
        PromptManager(),
        Obsidian(),
        Fabric(),
        PromptsChat(),
        Langfuse(),
        Dotprompt(),
        Prompty(),
        Llm(),
        Claude(),
        Copilot(),
        Mlflow(),
        Promptfoo(),
    )
}
#: Two that are this close are as sure as each other.
_TOO_CLOSE: Final = 5


def import_from(
    store: "Store",
    source: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 - the word for it
    into: str = "",
    message: str = "",
    progress: Progress | None = None,
) -> ImportReport:
    """Import a file or a folder of any format, all of it in one transaction or nothing.

    Args:
        store: where to.
        source: where from; `~` is the home directory.
        format: one of `FORMATS`; None to have it recognised.
        into: a directory of the store, "" for the top.
        message: of the new versions.
        progress: called with how many prompts are saved, and how many there are.

    Returns:
        A report with the `format`, what became of each prompt, and the `losses`.

    Raises:
        ImportFileError: it is of no known format or of several, or files cannot be read; nothing was imported.
        InvalidMetadataError: there is no such format, or it cannot be imported.
        InvalidPathError: `into` cannot be a directory.
    """
    directory = check_path(into) if into else ""
    path, chosen = _chosen(source, format)
    if isinstance(chosen, Carrier):
        report = chosen.import_into(store, path, into=directory, message=message, progress=progress)
    else:
        reading = _reader(chosen).read(path)
        report = _importing.save(store, reading, source=str(path), into=directory, message=message, progress=progress)
    return replace(report, format=chosen.name)


def preview(
    store: "Store",
    source: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 - the word for it
    into: str = "",
) -> ImportReport:
    """Tell what `import_from` would do; nothing is saved. It raises what `import_from` would."""
    directory = check_path(into) if into else ""
    path, chosen = _chosen(source, format)
    if isinstance(chosen, Carrier) and not isinstance(chosen, Reader):
        raise InvalidMetadataError("format", f"what an import of {chosen.name} would do cannot be told beforehand")
    own = isinstance(chosen, Carrier)
    report = _importing.preview(store, _reader(chosen).read(path), source=str(path), into=directory, as_it_is=own)
    return replace(report, format=chosen.name)


def export_to(
    store: "Store",
    target: str | os.PathLike[str],
    *,
    format: str = "markdown",  # noqa: A002 - the word for it
    directory: str = "",
    progress: Progress | None = None,
) -> ExportReport:
    """Write the prompts in `directory` to a folder or a file in another tool's format; each file as a whole.

    Args:
        store: where from.
        target: where to; `~` is the home directory. A format of one file goes into a folder that is there.
        format: one of `FORMATS`.
        directory: of the store, "" for everything.
        progress: called with how many files are done, and how many there are.

    Returns:
        A report with the files, and the `losses`.

    Raises:
        ExportFileError: a file cannot be written where it belongs.
        InvalidMetadataError: there is no such format, or it cannot be exported.
        InvalidPathError: `directory` cannot be one.
    """
    inside = check_path(directory) if directory else ""
    chosen, path = format_named(format), Path(os.path.realpath(from_home(target)))
    if isinstance(chosen, Carrier):
        report = chosen.export_from(store, path, directory=inside, progress=progress)
        return replace(report, format=chosen.name)
    if not isinstance(chosen, Writer):
        raise InvalidMetadataError("format", f"{chosen.name} can be imported only; {_list(writable())} can be exported")
    return _exporting.write(store, chosen, path, directory=inside, progress=progress)


def readable() -> list[Format]:
    """Return the formats that can be imported."""
    return [each for each in FORMATS.values() if isinstance(each, Reader | Carrier)]


def writable() -> list[Format]:
    """Return the formats that can be exported."""
    return [each for each in FORMATS.values() if isinstance(each, Writer | Carrier)]


def format_named(name: str) -> Format:
    """Return the format that is called `name`.

    Raises:
        InvalidMetadataError: there is none.
    """
    if name not in FORMATS:
        meant = near(name, list(FORMATS), most=1)
        hint = f"; did you mean {meant[0]}?" if meant else ""
        raise InvalidMetadataError("format", f"{name!r} is not one of {', '.join(FORMATS)}{hint}")
    return FORMATS[name]


def recognise(path: Path) -> Format:
    """Return the format that `path` is of.

    Raises:
        ImportFileError: it is of none, or could be of several.
    """
    found = [(each.recognises(path), each) for each in readable()]
    sure = sorted(((said, each) for said, each in found if said.confidence), key=lambda pair: -pair[0].confidence)
    if not sure:
        formats = _list(readable())
        raise ImportFileError(
            {str(path): f"this is of no format that is known; name one if you know better: {formats}"}
        )
    best = sure[0][0].confidence
    rivals = [(said, each) for said, each in sure if said.confidence >= best - _TOO_CLOSE]
    if len(rivals) > 1:
        raise ImportFileError({str(path): f"name the format, because it could be {_reasons(rivals)}"})
    return sure[0][1]


def _reasons(rivals: Iterable[tuple[Recognition, Format]]) -> str:
    return " or ".join(f"{each.name} ({said.why})" for said, each in rivals)


def _chosen(source: str | os.PathLike[str], name: str | None) -> tuple[Path, Format]:
    path = from_home(source)
    if not _is_there(path):
        raise ImportFileError({str(path): "there is no such file or folder"})
    return path, format_named(name) if name else recognise(path)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that is too long, or holds a NUL character
        return False


def _reader(chosen: Format) -> Reader:
    if not isinstance(chosen, Reader):
        raise InvalidMetadataError("format", f"{chosen.name} can be exported only; {_list(readable())} can be imported")
    return chosen


def _list(formats: Iterable[Format]) -> str:
    return ", ".join(each.name for each in formats)


__all__ = [
    "FORMATS",
    "Format",
    "export_to",
    "format_named",
    "import_from",
    "preview",
    "readable",
    "recognise",
    "writable",
]
