"""What a panel asks, and what it is told: plain data in, plain data out, from any store."""

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import groupby
from typing import Any, Final

from prompt_kernel import uses
from prompt_kernel.errors import InvalidRequestError, PromptKernelError
from prompt_kernel.expansion import Diagnostic, Expansion, Piece, split_pin
from prompt_kernel.locations import shown
from prompt_kernel.notebook import _binding, _browse_cell, _browse_form
from prompt_kernel.notebook._browse_place import Place
from prompt_kernel.notebook._columns import moment
from prompt_kernel.notebook._diffs import MOST_COMPARED
from prompt_kernel.notebook._html import cut
from prompt_kernel.records import Directory, Entry, Hit, Prompt, Rows, Version
from prompt_kernel.spans import Span
from prompt_kernel.store import Store
from prompt_kernel.variables import Declaration

Data = dict[str, Any]
Question = Mapping[str, Any]

_logger = logging.getLogger(__name__)
_PAGE: Final = 100
_MOST_HITS: Final = 50
_MOST_VERSIONS: Final = 200
_MOST_LINES: Final = 1_000
_MOST_FINDINGS: Final = 50
_MOST_PIECES: Final = 2_000
#: What is longer is cut: nobody reads it, every key sends it again, and Jupyter drops what exceeds a megabyte a second.
_LONGEST: Final = 40_000
_MOST_IN_LINE: Final = 2_000
_MOST_SAID: Final = 500


def answer(place: Place, question: Question) -> Data:
    """Answer a question with data, or with the sentence that says why that cannot be.

    `question["do"]` is one of the names at the end of this module; the rest are its arguments.
    """
    does = question.get("do")
    act = _ANSWERS.get(does) if isinstance(does, str) else None
    if act is None:
        return {"ok": False, "problem": f"there is no question {does!r}"}
    try:
        return {"ok": True, **act(place, question)}
    except PromptKernelError as error:
        return {"ok": False, "problem": sentence(error)}
    except Exception as error:
        # Whoever clicked is not to wait for ever, and gets a sentence; who looks for the fault finds it in the log.
        _logger.exception("The panel's question %r failed.", does)
        return {"ok": False, "problem": f"This did not work ({type(error).__name__}); the kernel's log says more."}


def sentence(error: PromptKernelError) -> str:
    """Return what an error says, without the place and the excerpt below it."""
    return cut(str(error).partition("\n")[0], _MOST_SAID)


def _text(question: Question, name: str) -> str:
    found = question.get(name, "")
    if not isinstance(found, str):
        raise InvalidRequestError(f"{name} is a text")
    return found


def _typed(question: Question) -> dict[str, str]:
    found = question.get("values", {})
    if not isinstance(found, Mapping) or not all(isinstance(item, str) for pair in found.items() for item in pair):
        raise InvalidRequestError("values are texts by name")
    return dict(found)


# The tree and the lists


def _begin(place: Place, _question: Question) -> Data:
    store = place.store
    return {
        "where": shown(store.url),
        "revision": str(store.revision),
        "directories": [_directory(directory) for directory in store.directories()],
        "total": store.count(),
        "counts": {"favourites": len(store.favourites()), "recent": len(store.recent())},
    }


def _revision(place: Place, _question: Question) -> Data:
    return {"revision": str(place.store.revision)}


def _directory(directory: Directory) -> Data:
    return {
        "path": directory.path,
        "name": directory.name,
        "prompts": directory.prompts,
        "enabled": directory.enabled,
        "linked": directory.source != "",
    }


