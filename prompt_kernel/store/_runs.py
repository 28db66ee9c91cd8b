"""The runs of experiments as rows, and rows as runs: what is shared is kept once, see `_contents`."""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, text

from prompt_kernel.errors import InvalidMetadataError
from prompt_kernel.runs import Run, Score, finite
from prompt_kernel.store import _contents, _packing, _rows

#: An index of PostgreSQL holds no longer entries.
LONGEST_NAME: Final = 500
_INSERT: Final = (
    "INSERT INTO run (experiment_id, cell, round, prompt, model, input, repeat, call, manifest, inputs, variables,"
    " parameters, text_sha256, seconds, tokens_in, tokens_out, cost, scores_cost, author, at, error, scores, output)"
    " VALUES (:experiment_id, :cell, :round, :prompt, :model, :input, :repeat, :call, :manifest, :inputs, :variables,"
    " :parameters, :text_sha256, :seconds, :tokens_in, :tokens_out, :cost, :scores_cost, :author, :at, :error, :scores,"
    " :output)"
    " ON CONFLICT (experiment_id, cell) DO UPDATE SET manifest = excluded.manifest, inputs = excluded.inputs,"
    " variables = excluded.variables, parameters = excluded.parameters, text_sha256 = excluded.text_sha256,"
    " seconds = excluded.seconds, tokens_in = excluded.tokens_in, tokens_out = excluded.tokens_out,"
    " cost = excluded.cost, scores_cost = excluded.scores_cost, error = excluded.error, scores = excluded.scores,"
    " output = excluded.output,"
)
_SAME_ANSWER: Final = "run.error = excluded.error AND coalesce(run.output, '') = coalesce(excluded.output, '')"
#: Who asked and when stays with an answer that is only recorded again. A process that began earlier may end later.
PUT: Final = text(
    _INSERT + " author = CASE WHEN " + _SAME_ANSWER + " THEN run.author ELSE excluded.author END,"
    " at = CASE WHEN " + _SAME_ANSWER + " THEN run.at ELSE excluded.at END,"
    " round = CASE WHEN excluded.round > run.round THEN excluded.round ELSE run.round END"
)
#: For an archive, which has noted who and when.
PUT_AS_IS: Final = text(_INSERT + " author = excluded.author, at = excluded.at, round = excluded.round")
_SELECT: Final = (
    "SELECT id, round, prompt, model, input, repeat, call, manifest, inputs, variables, parameters, text_sha256,"
    " seconds, tokens_in, tokens_out, cost, author, at, error, scores, output FROM run"
    " WHERE experiment_id = :experiment"
)
#: One look-up each, by its index: PostgreSQL would read all runs for a list of many. `+ 0` keeps it from going through
#: them by their ids for the highest one.
_LATEST: Final = text(
    "SELECT (SELECT max(r.id + 0) FROM run r WHERE r.experiment_id = :experiment AND r.call = w.value"
    " AND r.error = '' AND r.output IS NOT NULL) FROM json_each(:calls) w"
)
_BY_IDS: Final = text(_SELECT + " AND id IN :ids").bindparams(bindparam("ids", expanding=True))
_ONE: Final = text(_SELECT + " AND id = :id")
_COUNT: Final = "SELECT count(*) FROM run WHERE experiment_id = :experiment"
_ROUND: Final = " AND round = :round"
_FILTERS: Final = {"prompt": " AND prompt = :prompt", "model": " AND model = :model"}
_ERRORS: Final = {None: "", True: " AND error <> ''", False: " AND error = ''"}
_PAGE: Final = " AND id > :after ORDER BY id LIMIT :limit"
_SHARED: Final = ("inputs", "variables", "parameters")


class Wanted(NamedTuple):
    """Which runs are asked for: of a round (None for the last), of a prompt, of a model, with or without an error."""

    round: int | None
    prompt: str | None
    model: str | None
    errors: bool | None


# Writing


def row_of(run: Run, contents: _contents.Contents, round_: int, author: str, at: str) -> dict[str, Any]:
    """Return a run as a row; what it shares with others is added to `contents`.

    Raises:
        InvalidMetadataError: it holds something that cannot be kept.
    """
    run = finite(run)
    names = {"prompt": run.prompt, "model": run.model, "call": run.call, "text_sha256": run.text_sha256}
    scores, row, repeat = run.scores, _rows.bindable(run.row), _rows.number(run.repeat)
    return {
        **{field: name_of(field, name) for field, name in names.items()},
        "cell": cell_of(run.prompt, row, run.model, repeat, run.call), "input": row, "repeat": repeat,
        "round": max(min(run.round or round_, round_), 1), "manifest": name_of("manifest", run.manifest),
        **{name: contents.add(name, getattr(run, name)) for name in _SHARED},
        "seconds": _float(run.seconds), "tokens_in": _whole(run.tokens_in), "tokens_out": _whole(run.tokens_out),
        "cost": _float(run.cost), "scores_cost": cost_of(scores),
        "author": author, "at": at, "error": _rows.bindable(run.error),
        "scores": scores_to_json(scores) if scores else "{}",
        "output": None if run.output is None else _contents.packed("output", run.output),
    }  # fmt: skip


