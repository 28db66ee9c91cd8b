"""What people in a room are told of what happens to its prompt elsewhere, in sentences."""

from typing import Any, Final, NamedTuple

from prompt_kernel.records import Change
from prompt_kernel.store.live import LiveStatus


class Notice(NamedTuple):
    """One thing to tell."""

    kind: str
    message: str
    details: dict[str, Any]


def of_statuses(old: LiveStatus, new: LiveStatus) -> list[Notice]:
    """Return what has happened to a prompt between two moments, its versions aside."""
    found: list[Notice] = []
    if new.path != old.path:
        found.append(Notice("renamed", f"{old.path} is called {new.path} now.", {"before": old.path}))
    if new.deleted != old.deleted:
        found.append(_deleted(new) if new.deleted else Notice("recovered", f"{new.path} is back from the trash.", {}))
    if new.enabled != old.enabled:
        found.append(_switched(new))
    return found


def _deleted(status: LiveStatus) -> Notice:
    sentence = f"{status.path} was put into the trash. What you type is kept, and becomes a version once it is back."
    return Notice("deleted", sentence, {})


def _switched(status: LiveStatus) -> Notice:
    if status.enabled:
        return Notice("enabled", f"The directory of {status.path} is enabled again.", {})
    return Notice("disabled", f"The directory of {status.path} was disabled: no inclusion finds it now.", {})


def of_version(status: LiveStatus, *, merged: bool) -> Notice:
    """Return that there is a newer version: one that came from elsewhere and was merged in, or the live text."""
    who = status.author or "Somebody"
    if merged:
        sentence = f"{who} saved version {status.head}{_PLACES.get(status.origin, '')}; it was merged into this text."
    else:
        sentence = f"{who} saved version {status.head}."
    return Notice("merged" if merged else "saved", sentence, _of_head(status))


def _of_head(status: LiveStatus) -> dict[str, Any]:
    return {
        "version": status.head,
        "author": status.author,
        "origin": status.origin,
        "comment": status.message,
    }


_PLACES: Final = {
    "notebook": " from a notebook",
    "api": " over the API",
    "mcp": " over MCP",
    "import": " by an import",
    "cli": " on the command line",
    "python": " from Python",
}


#: What the store logs of a prompt besides its text, and how people say it.
CHANGES: Final = {
    "described": "changed what is said of",
    "labelled": "set a label of",
    "unlabelled": "took a label from",
}


def of_change(change: Change) -> Notice:
    """Return that somebody changed a prompt's description, tags or labels."""
    sentence = f"{change.author} {CHANGES[change.kind]} {change.path}."
    return Notice("metadata", sentence, {"author": change.author, "origin": change.origin})
