"""The magics. Each reads its line, calls the store and returns a value; how that looks is the value's business."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, needs_local_scope, no_var_expand
from traitlets import Unicode, observe

from prompt_kernel.errors import ConflictError
from prompt_kernel.notebook._commands import COMMANDS
from prompt_kernel.notebook._session import Session
from prompt_kernel.notebook.arguments import (
    EXPAND,
    PROMPT,
    SAVE,
    HelpRequested,
    Parser,
    overview,
    read_command,
    read_values,
)

if TYPE_CHECKING:
    from argparse import Namespace

Names = Mapping[str, Any] | None

_Method = TypeVar("_Method", bound=Callable[..., object])

PARSERS: Final[Mapping[str, Parser]] = {name: command.parser for name, command in COMMANDS.items()}


def _magic(kind: str, name: str, help_text: str) -> Callable[[_Method], _Method]:
    """Make a method the magic `name`: with its help for `%name?`, the caller's names, and the line as it was typed."""
    mark: Any = line_magic if kind == "line" else cell_magic

    def decorate(method: _Method) -> _Method:
        marked: Any = mark(name)(method)
        marked.__doc__ = help_text
        return cast("_Method", no_var_expand(needs_local_scope(marked)))

    return decorate


@magics_class
class PromptMagics(Magics):
    """`%prompt`, `%%prompt`, `%%expand` and `%prompts`, for one notebook."""

    shell: Any
    store = Unicode("", help="The store: a file or a URL; empty for the usual one.").tag(config=True)
    author = Unicode("", help="Who saves; empty for the name of the account.").tag(config=True)

    def __init__(self, shell: Any) -> None:
        """Serve `shell`; its configuration may name a store and an author."""
        self.session = Session()
        self.matcher: Any = None
        self._raw_cell = ""
        super().__init__(shell=shell)
        self.session.point_to(self.store, self.author)

    @observe("store", "author")
    def _point(self, _change: object) -> None:
        self.session.point_to(self.store, self.author)

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

    @_magic("line", "prompt", PROMPT.format_help())
    def load_prompt(self, line: str, local_ns: Names = None) -> object:
        """`%prompt`: load and expand."""
        return self._answer("prompt", line, lambda rest: self._load(PROMPT.read(rest), self._namespace(local_ns)))

    def _load(self, args: "Namespace", namespace: Mapping[str, Any]) -> object:
        from prompt_kernel.notebook import _binding  # noqa: PLC0415 - nothing of an expansion until there is one

        bindings = read_values(args.values, "%prompt")
        if args.raw and bindings:
            raise UsageError("%prompt: --raw expands nothing, so it takes no values. See %prompt --help")
        prompt = self.session.saw(self.session.store.get(args.path))
        if args.raw:
            return self._put(args.out, prompt.text)
        given = _binding.evaluate(bindings, namespace)
        expansion = _binding.expand_prompt(
            self.session.store, args.path, prompt.engine, given, namespace, strict=not args.lenient
        )
        return self._put(args.out, expansion)

    @_magic("cell", "prompt", SAVE.format_help())
    def save_prompt(self, line: str, cell: str, local_ns: Names = None) -> object:  # noqa: ARG002 - IPython gives it
        """`%%prompt`: save the cell."""
        return self._answer("", line, lambda rest: self._save(SAVE.read(rest), self._body("prompt", line, cell)))

    def _save(self, args: "Namespace", text: str) -> object:
        from prompt_kernel.notebook import _saving  # noqa: PLC0415 - see `_load`

        try:
            saved = _saving.save(self.session, args, text)
        except ConflictError as error:
            self._show(error)
            raise
        return self._put(args.out, saved)

    @_magic("cell", "expand", EXPAND.format_help())
    def expand_cell(self, line: str, cell: str, local_ns: Names = None) -> object:
        """`%%expand`: expand the cell."""
        text = self._body("expand", line, cell)
        return self._answer("", line, lambda rest: self._expand(EXPAND.read(rest), text, self._namespace(local_ns)))

    def _expand(self, args: "Namespace", text: str, namespace: Mapping[str, Any]) -> object:
        from prompt_kernel.notebook import _binding  # noqa: PLC0415 - see `_load`

        given = _binding.evaluate(read_values(args.values, "%%expand"), namespace)
        expansion = _binding.expand_text(self.session.store, text, given, namespace, strict=not args.lenient)
        return self._put(args.out, expansion)

    @_magic("line", "prompts", overview(PARSERS, "%prompts"))
    def manage(self, line: str, local_ns: Names = None) -> object:  # noqa: ARG002 - IPython gives it
        """`%prompts`: everything else, by commands."""
        return self._answer("prompts", line, self._command)

    def _command(self, rest: str) -> object:
        if not rest.strip():
            _publish({"text/plain": overview(PARSERS, "%prompts")})
            return self.session.store.summary()
        name, args = read_command(rest, PARSERS, "%prompts")
        return COMMANDS[name].run(self, args)

    def text_in(self, name: str) -> str:
        """Return the text that the notebook's variable `name` holds.

        Raises:
            UsageError: there is none, or it holds something else.
        """
        value = self.shell.user_ns.get(name)
        if not isinstance(value, str):
            raise UsageError(f"%prompts: {name} is no variable of this notebook that holds a text")
        return value

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

    def _answer(self, magic: str, line: str, act: Callable[[str], object]) -> object:
        """Do what the line asks for, or show the help that it asks for; a `;` at its end shows nothing."""
        rest = line.rstrip()
        is_silent = rest.endswith(";")
        try:
            value = act(rest.removesuffix(";"))
        except HelpRequested as asked:
            _publish({"text/plain": str(asked)})
            return None
        # In `text = %prompt review;` the value is wanted all the same.
        is_statement = not magic or re.search(rf"^\s*%{magic}\s+{re.escape(rest)}\s*$", self._raw_cell, re.MULTILINE)
        return None if is_silent and is_statement else value

    def _put(self, name: str | None, value: object) -> object:
        if name:
            self.shell.push({name: value})
        return value

    def _show(self, value: object) -> None:
        from prompt_kernel.notebook import cards, plain  # noqa: PLC0415 - drawn when there is something to draw

        _publish({"text/html": cards.html(value), "text/plain": plain.text(value)})


def _publish(data: dict[str, str]) -> None:
    from IPython.display import display  # noqa: PLC0415 - IPython itself imports it when it is needed

    display(data, raw=True)  # type: ignore[no-untyped-call]  # IPython's has no types
