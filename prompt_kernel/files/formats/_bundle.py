"""Our own format, which loses nothing: one file of JSON lines with every version, label, former name, and the log.

    {"bundle":"prompt-kernel","format":1,"directory":""}
    {"record":"directory","path":"style","description":"","enabled":true,"source":""}
    {"record":"prompt","uid":"…","path":"style/tone","description":"How to sound",…}
    {"record":"version","uid":"…","number":1,"sha256":"…",…,"text":"Speak plainly."}
    …
    {"end":{"directory":1,"prompt":1,"version":1,"change":1},"sha256":"…"}

The records are those of a store's archive. The last line counts them and has the SHA-256 of all bytes before it, so
that a file which was cut or changed is told from a whole one. Equal libraries give equal files, and a change to one
prompt changes the lines of that prompt, so that a bundle can be kept in git.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

from prompt_kernel import replacing
from prompt_kernel.errors import DamagedTextError, ExportFileError, ImportFileError, PromptKernelError
from prompt_kernel.files._copy import is_unsaved
from prompt_kernel.files.formats import _bundle_merge
from prompt_kernel.files.formats._format import NO, Progress, Recognition
from prompt_kernel.names import is_inside
from prompt_kernel.records import ExportReport, ImportReport, Loss

if TYPE_CHECKING:
    from prompt_kernel.store import Archive, Store

FILE: Final = "prompts.bundle.jsonl"
_VERSION: Final = 1
_NAME: Final = "prompt-kernel"
#: No line of a text that a store takes is longer, however it is escaped.
_LONGEST_LINE: Final = 96 * 2**20
_BEGINNING: Final = 4096

Record = dict[str, Any]


class Fault(Exception):  # noqa: N818 - it is what is wrong with a line
    """Why a line of a bundle cannot be read."""


class Seen(NamedTuple):
    """What a bundle holds, once all of it was looked at."""

    directory: str
    counts: dict[str, int]
    sha256: str


class Bundle:
    """The whole library, or one directory of it, in one file."""

    name = "bundle"
    title = "Prompt Kernel bundle"

    def recognises(self, path: Path) -> Recognition:
        """Look at the first line of a file."""
        try:
            if not path.is_file():
                return NO
            with path.open("rb") as stream:
                _header(stream.readline(_BEGINNING))
        except Fault as fault:
            return Recognition(100, str(fault.args[0])) if fault.args[1:] else NO
        except OSError:
            return NO
        return Recognition(100, "its first line says that it is a bundle")

    def import_into(
        self, store: "Store", path: Path, *, into: str = "", message: str = "", progress: Progress | None = None
    ) -> ImportReport:
        """Bring in all of a bundle or nothing; see `import_bundle`."""
        return import_bundle(store, path, into=into, message=message, progress=progress)

    def export_from(
        self, store: "Store", target: Path, *, directory: str = "", progress: Progress | None = None
    ) -> ExportReport:
        """Write a bundle; see `export_bundle`."""
        return export_bundle(store, target, directory=directory, progress=progress)


# Reading


def import_bundle(
    store: "Store", path: Path, *, into: str = "", message: str = "", progress: Progress | None = None
) -> ImportReport:
    """Bring in all of the bundle at `path`, in one transaction, once every line of it was looked at.

    A store without anything in it becomes what the bundle holds. In another one nothing is overwritten: see
    `_bundle_merge`.

    Raises:
        ImportFileError: the file is damaged, cut, of a newer format, or no bundle; nothing was imported.
    """
    seen = _look(store, path)
    total = sum(seen.counts.values())
    told = (lambda done: progress(min(done, total), total)) if progress else None
    with store.together():
        records = _records(path, seen.sha256)
        if not into and not seen.directory and _is_empty(store):
            store.archive.load(records, progress=told)
            # The records of prompts alone, to say what there is.
            created = [record["path"] for record in store.archive.records(only={"prompt"}) if not record["deleted_at"]]
            return ImportReport(str(path), tuple(created))
        report = _bundle_merge.merge(store, records, into=into, message=message, progress=told)
    return report.finished(str(path))


def _is_empty(store: "Store") -> bool:
    counts = store.archive.counts()
    return not any(counts[kind] for kind in ("directories", "prompts", "trashed", "changes", "experiments"))


def _look(store: "Store", path: Path) -> Seen:
    """Read all of a bundle, and believe nothing of it.

    Raises:
        ImportFileError: something is wrong with it; the first line at fault is named.
    """
    reader = _Reader(path)
    counts: Counter[str] = Counter()
    try:
        with path.open("rb") as stream:
            for record in store.archive.check(reader.over(stream)):
                counts[record["record"]] += 1
    except OSError as error:
        raise ImportFileError({str(path): f"this cannot be read: {error.strerror}"}) from error
    except Fault as fault:
        raise ImportFileError({f"{path}:{reader.line}": fault.args[0]}) from fault
    except DamagedTextError as error:
        reason = f"the text of {error.path}@{error.version} does not match its SHA-256: the file was changed or damaged"
        raise ImportFileError({f"{path}:{reader.line}": reason}) from error
    except PromptKernelError as error:
        raise ImportFileError({f"{path}:{reader.line}": str(error)}) from error
    return Seen(reader.directory, dict(counts), reader.sha256)


def _records(path: Path, sha256: str) -> Iterator[Record]:
    """Give the records of a bundle that was looked at.

    Raises:
        ImportFileError: it is not what it was then.
    """
    reader = _Reader(path)
    changed = ImportFileError({str(path): "somebody changed this while it was read; import again"})
    try:
        with path.open("rb") as stream:
            yield from reader.over(stream)
    except (OSError, Fault) as error:
        raise changed from error
    if reader.sha256 != sha256:
        raise changed


class _Reader:
    """Reads the lines of a bundle, and knows where it is."""

    def __init__(self, path: Path) -> None:
        self.path, self.line, self.directory, self.sha256 = path, 0, "", ""

    def over(self, stream: IO[bytes]) -> Iterator[Record]:
        """Give the records between the first line and the last one.

        Raises:
            Fault: a line is damaged, or the last one is missing or does not fit.
        """
        counts: Counter[str] = Counter()
        digest = hashlib.sha256()
        self.line = 1
        first = stream.readline(_LONGEST_LINE)
        self.directory = _header(first)["directory"]
        digest.update(first)
        while True:
            line = stream.readline(_LONGEST_LINE)
            self.line += 1
            if not line.endswith(b"\n"):
                raise Fault("the file ends here, before its last line: it was cut" if len(line) < _LONGEST_LINE else
                            "this line is longer than any can be")  # fmt: skip
            record = _object(line)
            if "end" in record:
                break
            if record.get("record") == "live" or record.get("source"):
                # Neither is ours to bring: bytes that only live editing understands, and a way into somebody's folders.
                raise Fault("a bundle holds no live texts and no links to folders")
            digest.update(line)
            counts[str(record.get("record"))] += 1
            yield record
        self.sha256 = digest.hexdigest()
        if record.get("sha256") != self.sha256 or record["end"] != dict(counts):
            raise Fault("the file was changed or damaged: it does not match the hash and the counts in its last line")
        if stream.read(1):
            raise Fault("there is something after the last line")


def _header(line: bytes) -> Record:
    """Return what the first line says.

    Raises:
        Fault: it is not of a bundle, or of one that only a newer prompt_kernel can read (then with a second argument).
    """
    header = _object(line)
    if header.get("bundle") != _NAME:
        raise Fault("this is no bundle")
    found = header.get("format")
    if (
        not isinstance(found, int)
        or isinstance(found, bool)
        or found < 1
        or not isinstance(header.get("directory"), str)
    ):
        raise Fault("this is a bundle whose first line is damaged", header)
    if found > _VERSION:
        raise Fault(
            f"this bundle is of format {found}, and this version knows up to {_VERSION}; "
            "upgrade with: pip install --upgrade prompt-kernel",
            header,
        )
    return header


def _object(line: bytes) -> Record:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):  # also where it is not UTF-8
        raise Fault("this line is not JSON: the file was cut or damaged") from None
    if not isinstance(found, dict):
        raise Fault("this line is no JSON object")
    return found


# Writing


def export_bundle(
    store: "Store", target: Path, *, directory: str = "", progress: Progress | None = None
) -> ExportReport:
    """Write the library as it is now, or a directory of it, to the file `target`, or to one in the folder `target`.

    The file is replaced as a whole, and not touched where it is right already.

    Raises:
        ExportFileError: it cannot be written.
        DamagedTextError: a stored text does not match its hash.
    """
    file = target / FILE if target.is_dir() else target
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing.beside(file) as temporary:
            with store.archive.snapshot() as archive:
                with replacing.filling(temporary) as stream:
                    losses = [*_write(archive, stream, directory, progress)]
                losses += _left_out(archive, store, directory)
            if _same(file, temporary):
                return ExportReport(str(file.parent), unchanged=(file.name,), losses=tuple(losses))
            replacing.keep_mode(file, temporary)
            temporary.replace(file)
    except OSError as error:
        problems = {file.name: f"this cannot be written: {error.strerror}"}
        raise ExportFileError(str(file.parent), problems) from error
    return ExportReport(str(file.parent), written=(file.name,), losses=tuple(losses))


def _write(archive: "Archive", stream: IO[bytes], directory: str, progress: Progress | None) -> Iterator[Loss]:
    """Write a whole bundle, and tell what is not in it."""
    digest = hashlib.sha256()
    counts: Counter[str] = Counter()
    total = sum(archive.counts().values())

    def put(line: Record) -> None:
        data = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        digest.update(data)
        stream.write(data)

    put({"bundle": _NAME, "format": _VERSION, "directory": directory})
    for done, record in enumerate(archive.records(directory=directory), start=1):
        if record.get("source"):
            yield Loss(record["path"], f"its link to {record['source']} belongs to this machine")
            record["source"] = ""
        put(record)
        counts[record["record"]] += 1
        if progress:
            progress(done, total)
    put({"end": dict(counts), "sha256": digest.hexdigest()})
    if progress:
        progress(total, total)


def _left_out(archive: "Archive", store: "Store", directory: str) -> Iterator[Loss]:
    for record in archive.records(only={"live"}, live=True):
        if is_unsaved(record):
            path = archive.find([record["uid"]])[0].record["path"]
            if is_inside(path, directory):
                yield Loss(path, "what was typed into it live and is not yet saved is not a version; save it first")
    if not directory:
        return
    what = "the log, experiments, and what people have set for themselves, are in a bundle of the whole library only"
    yield Loss(directory, what)
    for record in archive.records(only={"prompt"}, directory=directory):
        if record["deleted_at"] is None:
            for target, spelled in _outside(store, record["path"], directory):
                yield Loss(record["path"], f"[[{spelled}]] is {target}, which is not in the bundle")


def _outside(store: "Store", path: str, directory: str) -> list[tuple[str, str]]:
    """Return what a prompt includes from elsewhere, and how it spells that."""
    try:
        references = store.includes(path)
    except PromptKernelError:
        return []  # it was renamed or deleted since
    found = {
        (each.target, each.spelled) for each in references if each.target and not is_inside(each.target, directory)
    }
    return sorted(found)


def _same(file: Path, other: Path) -> bool:
    try:
        return file.stat().st_size == other.stat().st_size and _hash(file) == _hash(other)
    except FileNotFoundError:
        return False


def _hash(file: Path) -> bytes:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
