"""What a live text expands to, while it is typed: computed beside the loop, and sent to whoever watches."""

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from prompt_kernel.errors import AmbiguousNameError, MissingVariableError, PromptKernelError, PromptNotFoundError
from prompt_kernel.expansion import Diagnostic, Expansion, Piece
from prompt_kernel.language import Engine, Inclusion, parse
from prompt_kernel.live import protocol
from prompt_kernel.live.positions import Positions
from prompt_kernel.live.room import Room
from prompt_kernel.live.seats import Seat, Watch
from prompt_kernel.live.worker import Worker
from prompt_kernel.names import directory_of
from prompt_kernel.spans import Span
from prompt_kernel.store import Store

_logger = logging.getLogger(__name__)
#: What is longer is cut: nobody reads it, and every key would send it again.
_LONGEST: Final = 200_000
_MOST_FINDINGS: Final = 500


class Previews:
    """The previews of a hub: one computation a room at a time, and one for all who give the same values."""

    def __init__(self, compute: Worker[Store], delay: float) -> None:
        """Let `compute` run what expands, in a thread of its own, `delay` seconds after a change."""
        self._compute, self._delay = compute, delay
        self._running: dict[Room, asyncio.Task[None]] = {}
        self._again: set[Room] = set()

    def touch(self, room: Room) -> None:
        """Expand a room again, because its text, somebody's values or an included prompt changed."""
        if not any(seat.watches for seat in room.seats):
            return
        if room in self._running:
            self._again.add(room)
            return
        task = asyncio.create_task(self._run(room))
        self._running[room] = task
        task.add_done_callback(lambda ended: self._done(room, ended))

    def _done(self, room: Room, ended: asyncio.Task[None]) -> None:
        del self._running[room]
        error = None if ended.cancelled() else ended.exception()
        if error is not None:
            _logger.error("The preview of %s failed.", room.status.path, exc_info=error)
        if room in self._again:
            self._again.discard(room)
            self.touch(room)

    async def _run(self, room: Room) -> None:
        await asyncio.sleep(self._delay)
        self._again.discard(room)
        wanted: dict[str, Mapping[str, Any]] = {}
        for seat in room.seats:
            wanted |= {_key(watch): watch.variables for watch in seat.watches.values()}
        path, text = room.status.path, room.text
        for key, variables in wanted.items():
            payload = await self._compute(partial(preview, path=path, text=text, variables=variables))
            _send(room.seats, key, payload)

    async def stop(self) -> None:
        """End all computations."""
        self._again.clear()
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _key(watch: Watch) -> str:
    return json.dumps(watch.variables, sort_keys=True)


def _send(seats: list[Seat], key: str, payload: dict[str, Any]) -> None:
    for seat in list(seats):
        for name, watch in list(seat.watches.items()):
            if _key(watch) != key:
                continue
            content = payload if watch.has_pieces else {**payload, "pieces": [], "text": ""}
            message = protocol.message(protocol.PREVIEW, {"id": name, **content})
            if message != watch.last:
                watch.last = message
                seat.send(message)


