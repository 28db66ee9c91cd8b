"""The library in one database. This package is the one place that speaks SQL; `Store` has the verbs.

These are many lines for one module, because they are one list: each verb is a few, and the work is in its neighbours.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from functools import partial
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from sqlalchemy import text

from prompt_kernel import uses
from prompt_kernel.authors import login
from prompt_kernel.errors import (
    AmbiguousNameError,
    DirectoryNotFoundError,
    PromptNotFoundError,
    StoreUnavailableError,
)
from prompt_kernel.expansion import (
    DEFAULT_LIMITS,
    CompiledPrompt,
    Expander,
    Expansion,
    Limits,
    Manifest,
    SourceText,
    checked,
    expand_manifest,
    split_pin,
)
from prompt_kernel.locations import LOCK_FILE, default_url, is_server, shown, url_of
from prompt_kernel.matching import match
from prompt_kernel.records import (
    Change,
    Directory,
    Draft,
    Drift,
    Entry,
    ExportReport,
    Finding,
    Frozen,
    Hit,
    Impact,
    ImportReport,
    Prompt,
    Reference,
    Replaced,
    Replacement,
    Rows,
    Suggestion,
    Summary,
    SyncReport,
    TextDiff,
    Token,
    Trashed,
    Version,
)
from prompt_kernel.store import (
    _backup,
    _check,
    _directories,
    _find,
    _lists,
    _migrations,
    _pattern,
    _people,
    _read,
    _references,
    _rename,
    _replace,
    _rescue,
    _rows,
    _search,
    _tokens,
    _trash,
    _versions,
    links,
)
from prompt_kernel.store._archive import Archive
from prompt_kernel.store._backup import restore_backup
from prompt_kernel.store._engine import open_database
from prompt_kernel.store._source import Overlay, StoreSource
from prompt_kernel.store.expanding import Expands
from prompt_kernel.store.experiments import Experiments
from prompt_kernel.store.live import LiveLog

if TYPE_CHECKING:
    from prompt_kernel.lock import Lock

_SUMMARY = text(
    "SELECT (SELECT count(*) FROM prompt WHERE deleted_at IS NULL), (SELECT count(*) FROM version),"
    " (SELECT count(*) FROM directory), (SELECT count(*) FROM label),"
    " (SELECT count(*) FROM prompt WHERE deleted_at IS NOT NULL),"
    " (SELECT CAST(coalesce(sum(characters), 0) AS BIGINT) FROM prompt WHERE deleted_at IS NULL)"
)
_COUNT = text("SELECT count(*) FROM prompt WHERE deleted_at IS NULL")
_PAGE_SIZE = 1000
_MOST_REMEMBERED = 1000


def connect(
    place: str | os.PathLike[str] | None = None,
    *,
    author: str | None = None,
    origin: str = "python",
    read_only: bool = False,
    token: str | None = None,
    offline: bool = False,
    timeout: float = 30,
    lock: "str | os.PathLike[str] | Lock | None" = None,
) -> "Store":
    """Open a store: a path, a URL, or with nothing the one of `$PROMPT_KERNEL_URL`, or else the user's own.

    `author` and `origin` are noted with every change; the author is the user's login unless one is given. With a
    `lock`, which `freeze` has written, exactly the frozen versions are expanded, whatever has become of the prompts.
    The others are for the http:// or https:// of a server, which has the store: what it returns is a `client.Client`
    with the same verbs.

    Raises:
        StoreUnavailableError: it cannot be opened.
        LockFileError: the lock cannot be read, or is none.
        AccessDeniedError: the server wants another token.
        MissingExtraError: the part for servers, or the database's driver, is not installed.
    """
    url = url_of(place)
    if is_server(url):
        from prompt_kernel.client import Client, LockedClient  # noqa: PLC0415 - it is optional, and a store over HTTP

        kind: Any = Client if lock is None else partial(LockedClient, lock=lock)
        remote = kind(
            url, token=token, author=author, origin=origin, read_only=read_only, offline=offline, timeout=timeout
        )
        return cast("Store", remote.opened())  # it has the same verbs, which a test compares one by one
    if lock is not None:
        from prompt_kernel.lock import LockedStore  # noqa: PLC0415 - locks use stores, and this opens one by a lock

        return LockedStore(url, lock=lock, author=author, origin=origin, read_only=read_only)
    return Store(url, author=author, origin=origin, read_only=read_only)


class Store(Expands):
    """A library of prompts in one database.

    A context manager; safe to use from several threads. Every verb returns a value worth looking at, and raises a
    `PromptKernelError` that says what, where, and what to do.
    """

    def __init__(
        self,
        place: str | os.PathLike[str] | None = None,
        *,
        author: str | None = None,
        origin: str = "python",
        read_only: bool = False,
    ) -> None:
        """Open the store at `place`; see `connect`."""
        url = url_of(place)
        if is_server(url):
            raise StoreUnavailableError(shown(url), "a server has it; open it with connect(), or run this over there")
        self._writer = _rows.writer(author or login(), origin)
        self._database = open_database(url, read_only=read_only)
        try:
            _migrations.upgrade(self._database)
        except BaseException:
            self._database.close()
            raise
        self._source = StoreSource(self._database)
        self._uses = uses.of(self.url)
        self._expander = Expander(self._source, self._source.transaction, note=self._uses.note_plan)
        self._uses.watch(self._expander)
        self._remembered = _Remembered()
        self._keys = _tokens.Keys(self._database)
        #: What live editing keeps: for `prompt_kernel.live`, which knows what the bytes mean.
        self.live = LiveLog(self._database)
        #: What is known of linked folders: for `prompt_kernel.files`, which knows what a file means.
        self.links = links.Links(self._database)
        #: All of it as plain records: for bundles and copies.
        self.archive = Archive(self._database)

    @property
    def url(self) -> str:
        """Where the store is."""
        return self._database.url

    @property
    def author(self) -> str:
        """Who is noted with every change."""
        return self._writer.author

    @property
    def origin(self) -> str:
        """By which end the changes come."""
        return self._writer.origin

    @property
    def read_only(self) -> str:
        """Why the store takes no changes, "" where it does."""
        return str(self._database.read_only or "")

    @property
    def revision(self) -> object:
        """A value that changes whenever anybody, in any process, changed something; cheap to ask for."""
        return self._database.revision()

    def wait(self, known: object, timeout: float) -> object:
        """Wait until `revision` is another than `known`, at most `timeout` seconds; return what it is then."""
        return self._database.wait(known, timeout)

    def by(self, author: str, *, origin: str | None = None) -> Self:
        """Return the same open store for somebody else, who is noted with its changes; closing one closes both."""
        other = copy(self)
        other._writer = _rows.writer(author or login(), origin or self.origin)  # noqa: SLF001 - it is of our own class
        return other

    @contextmanager
    def together(self) -> Iterator[Self]:
        """Make one change of the verbs in a block: all of them happen, or none where an error leaves the block.

        Nobody sees a part of it, and other threads and processes wait with their changes until the end.
        """
        with self._database.writing():
            yield self

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Store({shown(self.url)!r})"

    def _by(self, message: str = "", author: str | None = None, origin: str | None = None) -> _rows.Writer:
        if not message and author is None and origin is None:
            return self._writer
        return _rows.writer(author or self.author, origin or self.origin, message)

    # Saving

    def save(
        self,
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
    ) -> Prompt:
        """Save a text as the newest version of `path`; what is None stays as it is.

        `expected` is the version that the writer had seen, 0 where there was none: if somebody saved since, changes
        in different lines are merged (the result's `merged` tells). Saving what is there already makes no version.

        Raises:
            ConflictError: somebody changed the same lines; it carries all three texts, and nothing is lost.
            InvalidPathError, InvalidTextError, InvalidMetadataError: it cannot be stored.
        """
        draft = Draft(path, content, description, tags, engine, variables)  # type: ignore[arg-type]  # checked below
        with self._database.writing() as connection:
            saved = _versions.save(connection, draft, self._by(message, author, origin), expected)
            return _read.get(connection, saved.path, merged=saved.merged)

    def describe(self, path: str, *, description: str | None = None, tags: Sequence[str] | None = None) -> Prompt:
        """Change what is said of a prompt; this makes no version."""
        with self._database.writing() as connection:
            prompt = _read.get(connection, path)
            draft = Draft(prompt.path, prompt.text, description, tags)  # type: ignore[arg-type]  # checked below
            _versions.save(connection, draft, self._writer)
            return _read.get(connection, prompt.path)

    def save_many(
        self,
        drafts: Iterable[Draft],
        *,
        message: str = "",
        origin: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> ImportReport:
        """Save many prompts in one transaction: all of them or none. `progress` is told (done, of)."""
        with self._database.writing() as connection:
            outcome = _versions.save_many(connection, list(drafts), self._by(message, origin=origin), progress)
        return ImportReport("drafts", tuple(outcome["created"]), tuple(outcome["updated"]), tuple(outcome["unchanged"]))

    def restore(self, path: str, version: int | str, *, message: str = "") -> Prompt:
        """Save an old version, by number or label, as the newest again."""
        with self._database.writing() as connection:
            old = _read.get(connection, path, version)
            writer = self._by(message or f"restored version {old.version}")
            draft = Draft(old.path, old.text, engine=old.engine, variables=old.variables)
            _versions.save(connection, draft, writer)
            return _read.get(connection, old.path)

    def label(self, path: str, label: str, *, version: int | None = None) -> Prompt:
        """Let a label mean `version`, the newest where none is given; returns that version."""
        with self._database.writing() as connection:
            _versions.label(connection, path, label, version, self._writer)
            return _read.get(connection, path, label)

    def unlabel(self, path: str, label: str) -> Prompt:
        """Take a label away."""
        with self._database.writing() as connection:
            _versions.unlabel(connection, path, label, self._writer)
            return _read.get(connection, path)

    # Reading

    def get(self, path: str, *, version: int | str | None = None) -> Prompt:
        """Return a prompt by its path, a display name, or a path it once had; `path@3` and `path@label` pin it.

        Raises:
            PromptNotFoundError, VersionNotFoundError, AmbiguousNameError: it cannot be told which is meant.
            DamagedTextError: the stored text does not match its hash.
        """
        name, pin = split_pin(path)
        pin = version if version is not None else pin
        if pin is not None:
            with self._database.reading() as connection:
                return _read.get(connection, name, pin)
        cache = self._remembered.at(self._database.revision())
        found = cache.get(name)
        if found is None:
            found = cache[name] = _read.head(self._database, name)
        return found

    __getitem__ = get

    def __contains__(self, path: object) -> bool:
        try:
            return isinstance(path, str) and self.get(path) is not None
        except (LookupError, AmbiguousNameError):
            return False

    def __bool__(self) -> bool:
        """A store is there, also an empty one."""
        return True

    def __len__(self) -> int:
        with self._database.reading() as connection:
            return int(connection.execute(_COUNT).scalar_one())

    def __iter__(self) -> Iterator[str]:
        after: str | None = None
        while page := self.prompts(after=after, limit=_PAGE_SIZE):
            yield from (entry.path for entry in page)
            after = page[-1].path

    def prompts(
        self,
        *,
        directory: str | None = None,
        tag: str | None = None,
        after: str | None = None,
        limit: int = 100,
        sort: str = "path",
        descending: bool = False,
    ) -> Rows[Entry]:
        """Return up to `limit` prompts in an order; for the next page pass the last path as `after`.

        `sort` is path, name, directory, tags, version, updated or author.

        Raises:
            InvalidMetadataError: there is no such order.
        """
        found = _lists.page(self._database, directory, tag, after, limit, sort, descending=descending)
        return Rows(found, title="Prompts", empty="No prompts here yet. Save one, or import a folder.")

    def count(self, directory: str | None = None, tag: str | None = None) -> int:
        """Return how many prompts there are, in a directory and below it or with a tag."""
        return _lists.count(self._database, directory, tag)

    def entries(self, paths: Iterable[str]) -> Rows[Entry]:
        """Return those of `paths` that are prompts, in their order."""
        return Rows(_lists.entries(self._database, paths), title="Prompts", empty="None of them is a prompt.")

    def find_prompt(self, name: str) -> Prompt:
        """Return the prompt that `name` means as in `get`, or by its beginning, or nearly; it may be pinned.

        Raises:
            PromptNotFoundError, VersionNotFoundError, AmbiguousNameError: it cannot be told which is meant.
        """
        wanted, pin = split_pin(name)
        wanted = wanted.strip().strip("/")
        try:
            return self.get(wanted, version=pin)
        except PromptNotFoundError:
            with self._database.reading() as connection:
                return _read.get(connection, _find.path_like(connection, wanted), pin)

    def path_of(self, uid: str) -> str:
        """Return the path that a prompt has now.

        Raises:
            PromptNotFoundError: it lies in the trash, or was purged.
        """
        with self._database.reading() as connection:
            return _read.path_of(connection, uid)

    def search(self, words: str, *, tag: str | None = None, directory: str | None = None, limit: int = 50) -> Rows[Hit]:
        """Return the prompts that hold all of `words` in path, description, tags or text, the best first."""
        found = _search.search(self._database, words, tag, directory, limit)
        return Rows(found, title=f"Search: {words}", empty="Nothing matches.")

    def suggest(self, beginning: str, *, directory: str = "", limit: int = 20) -> list[Suggestion]:
        """Return prompts whose name or path `beginning` may begin, the likeliest first."""
        return _search.suggest(self._database, beginning, directory, limit)

    def history(self, path: str) -> Rows[Version]:
        """Return all versions of a prompt, the newest first."""
        with self._database.reading() as connection:
            return Rows(_read.history(connection, path), title=f"History of {path}")

    def diff(
        self, path: str, before: int | str | None = None, after: int | str | None = None, *, expanded: bool = False
    ) -> TextDiff:
        """Return the difference of two versions, by default what the last change did; or of their expansions."""
        with self._database.reading() as connection:
            new = _read.get(connection, path, after)
            number = before if before is not None else max(new.version - 1, 1)
            old = _read.get(connection, path, number)
        names = f"{old.path}@{old.version}", f"{new.path}@{new.version}"
        if not expanded:
            return TextDiff(old.text, new.text, *names)
        with uses.aside():
            before_text, after_text = (str(self._expander.expand(name, strict=False)) for name in names)
        return TextDiff(before_text, after_text, *names)

    def display_names(self, paths: Iterable[str]) -> dict[str, str]:
        """Return the shortest unique name of each of `paths`."""
        with self._database.reading() as connection:
            return _read.display_names(connection, paths)

    def tags(self) -> dict[str, int]:
        """Return every tag with the number of prompts that have it."""
        with self._database.reading() as connection:
            return _read.tags(connection)

    def changes(self, after: int = 0, *, limit: int = 100) -> Rows[Change]:
        """Return up to `limit` entries of the log that came after entry `after`, the oldest first."""
        return Rows(_lists.changes(self._database, after, limit), title="Changes", empty="Nothing has changed.")

    def activity(
        self,
        *,
        before: int | None = None,
        limit: int = 50,
        author: str | None = None,
        kind: str | None = None,
        path: str | None = None,
        directory: str | None = None,
    ) -> Rows[Change]:
        """Return up to `limit` entries of the log, the newest first; for the next page pass the last id as `before`.

        `path` is one prompt under all its paths; `author` is one of several, where they edited together.
        """
        wanted = {"before": before, "author": author, "kind": kind, "path": path, "directory": directory or None}
        found = _lists.activity(self._database, limit, wanted)
        return Rows(found, title="Activity", empty="Nothing has happened here.")

    def authors(self) -> list[str]:
        """Return everyone who has ever changed anything, in the order of the alphabet."""
        return _lists.authors(self._database)

    def layouts(self, paths: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """Return what importers noted of how the files of prompts were laid out, for exporters."""
        with self._database.reading() as connection:
            return _versions.layouts(connection, paths)

    def summary(self) -> Summary:
        """Return the store at a glance."""
        with self._database.reading() as connection:
            prompts, versions, directories, labels, trashed, characters = connection.execute(_SUMMARY).one()
            schema, journal = self._database.schema(), self._database.journal
        return Summary(
            shown(self.url),
            prompts,
            versions,
            directories,
            labels,
            trashed,
            characters,
            schema,
            journal,
            self.read_only,
        )

    # Expanding: the other verbs of it are those of `Expands`

    def _expanding(self) -> Expander:
        return self._expander

    def expand_as(
        self,
        path: str,
        content: str,
        /,
        variables: Mapping[str, object] | None = None,
        *,
        strict: bool = True,
        limits: Limits = DEFAULT_LIMITS,
        **values: object,
    ) -> Expansion:
        """Expand a prompt as if its newest version had another text, also where it is included; nothing is saved."""
        given = {**variables, **values} if variables else values
        with self._source.transaction():
            old = self._source.root(path, None)
            changed = SourceText(old.path, content, engine=old.engine, variables=old.variables, uid=old.uid)
            self._uses.note_unsaved(old.path)
            expander = Expander(Overlay(self._source, changed))
            return expander.expand_text(changed, given, strict=strict, limits=limits)

    def expand_manifest(
        self,
        manifest: Manifest,
        /,
        variables: Mapping[str, object] | None = None,
        *,
        strict: bool = True,
        limits: Limits = DEFAULT_LIMITS,
        **values: object,
    ) -> Expansion:
        """Expand exactly the versions that `manifest` names, whatever was saved, renamed or relabelled since.

        Raises:
            PromptNotFoundError: one of them was purged.
            DamagedTextError: a text is not what it was.
        """
        given = {**variables, **values} if variables else values
        return expand_manifest(manifest, self._recorded(manifest), given, strict=strict, limits=limits)

    def _recorded(self, manifest: Manifest) -> list[SourceText]:
        return [
            SourceText(entry.path, entry.text, uid=entry.uid)
            if entry.text is not None
            else self._source.recorded(entry.uid, entry.path, entry.version or 0)
            for entry in manifest.entries
        ]

    def compile_manifest(self, manifest: Manifest, *, limits: Limits = DEFAULT_LIMITS) -> CompiledPrompt:
        """Compile exactly the versions that `manifest` names, wherever these are now; see `compile`.

        Raises:
            PromptNotFoundError: one of them was purged.
            DamagedTextError: a text is not what it was.
        """
        return CompiledPrompt(manifest, checked(manifest, self._recorded(manifest)), limits)

    @property
    def experiments(self) -> Experiments:
        """The ledger of experiments: every run, what made it, and what came of it."""
        return Experiments(self._database, self._writer, self.compile_manifest)

    # Locks

    def freeze(
        self, file: str | os.PathLike[str] = LOCK_FILE, paths: Iterable[str] | None = None, *, prune: bool = False
    ) -> Frozen:
        """Write the exact versions that were used here, or `paths` as they are now, into a lock.

        What was used is what this process has expanded of the store since the notebook's extension was loaded: the
        last use of each name. `paths` are names as they are expanded (`review@production`), or globs (`rules/*`).
        Names that the lock has already, and that are not among these, stay in it as they were, unless `prune`.

        Raises:
            LockFileError: there is nothing to freeze, or the file cannot be read or written.
            NotFoundError, ExpansionError: one of `paths` cannot be expanded.
        """
        from prompt_kernel import lock  # noqa: PLC0415 - locks use stores, and this verb is theirs

        return lock.freeze(self, self._uses, file, paths, prune=prune)

    def verify(self, lock: "str | os.PathLike[str] | Lock" = LOCK_FILE) -> Rows[Drift]:
        """Return how the store differs now from what a lock has frozen; no rows where it does not.

        Raises:
            LockFileError: the lock cannot be read, or is none.
        """
        from prompt_kernel import lock as locks  # noqa: PLC0415 - locks use stores, and this verb is theirs

        return locks.verify(self, lock)

    # References

    def includes(self, path: str) -> Rows[Reference]:
        """Return what the newest version of a prompt includes, in the order of its text."""
        with self._database.reading() as connection:
            return Rows(
                _references.includes(connection, path), title=f"Included by {path}", empty="It includes nothing."
            )

    def referrers(self, path: str) -> Rows[Reference]:
        """Return the prompts that include a prompt, ordered by path."""
        with self._database.reading() as connection:
            prompt_id, found = _read.locate(connection, path)
            rows = _references.referrers(connection, prompt_id)
        return Rows(rows, title=f"Who includes {found}", empty="Nobody includes it.")

    def impact(self, path: str, new_text: str) -> Rows[Impact]:
        """Return whose expansion would change, and how, if a prompt had `new_text`; nothing is saved."""
        with self._source.transaction() as connection:
            found = _check.impact(self._source, connection, path, new_text)
        return Rows(found, title=f"If {path} changed", empty="No expansion would change.")

    # Renaming and deleting

    def rename(self, old: str, new: str) -> Rows[str]:
        """Give a prompt another path; every text that mentions it is rewritten, and the old path still finds it.

        Returns the paths of the rewritten prompts.

        Raises:
            PathTakenError: another prompt has that path.
        """
        with self._database.writing() as connection:
            rewritten = _rename.rename(connection, old, new, self._writer)
        return Rows(rewritten, title=f"Rewritten for {new}", empty="No other text mentions it.")

    def rename_directory(self, old: str, new: str) -> Rows[str]:
        """Give a directory, with all that is in it, another path; see `rename`."""
        with self._database.writing() as connection:
            rewritten = _rename.rename_directory(connection, old, new, self._writer)
        return Rows(rewritten, title=f"Rewritten for {new}", empty="No other text mentions it.")

    def delete(self, path: str, *, force: bool = False) -> Trashed:
        """Put a prompt into the trash.

        Raises:
            ReferencedError: others include it, and `force` is not given.
        """
        with self._database.writing() as connection:
            return _trash.delete(connection, path, self._writer, force=force)

    def trash(self) -> Rows[Trashed]:
        """Return what lies in the trash, the latest first."""
        with self._database.reading() as connection:
            return Rows(_trash.trash(connection), title="Trash", empty="The trash is empty.")

    def recover(self, path: str, *, to: str | None = None) -> Prompt:
        """Take a prompt (by path or uid) out of the trash, to its old path or to another."""
        with self._database.writing() as connection:
            return _read.get(connection, _trash.recover(connection, path, to, self._writer))

    def purge(self, path: str | None = None) -> int:
        """Remove a prompt of the trash, or all of it, for good; backups still hold it. Returns how many."""
        return _trash.purge(self._database, path, self._writer)

    # Find and replace

    def replacements(
        self,
        find: str,
        replacement: str,
        *,
        regex: bool = False,
        case: bool = False,
        directory: str | None = None,
        tag: str | None = None,
        paths: Iterable[str] | None = None,
        limit: int = 1000,
    ) -> Rows[Replacement]:
        """Return what `replace` would do, for up to `limit` prompts; nothing is saved.

        Everything is taken literally, unless `regex` makes `find` a regular expression: then `$1`, `$<name>`, `$&`
        and `$$` in `replacement` are a group, the whole match and a dollar sign. `case` tells capitals from others.

        Raises:
            InvalidMetadataError: the expression is malformed, or takes too long.
            MissingExtraError: the part for expressions is not installed.
        """
        replace = _pattern.replacer(find, replacement, regex=regex, case=case)
        found = islice(_replace.replacements(self._database, replace, directory, tag, paths), limit)
        return Rows(found, title=f"Find {find}", empty="Nothing matches.")

    def replace(
        self,
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
    ) -> Replaced:
        """Find and replace in all prompts, or in those named: one version of each, all of them or none.

        Raises:
            InvalidTextError: one of the texts could not be saved; see `replacements`, which tells which.
            InvalidMetadataError, MissingExtraError: see `replacements`.
        """
        replace = _pattern.replacer(find, replacement, regex=regex, case=case)
        wanted = list(islice(_replace.replacements(self._database, replace, directory, tag, paths), limit))
        writer = self._by(message or _replace.message_of(find, replacement))
        with self._database.writing() as connection:
            return _replace.replace_all(connection, wanted, replace, writer)

    def undo_replace(self, id: str) -> Rows[str]:  # noqa: A002 - what `Replaced` calls it
        """Put back what one `replace` has changed, merged with what was changed since; return the paths.

        Raises:
            ConflictError: somebody has changed the same lines since. Nothing was changed then.
            NotFoundError: there was no such replacement.
        """
        with self._database.writing() as connection:
            paths = _replace.undo(connection, id, self._writer)
        return Rows(paths, title="Put back", empty="Nothing was left to put back.")

    # What belongs to the author

    def favourite(self, path: str, on: bool = True) -> Entry:  # noqa: FBT001, FBT002 - reads well: favourite(path, False)
        """Make a prompt a favourite of the author, or no favourite any more."""
        with self._database.writing() as connection:
            return _people.favourite(self._database, connection, self.author, path, on=on)

    def favourites(self) -> Rows[Entry]:
        """Return the author's favourites, ordered by path."""
        return Rows(_people.favourites(self._database, self.author), title="Favourites", empty="No favourites yet.")

    def note_opened(self, path: str) -> Entry:
        """Remember that the author has opened a prompt just now."""
        with self._database.writing() as connection:
            return _people.note_opened(self._database, connection, self.author, path)

    def recent(self, limit: int = 20) -> Rows[Entry]:
        """Return the prompts that the author has opened, the latest first."""
        return Rows(_people.recent(self._database, self.author, limit), title="Recent", empty="Nothing was opened yet.")

    def preference(self, name: str, default: Any = None) -> Any:
        """Return what the author has set under a name, or `default`."""
        return _people.preference(self._database, self.author, name, default)

    def set_preference(self, name: str, value: Any) -> None:
        """Set plain data under a name, for the author.

        Raises:
            InvalidMetadataError: the value is no JSON.
        """
        with self._database.writing():
            _people.set_preference(self._database, self.author, name, value)

    # Directories

    def directories(self) -> Rows[Directory]:
        """Return every directory, ordered by path."""
        with self._database.reading() as connection:
            return Rows(_directories.directories(connection), title="Directories", empty="No directories yet.")

    def find_directory(self, name: str) -> Directory:
        """Return the directory that `name` means: its path or last segments, a beginning of these, or nearly.

        Raises:
            DirectoryNotFoundError, AmbiguousNameError: it cannot be told which is meant.
        """
        known = {directory.path: directory for directory in self.directories()}
        return known[match(name, known, DirectoryNotFoundError)]

    def add_directory(self, path: str, *, description: str = "", source: str = "", enabled: bool = True) -> Directory:
        """Make a directory, which may be linked to a folder on disk (`source`)."""
        with self._database.writing() as connection:
            return _directories.add(connection, path, description, source, self._writer, enabled=enabled)

    def update_directory(
        self, path: str, *, description: str | None = None, source: str | None = None, enabled: bool | None = None
    ) -> Directory:
        """Change what is given of a directory; in a disabled one no inclusion resolves."""
        with self._database.writing() as connection:
            before = _directories.find(connection, path)
            updated = _directories.update(
                connection, path, self._writer, description=description, source=source, enabled=enabled
            )
            if updated.source != before.source:
                links.forget(connection, updated.path)
            return updated

    def remove_directory(self, path: str) -> None:
        """Remove an empty directory; a linked folder's files stay where they are."""
        with self._database.writing() as connection:
            links.forget(connection, path, below=True)
            _directories.remove(connection, path, self._writer)

    def sync(
        self,
        directory: str | None = None,
        *,
        delete: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> SyncReport:
        """Bring a directory and its linked folder together, both ways, or all that are linked; see `files.sync`."""
        from prompt_kernel import files  # noqa: PLC0415 - files use stores, and this verb is theirs

        return files.sync(self, directory, delete=delete, progress=progress)

    def import_folder(
        self,
        folder: str | os.PathLike[str],
        *,
        into: str = "",
        message: str = "",
        progress: Callable[[int, int], None] | None = None,
    ) -> ImportReport:
        """Import a folder of markdown files, all of them or none; see `files.import_folder`."""
        from prompt_kernel import files  # noqa: PLC0415 - files use stores, and this verb is theirs

        return files.import_folder(self, folder, into=into, message=message, progress=progress)

    def export_folder(
        self,
        folder: str | os.PathLike[str],
        *,
        directory: str = "",
        progress: Callable[[int, int], None] | None = None,
    ) -> ExportReport:
        """Export prompts as markdown files, each one atomically; see `files.export_folder`."""
        from prompt_kernel import files  # noqa: PLC0415 - files use stores, and this verb is theirs

        return files.export_folder(self, folder, directory=directory, progress=progress)

    def import_from(
        self,
        source: str | os.PathLike[str],
        *,
        format: str | None = None,  # noqa: A002 - the word for it
        into: str = "",
        message: str = "",
        progress: Callable[[int, int], None] | None = None,
    ) -> ImportReport:
        """Import another tool's file or folder, recognised unless `format` names it; see `files.import_from`."""
        from prompt_kernel import files  # noqa: PLC0415 - files use stores, and this verb is theirs

        return files.import_from(self, source, format=format, into=into, message=message, progress=progress)

    def export_to(
        self,
        target: str | os.PathLike[str],
        *,
        format: str = "markdown",  # noqa: A002 - the word for it
        directory: str = "",
        progress: Callable[[int, int], None] | None = None,
    ) -> ExportReport:
        """Export prompts in another tool's format, with a report of what it has no place for; see `files.export_to`."""
        from prompt_kernel import files  # noqa: PLC0415 - files use stores, and this verb is theirs

        return files.export_to(self, target, format=format, directory=directory, progress=progress)

    # Tokens

    def tokens(self) -> Rows[Token]:
        """Return the tokens that open a server of this store, ordered by name."""
        with self._database.reading() as connection:
            return Rows(_tokens.tokens(connection), title="Tokens", empty="No tokens yet.")

    def add_token(self, name: str, *, write: bool = False, author: str = "") -> str:
        """Make a token for a server of this store, and return its secret, which cannot be asked for again.

        With `write` it may change prompts too; what is changed with it is noted as by `author`, if one is given.

        Raises:
            InvalidMetadataError: there is one of that name, or the name cannot be one.
        """
        with self._database.writing() as connection:
            return _tokens.add(connection, name, author, self._writer, may_write=write)

    def remove_token(self, name: str) -> Token:
        """Remove a token: from now on it opens nothing.

        Raises:
            NotFoundError: there is none of that name.
        """
        with self._database.writing() as connection:
            return _tokens.remove(connection, name, self._writer)

    def token_of(self, secret: str) -> Token | None:
        """Return the token that has a secret; None if there is none, or none any more."""
        return self._keys.find(secret)

    # Care

    def check(self) -> Rows[Finding]:
        """Return what is wrong or odd in the prompts: unresolved, in a circle, unused, duplicate, clashing."""
        with self._source.transaction() as connection:
            return Rows(_check.check(connection, self._source), title="Check", empty="All prompts are sound.")

    def doctor(self) -> Rows[Finding]:
        """Return what is wrong with the database: structure, hashes, references, search index."""
        return Rows(_check.doctor(self._database), title="Doctor", empty="The store is sound.")

    def rescue(self, folder: str | os.PathLike[str]) -> ExportReport:
        """Write every version that can still be read from a damaged store to a folder, as `path@3.md`.

        The runs of experiments become lines of JSON in `experiments.jsonl`.
        """
        from prompt_kernel import files  # noqa: PLC0415 - files use stores, and this verb is theirs

        runs = _rescue.salvage_runs(self._database)
        return files.rescue_to_folder(_rescue.salvage(self._database), folder, runs)

    def backup(self, target: str | os.PathLike[str] | None = None) -> Path:
        """Copy the store, while others use it, to a file that appears once it is whole and verified.

        `target` is a file, which is replaced if it exists, or a folder for a new one; by default it is a new file
        beside the store.

        Raises:
            StoreUnavailableError: it cannot be written, or the store is damaged.
        """
        return _backup.back_up(self._database, target)


class _Remembered:
    """Prompts as they were at one revision; shared by the stores of one database."""

    def __init__(self) -> None:
        self._kept: tuple[object, dict[str, Prompt]] = (None, {})

    def at(self, revision: object) -> dict[str, Prompt]:
        """Return what is known of `revision`, which was asked for before anything that is put in."""
        known, prompts = self._kept
        if known != revision or len(prompts) >= _MOST_REMEMBERED:
            # A new dict, not a cleared one: another thread may be about to write what it read before.
            prompts = {}
            self._kept = (revision, prompts)
        return prompts


__all__ = ["Archive", "Store", "connect", "default_url", "restore_backup"]