def _list(place: Place, question: Question) -> Data:
    """Answer with a page of rows; `more` tells that there is another one after the last path."""
    store, words = place.store, _text(question, "words").strip()
    view, directory = _text(question, "view"), _text(question, "directory") or None
    if words:
        hits = store.search(words, directory=directory, limit=_MOST_HITS + 1)
        return {"rows": [_row(hit) for hit in hits[:_MOST_HITS]], "more": False, "cut": len(hits) > _MOST_HITS}
    if view in ("favourites", "recent"):
        kept = store.favourites() if view == "favourites" else store.recent()
        return {"rows": [_row(entry) for entry in kept], "more": False, "cut": False}
    found = store.prompts(directory=directory, after=_text(question, "after") or None, limit=_PAGE + 1)
    return {"rows": [_row(entry) for entry in found[:_PAGE]], "more": len(found) > _PAGE, "cut": False}


def _row(found: Entry | Hit) -> Data:
    return {
        "path": found.path,
        "description": cut(found.description, _MOST_SAID),
        "version": found.version,
        "enabled": found.enabled if isinstance(found, Entry) else True,
        "snippet": list(_parts(found.snippet, found.marks)) if isinstance(found, Hit) else [],
    }


def _parts(text: str, marks: tuple[Span, ...]) -> Iterator[tuple[str, bool]]:
    """Give the runs of a snippet, with whether they were looked for."""
    done = 0
    for start, end in marks:
        yield text[done:start], False
        yield text[start:end], True
        done = end
    yield text[done:], False


# One prompt


def _prompt(place: Place, question: Question) -> Data:
    path = _text(question, "path")
    store = place.store
    prompt = store.get(path)
    newest = prompt if split_pin(path)[1] is None else store.get(prompt.path)
    return {
        "path": prompt.path,
        "uid": prompt.uid,
        "version": prompt.version,
        "newest": newest.version,
        "labels": dict(newest.labels),
        "description": cut(prompt.description, _MOST_SAID),
        "tags": list(prompt.tags),
        "engine": prompt.engine,
        "enabled": prompt.enabled,
        "author": prompt.author,
        "updated": moment(prompt.updated_at),
        "text": cut(prompt.text, _LONGEST),
        "characters": len(prompt.text),
    }


class _Filled:
    """A prompt with what was typed for it, and with what the notebook has for the rest, as `%prompt` fills it."""

    def __init__(self, place: Place, question: Question) -> None:
        self.path = _text(question, "path")
        self._place, self._typed = place, _typed(question)
        self._store: Store = place.expanding
        self.prompt: Prompt = place.store.get(self.path)

    @cached_property
    def declarations(self) -> dict[str, Declaration]:
        return self._store.declarations(self.path)

    @cached_property
    def given(self) -> _browse_form.Given:
        return _browse_form.read(self.declarations, self._typed, is_template=self.prompt.engine == "jinja")

    @cached_property
    def taken(self) -> dict[str, object]:
        wanted = [name for name in self.declarations if name not in self.given.values]
        return _binding.take(wanted, self._place.names, self.prompt.engine)

    @cached_property
    def expansion(self) -> Expansion:
        with uses.aside():
            return self._store.expand(self.path, {**self.taken, **self.given.values}, strict=False)

    @property
    def missing(self) -> list[str]:
        known = {*self.given.values, *self.given.problems, *self.taken}
        return [
            name
            for name, declaration in self.declarations.items()
            if name not in known and declaration.default is None and declaration.required
        ]

    def cell(self) -> tuple[str, str]:
        before, remark = self._place.before()
        return _browse_cell.cell(self.path, self.given.values, before), remark


def _preview(place: Place, question: Question) -> Data:
    filled = _Filled(place, question)
    text = str(filled.expansion)
    findings = [found for found in filled.expansion.diagnostics if found.code != "missing-variable"]
    return {
        "fields": _browse_form.fields(filled.declarations, filled.taken),
        "problems": filled.given.problems,
        "missing": filled.missing,
        "characters": len(text),
        "tokens": place.counter.count(text),
        "tokenizer": place.counter.name,
        "exact": place.counter.is_exact,
        "cut": len(text) > _LONGEST,
        "pieces": list(_pieces(filled.prompt.path, filled.expansion)),
        "diagnostics": [_finding(found) for found in findings[:_MOST_FINDINGS]],
    }


