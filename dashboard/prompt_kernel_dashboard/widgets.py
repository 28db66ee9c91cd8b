"""Small things that several pages show: foreign text kept literal, moments, choices of a directory or a folder."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import streamlit as st

from prompt_kernel_dashboard import folders

_MARKED = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$&^=])")
#: Emoji, links, directives and arrows are made of plain characters, from which a backslash takes nothing away.
_MEANT = re.compile(r"[:@](?=[\w\\/+\-])|www(?=\\\.)|(?<=[<>\-~])(?=\\?[-=>])")
#: Drawn as nothing, and no part of what Streamlit replaces.
_JOINER: Final = "\u2060"

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_MOST_DAYS: Final = 30
_MOST_NAMED: Final = 5


def literal(text: str) -> str:
    """Return markdown that shows `text` as it is: for labels, toasts and messages, which are markdown to Streamlit."""
    return "  \n".join(_escaped(line) for line in text.splitlines())


def _escaped(line: str) -> str:
    shown = line.lstrip(" ")
    indent = "\u00a0" * (len(line) - len(shown))
    # Escaped first: then what is meant as an emoji stands as `:smile:` still, and a link as `www\.`.
    return indent + _MEANT.sub(lambda found: found[0] + _JOINER, _MARKED.sub(r"\\\1", shown))


def count_of(number: int, noun: str) -> str:
    """Return a number with its noun: `1 prompt`, `1,200 prompts`, `2 directories`, `3 matches`."""
    if number == 1:
        return f"1 {noun}"
    ending = "ies" if noun.endswith("ry") else "es" if noun.endswith("ch") else "s"
    return f"{number:,} {noun.removesuffix('y') if ending == 'ies' else noun}{ending}"


def named(paths: Sequence[str], most: int = _MOST_NAMED) -> str:
    """Return `paths` as a list in a sentence, `most` of them by name."""
    if len(paths) > most:
        return f"{', '.join(paths[:most])} and {len(paths) - most:,} more"
    return " and ".join(filter(None, [", ".join(paths[:-1]), *paths[-1:]]))


def ago(moment: datetime, now: datetime) -> str:
    """Return how long ago `moment` was: `3 min ago`, and the date where it is more than a month."""
    seconds = max(0, int((now - moment).total_seconds()))
    if seconds < _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min ago"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h ago"
    if seconds < _MOST_DAYS * _DAY:
        return f"{count_of(seconds // _DAY, 'day')} ago"
    return f"{moment:%Y-%m-%d}"


def directory_choice(label: str, known: Sequence[str], *, key: str, value: str = "", help_text: str = "") -> str:
    """Ask for a directory: one of `known`, or a new one as typed; "" is the top."""
    options = [*known, value] if value and value not in known else list(known)
    chosen = st.selectbox(
        label,
        options,
        index=options.index(value) if value else None,
        key=key,
        accept_new_options=True,
        placeholder="the top (no directory)",
        help=help_text or None,
    )
    return (chosen or "").strip().strip("/")


def folder_input(label: str, *, key: str, help_text: str = "") -> str:
    """Ask for a folder on disk, with the folders offered that what is typed may be the beginning of."""
    typed = st.text_input(label, key=key, live=True, placeholder="~/prompts", help=help_text or None)
    offered = folders.complete(typed or "")
    if offered:
        st.pills(
            "Folders",
            offered,
            key=f"{key}-offered",
            format_func=literal,
            label_visibility="collapsed",
            on_change=_take_folder,
            args=(key,),
        )
    return typed or ""


def _take_folder(key: str) -> None:
    chosen = st.session_state[f"{key}-offered"]
    if chosen:
        st.session_state[key] = chosen
    st.session_state[f"{key}-offered"] = None