def whole(store: Store, path: str, text: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the whole expansion of the live text of a prompt, for somebody who wants to have it elsewhere."""
    expansion, problem = _expanded(store, path, text, variables)
    composite = any(isinstance(part, Inclusion) for part in parse(text, _engine(store, path)))
    return {"text": str(expansion), "composite": composite, "incomplete": problem}


def _expanded(store: Store, path: str, text: str, variables: Mapping[str, Any]) -> tuple[Expansion, str]:
    """Return the lenient expansion, and the sentence of the strict one where that is an error."""
    try:
        expansion = store.expand_as(path, text, variables, strict=False)
    except PromptKernelError as error:
        # Too large, or the prompt is in the trash: the text itself is what there is to see.
        return Expansion(text), str(error)
    if any(finding.severity == "error" for finding in expansion.diagnostics):
        try:
            store.expand_as(path, text, variables)
        except PromptKernelError as error:
            return expansion, str(error)
    return expansion, ""


def preview(store: Store, path: str, text: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the live text of a prompt expands to, as the client is told; see the protocol."""
    expansion, problem = _expanded(store, path, text, variables)
    positions = Positions(text)
    near = _Near(store, directory_of(path))
    inclusions = _inclusions(text, _engine(store, path), expansion, positions, near)
    findings = expansion.diagnostics[:_MOST_FINDINGS]
    missing = dict.fromkeys(map(_missing, (finding for finding in findings if finding.code == "missing-variable")))
    return {
        "text": str(expansion)[:_LONGEST],
        "composite": bool(inclusions),
        "characters": len(expansion),
        "cut": len(expansion) > _LONGEST,
        "problem": problem,
        "pieces": _pieces(path, expansion),
        "diagnostics": [_finding(text, finding, positions, near) for finding in findings],
        "inclusions": inclusions[:_MOST_FINDINGS],
        "variables": [*expansion.variables, *missing],
        "missing": list(missing),
    }


def _missing(finding: Diagnostic) -> str:
    """Return the variable that a finding says is missing: the one word that makes its sentence."""
    words = re.findall(r"\w+", finding.message)
    return next((word for word in words if str(MissingVariableError([word])) == finding.message), "")


def _engine(store: Store, path: str) -> Engine:
    try:
        return store.get(path).engine
    except PromptKernelError:
        return "simple"


def _pieces(path: str, expansion: Expansion) -> list[dict[str, Any]]:
    origins = {path: 0}
    found: list[dict[str, Any]] = []
    for piece in expansion.pieces:
        if piece.span.start >= _LONGEST:
            break
        found.append(_piece(piece, origins.setdefault(piece.path or path, len(origins))))
    return found


def _piece(piece: Piece, origin: int) -> dict[str, Any]:
    return {
        "text": piece.text[: _LONGEST - piece.span.start],
        "path": piece.path,
        "version": piece.version,
        "variable": piece.variable,
        "origin": origin,
    }


class _Near:
    """Names that an inclusion may have meant, each asked for once."""

    def __init__(self, store: Store, directory: str) -> None:
        self._store, self._directory = store, directory
        self._known: dict[str, list[str]] = {}

    def names(self, inclusion: str) -> list[str]:
        if inclusion not in self._known:
            self._known[inclusion] = self._ask(inclusion)
        return self._known[inclusion]

    def _ask(self, inclusion: str) -> list[str]:
        try:
            self._store.expand_text(inclusion, directory=self._directory)
        except PromptNotFoundError as error:
            return list(error.suggestions)
        except AmbiguousNameError as error:
            return list(error.candidates)
        except PromptKernelError:
            return []
        return []


def _finding(text: str, finding: Diagnostic, positions: Positions, near: _Near) -> dict[str, Any]:
    is_own = len(finding.chain) == 1
    is_name = finding.code in ("not-found", "ambiguous")
    return {
        "severity": finding.severity,
        "code": finding.code,
        "message": finding.message,
        "path": finding.path,
        "line": finding.line,
        "from": positions.to_utf16(finding.span.start) if is_own else None,
        "to": positions.to_utf16(finding.span.end) if is_own else None,
        "near": near.names(_source(text, finding.span)) if is_own and is_name else [],
    }


def _source(text: str, span: Span) -> str:
    return text[span.start : span.end]


def _inclusions(
    text: str, engine: Engine, expansion: Expansion, positions: Positions, near: _Near
) -> list[dict[str, Any]]:
    entries = expansion.manifest.entries
    targets = entries[0].includes if entries else ()
    found: list[dict[str, Any]] = []
    for number, part in enumerate(part for part in parse(text, engine) if isinstance(part, Inclusion)):
        leads_to = targets[number] if number < len(targets) else None
        target = entries[leads_to[0]] if leads_to else None
        found.append({
            "from": positions.to_utf16(part.span.start),
            "to": positions.to_utf16(part.span.end),
            "spelled": part.path,
            "target": target.path if target else None,
            "version": target.version if target else None,
            "near": [] if target else near.names(part.source),
        })  # fmt: skip
    return found
