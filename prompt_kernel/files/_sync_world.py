"""What one sync sees of both sides, what it remembers of them, and what it reports."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from prompt_kernel.errors import DamagedTextError, InvalidPathError, PromptKernelError, StoreError
from prompt_kernel.files._document import Document, decode
from prompt_kernel.files._import import ENDING, check_size, shown
from prompt_kernel.files._sync_disk import BEING_WRITTEN, Content, Folder, Listing, Stamp
from prompt_kernel.files._yaml import Fault
from prompt_kernel.names import ancestors, check_path, directory_of, join, key_of
from prompt_kernel.records import Prompt, SyncReport
from prompt_kernel.store.links import Head, Link, Linked

if TYPE_CHECKING:
    from prompt_kernel.store import Store

Progress = Callable[[int, int], None]

#: So long after a change another one may leave a file with the same time: a tick of a kernel, and where times are
#: whole seconds, two of these. What is remembered so early is looked at again, as git does.
_TICK: Final = 50_000_000
_COARSE_TICK: Final = 2_500_000_000
_SECOND: Final = 1_000_000_000
#: A file that was changed so shortly ago, in nanoseconds, may not be whole yet.
QUIET = 50_000_000
#: A time that no file has.
NEVER: Final = -1
_BATCH: Final = 500


@dataclass
class Done:
    """What was done so far; see `SyncReport`."""

    pulled: list[str] = field(default_factory=list)
    pushed: list[str] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    conflicts: dict[str, str] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    recovered: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    unchanged: int = 0
    skipped: dict[str, str] = field(default_factory=dict)

    def report(self, directory: str, folder: str) -> SyncReport:
        """Return the report, in the order of paths."""
        return SyncReport(
            directory,
            folder,
            pulled=tuple(sorted(self.pulled)),
            pushed=tuple(sorted(self.pushed)),
            merged=tuple(sorted(self.merged)),
            conflicts=dict(sorted(self.conflicts.items())),
            deleted=tuple(sorted(self.deleted)),
            recovered=tuple(sorted(self.recovered)),
            renamed=dict(sorted(self.renamed.items())),
            unchanged=self.unchanged,
            skipped=dict(sorted(self.skipped.items())),
        )


class World:
    """Both sides of one linked directory: the files, the prompts, and the links between them."""

    def __init__(
        self, store: "Store", linked: Linked, folder: Folder, place: str, foreign: Collection[str], done: Done
    ) -> None:
        """Look at the directory `linked`, but for the directories in it whose keys are `foreign`."""
        self.store, self.linked, self.folder, self.place = store, linked, folder, place
        self.foreign, self.done = frozenset(foreign), done
        #: The prompts whose texts were rewritten because others were renamed.
        self.rewritten: set[str] = set()
        self.listing = Listing()
        self.links: dict[str, Link] = {}
        self.heads: dict[int, Head] = {}
        self._waiting: dict[str, tuple[Link, Mapping[str, Any]]] = {}

    def load(self) -> None:
        """Look at both sides."""
        self.listing = self._scan()
        known = self.store.links.known(self.place)
        self.links = {link.file: link for link in known if not (self.foreign and self._is_foreign_file(link.file))}
        self._let_finish()
        self.done.skipped |= {self._path(name): reason for name, reason in self.listing.skipped.items()}
        self.reload()

    def _scan(self) -> Listing:
        return self.folder.scan(lambda name: bool(self.foreign) and self._is_foreign(self._path(name)))

    def _let_finish(self) -> None:
        """Wait for who is writing a file just now; many editors empty it first."""
        before, now = self.listing.files, time.time_ns()
        if not any(
            0 <= now - stamp.modified < QUIET and (name not in self.links or stamp[:] != self.links[name][-2:])
            for name, stamp in before.items()
        ):
            return
        time.sleep(QUIET / _SECOND)
        self.listing = self._scan()
        for name, stamp in list(self.listing.files.items()):
            if stamp.modified > now and stamp != before.get(name):
                del self.listing.files[name]
                self.listing.unseen.add(name)
                self.listing.skipped[shown(name)] = BEING_WRITTEN

    def reload(self) -> None:
        """Look at the store again."""
        heads = self.store.links.heads(self.linked.path)
        if self.foreign:
            heads = [head for head in heads if not self._is_foreign(head.path)]
        self.heads = {head.id: head for head in heads}

    def _path(self, name: str) -> str:
        return join(self.linked.path, name)

    def _is_foreign(self, path: str) -> bool:
        return not self.foreign.isdisjoint(map(key_of, [*ancestors(path), path]))

    def _is_foreign_file(self, name: str) -> bool:
        return self._is_foreign(self._path(directory_of(name)))

    # Names

    def path_of(self, name: str) -> str:
        """Return the path of the prompt that a file is.

        Raises:
            Fault: none can have that path.
        """
        try:
            return check_path(self._path(name[: -len(ENDING)]))
        except InvalidPathError as error:
            raise Fault(error.reason) from error

    def would_be(self, name: str) -> str:
        """Return the same, and "" where there can be none."""
        try:
            return self.path_of(name)
        except Fault:
            return ""

    def file_of(self, path: str, like: str = ENDING) -> str:
        """Return the file for a prompt, in folders as they are spelled on disk, with the ending of the file `like`."""
        *folders, last = path.split("/")[self.linked.path.count("/") + 1 :]
        place = ""
        for folder in folders:
            place = self.listing.spelled.get(key_of(join(place, folder)), join(place, folder))
        ending = like[-len(ENDING) :]
        return join(place, last + (ending if ending.lower() == ENDING else ENDING))

    # Reading

    def read(self, name: str) -> tuple[Content, Document]:
        """Return what is in a file, and what it says.

        Raises:
            Fault: it cannot be read, or says nothing that a prompt can.
        """
        content = self.folder.read(name)
        document = decode(content.data)
        check_size(len(document.text.encode()))  # UTF-16 may be smaller than what a store holds
        return content, document

    def prompt(self, head: Head) -> Prompt:
        """Return a prompt as it is now.

        Raises:
            Fault: it was renamed or deleted since.
        """
        prompt = self.store.get(head.path) if head.path in self.store else None
        if prompt is None or prompt.uid != head.uid:
            raise Fault("somebody moved or deleted the prompt meanwhile; it is looked at again in the next sync")
        return prompt

    # Remembering

    def link(self, name: str, prompt_id: int, prompt: Prompt, content: Content) -> Link:
        """Return what to remember of a file and a prompt that are the same."""
        metadata = self.store.links.metadata_of(prompt)
        return Link(name, prompt_id, prompt.version, metadata, content.sha256, *content.stamp)

    def remember(self, link: Link, layout: Mapping[str, Any]) -> None:
        """Remember a link, soon."""
        self.links[link.file] = link
        self.listing.files.setdefault(link.file, Stamp(link.size, link.modified))
        self._waiting[link.file] = link, layout
        if len(self._waiting) >= _BATCH:
            self.flush()

    def remember_now(self, link: Link, layout: Mapping[str, Any] | None = None) -> None:
        """Remember a link, as a part of the transaction that is open; without a layout that stays as it was."""
        self.links[link.file] = link
        layouts = {} if layout is None else {link.prompt_id: {"file": link.file, **layout}}
        self.store.links.put(self.place, [_cautious(link)], layouts)

    def flush(self) -> None:
        """Write down what is to be remembered."""
        waiting, self._waiting = list(self._waiting.values()), {}
        layouts = {link.prompt_id: {"file": link.file, **layout} for link, layout in waiting}
        self.store.links.put(self.place, [_cautious(link) for link, _ in waiting], layouts)

    def forget(self, *names: str) -> None:
        """Remember files no more."""
        for name in names:
            self.links.pop(name, None)
            self._waiting.pop(name, None)
        self.store.links.drop(self.place, names)

    # Reporting

    def skip(self, name: str, reason: str) -> None:
        """Report that a file was left as it is."""
        self.done.skipped[self.shown(name)] = reason

    def shown(self, name: str) -> str:
        """Return a file's name as a report has it, with its directory."""
        return shown(self._path(name))

    @contextmanager
    def skipping(self, name: str) -> Iterator[None]:
        """Report what goes wrong with one file, and go on; what is wrong with the store ends the sync."""
        try:
            yield
        except Fault as fault:
            self.skip(name, f"line {fault.line}: {fault.reason}" if fault.line else fault.reason)
        except DamagedTextError as error:
            self.skip(name, str(error))
        except StoreError:
            raise
        except PromptKernelError as error:
            self.skip(name, str(error))


def _cautious(link: Link) -> Link:
    """Return `link` so that the next sync looks into the file, if that may have changed since without a trace."""
    tick = _TICK if link.modified % _SECOND else _COARSE_TICK
    return link._replace(modified=NEVER) if link.modified > time.time_ns() - tick else link
