"""The commands of `%prompts`: what each takes, and the verb of the store that it calls."""

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from IPython.core.error import UsageError
from IPython.display import display

from prompt_kernel.notebook import _locking
from prompt_kernel.notebook._progress import Progress
from prompt_kernel.notebook.arguments import Parser, whole_number
from prompt_kernel.records import Rows

if TYPE_CHECKING:
    from prompt_kernel.notebook.magics import PromptMagics


_Run = Callable[["PromptMagics", Namespace], object]


class Command(NamedTuple):
    """A parser for what follows the command's name, and what it does."""

    parser: Parser
    run: _Run


def _pin(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() else text


def _directory(text: str) -> str:
    return text.strip("/")


COMMANDS: Final[dict[str, Command]] = {}


def _command(name: str, description: str, *arguments: tuple[tuple[str, ...], dict[str, Any]]) -> Callable[[_Run], _Run]:
    parser = Parser(f"%prompts {name}", description)
    for names, settings in arguments:
        parser.add_argument(*names, **settings)

    def register(run: _Run) -> _Run:
        COMMANDS[name] = Command(parser, run)
        return run

    return register


def _argument(*names: str, **settings: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    return names, settings


_PATH = _argument("path", metavar="PATH", help="the prompt")
_PINNED = _argument("path", metavar="PATH@PIN", help="the prompt; PATH@3 or PATH@label is that version of it")
_TAG = _argument("--tag", metavar="TAG", help="only prompts that have this tag")
_WITHIN = _argument("--directory", type=_directory, metavar="DIRECTORY", help="only prompts below this directory")
_INTO = _argument("--into", type=_directory, default="", metavar="DIRECTORY", help="put them below this directory")
_MESSAGE = _argument("-m", "--message", default="", metavar="MESSAGE", help="what changed, for the history")


@_command(
    "list", "Prompts, ordered by path.",
    _argument("directory", nargs="?", type=_directory, metavar="DIRECTORY", help="only prompts below this directory"),
    _TAG,
    _argument("--limit", type=whole_number, default=100, metavar="N", help="at most so many (100)"),
    _argument("--after", metavar="PATH", help="go on after this path"),
)  # fmt: skip
def _list(magics: "PromptMagics", args: Namespace) -> object:
    return magics.session.store.prompts(directory=args.directory, tag=args.tag, after=args.after, limit=args.limit)


@_command(
    "search", "Prompts by their words; the last word may be a beginning.",
    _argument("words", nargs="+", metavar="WORD", help="a word of the text, the path or the description"),
    _TAG, _WITHIN,
)  # fmt: skip
def _search(magics: "PromptMagics", args: Namespace) -> object:
    return magics.session.store.search(" ".join(args.words), tag=args.tag, directory=args.directory)


@_command(
    "browse", "A panel to find prompts, fill them in, and put one into a cell.",
    _argument("start", nargs="?", default="", metavar="PATH", help="begin at this prompt or directory"),
)  # fmt: skip
def _browse(_magics: "PromptMagics", args: Namespace) -> object:
    from prompt_kernel.notebook.browsing import browse  # noqa: PLC0415 - it is optional, and takes a while to import

    return browse(args.start)


@_command("show", "A prompt as it is stored.", _PINNED)
def _show(magics: "PromptMagics", args: Namespace) -> object:
    return magics.session.saw(magics.session.live.get(args.path))


@_command("history", "The versions of a prompt, newest first.", _PATH)
def _history(magics: "PromptMagics", args: Namespace) -> object:
    versions = magics.session.store.history(args.path)
    magics.session.saw(magics.session.store.get(versions[0].path, version=versions[0].number))
    return versions


@_command(
    "diff", "What changed last, or between two versions.",
    _PATH,
    _argument("before", nargs="?", type=_pin, metavar="VERSION", help="from this version or label"),
    _argument("after", nargs="?", type=_pin, metavar="VERSION", help="to this one (the newest)"),
    _argument("--expanded", action="store_true", help="compare the expanded texts"),
)  # fmt: skip
def _diff(magics: "PromptMagics", args: Namespace) -> object:
    difference = magics.session.store.diff(args.path, args.before, args.after, expanded=args.expanded)
    if not args.expanded:
        magics.session.saw(magics.session.store.get(difference.after_name))
    return difference


@_command("dirs", "The directories, with how many prompts each holds.")
def _dirs(magics: "PromptMagics", _args: Namespace) -> object:
    return magics.session.store.directories()


@_command(
    "label", "Put a label on a version, or move it there.",
    _PATH,
    _argument("label", metavar="LABEL", help="the label, such as production"),
    _argument("version", nargs="?", type=whole_number, metavar="VERSION", help="the version (the newest)"),
)  # fmt: skip
def _label(magics: "PromptMagics", args: Namespace) -> object:
    return magics.session.store.label(args.path, args.label, version=args.version)


@_command(
    "restore", "Save an older version again, as the newest.",
    _PATH, _argument("version", type=_pin, metavar="VERSION", help="the version or label"), _MESSAGE,
)  # fmt: skip
def _restore(magics: "PromptMagics", args: Namespace) -> object:
    return magics.session.saw(magics.session.store.restore(args.path, args.version, message=args.message))


@_command(
    "rename", "Give a prompt another path, and rewrite every text that includes it.",
    _argument("old", metavar="PATH", help="the path it has"), _argument("new", metavar="PATH", help="its new path"),
)  # fmt: skip
def _rename(magics: "PromptMagics", args: Namespace) -> object:
    return magics.session.store.rename(args.old, args.new)


@_command(
    "delete", "Move a prompt to the trash.",
    _PATH, _argument("--force", action="store_true", help="even if other prompts include it"),
)  # fmt: skip
def _delete(magics: "PromptMagics", args: Namespace) -> object:
    return Rows([magics.session.store.delete(args.path, force=args.force)], title="Moved to the trash")


@_command("trash", "The deleted prompts.")
def _trash(magics: "PromptMagics", _args: Namespace) -> object:
    return magics.session.store.trash()


@_command(
    "recover", "Bring a deleted prompt back.",
    _argument("path", metavar="PATH", help="its path, or its id where two had the same path"),
    _argument("--to", metavar="PATH", help="another path, where its own is taken"),
)  # fmt: skip
def _recover(magics: "PromptMagics", args: Namespace) -> object:
    return magics.session.saw(magics.session.store.recover(args.path, to=args.to))


@_command(
    "import", "Take in a folder of markdown files, or another tool's prompts.",
    _argument("folder", metavar="FOLDER", help="the folder, or the file"), _INTO, _MESSAGE,
    _argument("--format", metavar="NAME", help="whose prompts these are (default: as recognised)"),
)  # fmt: skip
def _import(magics: "PromptMagics", args: Namespace) -> object:
    with _progress("Importing") as progress:
        return magics.session.store.import_from(
            args.folder, format=args.format, into=args.into, message=args.message, progress=progress
        )


@_command(
    "export", "Write prompts as markdown files, or for another tool.",
    _argument("folder", metavar="FOLDER", help="the folder, or the file"), _WITHIN,
    _argument("--format", metavar="NAME", default="markdown", help="for which tool (default: markdown)"),
)  # fmt: skip
def _export(magics: "PromptMagics", args: Namespace) -> object:
    with _progress("Exporting") as progress:
        return magics.session.store.export_to(
            args.folder, format=args.format, directory=args.directory or "", progress=progress
        )


@contextmanager
def _progress(title: str) -> Iterator[Progress]:
    progress = Progress(title, display)
    try:
        yield progress
    finally:
        progress.end()


@_command("check", "What is wrong in the store: inclusions of nothing, circles, duplicates …")
def _check(magics: "PromptMagics", _args: Namespace) -> object:
    return magics.session.store.check()


@_command("referrers", "Who includes a prompt.", _PATH)
def _referrers(magics: "PromptMagics", args: Namespace) -> object:
    return magics.session.store.referrers(args.path)


@_command(
    "impact", "Whose expansion a new text would change, and how.",
    _PATH, _argument("text", metavar="VAR", help="the notebook's variable that holds the new text"),
)  # fmt: skip
def _impact(magics: "PromptMagics", args: Namespace) -> object:
    text = magics.shell.user_ns.get(args.text)
    if not isinstance(text, str):
        raise UsageError(f"%prompts impact: {args.text} is no variable of this notebook that holds a text")
    return magics.session.store.impact(args.path, text)


@_command(
    "runs", "The experiments, or the results of one.",
    _argument("name", nargs="?", metavar="EXPERIMENT", help="the experiment; none lists them all"),
    _argument("--round", type=whole_number, metavar="N", help="its results as of this round (the last)"),
    _argument("--errors", action="store_true", help="only the runs that have failed"),
)  # fmt: skip
def _runs(magics: "PromptMagics", args: Namespace) -> object:
    from prompt_kernel.notebook import _experiments  # noqa: PLC0415 - most notebooks run none

    return _experiments.show(magics, args)


@_command("where", "The store of this notebook, and what is in it.")
def _where(magics: "PromptMagics", _args: Namespace) -> object:
    return magics.session.store.summary()


@_command(
    "use", "Use another store in this notebook, or the versions that a lock has frozen.",
    _argument("url", nargs="?", metavar="URL", help="a file, a database's URL, or the http:// of a server"),
    _argument("--lock", metavar="FILE", help="expand what this lock has frozen, and nothing else"),
    _argument("--no-lock", action="store_true", help="expand what the store has now"),
)  # fmt: skip
def _use(magics: "PromptMagics", args: Namespace) -> object:
    return _locking.use(magics, args)


@_command(
    "freeze", "Write which versions this notebook has used into a lock beside it.",
    _argument(
        "words", nargs="*", metavar="FILE.lock|PATH",
        help="the file (prompts.lock); and prompts to freeze as they are now, in place of what was used",
    ),
    _argument("--prune", action="store_true", help="leave out what the lock has and was not used here"),
)  # fmt: skip
def _freeze(magics: "PromptMagics", args: Namespace) -> object:
    return _locking.freeze(magics, args)


@_command(
    "verify", "What has drifted from a lock, with the differences.",
    _argument("file", nargs="?", metavar="FILE", help="the lock (prompts.lock)"),
)  # fmt: skip
def _verify(magics: "PromptMagics", args: Namespace) -> object:
    return _locking.verify(magics, args)


PARSERS: Final[Mapping[str, Parser]] = {name: command.parser for name, command in COMMANDS.items()}
