"""What is done to several prompts at once, all of them or none, and how it is undone. Values only; nothing is drawn."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from prompt_kernel import Store
from prompt_kernel.names import join, name_of
from prompt_kernel.records import Replacement
from prompt_kernel_dashboard.widgets import count_of, named


class Undo(NamedTuple):
    """How to take something back: what it was, and the ids, uids or pairs of paths (now, before) that it takes."""

    kind: Literal["replace", "delete", "move"]
    what: tuple[tuple[str, ...], ...]


class Done(NamedTuple):
    """What was done, as a sentence, and how it is undone; None where it cannot be."""

    sentence: str
    undo: Undo | None = None


def move(store: Store, paths: Sequence[str], to: str) -> Done:
    """Move prompts to the directory `to`, "" for the top; texts that mention them are rewritten.

    Raises:
        PathTakenError, InvalidPathError: one of them cannot be moved; none was.
    """
    moves = [(path, join(to, name_of(path))) for path in paths]
    moves = [(old, new) for old, new in moves if old != new]
    rewritten: set[str] = set()
    with store.together():
        for old, new in moves:
            rewritten.update(store.rename(old, new))
    where = to or "the top"
    if not moves:
        return Done(f"Nothing to move: all of it is in {where} already.")
    told = f"Moved {count_of(len(moves), 'prompt')} to {where}{_rewritten(rewritten)}."
    return Done(told, Undo("move", tuple((new, old) for old, new in reversed(moves))))


def _rewritten(paths: Iterable[str]) -> str:
    found = sorted(paths)
    return f"; {count_of(len(found), 'text')} that mentioned them rewritten ({named(found)})" if found else ""


def retag(store: Store, paths: Sequence[str], add: Sequence[str], remove: Sequence[str]) -> Done:
    """Add tags to prompts and take others away.

    Raises:
        InvalidMetadataError: a tag cannot be one; nothing was changed.
    """
    changed = 0
    with store.together():
        for entry in store.entries(paths):
            kept = [tag for tag in entry.tags if tag not in remove]
            tags = [*kept, *(tag for tag in dict.fromkeys(add) if tag not in kept)]
            if tags != list(entry.tags):
                store.describe(entry.path, tags=tags)
                changed += 1
    return Done(f"Changed the tags of {count_of(changed, 'prompt')}." if changed else "The tags were so already.")


def referrers(store: Store, paths: Sequence[str]) -> dict[str, list[str]]:
    """Return who includes prompts of `paths` without being one of them: by path, the referrers."""
    chosen = set(paths)
    found = {path: sorted({row.path for row in store.referrers(path)} - chosen) for path in paths}
    return {path: others for path, others in found.items() if others}


def delete(store: Store, paths: Sequence[str], *, force: bool = False) -> Done:
    """Put prompts into the trash.

    Raises:
        ReferencedError: others include one of them, and `force` is not given; nothing was deleted.
    """
    with store.together():
        # Two that include each other go together; without force neither would be the first.
        is_free = not referrers(store, paths)
        trashed = [store.delete(path, force=force or is_free) for path in paths]
    sentence = f"Put {count_of(len(trashed), 'prompt')} into the trash."
    return Done(sentence, Undo("delete", tuple((one.uid,) for one in trashed)))


def applicable(found: Iterable[Replacement]) -> list[str]:
    """Return the paths of the replacements that can be saved."""
    return [one.path for one in found if not one.problem]


def replace(store: Store, find: str, replacement: str, paths: Sequence[str], *, regex: bool, case: bool) -> Done:
    """Replace in the prompts of `paths`: one version each, all of them or none."""
    done = store.replace(
        find, replacement, regex=regex, case=case, paths=list(paths), message=f"replaced {find!r} by {replacement!r}"
    )
    sentence = f"Replaced {count_of(done.count, 'match')} in {_prompts(done.paths)}."
    return Done(sentence, Undo("replace", ((done.id,),)) if done.paths else None)


def _prompts(paths: Sequence[str]) -> str:
    return count_of(len(paths), "prompt")


def undo(store: Store, what: Undo) -> Done:
    """Take something back.

    Raises:
        PromptKernelError: somebody changed it meanwhile, so that it cannot be; nothing was changed.
    """
    if what.kind == "replace":
        back = [path for (found,) in what.what for path in store.undo_replace(found)]
        return Done(f"Put {_prompts(back)} back as before the replacement.")
    with store.together():
        for item in what.what:
            if what.kind == "delete":
                store.recover(item[0])
            else:
                store.rename(item[0], item[1])
    verb = "Recovered" if what.kind == "delete" else "Moved back"
    return Done(f"{verb} {count_of(len(what.what), 'prompt')}.")
