"""The magics. Each reads its line, calls the store and returns a value; how that looks is the value's business.

Loading the extension imports this and little else: what the magics do is in `_actions`, which the first use imports.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, needs_local_scope, no_var_expand
from traitlets import Unicode, observe, validate

from prompt_kernel.notebook._session import Session

Names = Mapping[str, Any] | None
_Method = TypeVar("_Method", bound=Callable[..., object])


def _magic(kind: str, name: str) -> Callable[[_Method], _Method]:
    """Make a method the magic `name`: it sees its line as it was typed, and the names of whoever calls it."""
    mark: Any = line_magic if kind == "line" else cell_magic

    def decorate(method: _Method) -> _Method:
        marked: Any = mark(name)(method)
        marked.getdoc = lambda: _actions().help_of(kind, name)  # what IPython shows for `%name?`
        return cast("_Method", no_var_expand(needs_local_scope(marked)))

    return decorate


def _actions() -> Any:
    from prompt_kernel.notebook import _actions  # noqa: PLC0415 - see the top

    return _actions


@magics_class
class PromptMagics(Magics):
    """`%prompt`, `%%prompt`, `%%expand`, `%%experiment` and `%prompts`, for one notebook."""

    shell: Any
    store = Unicode("", help="The store: a file or a URL; empty for the usual one.").tag(config=True)
    author = Unicode("", help="Who saves; empty for the name of the account.").tag(config=True)
    lock = Unicode("", help="The lock to expand by; empty for none.").tag(config=True)

    def __init__(self, shell: Any) -> None:
        """Serve `shell`; its configuration may name a store and an author."""
        self.session = Session()
        self.matcher: Any = None
        self._raw_cell = ""
        super().__init__(shell=shell)
        self._point(None)

    @validate("store")
    def _absolute(self, proposal: Any) -> str:
        # What a relative path means is not to change with the working directory.
        from prompt_kernel.locations import url_of  # noqa: PLC0415 - see the top

        place: str = proposal["value"]
        return url_of(place) if place and "://" not in place else place

    @validate("lock")
    def _beside_the_notebook(self, proposal: Any) -> str:
        from prompt_kernel.notebook._locking import beside  # noqa: PLC0415 - see the top

        file: str = proposal["value"]
        return str(beside(self.shell, file)) if file else file

    @observe("store", "author", "lock")
    def _point(self, _change: object) -> None:
        self.session.point_to(self.store, self.author, self.lock)

    # IPython takes `>>> ` off the lines of a cell before a magic sees them, so the cell is kept as it was typed.

    def remember_cell(self, info: Any) -> None:
        """Keep the cell that is about to run."""
        cell = info.raw_cell or ""
        # `%%capture` runs what is below it as a cell of its own, after IPython has been through it.
        is_part = self._raw_cell and repr(cell) in self.shell.transform_cell(self._raw_cell)
        self._raw_cell = self._raw_cell if is_part else cell

    def forget_cell(self, _result: object) -> None:
        """Forget the cell that has run: what runs next may not announce itself."""
        self._raw_cell = ""

    @_magic("line", "prompt")
    def load_prompt(self, line: str, local_ns: Names = None) -> object:
        """`%prompt`: load and expand."""
        names = self._namespace(local_ns)
        return self._answer(line, lambda actions, rest: actions.load(self, rest, names), "prompt")

    @_magic("cell", "prompt")
    def save_prompt(self, line: str, cell: str, local_ns: Names = None) -> object:  # noqa: ARG002 - IPython gives it
        """`%%prompt`: save the cell."""
        text = self._body("prompt", line, cell)
        return self._answer(line, lambda actions, rest: actions.save(self, rest, text))

    @_magic("cell", "expand")
    def expand_cell(self, line: str, cell: str, local_ns: Names = None) -> object:
        """`%%expand`: expand the cell."""
        text, names = self._body("expand", line, cell), self._namespace(local_ns)
        return self._answer(line, lambda actions, rest: actions.expand(self, rest, text, names))

    @_magic("cell", "experiment")
    def experiment_cell(self, line: str, cell: str, local_ns: Names = None) -> object:
        """`%%experiment`: run the cell over data on models."""
        text, names = self._body("experiment", line, cell), self._namespace(local_ns)
        return self._answer(line, lambda actions, rest: actions.experiment(self, rest, text, names))

    @_magic("line", "prompts")
    def manage(self, line: str, local_ns: Names = None) -> object:  # noqa: ARG002 - IPython gives it
        """`%prompts`: everything else, by commands."""
        return self._answer(line, lambda actions, rest: actions.manage(self, rest), "prompts")

    def _namespace(self, local_ns: Names) -> dict[str, Any]:
        return {**self.shell.user_ns, **(local_ns or {})}

    def _body(self, magic: str, line: str, cell: str) -> str:
        """Return the cell below its first line, as it was typed.

        A line end after the last character is the author's; the one that IPython adds is not. Where the cell was not
        announced, as in a script made from a notebook, it is taken as IPython gives it, without the added line end.
        """
        start = 0
        while start < len(self._raw_cell):
            end = (self._raw_cell + "\n").index("\n", start)
            first = self._raw_cell[start:end].strip()
            if first.startswith(f"%%{magic}") and first.removeprefix(f"%%{magic}").strip() == line.strip():
                return self._raw_cell[end + 1 :]
            if first and not first.startswith("%%"):
                break
            start = end + 1
        return cell.removesuffix("\n")

    def _answer(self, line: str, act: Callable[[Any, str], object], line_magic: str = "") -> object:
        """Do what the line asks for; a `;` at its end shows nothing."""
        rest = line.rstrip()
        value = act(_actions(), rest.removesuffix(";"))
        # In `text = %prompt review;` the value is wanted all the same.
        alone = rf"^\s*%{line_magic}\s+{re.escape(rest)}\s*$"
        is_statement = not line_magic or re.search(alone, self._raw_cell, re.MULTILINE)
        return None if rest.endswith(";") and is_statement else value
