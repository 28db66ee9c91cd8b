"""Texts of tools whose variables stand in braces or behind a dollar: to parts, and back with a check."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from prompt_kernel.files.formats._body import Composed, Hole, Include, Part, compose, joined, same
from prompt_kernel.files.formats._tree import Spelled
from prompt_kernel.variables import variable_name

#: So much of a text is shown in a report.
_SHOWN: Final = 60

#: Reads what a pattern has found: a hole or an inclusion, or None for characters, with what to report, or "".
Reads = Callable[["re.Match[str]"], tuple[Part | None, str]]


class Parts(NamedTuple):
    """A text taken apart, and what of it has no counterpart here."""

    parts: Sequence[Part]
    losses: Sequence[str] = ()


def take_apart(text: str, pattern: "re.Pattern[str]", reads: Reads, ending: str = "") -> Parts:
    """Return the parts of `text`, in which whatever fits `pattern` means something to the tool.

    Where all of it ends in `ending`, nothing behind the last of these is looked at: otherwise openings without an end
    would each be followed through the rest of the text.
    """
    last = text.rfind(ending) + len(ending) if ending else len(text)
    losses: list[str] = []

    def pieces() -> Iterator[Part]:
        done = 0
        for found in pattern.finditer(text, 0, max(last, 0)):
            yield text[done : found.start()]
            part, loss = reads(found)
            yield found[0] if part is None else part
            if loss:
                losses.append(loss)
            done = found.end()
        yield text[done:]

    return Parts(joined(pieces()), losses)


def take_tags(text: str, closings: Mapping[str, str], reads: Callable[[str], tuple[Part | None, str]]) -> Parts:
    """Return the parts of `text`, in which tags reach from an opening to its closing; `reads` is given whole tags.

    Of openings at one place the longest counts; one without a closing is characters. Each closing is looked for once
    in vain at most, so that no text takes long. An opening whose closing is "" is a tag by itself.
    """
    opening = re.compile("|".join(re.escape(each) for each in sorted(closings, key=len, reverse=True)))
    losses: list[str] = []
    pieces: list[Part] = []
    open_ended: set[str] = set()
    done = position = 0
    while found := opening.search(text, position):
        end = found.end()
        closing = closings[found[0]]
        if closing:
            at = -1 if found[0] in open_ended else text.find(closing, end)
            end = at + len(closing)
            if at < 0:
                open_ended.add(found[0])
                position = found.start() + 1
                continue
        part, loss = reads(text[found.start() : end])
        pieces += [text[done : found.start()], text[found.start() : end] if part is None else part]
        losses += [loss] if loss else []
        done = position = end
    return Parts(joined([*pieces, text[done:]]), losses)


def written(taken: Parts) -> tuple[Composed, list[str]]:
    """Return our text for what was taken apart, and all that is to be reported."""
    composed = compose(taken.parts)
    demoted = [f"{excerpt(part.source)} stays text, because of the characters around it" for part in composed.demoted]
    return composed, unique([*taken.losses, *demoted])


def spelled(
    parts: Sequence[Part],
    write: Callable[[Part], str],
    again: Callable[[str], Parts],
    tool: str,
    *,
    native: bool = True,
) -> Spelled:
    """Return the tool's text for `parts`, and whether the tool would read it otherwise.

    A text that is `native`, because it came from there, may hold what is the tool's own.
    """
    text = "".join(map(write, parts))
    read = again(text)
    if same(read.parts, parts):
        own = () if native else unique(read.losses)[:1]
        return Spelled(text, [f"{tool} finds something of its own in it: {loss}" for loss in own])
    odd = [part for part in read.parts if not isinstance(part, str)]
    meant = [part.name if isinstance(part, Hole) else part.path for part in parts if not isinstance(part, str)]
    strange = [part for part in odd if (part.name if isinstance(part, Hole) else part.path) not in meant]
    example = f", as {excerpt(strange[0].source)}" if strange else ""
    return Spelled(text, (f"{tool} reads characters of it as something else{example}",))


def excerpt(text: str) -> str:
    """Return the beginning of `text` on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def unique(losses: Iterable[str]) -> list[str]:
    """Return each sentence once."""
    return list(dict.fromkeys(losses))


_MUSTACHE = re.compile(r"\{\{([^{}]+)\}\}")


def mustache(text: str, *, blanks: bool = True, odd: str = "{} stays text") -> Parts:
    """Take a text apart in which `{{name}}` is a variable, with `blanks` around the name or not.

    What else stands between such braces stays as it is, and is reported in the words of `odd`.
    """

    def reads(found: "re.Match[str]") -> tuple[Part | None, str]:
        inner = found[1]
        name = variable_name(inner.strip() if blanks else inner)
        return (Hole(name, found[0]), "") if name else (None, odd.format(excerpt(found[0])))

    return take_apart(text, _MUSTACHE, reads, "}}")


def as_mustache(part: Part) -> str:
    """Write a part with `{{name}}` for a variable."""
    if isinstance(part, Hole):
        return f"{{{{{part.name}}}}}"
    return part.source if isinstance(part, Include) else part
