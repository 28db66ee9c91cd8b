"""Syncing again whenever something changes, on disk or in the store, until somebody says stop."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prompt_kernel.errors import MissingExtraError, PromptKernelError
from prompt_kernel.files._sync import sync
from prompt_kernel.files._sync_disk import BEING_WRITTEN, MEANWHILE
from prompt_kernel.names import key_of
from prompt_kernel.records import SyncReport

if TYPE_CHECKING:
    from prompt_kernel.store import Store

#: Milliseconds: so long nothing more has to change, and so long it may go on, before there is a sync.
_QUIET: Final = 100
_PATIENCE: Final = 1_000
#: Seconds between looks at whether it is time to stop, or there are other folders.
_LOOK_EVERY: Final = 0.5


def watch(
    store: "Store", directory: str | None = None, *, delete: bool = False, stop: threading.Event | None = None
) -> Iterator[SyncReport]:
    """Sync now, and again after every change on either side, until `stop` is set; give the reports that tell something.

    What goes wrong with a folder once it is watched, as when its drive is gone, is told as skipped, and tried again.

    Raises:
        MissingExtraError: the part that watches folders is not installed.
        DirectoryNotFoundError, SyncError: see `sync`; for the first one only.
    """
    _check_installed()
    stop = stop or threading.Event()
    changed, over = threading.Event(), threading.Event()
    watcher = threading.Thread(target=_watch_folders, args=(store, directory, changed, over), daemon=True)
    watcher.start()
    try:
        yield from _syncs(store, directory, changed, stop, delete=delete)
    finally:
        over.set()
        watcher.join()


def _check_installed() -> None:
    try:
        import watchfiles  # noqa: F401, PLC0415 - it is optional
    except ImportError as error:
        raise MissingExtraError("watch", "Watching a folder") from error


def _syncs(
    store: "Store", directory: str | None, changed: threading.Event, stop: threading.Event, *, delete: bool
) -> Iterator[SyncReport]:
    told: SyncReport | None = None
    while not stop.is_set():
        changed.clear()
        revision = store.revision
        try:
            report = sync(store, directory, delete=delete)
        except PromptKernelError as error:
            if told is None:
                raise
            report = SyncReport(directory or "", skipped={directory or "": str(error)})
        lasting = {name: why for name, why in report.skipped.items() if why not in (BEING_WRITTEN, MEANWHILE)}
        if lasting != report.skipped:
            changed.set()
        report = replace(report, skipped=lasting)
        if told is None or report.changed or report.skipped != told.skipped:
            yield report
        told = report
        if store.revision == revision:  # else the sync has changed something itself, and the next one is quick
            _wait(store, revision, changed, stop)


def _wait(store: "Store", revision: object, changed: threading.Event, stop: threading.Event) -> None:
    while not (changed.is_set() or stop.is_set()):
        if store.wait(revision, _LOOK_EVERY / 5) != revision:
            return


def _watch_folders(store: "Store", directory: str | None, changed: threading.Event, over: threading.Event) -> None:
    import watchfiles  # noqa: PLC0415 - it is optional

    while not over.is_set():
        folders = _folders(store, directory)
        try:
            for changes in watchfiles.watch(
                *folders, debounce=_PATIENCE, step=_QUIET, rust_timeout=int(_LOOK_EVERY * 1000), yield_on_timeout=True,
                stop_event=over, raise_interrupt=False, ignore_permission_denied=True, watch_filter=_is_ours,
            ):  # fmt: skip
                if changes:
                    changed.set()
                elif _folders(store, directory) != folders:
                    break
        except OSError:
            changed.set()
        changed.set()
        over.wait(_LOOK_EVERY)


def _is_ours(_: object, path: str) -> bool:
    """Tell whether a change may be one of a prompt: of a folder, or of a markdown file that is not hidden."""
    name = Path(path).name
    return not name.startswith(".") and (name.lower().endswith(".md") or "." not in name)


def _folders(store: "Store", directory: str | None) -> list[Path]:
    """Return the folders that there are to watch."""
    found = {
        Path(linked.folder)
        for linked in store.links.directories()
        if linked.folder and (directory is None or key_of(linked.path) == key_of(directory))
    }
    return sorted(folder for folder in found if folder.is_dir())
