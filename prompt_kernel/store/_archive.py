"""All that a store holds as a stream of plain records, and such a stream back into a store.

What a store makes by itself is not among them: references, the search index, which prompts are in a disabled directory,
and every numeric id. Nor is what belongs to one place: tokens, and the state of linked files. A record is a dict that
JSON can hold; `record` says of which kind it is:

    directory   path, description, enabled, source
    prompt      uid, path, description, tags, head, author, updated_at, deleted_at, deleted_by, layout, labels, former
    version     uid, number, sha256, engine, variables, author, origin, message, created_at, text
    change      kind, uid, path, version, detail, author, origin, at
    favourite   author, uid
    opening     author, uid, at
    preference  author, name, value
    experiment  uid, name, description, spec, round, author, created_at, updated_at
    content     uid, sha256, data: what runs of the experiment share
    run         uid, round, prompt, row, model, repeat, call, text_sha256, seconds, tokens_in, tokens_out, cost, author,
                at, error, scores, output; manifest, inputs, variables and parameters are contents, by their hashes
    live        uid, epoch, synced, state, synced_state, updates (on request)

They come in this order, a prompt's versions right after it, and so an experiment's contents and runs, whose uid is the
experiment's: directories and prompts by path, what is in the trash last, and the log as it was written. `spec`, `data`,
`scores` and `output` are JSON as text, because a model may answer with what no file in UTF-8 can hold. Equal libraries
give equal streams, in whichever database they are.
"""

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import text

from prompt_kernel.errors import SchemaTooNewError
from prompt_kernel.locations import is_postgres, url_of
from prompt_kernel.store import _checking, _loading, _packing, _rows, _versions
from prompt_kernel.store._engine import Database, open_database
from prompt_kernel.store._packing import KINDS, Held, Record

_COUNTS: Final = {
    "directories": text("SELECT count(*) FROM directory"),
    "prompts": text("SELECT count(*) FROM prompt WHERE deleted_at IS NULL"),
    "trashed": text("SELECT count(*) FROM prompt WHERE deleted_at IS NOT NULL"),
    "versions": text("SELECT count(*) FROM version"),
    "changes": text("SELECT count(*) FROM change"),
    "favourites": text("SELECT count(*) FROM favourite"),
    "openings": text("SELECT count(*) FROM opening"),
    "preferences": text("SELECT count(*) FROM preference"),
    "experiments": text("SELECT count(*) FROM experiment"),
    "contents": text("SELECT count(*) FROM experiment_content"),
    "runs": text("SELECT count(*) FROM run"),
}
_LIVE_COUNT: Final = text("SELECT count(*) FROM live_document")


class Digest(NamedTuple):
    """What a stream of records amounts to: how many there are, and the SHA-256 of all of them in their order."""

    records: int
    sha256: str


