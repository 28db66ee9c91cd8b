"""The store against a model of it in plain Python: after every step, all that it holds must be the same."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from prompt_kernel.errors import ConflictError, PathTakenError, PromptKernelError, PromptNotFoundError, ReferencedError
from prompt_kernel.language import Inclusion, parse, unparse
from prompt_kernel.merge import merge
from prompt_kernel.names import ancestors, directory_of, is_suffix, join
from prompt_kernel.records import Draft
from prompt_kernel.store import Store

#: These show that nothing is lost, again and again, of what others have covered; measuring doubles their time.
pytestmark = pytest.mark.no_cover

# No path ends in another one, so that a name means one prompt or none, whatever is stored.
PATHS = ["one", "d/two", "d/e/three", "f/four", "d/five", "six"]
DIRECTORIES = ["d", "d/e", "f"]
LINES = [
    "alpha\n",
    "beta\n",
    "gamma [[one]]\n",
    "[[d/two]] [[d/two@1]]\n",
    "[[three]]\n",
    "[[f/four(x=1)]]\n",
    "`[[one]]`\n",
]

paths = st.sampled_from(PATHS)
bodies = st.lists(st.sampled_from(LINES), max_size=5).map("".join)


class Modelled:
    """One prompt of the model."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.texts = [text]
        self.tags: tuple[str, ...] = ()
        self.labels: dict[str, int] = {}

    @property
    def text(self) -> str:
        """The newest text."""
        return self.texts[-1]


class Model:
    """What a store does, said in the simplest way there is."""

    def __init__(self) -> None:
        self.live: dict[str, Modelled] = {}
        self.trash: list[Modelled] = []
        self.former: dict[str, Modelled] = {}
        self.directories: dict[str, bool] = {}

    def is_on(self, path: str) -> bool:
        """Tell whether no directory that holds `path` is switched off."""
        return all(self.directories.get(directory, True) for directory in ancestors(path))

    def resolve(self, spelled: str, directory: str) -> Modelled | None:
        """Return the prompt that an inclusion leads to."""
        on = {path: prompt for path, prompt in self.live.items() if self.is_on(path)}
        found = on.get(spelled) or on.get(join(directory, spelled))
        fitting = [prompt for path, prompt in on.items() if is_suffix(spelled, path)]
        if found or fitting:
            return found or fitting[0]
        moved = next(
            (self.former[name] for name in (spelled, join(directory, spelled)) if self._moved(name) is not None), None
        )
        return moved if moved and self.is_on(moved.path) else None

    def _moved(self, path: str) -> Modelled | None:
        prompt = self.former.get(path)
        return prompt if prompt is not None and self.live.get(prompt.path) is prompt else None

    def references(self, prompt: Modelled) -> dict[tuple[str, object], Modelled | None]:
        """Return each inclusion of a prompt with what it leads to."""
        parts = [part for part in parse(prompt.text, "plain") if isinstance(part, Inclusion)]
        return {(part.path, part.pin): self.resolve(part.path, directory_of(prompt.path)) for part in parts}

    def referrers(self, prompt: Modelled) -> list[Modelled]:
        """Return the other prompts that include one."""
        return [
            other for other in self.live.values() if other is not prompt and prompt in self.references(other).values()
        ]

    def at(self, path: str) -> Modelled | None:
        """Return the prompt that a save to `path` changes."""
        return self.live.get(path) or self._moved(path)

    def save(self, path: str, text: str) -> Modelled:
        """Save a text as the newest of the prompt at `path`, or of a new one."""
        prompt = self.at(path)
        if prompt is None:
            self._place(Modelled(path, text), path)
        elif prompt.text != text:
            prompt.texts.append(text)
        return self.at(path)  # type: ignore[return-value]  # it is there now

    def _place(self, prompt: Modelled, path: str) -> None:
        prompt.path = path
        self.live[path] = prompt
        self.former.pop(path, None)
        for directory in ancestors(path):
            self.directories.setdefault(directory, True)

    def rename(self, prompt: Modelled, new: str) -> list[str]:
        """Move a prompt, and rewrite whatever mentions it or is mentioned in it."""
        touched = {
            other.path: {
                spelled: target
                for (spelled, _), target in self.references(other).items()
                if target is not None and prompt in (target, other)
            }
            for other in self.live.values()
        }
        touched = {new if path == prompt.path else path: spellings for path, spellings in touched.items()}
        old = prompt.path
        del self.live[old]
        self._place(prompt, new)
        if old != new:
            self.former[old] = prompt
        rewritten = []
        for path, spellings in touched.items():
            other = self.live[path]
            respelled = {
                spelled: self._spelling(spelled, target, directory_of(path), old if target is prompt else None)
                for spelled, target in spellings.items()
            }
            text = unparse(
                part.with_path(respelled.get(part.path, part.path)) if isinstance(part, Inclusion) else part
                for part in parse(other.text, "plain")
            )
            if text != other.text:
                other.texts.append(text)
                rewritten.append(path)
        return sorted(rewritten)

    def _spelling(self, spelled: str, target: Modelled, directory: str, old: str | None) -> str:
        short = "/".join(target.path.split("/")[-spelled.count("/") - 1 :])
        for candidate, fits in ((spelled, is_suffix(spelled, target.path)), (short, spelled != old)):
            if fits and self.is_on(target.path) and self.resolve(candidate, directory) is target:
                return candidate
        return target.path

    def delete(self, prompt: Modelled) -> None:
        """Put a prompt into the trash."""
        del self.live[prompt.path]
        self.trash.append(prompt)

    def recover(self, prompt: Modelled) -> None:
        """Take a prompt out of the trash."""
        self.trash.remove(prompt)
        self._place(prompt, prompt.path)

    def purge(self, prompt: Modelled) -> None:
        """Forget a prompt of the trash."""
        self.trash.remove(prompt)
        self.former = {path: other for path, other in self.former.items() if other is not prompt}

    def dump(self) -> dict[str, Any]:
        """Return what `dumped` returns of a store."""
        return {
            "prompts": {
                path: (prompt.texts, prompt.tags, dict(sorted(prompt.labels.items())), self.is_on(path))
                for path, prompt in sorted(self.live.items())
            },
            "includes": {
                path: [(spelled, target and target.path) for (spelled, _), target in self.references(prompt).items()]
                for path, prompt in sorted(self.live.items())
            },
            "directories": [
                (path, enabled, sum(other.startswith(f"{path}/") for other in self.live))
                for path, enabled in sorted(self.directories.items())
            ],
            "trash": [(prompt.path, len(prompt.texts)) for prompt in reversed(self.trash)],
            "found": sorted(path for path, prompt in self.live.items() if "alpha" in prompt.text),
        }