def name_of(field: str, name: str) -> str:
    """Return a name if it can be kept and found again.

    Raises:
        InvalidMetadataError: it is too long, or no text that a store holds.
    """
    if len(_rows.checked_line(field, name)) > LONGEST_NAME:
        raise InvalidMetadataError(field, f"{name[:40]}… has more than {LONGEST_NAME} characters")
    return name


def cell_of(prompt: str, row: str, model: str, repeat: int, call: str) -> str:
    """Return the hash of what makes a run this cell of the grid."""
    return hashlib.sha256(_rows.to_json([prompt, row, model, repeat, call]).encode()).hexdigest()[:32]


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def _whole(value: int | None) -> int | None:
    return None if value is None else _rows.number(int(value))


def cost_of(scores: Mapping[str, Score]) -> float | None:
    """Return what scores cost together, None where nobody told."""
    known = [float(score.cost) for score in scores.values() if score.cost is not None]
    return math.fsum(known) if known else None


def scores_to_json(scores: Mapping[str, Score]) -> str:
    """Return scores as they are stored."""
    stored = {
        str(name): [_float(score.value), score.detail, score.error, score.manifest, _float(score.cost)]
        for name, score in scores.items()
    }
    return _contents.packed("scores", stored)


# Reading


def page(connection: Connection, experiment: Any, wanted: Wanted, after: int, limit: int) -> list[Run]:
    """Return up to `limit` runs after the one with the id `after`, ordered by id."""
    condition, values = _condition(experiment, wanted)
    values |= {"after": _rows.number(after), "limit": _rows.at_most(limit)}
    rows = connection.execute(text(_SELECT + condition + _PAGE), values).all()
    return as_runs(connection, experiment, rows)


def count(connection: Connection, experiment: Any, wanted: Wanted) -> int:
    """Return how many runs there are."""
    condition, values = _condition(experiment, wanted)
    return int(connection.execute(text(_COUNT + condition), values).scalar_one())


def _condition(experiment: Any, wanted: Wanted) -> tuple[str, dict[str, Any]]:
    round_ = experiment.round if wanted.round is None else _rows.number(wanted.round)
    values: dict[str, Any] = {"experiment": experiment.id, "round": round_}
    condition = _ROUND + _ERRORS[wanted.errors]
    for name, filter_ in _FILTERS.items():
        given = getattr(wanted, name)
        if given is not None:
            condition += filter_
            values[name] = _rows.bindable(given)
    return condition, values


def one(connection: Connection, experiment: Any, number: int) -> Run | None:
    """Return a run by its id."""
    rows = connection.execute(_ONE, {"experiment": experiment.id, "id": _rows.number(number)}).all()
    return next(iter(as_runs(connection, experiment, rows)), None)


def known(connection: Connection, experiment: Any, calls: Iterable[str]) -> dict[str, Run]:
    """Return of each call the latest run that has an answer."""
    wanted = list(dict.fromkeys(map(_rows.bindable, calls)))
    latest = connection.execute(_LATEST, {"experiment": experiment.id, "calls": _rows.to_json(wanted)})
    ids = [number for (number,) in latest if number is not None]
    rows = {row.id: row for row in _packing.select(connection, _BY_IDS, ids, experiment=experiment.id)}
    return {run.call: run for run in as_runs(connection, experiment, [rows[number] for number in ids])}


def as_runs(connection: Connection, experiment: Any, rows: Sequence[Any]) -> list[Run]:
    """Make runs of rows; what they share is read once."""
    hashes = {getattr(row, name) for row in rows for name in _SHARED}
    shared = {sha256: json.loads(data) for sha256, data in _contents.read(connection, experiment.id, hashes).items()}
    return [_run(experiment.name, row, shared) for row in rows]


def _run(experiment: str, row: Any, shared: Mapping[str, dict[str, Any]]) -> Run:
    return Run(
        experiment=experiment, prompt=row.prompt, row=row.input, model=row.model, repeat=row.repeat,
        **{name: dict(shared.get(getattr(row, name), {})) for name in _SHARED},
        manifest=row.manifest, text_sha256=row.text_sha256, call=row.call,
        output=None if row.output is None else json.loads(row.output), error=row.error,
        scores=scores_from_json(row.scores), seconds=row.seconds, tokens_in=row.tokens_in, tokens_out=row.tokens_out,
        cost=row.cost, round=row.round, id=row.id, author=row.author, at=_rows.moment(row.at),
    )  # fmt: skip


def scores_from_json(stored: str) -> dict[str, Score]:
    """Return stored scores."""
    return {} if stored == "{}" else {name: Score(*values) for name, values in json.loads(stored).items()}
