"""What `%%prompt` does: a save that knows what this notebook has seen, and overwrites nothing in silence."""

from argparse import Namespace

from prompt_kernel.errors import ConflictError, NotFoundError, PromptNotFoundError
from prompt_kernel.names import key_of
from prompt_kernel.notebook._saved import Saved
from prompt_kernel.notebook._session import Session
from prompt_kernel.records import Prompt, TextDiff


def save(session: Session, arguments: Namespace, text: str) -> Saved:
    """Save `text` as the line's `arguments` say, and return what came of it.

    Raises:
        ConflictError: somebody else changed the same lines since this notebook last saw the prompt; nothing is saved.
        PromptKernelError: the path, the text, the metadata or the store is the reason.
    """
    path = arguments.path
    head = _head(session, path)
    saved = _keep(path, head, text) if arguments.theirs else _save(session, arguments, text, head)
    session.saw(saved.path, saved.version)
    return saved


def _head(session: Session, path: str) -> Prompt | None:
    """Return what is stored at exactly this path, and not what a short or an old name leads to."""
    try:
        found = session.store.get(path)
    except NotFoundError:
        return None
    return found if key_of(found.path) == key_of(path) else None


def _keep(path: str, head: Prompt | None, text: str) -> Saved:
    if head is None:
        raise PromptNotFoundError(path)
    change = TextDiff(text, head.text, "this cell", f"version {head.version}")
    return Saved.of(head, change or None, f"Nothing was saved: {_called(head)} stands.")


def _save(session: Session, arguments: Namespace, text: str, head: Prompt | None) -> Saved:
    path = arguments.path
    expected, note = (session.conflict(path) or _version(head), "") if arguments.mine else _expect(session, head, text)
    try:
        saved = session.store.save(
            path,
            text,
            message=arguments.message,
            tags=arguments.tag,
            description=arguments.description,
            engine=arguments.engine,
            expected=expected,
        )
    except ConflictError as error:
        session.met_conflict(path, error.version)
        raise
    return _told(saved, head, text, note)


def _version(head: Prompt | None) -> int:
    return head.version if head else 0


def _expect(session: Session, head: Prompt | None, text: str) -> tuple[int, str]:
    """Return the version that this cell's text goes on from, and what its author has to know about that.

    A notebook that is run again from the top has seen nothing yet. Where its cell holds an older version, its author
    goes on from that one: the newer one stays. Where it holds a new text, that is saved, and what was there is shown.
    """
    if head is None:
        return 0, ""
    seen = session.seen(head.path)
    if seen is not None or head.text == text:
        return seen or head.version, ""
    older = [version.number for version in session.store.history(head.path) if version.text == text]
    if older:
        return older[0], f"This cell is version {older[0]}; {_called(head)} is newer and stays. --mine saves the cell."
    back = f'%prompts restore "{head.path}" {head.version}'
    return head.version, f"{_called(head)} was there, which this notebook had not seen. {back} brings it back."


def _called(head: Prompt) -> str:
    return f"Version {head.version}{f' by {head.author}' if head.author else ''}"


def _told(saved: Prompt, head: Prompt | None, text: str, note: str) -> Saved:
    """Return what was saved with what there is to say of it."""
    if head is None:
        return Saved.of(saved, None)
    if saved.text != text:
        change = TextDiff(text, saved.text, "this cell", f"version {saved.version}")
        merged = f"Merged: what others saved meanwhile is in version {saved.version}, and in this cell it is not."
        return Saved.of(saved, change, note or merged)
    if saved.version == head.version:
        return Saved.of(saved, None, f"Nothing to save: version {saved.version} says the same.")
    change = TextDiff(head.text, saved.text, f"version {head.version}", f"version {saved.version}")
    return Saved.of(saved, change, *([note] if note else []))