def dumped(store: Store) -> dict[str, Any]:
    """Return all of a store that the model knows of."""
    prompts = {path: store[path] for path in store}
    return {
        "prompts": {
            path: (
                [version.text for version in reversed(store.history(path))],
                prompt.tags,
                dict(sorted(prompt.labels.items())),
                prompt.enabled,
            )
            for path, prompt in prompts.items()
        },
        "includes": {path: [(found.spelled, found.target) for found in store.includes(path)] for path in prompts},
        "directories": [(found.path, found.enabled, found.prompts) for found in store.directories()],
        "trash": [(trashed.path, trashed.version) for trashed in store.trash()],
        "found": sorted(hit.path for hit in store.search("alpha")),
    }


def outcome(action: Callable[[], object]) -> str:
    """Do something, and return the name of the error that it ends in, or "" for none."""
    try:
        action()
    except PromptKernelError as error:
        return type(error).__name__
    return ""


class Machine(RuleBasedStateMachine):
    """Random verbs, done to a store and to the model."""

    @initialize(texts=st.dictionaries(paths, bodies, max_size=4))
    def begin(self, texts: dict[str, str]) -> None:
        self.store = Store(":memory:", author="ana")
        self.model = Model()
        self.save_many(texts)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()

    @invariant()
    def the_store_is_the_model(self) -> None:
        if hasattr(self, "store"):
            assert dumped(self.store) == self.model.dump()

    @rule(path=paths, text=bodies)
    def save(self, path: str, text: str) -> None:
        assert self.store.save(path, text).version == len(self.model.save(path, text).texts)

    @rule(texts=st.dictionaries(paths, bodies, max_size=4))
    def save_many(self, texts: dict[str, str]) -> None:
        known = [self.model.at(path) for path in texts]
        clash = len({id(prompt) for prompt in known if prompt}) < len([prompt for prompt in known if prompt])
        drafts = [Draft(path, text) for path, text in texts.items()]
        assert outcome(lambda: self.store.save_many(drafts)) == ("PathTakenError" if clash else "")
        if not clash:
            for path, text in texts.items():
                self.model.save(path, text)

    @rule(path=paths, text=bodies, behind=st.integers(0, 3))
    def edit(self, path: str, text: str, behind: int) -> None:
        prompt = self.model.at(path)
        if prompt is None:
            assert outcome(lambda: self.store.save(path, text, expected=1)) == PromptNotFoundError.__name__
            return
        seen = max(len(prompt.texts) - behind, 1)
        base, theirs = prompt.texts[seen - 1], prompt.text
        both = text if seen == len(prompt.texts) or text == theirs else merge(base, text, theirs)
        if both is None:
            with pytest.raises(ConflictError) as caught:
                self.store.save(path, text, expected=seen)
            assert (caught.value.base, caught.value.theirs, caught.value.mine) == (base, theirs, text)
        else:
            assert self.store.save(path, text, expected=seen).text == both
            self.model.save(path, both)

    @rule(path=paths, tags=st.lists(st.sampled_from("xyz"), unique=True, max_size=2))
    def describe(self, path: str, tags: list[str]) -> None:
        prompt = self.model.live.get(path)
        if prompt is not None:
            prompt.tags = self.store.describe(path, tags=tags).tags
            assert prompt.tags == tuple(tags)

    @rule(path=paths, name=st.sampled_from(["good", "new"]), data=st.data())
    def label(self, path: str, name: str, data: st.DataObject) -> None:
        prompt = self.model.live.get(path)
        if prompt is not None:
            number = data.draw(st.integers(1, len(prompt.texts)))
            assert self.store.label(path, name, version=number).text == prompt.texts[number - 1]
            prompt.labels[name] = number

    @rule(path=paths, data=st.data())
    def restore(self, path: str, data: st.DataObject) -> None:
        prompt = self.model.live.get(path)
        if prompt is not None:
            number = data.draw(st.integers(1, len(prompt.texts)))
            self.store.restore(path, number)
            self.model.save(path, prompt.texts[number - 1])

    @rule(old=paths, new=paths)
    def rename(self, old: str, new: str) -> None:
        prompt = self.model.at(old)
        if prompt is None:
            assert outcome(lambda: self.store.rename(old, new)) == PromptNotFoundError.__name__
        elif self.model.live.get(new, prompt) is not prompt:
            assert outcome(lambda: self.store.rename(old, new)) == PathTakenError.__name__
        else:
            assert self.store.rename(old, new) == self.model.rename(prompt, new)

    @rule(path=paths, force=st.booleans())
    def delete(self, path: str, force: bool) -> None:  # noqa: FBT001 - hypothesis gives it by name
        prompt = self.model.at(path)
        if prompt is None:
            assert outcome(lambda: self.store.delete(path)) == PromptNotFoundError.__name__
        elif self.model.referrers(prompt) and not force:
            assert outcome(lambda: self.store.delete(path)) == ReferencedError.__name__
        else:
            self.store.delete(path, force=force)
            self.model.delete(prompt)

    @precondition(lambda self: self.model.trash)
    @rule(data=st.data())
    def recover(self, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(sorted({prompt.path for prompt in self.model.trash})))
        prompt = next(prompt for prompt in reversed(self.model.trash) if prompt.path == path)
        if path in self.model.live:
            assert outcome(lambda: self.store.recover(path)) == PathTakenError.__name__
        else:
            self.store.recover(path)
            self.model.recover(prompt)

    @precondition(lambda self: self.model.trash)
    @rule(data=st.data())
    def purge(self, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(sorted({prompt.path for prompt in self.model.trash})))
        assert self.store.purge(path) == 1
        self.model.purge(next(prompt for prompt in reversed(self.model.trash) if prompt.path == path))

    @rule(path=st.sampled_from(DIRECTORIES), enabled=st.booleans())
    def switch(self, path: str, enabled: bool) -> None:  # noqa: FBT001 - hypothesis gives it by name
        if path in self.model.directories:
            self.store.update_directory(path, enabled=enabled)
            self.model.directories[path] = enabled


TestModel = Machine.TestCase
TestModel.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
