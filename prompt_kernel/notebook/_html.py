"""HTML by construction: what is not marked as HTML is text, and text is escaped.

A stored text may hold anything: markup, control characters, characters that turn the reading direction around or that
nobody sees. All of it is shown and none of it acts.
"""

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Final

from prompt_kernel.spans import Span

# Everything that has no look of its own, apart from the line feed, the tab, and the two joiners that scripts and emoji
# need: control, format, tag and direction characters, line and paragraph separators, halves of surrogate pairs.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | Iterable[str] | None


def visible(text: str) -> str:
    """Return `text` with every unseen character spelled out; a carriage return before a line feed is none."""
    return _UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text.replace("\r\n", "\n"))


def text_html(text: str) -> Html:
    """Return `text` as HTML that shows exactly it."""
    return text if isinstance(text, Html) else Html(escape(visible(text), quote=True))


def tag(name: str, *children: Child, **attributes: str) -> Html:
    """Return an element; children that are no `Html` are text. `class_` is the attribute `class`."""
    named = "".join(f' {key.rstrip("_")}="{text_html(value)}"' for key, value in attributes.items() if value)
    return Html(f"<{name}{named}>{join(children)}</{name}>")


def join(children: Iterable[Child], between: str = "") -> Html:
    """Return `children`, some of which may be lists of children themselves, one after the other."""
    flat = (child if isinstance(child, str) else join(child) for child in children if child is not None)
    return Html(text_html(between).join(map(text_html, flat)))


def cut(text: str, most: int) -> str:
    """Return `text`, or its beginning and a remark on how much is left out."""
    return text if len(text) <= most else f"{text[:most]} … ({len(text) - most:,} more characters)"


def preformatted(*children: Child) -> Html:
    """Return text whose spaces and line ends count."""
    # A line end right after the opening tag is no part of the text, so that one of the text's own is not lost there.
    return tag("pre", Html("\n"), *children, class_="pk-text")


def details(summary: Child, *children: Child, is_open: bool = False) -> Html:
    """Return a part that opens on a click."""
    return tag("details", tag("summary", summary, class_="pk-fold"), *children, open="open" if is_open else "")


def table(heads: Iterable[str], rows: Iterable[Iterable[Child]]) -> Html:
    """Return a table with a row of `heads`."""
    top = tag("tr", *(tag("th", head, class_="pk-cell") for head in heads))
    body = (tag("tr", *(tag("td", cell, class_="pk-cell") for cell in row)) for row in rows)
    return tag("table", tag("thead", top), tag("tbody", *body), class_="pk-table")


def facts(pairs: Mapping[str, Child]) -> Html:
    """Return a table of names and what they are, without those that are empty."""
    rows = (
        tag("tr", tag("th", name, class_="pk-cell", scope="row"), tag("td", value, class_="pk-cell"))
        for name, value in pairs.items()
        if value
    )
    return tag("table", tag("tbody", *rows), class_="pk-table")


def marked(text: str, marks: Iterable[Span]) -> list[str]:
    """Return `text` with the spans of it that matter, in order and apart, marked."""
    parts: list[str] = []
    done = 0
    for start, end in marks:
        parts += [text[done:start], tag("mark", text[start:end])]
        done = end
    return [*parts, text[done:]]


STYLE: Final = Html(
    """<style>
.pk-card{max-width:70em;margin:.3em 0;padding:.5em .8em;border:1px solid rgba(128,128,128,.4);border-radius:6px;\
color:var(--jp-content-font-color1,var(--vscode-editor-foreground,currentColor));font-size:13px;line-height:1.45}
.pk-card .pk-line{margin:.15em 0}
.pk-card .pk-soft{opacity:.75}
.pk-card .pk-chip{display:inline-block;margin:0 .4em .2em 0;padding:0 .45em;border-radius:3px}
.pk-card pre.pk-text.pk-text{margin:.4em 0;padding:.5em .7em;max-height:32em;overflow:auto;white-space:pre-wrap;\
overflow-wrap:anywhere;background:rgba(128,128,128,.1);border-radius:4px;color:inherit;font-size:12.5px}
.pk-card .pk-fold{cursor:pointer;margin:.15em 0}
.pk-card table.pk-table{margin:.3em 0;border-collapse:collapse;table-layout:auto;font-size:12.5px;color:inherit;\
display:block;overflow-x:auto;border:0}
.pk-card table.pk-table tr{background:none}
.pk-card table.pk-table .pk-cell{padding:.15em .9em .15em 0;text-align:left;vertical-align:top;max-width:44em;\
white-space:pre-wrap;overflow-wrap:break-word;border:0}
.pk-card table.pk-table th.pk-cell{font-weight:600;white-space:nowrap}
.pk-card .pk-hole{border-bottom:2px dotted rgba(128,128,128,.9)}
.pk-card .pk-error{color:var(--jp-error-color1,var(--vscode-errorForeground,#d13438))}
.pk-card .pk-warning{color:var(--jp-warn-color1,var(--vscode-editorWarning-foreground,#c77700))}
.pk-card .pk-add{background:rgba(46,160,67,.18)}
.pk-card .pk-del{background:rgba(248,81,73,.16)}
.pk-card ins,.pk-card del{text-decoration:none}
.pk-card ins{background:rgba(46,160,67,.35)}
.pk-card del{background:rgba(248,81,73,.35)}
.pk-card mark{background:rgba(255,196,0,.35);color:inherit}
</style>"""
)