class Archive:
    """The records of one store; safe to use from several threads and processes."""

    def __init__(self, database: Database) -> None:
        """Be the archive of `database`; `Store.archive` is the way to one."""
        self._database = database

    def counts(self, *, live: bool = False) -> dict[str, int]:
        """Return how many records there are of each kind, in words; their sum is the length of the stream."""
        counts = dict(_COUNTS, live=_LIVE_COUNT) if live else _COUNTS
        with self._database.reading() as connection:
            return {name: int(connection.execute(statement).scalar_one()) for name, statement in counts.items()}

    def records(self, *, only: Collection[str] = KINDS, directory: str = "", live: bool = False) -> Iterator[Record]:
        """Give all records, or those of the kinds `only`, a page at a time, so that memory does not grow with them.

        Each page is of one moment; all of them are in a `snapshot`. Of a `directory` there is itself with what is in
        it, and nothing of the log or of people. With `live` there are the live texts, too, which are no versions yet.

        Raises:
            DamagedTextError: a text does not match its hash.
        """
        if isinstance(self._database.read_only, SchemaTooNewError):
            raise self._database.read_only
        kinds = set(only) if live else set(only) - {"live"}
        for kind, page in _packing.PAGES.items():
            if kind in kinds:
                yield from page(self._database, directory, kinds)

    def digest(self, *, live: bool = False) -> Digest:
        """Return what the stream of all records amounts to; equal digests are equal libraries."""
        tally = Tally()
        with self.snapshot() as archive:
            for _ in tally.over(archive.records(live=live)):
                pass
        return tally.digest

    @contextmanager
    def snapshot(self) -> Iterator["Archive"]:
        """Give the archive as it is now, whatever others write while the block lasts; they do not wait for it.

        Raises:
            StoreUnavailableError: there is no room for it, or the store is damaged.
        """
        if is_postgres(self._database.url):
            with (
                closing(open_database(self._database.url, read_only=True)) as database,
                database.reading() as connection,
            ):
                # PostgreSQL takes the moment from the first statement, not from the beginning.
                connection.execute(_LIVE_COUNT)
                yield Archive(database)
            return
        if self._database.file is None:
            with self._database.reading():
                yield self
            return
        # A long read would keep the others from committing, where there is no write-ahead log.
        with tempfile.TemporaryDirectory(prefix="prompt-kernel-") as folder:
            file = Path(folder) / "snapshot.db"
            self._copy_to(file)
            with closing(open_database(url_of(file), read_only=True)) as database:
                yield Archive(database)

    def _copy_to(self, file: Path) -> None:
        # As secret as the store itself.
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
        with self._database.reading(), closing(sqlite3.connect(file, isolation_level=None)) as target:
            target.execute("PRAGMA synchronous = OFF")
            self._database.raw.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")

    def check(self, records: Iterable[Record]) -> Iterator[Record]:
        """Give the records on, once it is sure of each that a store can hold it after those before it.

        Raises:
            PromptKernelError: one is malformed, does not match its hash, or does not follow from the others.
        """
        return _checking.checked(records)

    def load(
        self,
        records: Iterable[Record],
        *,
        mirror: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> Digest:
        """Bring a stream of records in, in batches, each of them one transaction.

        What is there already is left alone, so that a load that was interrupted goes on when it is run again. With
        `mirror` the store becomes what the records say also where that takes something away; the caller has made sure
        that it is an earlier state of them. `progress` is told how many records are done. Returns what they amount to.

        Raises:
            DivergedError, PathTakenError: the store has something else there; nothing of that batch was changed.
            PromptKernelError: a record is malformed; see `check`.
        """
        tally = Tally()
        _loading.Loader(self._database, mirror=mirror).run(tally.over(_checking.checked(records)), progress)
        return tally.digest

    def find(self, uids: Sequence[str], paths: Sequence[str] = ()) -> list[Held]:
        """Return what is known of prompts by uid, and of those at `paths`, without their texts."""
        with self._database.reading() as connection:
            return _packing.find(connection, uids, paths)

    def taken(self, paths: Sequence[str]) -> set[str]:
        """Return the keys of those of `paths` that a prompt has, or had before it was renamed."""
        with self._database.reading() as connection:
            return _packing.taken(connection, paths)

    def log(self, kind: str, record: Record, version: int | None, writer: tuple[str, str, str]) -> None:
        """Write into the log that a prompt was brought in; `writer` is the author, the origin and the message."""
        by = _rows.writer(*writer)
        with self._database.writing() as connection:
            ids = _packing.ids_of(connection, [record["uid"]])
            _versions.log(connection, kind, ids.get(record["uid"]), record["path"], version, by, by.message)


class Tally:
    """Counts records and takes their hash as they go by."""

    def __init__(self) -> None:
        """Begin with none."""
        self._count = 0
        self._hash = hashlib.sha256()

    def over(self, records: Iterable[Record]) -> Iterator[Record]:
        """Give the records on."""
        for record in records:
            self._count += 1
            self._hash.update((_rows.to_json(record) + "\n").encode())
            yield record

    @property
    def digest(self) -> Digest:
        """What went by so far."""
        return Digest(self._count, self._hash.hexdigest())
