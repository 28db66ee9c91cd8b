"""What a format has read -> the store: all of it in one transaction, with inclusions that lead where they did."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prompt_kernel.errors import AmbiguousNameError, NotFoundError
from prompt_kernel.expansion import choose
from prompt_kernel.files.formats._format import Place, Progress, Reading
from prompt_kernel.language import Inclusion, parse, unparse
from prompt_kernel.names import directory_of, join, key_of, name_of
from prompt_kernel.records import Draft, ImportReport
from prompt_kernel.variables import as_data, declare

if TYPE_CHECKING:
    from prompt_kernel.store import Store

_STATES: Final = ("created", "updated", "unchanged")


def save(
    store: "Store", reading: Reading, *, source: str, into: str, message: str, progress: Progress | None
) -> ImportReport:
    """Save all that was read below the directory `into`, or nothing of it."""
    drafts = _settled(reading.drafts, into, store)
    rounds = _rounds(drafts)
    one_step = len(rounds) <= 1 and not (reading.labels or reading.messages or reading.directories)
    # A store over HTTP has no transactions of several verbs; what most formats bring needs one verb only.
    whole: AbstractContextManager[Any] = nullcontext() if one_step else store.together()
    with whole:
        if one_step:
            found = store.save_many(drafts, message=message, origin="import", progress=progress)
            states = {path: state for state in _STATES for path in getattr(found, state)}
        else:
            states = _save_versions(store, rounds, reading, into, message, progress)
            _make_directories(store, reading.directories, into)
    return _report(source, states, reading)


def preview(store: "Store", reading: Reading, *, source: str, into: str, as_it_is: bool = False) -> ImportReport:
    """Tell what `save` would do, or with `as_it_is` what saving the texts unchanged would; nothing is saved."""
    states: dict[str, str] = {}
    for draft in _moved(reading.drafts, into) if as_it_is else _settled(reading.drafts, into, store):
        states.pop(draft.path, None)  # of several versions the newest tells
        states[draft.path] = _state(store, draft)
    return _report(source, states, reading)


def _report(source: str, states: Mapping[str, str], reading: Reading) -> ImportReport:
    created, updated, unchanged = (tuple(path for path, found in states.items() if found == state) for state in _STATES)
    skipped, losses = dict(reading.skipped), tuple(reading.losses)
    return ImportReport(source, created, updated, unchanged, skipped=skipped, losses=losses)


def _state(store: "Store", draft: Draft) -> str:
    try:
        known = store.get(draft.path)
    except (NotFoundError, AmbiguousNameError):
        return "created"
    if key_of(known.path) != key_of(draft.path):  # another one of that display name
        return "created"
    variables = None if draft.variables is None else as_data(declare(draft.variables))
    wanted = (draft.text, draft.engine, variables, draft.description, draft.tags)
    found = (known.text, known.engine, as_data(known.variables), known.description, known.tags)
    same = all(one is None or one == other for one, other in zip(wanted, found, strict=True))
    return "unchanged" if same else "updated"


# Versions


def _rounds(drafts: Sequence[Draft]) -> list[list[Draft]]:
    """Return the first versions of all prompts, then the second ones, and so on."""
    by_path: dict[str, list[Draft]] = defaultdict(list)
    for draft in drafts:
        by_path[key_of(draft.path)].append(draft)
    return [[draft for draft in each if draft] for each in zip_longest(*by_path.values())]


def _save_versions(
    store: "Store",
    rounds: Sequence[Sequence[Draft]],
    reading: Reading,
    into: str,
    message: str,
    progress: Progress | None,
) -> dict[str, str]:
    """Save version by version; those that the store has already, in that order, are not saved again."""
    states: dict[str, str] = {}
    numbers: dict[str, list[int]] = defaultdict(list)
    messages = {key_of(join(into, path)): found for path, found in reading.messages.items()}
    done, of = 0, len(reading.drafts)
    for number, drafts in enumerate(rounds):
        for draft in drafts:
            said = messages.get(key_of(draft.path), ())
            known = _known(store, draft, after=max(numbers[draft.path], default=0))
            if not known:
                text = message or (said[number] if number < len(said) else "")
                found = store.save_many([draft], message=text, origin="import")
                state = next(state for state in _STATES if getattr(found, state))
                states[draft.path] = state if states.get(draft.path) != "created" else "created"
                known = store.get(draft.path).version
            states.setdefault(draft.path, "unchanged")
            numbers[draft.path].append(known)
            done += 1
            if progress:
                progress(done, of)
    _set_labels(store, {join(into, path): labels for path, labels in reading.labels.items()}, numbers)
    return states


def _known(store: "Store", draft: Draft, after: int) -> int:
    """Return the number of a version that is already what `draft` says and newer than `after`, 0 for none."""
    if draft.path not in store or key_of(store.get(draft.path).path) != key_of(draft.path):
        return 0
    variables = as_data(declare(draft.variables))
    for version in reversed(store.history(draft.path)):
        same = (version.text, version.engine) == (draft.text, draft.engine or version.engine)
        if version.number > after and same and as_data(version.variables) == variables:
            return version.number
    return 0


def _set_labels(store: "Store", labels: Mapping[str, Mapping[str, int]], numbers: Mapping[str, Sequence[int]]) -> None:
    importer = store.by(store.author, origin="import")
    for path, wanted in labels.items():
        found = store.get(path).labels
        for label, position in wanted.items():
            if found.get(label) != numbers[path][position - 1]:
                importer.label(path, label, version=numbers[path][position - 1])


def _make_directories(store: "Store", places: Mapping[str, Place], into: str) -> None:
    importer = store.by(store.author, origin="import")
    known = {key_of(directory.path) for directory in store.directories()}
    for path, place in places.items():
        whole = join(into, path)
        make = importer.update_directory if key_of(whole) in known else importer.add_directory
        make(whole, description=place.description, enabled=place.enabled)


# Inclusions


class _Names(NamedTuple):
    """Paths by the key of their last segment, as names are looked up."""

    by_name: Mapping[str, Mapping[str, str]]

    def find(self, name: str, directory: str) -> str | None:
        """Return the path that `name` means in `directory`; None where it is none or several."""
        paths = self.by_name.get(key_of(name_of(name)), {})
        try:
            found = choose(name, directory, paths)
        except AmbiguousNameError:
            return None
        return paths[found] if found else None


def _names(paths: Iterator[str]) -> _Names:
    by_name: dict[str, dict[str, str]] = defaultdict(dict)
    for path in paths:
        by_name[key_of(name_of(path))][key_of(path)] = path
    return _Names(by_name)


def _moved(drafts: Sequence[Draft], into: str) -> list[Draft]:
    return [replace(draft, path=join(into, draft.path)) for draft in drafts]


def _settled(drafts: Sequence[Draft], into: str, store: "Store") -> list[Draft]:
    """Return the drafts below `into`, with inclusions of each other that lead to each other in the store, too."""
    moved = _moved(drafts, into)
    if not any("[[" in draft.text for draft in drafts):
        return moved
    own = _names(draft.path for draft in drafts)
    everybody = _names(iter([*store, *(draft.path for draft in moved)]))

    def respell(part: Inclusion, directory: str) -> Inclusion:
        target = own.find(part.path, directory)
        if target is None or everybody.find(part.path, join(into, directory) if directory else into) == join(
            into, target
        ):
            return part
        return part.with_path(join(into, target))

    return [replace(draft, text=_respelled(draft, old, respell)) for draft, old in zip(moved, drafts, strict=True)]


def _respelled(moved: Draft, draft: Draft, respell: Callable[[Inclusion, str], Inclusion]) -> str:
    if "[[" not in moved.text:
        return moved.text
    directory = directory_of(draft.path)
    parts = parse(moved.text, "plain")
    return unparse(
        respell(part, directory) if isinstance(part, Inclusion) and not part.is_glob else part for part in parts
    )
