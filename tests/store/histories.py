"""Random lives of a store: verbs by several people, those that make no sense at the moment left out."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from prompt_kernel.errors import PromptKernelError
from prompt_kernel.records import Draft
from prompt_kernel.runs import Run, Score, manifest_hash
from prompt_kernel.store import Store

PATHS = ["one", "d/two", "D2/e/three", "d/one", "f/Ünï", "six"]
DIRECTORIES = ["d", "d2/e", "f", "g/h"]
TEXTS = [
    "",
    "alpha\n",
    "[[one]] é\r\n",
    "[[d/*]] \u2028 [[two@1]]",
    "[[three]] [[six]]",
    "{{ x }} [[ünï]]\x1b",
    "😀" * 50,
]

#: A verb with what it takes, as plain values, so that a failing history can be read.
Step = tuple[Any, ...]

paths = st.sampled_from(PATHS)
names = st.sampled_from(["tone", "Tone", "other"])
steps: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("save"), paths, st.sampled_from(TEXTS), st.sampled_from(["simple", "plain"])),
    st.tuples(st.just("save"), paths, st.sampled_from(TEXTS), st.just("simple")),
    st.tuples(st.just("declare"), paths, st.sampled_from([{}, {"x": {"default": 1.5}}, {"x": {"description": "ä"}}])),
    st.tuples(st.just("import"), st.lists(paths, min_size=1, max_size=3, unique=True), st.sampled_from(TEXTS)),
    st.tuples(st.just("describe"), paths, st.sampled_from(["", "what\nfor"]), st.sampled_from([[], ["a", "é b"]])),
    st.tuples(st.just("label"), paths, st.sampled_from(["good", "new"]), st.integers(1, 3)),
    st.tuples(st.just("unlabel"), paths, st.just("good")),
    st.tuples(st.just("rename"), paths, paths),
    st.tuples(st.just("rename_directory"), st.sampled_from(DIRECTORIES), st.sampled_from(DIRECTORIES)),
    st.tuples(st.just("delete"), paths),
    st.tuples(st.just("recover"), paths),
    st.tuples(st.just("purge"), st.one_of(paths, st.none())),
    st.tuples(st.just("add_directory"), st.sampled_from(DIRECTORIES), st.booleans()),
    st.tuples(st.just("switch"), st.sampled_from(DIRECTORIES), st.booleans()),
    st.tuples(st.just("remove_directory"), st.sampled_from(DIRECTORIES)),
    st.tuples(st.just("favourite"), paths, st.booleans()),
    st.tuples(st.just("open"), paths),
    st.tuples(st.just("begin"), names, st.sampled_from(["", "what for"])),
    st.tuples(
        st.just("run"), names, st.lists(paths, max_size=3), st.sampled_from(["m", "é"]), st.sampled_from(["", "\0"])
    ),
    st.tuples(st.just("rename_experiment"), names, names),
    st.tuples(st.just("remove_experiment"), names),
    st.tuples(st.just("prefer"), st.sampled_from(["theme", "width"]), st.sampled_from(["dark", {"a": [1, None]}])),
)
live_steps: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("type"), paths, st.binary(max_size=3)), st.tuples(st.just("type_and_save"), paths)
)
histories = st.lists(st.tuples(st.sampled_from(["ana", "bo"]), steps), max_size=25)
live_histories = st.lists(st.tuples(st.sampled_from(["ana", "bo"]), steps | live_steps), max_size=25)


def _import(store: Store, wanted: list[str], text: str) -> None:
    drafts = [Draft(path, text, layout={"file": f"{path}.md", "bom": False}) for path in wanted]
    store.save_many(drafts, origin="import", message="from a folder")


def _type(store: Store, path: str, data: bytes) -> None:
    uid = store[path].uid
    epoch = store.live.open(uid, str.encode).epoch
    store.live.append([(uid, epoch, data, store.author)], "process")


def _type_and_save(store: Store, path: str) -> None:
    found = store.live.open(store[path].uid, str.encode)
    last = found.updates[-1].id if found.updates else found.upto
    state = found.state + b"".join(update.data for update in found.updates)
    store.live.save(
        found.uid,
        epoch=found.epoch,
        upto=last,
        state=state,
        text=f"{store[path].text}!",
        author=store.author,
        message="",
    )


def _run(store: Store, name: str, wanted: list[str], model: str, error: str) -> None:
    """Record runs of some prompts; the texts are not those that it would ask with, which nothing here looks at."""
    prompts = {path: store.compile(path).manifest for path in wanted if path in store}
    runs = [
        Run(
            name, path, str(number), model, 1, {"x": number}, {}, {"t": 0.5}, manifest_hash(manifest), "", path,
            output=None if error else f"\0{number}\ud800", error=error, seconds=0.1, cost=0.5,
            scores={"judge": Score(1.0, cost=2.0)} if number % 2 else {},
        )
        for number, (path, manifest) in enumerate(prompts.items())
    ]  # fmt: skip
    contents = {manifest_hash(manifest): manifest.as_data() for manifest in prompts.values()}
    store.experiments.record(name, runs, contents)


VERBS: dict[str, Callable[..., object]] = {
    "save": lambda store, path, text, engine: store.save(path, text, engine=engine, message=f"for {path}"),
    "declare": lambda store, path, variables: store.save(path, store[path].text, variables=variables),
    "import": _import,
    "describe": lambda store, path, words, tags: store.describe(path, description=words, tags=tags),
    "label": lambda store, path, name, number: store.label(path, name, version=number),
    "unlabel": Store.unlabel,
    "rename": Store.rename,
    "rename_directory": Store.rename_directory,
    "delete": lambda store, path: store.delete(path, force=True),
    "recover": Store.recover,
    "purge": Store.purge,
    "add_directory": lambda store, path, enabled: store.add_directory(path, description="for", enabled=enabled),
    "switch": lambda store, path, enabled: store.update_directory(path, enabled=enabled),
    "remove_directory": Store.remove_directory,
    "favourite": Store.favourite,
    "open": Store.note_opened,
    "prefer": Store.set_preference,
    "begin": lambda store, name, what: store.experiments.begin(name, {"prompts": PATHS}, description=what),
    "run": _run,
    "rename_experiment": lambda store, old, new: store.experiments.rename(old, new),
    "remove_experiment": lambda store, name: store.experiments.remove(name),
    "type": _type,
    "type_and_save": _type_and_save,
}


def live_through(store: Store, history: Iterable[tuple[str, Step]]) -> None:
    """Do what a history says; what the store refuses has not happened."""
    for author, (verb, *values) in history:
        try:
            VERBS[verb](store.by(author), *values)
        except PromptKernelError:
            continue


def _users(store: Store, name: str) -> list[str]:
    return [path for path in PATHS if path in store and name in [each.name for each in store.experiments.using(path)]]


def told(store: Store) -> dict[str, Any]:
    """Return what a store says of its log and of its people, but for ids."""
    return {
        "changes": [change[1:] for change in store.changes(limit=10_000)],
        "paths": [[(change.kind, change.path) for change in store.activity(path=path, limit=10_000)] for path in PATHS],
        "found": sorted(hit.path for hit in store.search("alpha")),
        "former": {path: store[path].path for path in PATHS if path in store},
        "layouts": store.layouts(store),
        "people": [
            (
                [entry.path for entry in mine.favourites()],
                [entry.path for entry in mine.recent()],
                mine.preference("theme"),
                mine.preference("width"),
            )
            for mine in map(store.by, ["ana", "bo"])
        ],
        "experiments": [
            (each, [replace(run, id=0) for run in store.experiments.runs(each.name)], _users(store, each.name))
            for each in sorted(store.experiments.list(), key=lambda each: each.name)
        ],
        "live": {
            uid: (found.epoch, found.state, found.synced, [(each.data, each.author) for each in found.updates])
            for uid in (store[path].uid for path in store)
            if (found := store.live.peek(uid))
        },
    }
