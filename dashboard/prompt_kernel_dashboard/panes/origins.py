"""An expanded text with the origin of each piece: a colour for each prompt that it came from."""

import re
from collections.abc import Mapping
from typing import Final

import streamlit as st

from prompt_kernel import Expansion
from prompt_kernel.expansion import ManifestEntry, Piece
from prompt_kernel_dashboard.diffs import visible
from prompt_kernel_dashboard.panes.parts import address
from prompt_kernel_dashboard.widgets import literal

#: The prompt that was expanded, which holds the others, stays without a colour.
_COLORS: Final = ("blue", "green", "orange", "violet", "red", "yellow")
_MOST_DRAWN: Final = 20_000


def colors_of(expansion: Expansion) -> dict[str, str]:
    """Return the colour of each origin, in order of appearance; "" for the text that holds the others."""
    names = dict.fromkeys(_name(entry.path, entry.version) for entry in expansion.manifest.entries)
    return {name: _COLORS[(number - 1) % len(_COLORS)] if number else "" for number, name in enumerate(names)}


def _name(path: str, version: int | None) -> str:
    return f"{path}@{version}" if version else path or "text"


def markdown(expansion: Expansion) -> str:
    """Return a text as markdown that shows each character as it is, on its colour; values have one of their own."""
    colors = colors_of(expansion)
    # At the end a backslash breaks no line, and would stand there.
    return "".join(_drawn(piece, colors) for piece in expansion.pieces).removesuffix(_BREAK)


_BREAK: Final = "\\\n"


def _drawn(piece: Piece, colors: Mapping[str, str]) -> str:
    color = colors.get(_name(piece.path, piece.version), "")
    return _BREAK.join(_run(line, color, is_value=piece.variable is not None) for line in piece.text.split("\n"))


def _run(line: str, color: str, *, is_value: bool) -> str:
    shown = visible(_KEPT.sub("\u00a0", line))
    if line and is_value:
        shown = f":primary[{shown}]"
    return f":{color}-background[{shown}]" if line and color else shown


#: What stands in brackets loses its outer spaces.
_KEPT: Final = re.compile(r"^ | $")


def show(expansion: Expansion) -> None:
    """Draw the text of an expansion, and below it the prompts that it came from, each a way to its page."""
    colors = colors_of(expansion)
    if len(expansion) > _MOST_DRAWN:
        st.code(str(expansion)[:_MOST_DRAWN], language=None, wrap_lines=True)
        st.caption(f"The first {_MOST_DRAWN:,} characters of {len(expansion):,}.")
    else:
        with st.container(border=True):
            st.markdown(markdown(expansion) or ":gray[The text is empty.]")
    with st.container(horizontal=True, gap="small"):
        for entry in expansion.manifest.entries:
            _source(entry, colors[_name(entry.path, entry.version)])


def _source(entry: ManifestEntry, color: str) -> None:
    name = literal(_name(entry.path, entry.version))
    if not entry.path:
        st.badge(name, color="gray", help="It stood in the notebook, and in no prompt.")
        return
    label = f":{color}-background[{name}]" if color else name
    st.link_button(label, address(entry.path), type="tertiary", help=f"sha256 {entry.sha256[:12]}…")
