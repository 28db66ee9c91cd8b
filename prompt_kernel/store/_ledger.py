"""Experiments as rows: what each was to do in its last round, and how many of its runs there are."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, text

from prompt_kernel.errors import ExperimentNotFoundError, InvalidMetadataError, NotFoundError
from prompt_kernel.expansion import Manifest
from prompt_kernel.names import key_of, near
from prompt_kernel.runs import ExperimentSummary, Run
from prompt_kernel.store import _contents, _rows, _runs, _versions
from prompt_kernel.store._rows import Writer

_FIND: Final = text("SELECT id, name, round FROM experiment WHERE key = :key")
_NAMES: Final = text("SELECT name FROM experiment")
_INSERT: Final = text(
    "INSERT INTO experiment (uid, name, key, description, spec, round, author, created_at, updated_at)"
    " VALUES (:uid, :name, :key, :description, :spec, 1, :author, :at, :at)"
)
_GO_ON: Final = text(
    "UPDATE experiment SET round = round + 1, spec = :spec, updated_at = :at,"
    " description = CASE WHEN :description = '' THEN description ELSE :description END WHERE id = :id"
)
_TOUCH: Final = text("UPDATE experiment SET updated_at = :at WHERE id = :id")
_RENAME: Final = text("UPDATE experiment SET name = :name, key = :key WHERE id = :id")
_SUMMARY: Final = (
    "SELECT e.name, e.description, e.spec, e.round, e.author, e.created_at, e.updated_at,"
    " (SELECT count(*) FROM run r WHERE r.experiment_id = e.id AND r.round = e.round) AS runs,"
    " (SELECT count(*) FROM run r WHERE r.experiment_id = e.id AND r.round = e.round AND r.error <> '') AS errors,"
    # What two cells ask for alike was paid once.
    " (SELECT sum(CASE WHEN c.paid IS NULL THEN c.judged ELSE c.paid + coalesce(c.judged, 0) END) FROM"
    " (SELECT max(r.cost) AS paid, sum(r.scores_cost) AS judged FROM run r WHERE r.experiment_id = e.id"
    " GROUP BY r.call) c) AS cost"
    " FROM experiment e"
)
_ALL: Final = text(_SUMMARY + " ORDER BY e.updated_at DESC, e.id DESC")
_ONE: Final = text(_SUMMARY + " WHERE e.key = :key")
_USING: Final = text(
    _SUMMARY + " WHERE e.id IN (SELECT p.experiment_id FROM experiment_prompt p WHERE p.uid = :uid"  # noqa: S608 - constants
    " AND p.round = e.round) ORDER BY e.updated_at DESC, e.id DESC"
)
_USED: Final = text(
    "INSERT INTO experiment_prompt (experiment_id, uid, round) VALUES (:experiment_id, :uid, :round)"
    " ON CONFLICT (experiment_id, uid) DO UPDATE SET round = CASE WHEN excluded.round > experiment_prompt.round"
    " THEN excluded.round ELSE experiment_prompt.round END"
)
#: The runs come first: their number is told.
_REMOVE: Final = (
    text("DELETE FROM run WHERE experiment_id = :id"),
    text("DELETE FROM experiment_content WHERE experiment_id = :id"),
    text("DELETE FROM experiment_prompt WHERE experiment_id = :id"),
    text("DELETE FROM experiment WHERE id = :id"),
)
_IDS: Final = text("SELECT id, name FROM experiment ORDER BY key")
_DANGLING: Final = text(
    "SELECT count(*) FROM run r WHERE r.experiment_id = :id AND EXISTS (SELECT 1 FROM (SELECT r.inputs AS sha256"
    " UNION ALL SELECT r.variables UNION ALL SELECT r.parameters UNION ALL SELECT r.manifest) s WHERE s.sha256 <> ''"
    " AND NOT EXISTS (SELECT 1 FROM experiment_content c WHERE c.experiment_id = r.experiment_id"
    " AND c.sha256 = s.sha256))"
)


def find(connection: Connection, name: str) -> Any:
    """Return the row (id, name, round) of an experiment.

    Raises:
        ExperimentNotFoundError: there is none of that name.
    """
    row = _look(connection, name)
    if row is None:
        raise ExperimentNotFoundError(name, near(name, [known for (known,) in connection.execute(_NAMES)]))
    return row


def _look(connection: Connection, name: str) -> Any:
    return connection.execute(_FIND, {"key": _rows.bindable(key_of(name))}).first()


def checked_name(name: str) -> str:
    """Return `name` if an experiment can have it.

    Raises:
        InvalidMetadataError: it cannot.
    """
    checked = _runs.name_of("experiment", name)
    if not checked or checked != checked.strip() or not checked.isprintable() or not key_of(checked):
        raise InvalidMetadataError("experiment", "its name is one line, without white space around it, and not empty")
    return checked


# Writing


def begin(connection: Connection, name: str, spec: Mapping[str, Any], description: str, writer: Writer) -> int:
    """Begin a round, and return its number."""
    for field in ("prompts", "models"):
        for each in spec.get(field, ()):
            _runs.name_of(field, each)
    values = {
        "uid": uuid.uuid4().hex, "name": checked_name(name), "key": key_of(name), "at": _rows.now(),
        "description": _rows.checked_line("description", description), "author": writer.author,
        "spec": _contents.packed("spec", dict(spec)),
    }  # fmt: skip
    row = _look(connection, name)
    if row is None:
        connection.execute(_INSERT, values)
        return 1
    connection.execute(_GO_ON, {**values, "id": row.id})
    return int(row.round) + 1


def record(
    connection: Connection,
    name: str,
    runs: Sequence[Run],
    contents: Mapping[str, Mapping[str, Any]],
    writer: Writer,
) -> None:
    """Record runs, with what they share."""
    experiment = find(connection, name)
    kept = _contents.Contents()
    for sha256, data in contents.items():
        kept.add_manifest(sha256, data)
    now = _rows.now()
    rows = [
        {**_runs.row_of(run, kept, experiment.round, writer.author, now), "experiment_id": experiment.id}
        for run in runs
    ]
    kept.write(connection, experiment.id)
    note_used(connection, experiment.id, rows)
    if rows:
        connection.execute(_runs.PUT, rows)
        connection.execute(_TOUCH, {"at": now, "id": experiment.id})


def note_used(connection: Connection, experiment_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Note which prompts the manifests of runs name, and those of the judges that scored them.

    Raises:
        InvalidMetadataError: the manifest of a run is not there.
    """
    rounds: dict[str, int] = {}
    for row in rows:
        judges = _runs.scores_from_json(row["scores"]).values()
        for sha256 in (row["manifest"], *(score.manifest for score in judges)):
            rounds[sha256] = max(row["round"], rounds.get(sha256, 0))
    stored = _contents.read(connection, experiment_id, map(_rows.bindable, rounds))
    missing = next((row["manifest"] for row in rows if row["manifest"] and row["manifest"] not in stored), None)
    if missing is not None:
        raise InvalidMetadataError("manifest", f"{missing[:12]} was not given with the runs that name it")
    used: dict[str, int] = {}
    for sha256, data in stored.items():
        named = _contents.manifest_of(data) or Manifest(())
        for entry in named.entries:
            if entry.uid:
                used[entry.uid] = max(rounds[sha256], used.get(entry.uid, 0))
    if used:
        values = [{"experiment_id": experiment_id, "uid": uid, "round": number} for uid, number in sorted(used.items())]
        connection.execute(_USED, values)


