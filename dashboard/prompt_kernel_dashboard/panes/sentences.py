"""Entries of the log as sentences for people."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from prompt_kernel.records import Change

_WHERE: Final[Mapping[str, str]] = {
    "notebook": "in a notebook",
    "dashboard": "in the dashboard",
    "api": "by the API",
    "mcp": "by an agent",
    "import": "by an import",
    "cli": "on the command line",
    "python": "from Python",
}
_DIRECTORY: Final[Mapping[str, str]] = {
    "added": "added the directory {}",
    "removed": "removed the directory {}",
    "enabled": "enabled the directory {}",
    "disabled": "disabled the directory {}",
}


def where(origin: str) -> str:
    """Say by which end a change came."""
    return _WHERE.get(origin, f"by {origin}")


def exact(moment: datetime, now: datetime) -> str:
    """Return a moment to the second, in the time zone of `now`."""
    return f"{moment.astimezone(now.tzinfo):%Y-%m-%d %H:%M:%S %Z}"


def sentence(change: Change) -> str:
    """Say who did what: `Ana saved style/tone, version 3: shorter`."""
    told = _TOLD.get(change.kind, _other)(change)
    return f"{change.author} {told}"


def _saved(change: Change) -> str:
    return f"saved {change.path}, version {change.version}" + _because(change)


def _created(change: Change) -> str:
    return f"created {change.path}" + _because(change)


def _described(change: Change) -> str:
    return f"changed the description or the tags of {change.path}" + _because(change)


def _renamed(change: Change) -> str:
    return f"renamed {change.detail.removeprefix('from ')} to {change.path}"


def _labelled(change: Change) -> str:
    return f"set the label {change.detail} on version {change.version} of {change.path}"


def _unlabelled(change: Change) -> str:
    return f"took the label {change.detail} from version {change.version} of {change.path}"


def _directory(change: Change) -> str:
    if change.detail.startswith("renamed from "):
        return f"renamed the directory {change.detail.removeprefix('renamed from ')} to {change.path}"
    return _DIRECTORY.get(change.detail, "changed the directory {}").format(change.path)


def _token(change: Change) -> str:
    verb, _, token = change.detail.partition(" ")
    return f"{verb} the token {token}"


def _experiment(change: Change) -> str:
    verb, _, name = change.detail.partition(" ")
    return f"{verb} the experiment {name}"


def _retargeted(change: Change) -> str:
    return f"made an inclusion in {change.path} lead elsewhere: {change.detail}"


def _other(change: Change) -> str:
    return f"{change.kind} {change.path}" + _because(change)


def _because(change: Change) -> str:
    return f": {change.detail}" if change.detail else ""


_TOLD: Final[Mapping[str, Callable[[Change], str]]] = {
    "created": _created,
    "saved": _saved,
    "described": _described,
    "renamed": _renamed,
    "deleted": lambda change: f"put {change.path} into the trash" + _because(change),
    "recovered": lambda change: f"took {change.path} out of the trash" + _because(change),
    "purged": lambda change: f"removed {change.path} for good",
    "labelled": _labelled,
    "unlabelled": _unlabelled,
    "directory": _directory,
    "retargeted": _retargeted,
    "token": _token,
    "experiment": _experiment,
}
#: The kinds of changes, as a filter names them.
KINDS: Final[Mapping[str, str]] = {
    "created": "Created",
    "saved": "Saved",
    "described": "Described",
    "renamed": "Renamed",
    "deleted": "Deleted",
    "recovered": "Recovered",
    "purged": "Purged",
    "labelled": "Labelled",
    "unlabelled": "Label removed",
    "directory": "Directories",
    "retargeted": "Leads elsewhere",
    "token": "Tokens",
    "experiment": "Experiments",
}