def _pieces(path: str, expansion: Expansion) -> Iterator[Data]:
    """Give the runs of an expansion by origin: 0 is the prompt itself. Far behind, the origin is left out."""
    origins = {path: 0}
    left = _LONGEST
    for number, ((origin, version, variable), run) in enumerate(groupby(expansion.pieces, _origin)):
        if left <= 0:
            return
        if number == _MOST_PIECES:
            rest = str(expansion)[_LONGEST - left : _LONGEST]
            yield {"text": rest, "path": path, "version": None, "variable": None, "origin": 0}
            return
        text = "".join(piece.text for piece in run)[:left]
        left -= len(text)
        place = origins.setdefault(origin or path, len(origins))
        yield {"text": text, "path": origin, "version": version, "variable": variable, "origin": place}


def _origin(piece: Piece) -> tuple[str, int | None, str | None]:
    return piece.path, piece.version, piece.variable


def _finding(found: Diagnostic) -> Data:
    return {
        "severity": found.severity,
        "message": cut(found.message, _MOST_SAID),
        "path": found.path,
        "line": found.line,
    }


def _whole(place: Place, question: Question) -> Data:
    """Answer with the whole text for the clipboard, and with what is not right about it yet."""
    filled = _Filled(place, question)
    errors = (found.message for found in filled.expansion.diagnostics if found.severity == "error")
    incomplete = next(iter([*filled.given.problems.values(), *errors]), "")
    return {"text": str(filled.expansion), "incomplete": cut(incomplete, _MOST_SAID)}


def _cell(place: Place, question: Question) -> Data:
    filled = _Filled(place, question)
    source, remark = filled.cell()
    return {"source": source, "remark": next(iter([*filled.given.problems.values(), remark]))}


# Its history


def _history(place: Place, question: Question) -> Data:
    versions: Rows[Version] = place.store.history(split_pin(_text(question, "path"))[0])
    return {
        "versions": [_version(version) for version in versions[:_MOST_VERSIONS]],
        "left": max(len(versions) - _MOST_VERSIONS, 0),
    }


def _version(version: Version) -> Data:
    return {
        "number": version.number,
        "labels": list(version.labels),
        "author": version.author,
        "origin": version.origin,
        "at": moment(version.created_at),
        "message": cut(version.message, _MOST_SAID),
        "characters": len(version.text),
    }


def _diff(place: Place, question: Question) -> Data:
    """Answer with the lines of a difference as `diff -u` has them, without its first two."""
    before, after = (question.get(name) for name in ("before", "after"))
    if not isinstance(before, int) or not isinstance(after, int):
        raise InvalidRequestError("before and after are versions")
    path = split_pin(_text(question, "path"))[0]
    difference = place.store.diff(path, before, after, expanded=bool(question.get("expanded")))
    names = {"before": difference.before_name, "after": difference.after_name}
    if max(len(text.splitlines()) for text in (difference.before, difference.after)) > MOST_COMPARED:
        return {**names, "lines": [], "left": 0, "long": True}
    lines = list(difference.lines())[2:]
    shown_lines = [cut(line, _MOST_IN_LINE) for line in lines[:_MOST_LINES]]
    return {**names, "lines": shown_lines, "left": max(len(lines) - _MOST_LINES, 0), "long": False}


# Editing it


def _edit(place: Place, question: Question) -> Data:
    return {"model": place.edit(_text(question, "path"))}


def _leave(place: Place, _question: Question) -> Data:
    place.leave()
    return {}


_ANSWERS: Final[Mapping[str, Callable[[Place, Question], Data]]] = {
    "begin": _begin,
    "revision": _revision,
    "list": _list,
    "prompt": _prompt,
    "preview": _preview,
    "whole": _whole,
    "cell": _cell,
    "history": _history,
    "diff": _diff,
    "edit": _edit,
    "leave": _leave,
}