def rename(connection: Connection, old: str, new: str, writer: Writer) -> str:
    """Give an experiment another name; return it."""
    experiment, name = find(connection, old), checked_name(new)
    taken = _look(connection, name)
    if taken is not None and taken.id != experiment.id:
        raise InvalidMetadataError("experiment", f"there is one called {taken.name} already")
    connection.execute(_RENAME, {"id": experiment.id, "name": name, "key": key_of(name)})
    _versions.log(connection, "experiment", None, "", None, writer, f"renamed {experiment.name} to {name}")
    return name


def remove(connection: Connection, name: str, writer: Writer) -> int:
    """Remove an experiment with its runs; return how many there were."""
    experiment = find(connection, name)
    removed = erase(connection, experiment.id)
    _versions.log(connection, "experiment", None, "", None, writer, f"removed {experiment.name}")
    return removed


def erase(connection: Connection, experiment_id: int) -> int:
    """Take away all rows of an experiment; return how many runs there were."""
    counts = [connection.execute(statement, {"id": experiment_id}).rowcount for statement in _REMOVE]
    return counts[0]


# Reading


def summaries(connection: Connection) -> list[ExperimentSummary]:
    """Return every experiment, the latest first."""
    return list(map(_summary, connection.execute(_ALL)))


def get(connection: Connection, name: str) -> ExperimentSummary:
    """Return one experiment."""
    find(connection, name)
    return _summary(connection.execute(_ONE, {"key": _rows.bindable(key_of(name))}).one())


def using(connection: Connection, uid: str) -> list[ExperimentSummary]:
    """Return the experiments whose last round used a prompt."""
    return list(map(_summary, connection.execute(_USING, {"uid": uid})))


def _summary(row: Any) -> ExperimentSummary:
    spec = json.loads(row.spec)
    prompts, models, scorers = (tuple(map(str, spec.get(name, ()))) for name in ("prompts", "models", "scorers"))
    return ExperimentSummary(
        row.name, row.description, prompts, models, scorers, int(spec.get("repeats", 1)), row.round, row.runs,
        row.errors, None if row.cost is None else float(row.cost), row.author, _rows.moment(row.created_at),
        _rows.moment(row.updated_at),
    )  # fmt: skip


def manifest(connection: Connection, name: str, sha256: str) -> Manifest:
    """Return a manifest by its hash.

    Raises:
        NotFoundError: there is none.
    """
    experiment = find(connection, name)
    stored = _contents.read(connection, experiment.id, [_rows.bindable(sha256)]).get(sha256)
    found = None if stored is None else _contents.manifest_of(stored)
    if found is None:
        known = f"no manifest {sha256[:12]}" if sha256 else "a run without a manifest: its prompt could not be expanded"
        raise NotFoundError(f"The experiment {experiment.name} has {known}.")
    return found


# Care


def damaged(connection: Connection) -> Iterator[tuple[str, str, str]]:
    """Give what the ledger keeps and does not match its hash: a code, the experiment's name, and a sentence."""
    for experiment in connection.execute(_IDS).all():
        for sha256 in _contents.damaged(connection, experiment.id):
            yield "damaged", experiment.name, f"what its runs share as {sha256[:12]} does not match its hash"


def dangling(connection: Connection) -> Iterator[tuple[str, str, str]]:
    """Give where runs name what is not there, likewise."""
    for experiment in connection.execute(_IDS).all():
        count = connection.execute(_DANGLING, {"id": experiment.id}).scalar_one()
        if count:
            yield "dangling", experiment.name, f"{count:,} of its runs name inputs or a manifest that is missing"
