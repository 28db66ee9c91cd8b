"""Langfuse: prompts as its API gives them, in JSON; text and chat, with versions, labels, tags and config."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple

from prompt_kernel.errors import ImportFileError
from prompt_kernel.files._import import MAX_BYTES
from prompt_kernel.files._yaml import Fault
from prompt_kernel.files.formats._body import Hole, Include, Part, decompose, is_spelled_alike, joined
from prompt_kernel.files.formats._braces import (
    Parts,
    as_mustache,
    excerpt,
    spelled,
    take_apart,
    take_tags,
    unique,
    written,
)
from prompt_kernel.files.formats._chat import ROLES, Message, split
from prompt_kernel.files.formats._format import NO, Files, Outgoing, Reading, Recognition
from prompt_kernel.files.formats._json import is_clean, peek, read_json, table, write_json
from prompt_kernel.files.formats._lost import not_said
from prompt_kernel.files.formats._naming import Paths, path_like
from prompt_kernel.names import is_label, is_path
from prompt_kernel.records import Draft, Loss, Version
from prompt_kernel.variables import variable_name

#: Langfuse moves this label itself.
_LATEST: Final = "latest"
_OURS: Final = frozenset({"name", "prompt", "version", "labels", "tags", "commitMessage"})
_ABOUT_PROMPT = re.compile(r'"prompt"\s*:')
_ABOUT_LANGFUSE = re.compile(r'"(?:labels|version|config)"\s*:')
_NAME = re.compile(r'"name"\s*:')
_REFERENCE = re.compile(r"@@@langfusePrompt:name=([^|@\n]+)\|(?:version=(\d{1,9})|label=([^|@\n]+))@@@")


class _Version(NamedTuple):
    """One version, as the file has it."""

    where: str
    number: int
    data: Mapping[str, Any]


class Langfuse:
    """A JSON file of prompts: one, a list of them, or what a list request answers."""

    name: ClassVar[str] = "langfuse"
    title: ClassVar[str] = "Langfuse JSON: one prompt or a list, all versions and labels that are in it"
    file: ClassVar[str] = "langfuse.json"

    def recognises(self, path: Path) -> Recognition:
        """Tell how sure it is by the keys."""
        if path.suffix.lower() != ".json" or not path.is_file():
            return NO
        beginning = peek(path)
        found = _ABOUT_PROMPT.search(beginning) and _NAME.search(beginning) and _ABOUT_LANGFUSE.search(beginning)
        return Recognition(85, "it has name, prompt, and version, labels or config") if found else NO

    def read(self, path: Path) -> Reading:
        """Read all prompts."""
        by_name = _versions(path, read_json(path))
        given = Paths()
        paths = {name: given.give(name) for name in by_name}
        losses = [
            Loss(versions[0].where, f"its name {excerpt(name)} cannot be a path, so that it became {paths[name]}")
            for name, versions in by_name.items()
            if paths[name] != name
        ]
        drafts: list[Draft] = []
        problems: dict[str, str] = {}
        labels: dict[str, dict[str, int]] = {}
        messages: dict[str, list[str]] = {}
        for name, versions in by_name.items():
            for version in versions:
                try:
                    draft, lost = _draft(version, paths, paths[name])
                except Fault as fault:
                    problems[version.where] = fault.reason
                    continue
                drafts.append(draft)
                losses += [Loss(version.where, what) for what in lost]
            labels[paths[name]], lost_labels = _labels(versions)
            losses += lost_labels
            messages[paths[name]] = [str(version.data.get("commitMessage") or "") for version in versions]
        if problems:
            raise ImportFileError(problems)
        said = {path: found for path, found in messages.items() if any(found)}
        return Reading(drafts, losses, labels={path: found for path, found in labels.items() if found}, messages=said)

    def write(self, prompts: Sequence[Outgoing]) -> Files:
        """Write all versions of all prompts, as a list."""
        items: list[dict[str, Any]] = []
        losses: list[Loss] = []
        for prompt in prompts:
            for version in prompt.versions():
                item, lost = _item(prompt, version)
                items.append(item)
                newest = version.text == prompt.text
                losses += [Loss(prompt.name, what) for what in lost if newest]
        return Files({self.file: write_json(items)}, losses)


def _versions(path: Path, data: Any) -> dict[str, list[_Version]]:
    """Return the versions of each prompt, the oldest first."""
    items = data
    for key in ("data", "prompts"):
        if isinstance(data, Mapping) and isinstance(data.get(key), list):
            items = data[key]
    items = [items] if isinstance(items, Mapping) else items
    if not isinstance(items, list) or not items:
        raise ImportFileError({str(path): "this is no prompt of Langfuse, and no list of them"})
    by_name: dict[str, list[_Version]] = defaultdict(list)
    problems: dict[str, str] = {}
    for at, item in enumerate(items, start=1):
        where = f"{path.name}, item {at}"
        problem = _problem_with(item)
        if problem:
            problems[where] = problem
        else:
            number = item.get("version")
            by_name[item["name"]].append(_Version(where, number if isinstance(number, int) else at, item))
    if problems:
        raise ImportFileError(problems)
    return {name: sorted(versions, key=lambda version: version.number) for name, versions in by_name.items()}


def _problem_with(item: object) -> str:
    if not isinstance(item, Mapping) or not isinstance(item.get("name"), str) or not item["name"].strip():
        return "it has no name"
    if "prompt" not in item:
        return "it has no prompt; a list request leaves the texts out, so fetch each prompt by its name"
    return "" if is_clean(item) else "it holds a character that no text can have (NUL or half a surrogate pair)"


# Reading


def _draft(version: _Version, paths: Mapping[str, str], path: str) -> tuple[Draft, list[str]]:
    said = version.data["prompt"]
    losses: list[str] = []
    if isinstance(said, str):
        parts = _apart(said, paths)
    elif isinstance(said, list):
        parts = _chat_apart(said, paths)
    else:
        raise Fault("its prompt is neither a text nor a list of messages")
    composed, losses = written(parts)
    if len(composed.text.encode()) > MAX_BYTES:
        raise Fault(f"this is larger than the {MAX_BYTES // 2**20} MiB that a prompt can have")
    others = {key: value for key, value in version.data.items() if key not in _OURS}
    layout = {"format": Langfuse.name, "path": path, "name": version.data["name"], "others": others}
    draft = Draft(path, composed.text, tags=_tags(version.data), engine=composed.engine, variables={}, layout=layout)
    return draft, losses


def _apart(text: str, paths: Mapping[str, str]) -> Parts:
    def reads(found: "re.Match[str]") -> tuple[Part | None, str]:
        path = paths.get(found[1])
        pin = int(found[2]) if found[2] else found[3]
        if path is None:
            path = path_like(found[1])
        if not is_path(path) or not (isinstance(pin, int) or is_label(pin)):
            return None, f"{excerpt(found[0])} stays text"
        return Include(path, found[0], None if pin == _LATEST else pin), ""

    taken = take_apart(text, _REFERENCE, reads, "@@@")
    parts: list[Part] = []
    losses = list(taken.losses)
    for part in taken.parts:
        inner = take_tags(part, {"{{": "}}"}, _variable) if isinstance(part, str) else Parts([part])
        parts += inner.parts
        losses += inner.losses
    return Parts(joined(parts), losses)


def _variable(tag: str) -> tuple[Part | None, str]:
    name = variable_name(tag[2:-2].strip())
    return (Hole(name, tag), "") if name else (None, f"{excerpt(tag)} stays text")


def _chat_apart(messages: Sequence[Any], paths: Mapping[str, str]) -> Parts:
    parts: list[Part] = []
    losses: list[str] = []
    for message in messages:
        role, inner, lost = _message_apart(table(message), paths)
        parts += ["\n\n" if parts else "", f"{role}:\n", *inner.parts]
        losses += [*inner.losses, *lost]
    return Parts(joined(parts), losses)


def _message_apart(message: Mapping[str, Any], paths: Mapping[str, str]) -> tuple[str, Parts, list[str]]:
    if message.get("type") == "placeholder":
        name = variable_name(str(message.get("name", "")))
        if not name:
            raise Fault("a placeholder has no name that a variable can have")
        return "placeholder", Parts([Hole(name)]), []
    role, content = message.get("role"), message.get("content")
    if not isinstance(role, str) or not isinstance(content, str):
        raise Fault("a message has no role, or no text as its content")
    more = sorted(set(message) - {"role", "content", "type"})
    losses = [f"{', '.join(more)} of a message"] if more else []
    if role not in ROLES or split(f"user:\n{content}") != [Message("user", content)]:
        losses.append(f"a message of {excerpt(role)} cannot be told from the next one in our text")
    return role, _apart(content, paths), losses


def _tags(data: Mapping[str, Any]) -> tuple[str, ...]:
    tags = data.get("tags")
    found = (
        [" ".join(tag.replace(",", " ").split()) for tag in tags if isinstance(tag, str)]
        if isinstance(tags, list)
        else []
    )
    return tuple(dict.fromkeys(filter(None, found)))[:100]


def _labels(versions: Sequence[_Version]) -> tuple[dict[str, int], list[Loss]]:
    found: dict[str, int] = {}
    losses: list[Loss] = []
    for position, version in enumerate(versions, start=1):
        labels = version.data.get("labels")
        for label in labels if isinstance(labels, list) else ():
            if label == _LATEST:
                continue
            if isinstance(label, str) and is_label(label):
                found[label] = position
            else:
                losses.append(Loss(version.where, f"the label {excerpt(str(label))}, which ours cannot be called"))
    if any(version.number != position for position, version in enumerate(versions, start=1)):
        losses.append(Loss(versions[0].where, "versions are missing here, so that the others have new numbers"))
    return found, losses


# Writing


def _item(prompt: Outgoing, version: Version) -> tuple[dict[str, Any], list[str]]:
    kept = prompt.layout if prompt.layout.get("format") == Langfuse.name else {}
    others = dict(table(kept.get("others")))
    parts, lost = _parts(prompt, version)
    chat = _chat(parts) if others.get("type") == "chat" or _is_chat(parts) else None
    content: Any = chat
    losses = [*lost, *not_said(prompt, version.variables, ("tags",))]
    if chat is None:
        content, odd = _text(parts)
        losses += odd
    name = kept.get("name") if kept.get("path") == prompt.name else prompt.name
    item = {"name": name, "type": "text" if chat is None else "chat", "prompt": content, "version": version.number}
    item |= {"labels": sorted(version.labels), "tags": list(prompt.tags), "config": others.pop("config", {})}
    item |= {"commitMessage": version.message or None}
    return item | {key: value for key, value in others.items() if key not in item}, unique(losses)


def _parts(prompt: Outgoing, version: Version) -> tuple[Sequence[Part], list[str]]:
    if version.text != prompt.text:
        return decompose(version.text, version.engine), []
    parts = prompt.parts()
    if parts is not None and all(not isinstance(part, Include) or not part.arguments for part in parts):
        return parts, []
    flat = prompt.flat()
    return flat.parts, list(flat.losses)


def _text(parts: Iterable[Part]) -> tuple[str, Sequence[str]]:
    found = joined(parts)
    return spelled(found, _spelled, lambda text: _apart(text, {}), "Langfuse")


def _spelled(part: Part) -> str:
    if isinstance(part, Include):
        pin = f"version={part.pin}" if isinstance(part.pin, int) else f"label={part.pin or _LATEST}"
        return f"@@@langfusePrompt:name={part.path}|{pin}@@@"
    if isinstance(part, Hole):
        return part.source if is_spelled_alike(part) else as_mustache(part)
    return part


def _is_chat(parts: Sequence[Part]) -> bool:
    first = parts[0] if parts else ""
    return isinstance(first, str) and bool(split(first)) and split(first)[0].role in ("system", "user", "assistant")


def _chat(parts: Sequence[Part]) -> list[dict[str, str]] | None:
    """Return the messages, None where they cannot be told from each other."""
    messages = split(_text(parts)[0])
    return [_message(message) for message in messages] or None


def _message(message: Message) -> dict[str, str]:
    name = variable_name(message.text.strip().removeprefix("{{").removesuffix("}}").strip())
    if message.role == "placeholder" and name:
        return {"type": "placeholder", "name": name}
    return {"role": message.role, "content": message.text}
