"""The browser module's components as Python functions; see `editor/src` for what they do with their data.

Each is declared when it is first shown, because Streamlit finds packaged components in a running server only.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import streamlit as st

from prompt_kernel import Prompt
from prompt_kernel.live import color_of
from prompt_kernel_dashboard import resources
from prompt_kernel_dashboard.state import person

_Callback = Callable[[], None] | None


@cache
def _component(name: str) -> Callable[..., Any]:
    return st.components.v2.component(f"prompt-kernel.{name}", js="editor-*.js")


def _ignore() -> None:
    """Stand in for a callback: what a component can say has to be declared, heard or not."""


def editor(
    prompt: Prompt,
    *,
    key: str = "editor",
    height: int = 560,
    read_only: bool = False,
    siblings: Sequence[Mapping[str, str]] = (),
    on_open: _Callback = None,
    on_saved: _Callback = None,
) -> Any:
    """Show the shared editor of `prompt`, `height` pixels high.

    `siblings` are the prompts beside it, each with its `path` and `name`. The result has `open`, `{path, newTab}`, for
    one run after somebody has followed an inclusion, and `saved`, `{version}`, after a version was saved.
    """
    name = person()
    data = {
        "uid": prompt.uid,
        "path": prompt.path,
        "token": resources.get().tokens.mint(prompt.uid, name, may_write=not read_only),
        "url": f"live/{prompt.uid}",
        "copyUrl": f"live/{prompt.uid}/copy",
        "name": name,
        "color": color_of(name),
        "readOnly": read_only,
        "height": height,
        "siblings": [dict(sibling) for sibling in siblings],
    }
    return _component("editor")(
        key=key, data=data, on_open_change=on_open or _ignore, on_saved_change=on_saved or _ignore
    )


def preview(prompt: Prompt, variables: Mapping[str, object], *, key: str = "preview", on_open: _Callback = None) -> Any:
    """Show what `prompt`, as it is being edited, expands to with `variables`; it uses the editor's connection.

    The result has `open`, `{path, newTab}`, for one run after somebody has followed a piece to its prompt.
    """
    data = {"uid": prompt.uid, "variables": dict(variables)}
    return _component("preview")(key=key, data=data, on_open_change=on_open or _ignore)


def library(
    data: Mapping[str, Any], *, key: str = "library", on_query: _Callback = None, on_action: _Callback = None
) -> Any:
    """Show the search box and the table of prompts.

    The result has `query`, what is searched for, and for one run `action`, `{kind, …}`, what somebody wants done.
    """
    return _component("library")(
        key=key,
        data=dict(data),
        default={"query": ""},
        on_query_change=on_query or _ignore,
        on_action_change=on_action or _ignore,
    )


def tree(data: Mapping[str, Any], *, key: str = "tree", on_choose: _Callback = None, on_move: _Callback = None) -> Any:
    """Show the tree of directories.

    The result has, for one run, `choose`, `{view, path}`, and `move`, `{paths, to}`, when prompts were dropped on a
    directory.
    """
    return _component("tree")(
        key=key, data=dict(data), on_choose_change=on_choose or _ignore, on_move_change=on_move or _ignore
    )


def keys(
    bindings: Sequence[Mapping[str, Any]],
    *,
    key: str = "keys",
    name: str = "",
    open_help: int = 0,
    on_pressed: _Callback = None,
) -> Any:
    """Listen for the keys of `bindings`, list them all on `?`, and remember `name` in the browser.

    Another `open_help` than before shows the list, too.

    The result has `pressed`, `{id}`, for one run.
    """
    data = {"bindings": [dict(binding) for binding in bindings], "name": name, "open_help": open_help}
    return _component("keys")(key=key, data=data, on_pressed_change=on_pressed or _ignore)
