"""What the magics do, each in a function of the notebook, the line and the cell."""

from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.display import display

from prompt_kernel import uses
from prompt_kernel.errors import ConflictError
from prompt_kernel.expansion import split_pin
from prompt_kernel.notebook import _binding, _saving
from prompt_kernel.notebook._commands import COMMANDS, PARSERS
from prompt_kernel.notebook.arguments import (
    CELLS,
    EXPAND,
    EXPERIMENT,
    PROMPT,
    SAVE,
    HelpRequested,
    overview,
    read_command,
    read_values,
)

if TYPE_CHECKING:
    from prompt_kernel.notebook.magics import PromptMagics
    from prompt_kernel.records import Prompt
    from prompt_kernel.store import Store


def load(magics: "PromptMagics", line: str, names: Mapping[str, Any]) -> object:
    """Do what `%prompt` does."""
    return _helped(lambda: PROMPT.read(line), lambda args: _load(magics, args, names))


def _load(magics: "PromptMagics", args: Namespace, names: Mapping[str, Any]) -> object:
    bindings = read_values(args.values, "%prompt")
    if args.raw and bindings:
        raise UsageError("%prompt: --raw expands nothing, so it takes no values. See %prompt --help")
    if args.edit:
        _check_edit(args)
    if args.draft and split_pin(args.path)[1] is not None:
        raise UsageError("%prompt: --draft is what is being edited now, so it takes no @. See %prompt --help")
    store = magics.session.store
    prompt = store.get(args.path)
    if args.edit:
        return _put(magics, args.out, magics.session.saw(prompt).edit(author=store.author))
    draft = _draft(magics.session.live, prompt) if args.draft else None
    if args.raw:
        text: str = prompt.text if draft is None else draft
        _note_raw(store, args.path, prompt, draft)
    else:
        given = _binding.evaluate(bindings, names)
        text = _binding.expand_prompt(store, args.path, prompt, given, names, strict=not args.lenient, draft=draft)
    magics.session.saw(prompt)
    return _put(magics, args.out, text)


def _check_edit(args: Namespace) -> None:
    if args.values or args.raw or args.draft or args.lenient or split_pin(args.path)[1] is not None:
        raise UsageError("%prompt: --edit opens what is being edited now, so it takes a PATH alone. See %prompt --help")


def _note_raw(store: "Store", path: str, prompt: "Prompt", draft: str | None) -> None:
    """Note what only the store's expansions note by themselves: a text that is used as it is."""
    noted = uses.of(store.url)
    if draft is None:
        noted.note(path, exactly=f"{prompt.path}@{prompt.version}")
    else:
        noted.note_unsaved(prompt.path)


def _draft(store: "Store", prompt: "Prompt") -> str:
    from prompt_kernel.live import draft_text  # noqa: PLC0415 - it needs an optional part

    return draft_text(store, prompt.path)


def save(magics: "PromptMagics", line: str, text: str) -> object:
    """Do what `%%prompt` does."""
    return _helped(lambda: SAVE.read(line), lambda args: _save(magics, args, text))


def _save(magics: "PromptMagics", args: Namespace, text: str) -> object:
    return _put(magics, args.out, _saved(magics, args, text))


def _saved(magics: "PromptMagics", args: Namespace, text: str) -> "Prompt":
    try:
        return _saving.save(magics.session, args, text)
    except ConflictError as error:
        from prompt_kernel.notebook import cards, plain  # noqa: PLC0415 - hardly ever needed here

        _publish({"text/html": cards.html(error), "text/plain": plain.text(error)})
        raise


def expand(magics: "PromptMagics", line: str, text: str, names: Mapping[str, Any]) -> object:
    """Do what `%%expand` does."""
    return _helped(lambda: EXPAND.read(line), lambda args: _expand(magics, args, text, names))


def _expand(magics: "PromptMagics", args: Namespace, text: str, names: Mapping[str, Any]) -> object:
    given = _binding.evaluate(read_values(args.values, "%%expand"), names)
    expansion = _binding.expand_text(magics.session.store, text, given, names, strict=not args.lenient)
    return _put(magics, args.out, expansion)


def experiment(magics: "PromptMagics", line: str, text: str, names: Mapping[str, Any]) -> object:
    """Do what `%%experiment` does."""
    return _helped(lambda: EXPERIMENT.read(line), lambda args: _experiment(magics, args, text, names))


def _experiment(magics: "PromptMagics", args: Namespace, text: str, names: Mapping[str, Any]) -> object:
    from prompt_kernel.notebook import _experiments  # noqa: PLC0415 - most notebooks run none

    saved = _saved(magics, SAVE.read_words([args.save]), text) if args.save else None
    return _put(magics, args.out, _experiments.run(magics, args, text, saved, names))


def manage(magics: "PromptMagics", line: str) -> object:
    """Do what `%prompts` does."""
    if not line.strip():
        _publish({"text/plain": overview(PARSERS, "%prompts")})
        return magics.session.store.summary()
    return _helped(lambda: read_command(line, PARSERS, "%prompts"), lambda read: COMMANDS[read[0]].run(magics, read[1]))


def help_of(kind: str, name: str) -> str:
    """Return the help of a magic, which is a `line` or a `cell` magic."""
    parser = PROMPT if (kind, name) == ("line", "prompt") else CELLS.get(name) if kind == "cell" else None
    return parser.format_help() if parser else overview(PARSERS, "%prompts")


def _helped(read: Callable[[], Any], act: Callable[[Any], object]) -> object:
    """Do what the line says, or show the help that it asks for."""
    try:
        args = read()
    except HelpRequested as asked:
        _publish({"text/plain": str(asked)})
        return None
    return act(args)


def _put(magics: "PromptMagics", name: str | None, value: object) -> object:
    if name:
        magics.shell.push({name: value})
    return value


def _publish(data: dict[str, str]) -> None:
    display(data, raw=True)  # type: ignore[no-untyped-call]  # IPython's has no types
