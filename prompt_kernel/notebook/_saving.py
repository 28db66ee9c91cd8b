"""What `%%prompt` does: a save that knows what this notebook has seen, and overwrites nothing in silence."""

from argparse import Namespace
from dataclasses import replace
from typing import Any

from prompt_kernel.errors import AmbiguousNameError, ConflictError, NotFoundError, PromptNotFoundError
from prompt_kernel.names import is_suffix, key_of
from prompt_kernel.notebook._saved import Saved
from prompt_kernel.notebook._session import Session
from prompt_kernel.records import Prompt, TextDiff


def save(session: Session, args: Namespace, text: str) -> Saved:
    """Save `text` as the line's arguments say, and return what came of it.

    Raises:
        ConflictError: somebody else changed the same lines since this notebook last saw the prompt; nothing is saved.
        PromptKernelError: the path, the text, the metadata or the store is the reason.
    """
    head = _head(session, args.path)
    if args.theirs:
        saved = _keep(args.path, head, text)
    elif head is None:
        new = _write(session, args, text, 0)
        saved = Saved.of(new, None, f"{new.path} is new.")
    else:
        expected, note = (_over(session, args.path, head), "") if args.mine else _after(session, head, text)
        moved = "" if key_of(head.path) == key_of(args.path) else f"{args.path} is called {head.path} now."
        saved = _told(_write(session, args, text, expected), head, text, note, moved)
    session.settle(args.path)
    session.saw(saved)
    return _with_lock(session, saved)


def _with_lock(session: Session, saved: Saved) -> Saved:
    """Say so where a lock keeps this notebook from expanding what was just saved."""
    lock: Any = getattr(session.store, "lock", None)
    frozen = None if lock is None else lock.version_of(saved.uid)
    if frozen in (None, saved.version):
        return saved
    names = " ".join(f'"{name}"' if " " in name else name for name in lock.names_with(saved.uid))
    note = f"This notebook goes by {lock.file}, and expands version {frozen}; %prompts freeze {names} moves it on."
    return replace(saved, notes=(*saved.notes, note))


def _write(session: Session, args: Namespace, text: str, expected: int) -> Prompt:
    try:
        return session.store.save(
            args.path,
            text,
            message=args.message,
            tags=args.tag,
            description=args.description,
            engine=args.engine,
            expected=expected,
        )
    except ConflictError as error:
        session.met_conflict(args.path, error.version)
        raise


def _head(session: Session, path: str) -> Prompt | None:
    """Return what a save to `path` goes on from: what is there, or was there before it was renamed.

    What a short name leads to is another prompt.
    """
    try:
        found = session.live.get(path)
    except (NotFoundError, AmbiguousNameError):
        return None
    wanted, key = key_of(path), key_of(found.path)
    return found if wanted == key or not is_suffix(wanted, key) else None


def _keep(path: str, head: Prompt | None, text: str) -> Saved:
    if head is None:
        raise PromptNotFoundError(path)
    change = TextDiff(text, head.text, "this cell", f"version {head.version}")
    return Saved.of(head, change or None, f"Nothing was saved. {_called(head)} stays as it is.")


def _over(session: Session, path: str, head: Prompt) -> int:
    """Return the version that is to be saved over: what was shown with a conflict, and not what came after it."""
    shown = session.conflict(path)
    return max(shown, session.seen(head) or 0) if shown else head.version


def _after(session: Session, head: Prompt, text: str) -> tuple[int, str]:
    """Return the version that this cell goes on from, and what its author has to know about that.

    A notebook that is run again from the top has seen nothing yet. Where its cell holds an older version, its author
    goes on from that one: the newer one stays. Where it holds a new text, that is saved, and what was there is shown.
    """
    seen = session.seen(head)
    if seen is not None or head.text == text:
        return seen or head.version, ""
    older = next((version.number for version in session.store.history(head.path) if version.text == text), None)
    if older:
        return older, f"This cell is version {older}. {_called(head)} is newer, and stays; --mine saves this cell."
    command = f'%prompts restore "{head.path}" {head.version}'
    return head.version, f"{_called(head)} was there, unseen by this notebook; {command} brings it back."


def _called(head: Prompt) -> str:
    return f"Version {head.version}{f' by {head.author}' if head.author else ''}"


def _told(saved: Prompt, head: Prompt, text: str, *notes: str) -> Saved:
    """Return what was saved, with what there is to say of it."""
    told = [note for note in notes if note]
    if saved.text != text:
        merged = f"Merged: version {saved.version} also has what others changed meanwhile; this cell has not."
        change = TextDiff(text, saved.text, "this cell", f"version {saved.version}")
        return Saved.of(saved, change, *(told or [merged]))
    if saved.version == head.version:
        return Saved.of(saved, None, *told, f"Nothing to save: version {saved.version} says the same.")
    return Saved.of(saved, TextDiff(head.text, text, f"version {head.version}", f"version {saved.version}"), *told)
