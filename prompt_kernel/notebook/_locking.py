"""What `%prompts freeze`, `verify` and `use` do: the lock beside the notebook."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from IPython.core.error import UsageError

from prompt_kernel.errors import PromptKernelError
from prompt_kernel.locations import LOCK_FILE

if TYPE_CHECKING:
    from prompt_kernel.notebook.magics import PromptMagics

_ENDING: Final = ".lock"
#: Where VS Code says which notebook this is; its kernels may run in another folder.
_VS_CODE: Final = "__vsc_ipynb_file__"


def freeze(magics: "PromptMagics", args: Namespace) -> object:
    """Write what this notebook has used, or the prompts that are named, into a lock."""
    file, paths = _file_and_paths(args.words)
    return magics.session.store.freeze(_place(magics, file), paths or None, prune=args.prune)


def verify(magics: "PromptMagics", args: Namespace) -> object:
    """Return how the store differs from a lock."""
    return magics.session.store.verify(_place(magics, args.file))


def use(magics: "PromptMagics", args: Namespace) -> object:
    """Use another store, or go by a lock, or by none any more."""
    if args.url is None and not (args.lock or args.no_lock):
        raise UsageError("%prompts use: give the URL of a store, --lock FILE, or both. See %prompts use --help")
    before = magics.store, magics.lock
    lock = str(beside(magics.shell, args.lock)) if args.lock else ""
    magics.lock = ""
    magics.store = magics.store if args.url is None else args.url
    magics.lock = lock
    try:
        summary = magics.session.store.summary()
        return getattr(magics.session.store, "lock", summary)
    except PromptKernelError:
        magics.lock = ""
        magics.store, magics.lock = before
        raise


def beside(shell: Any, file: str) -> Path:
    """Return the path of `file`, which stands beside the notebook unless it says where."""
    notebook = shell.user_ns.get(_VS_CODE)
    folder = Path(notebook).parent if isinstance(notebook, str) and notebook else Path.cwd()
    return folder / Path(file).expanduser()


def _place(magics: "PromptMagics", file: str | None) -> Path:
    return Path(magics.lock) if file is None and magics.lock else beside(magics.shell, file or LOCK_FILE)


def _file_and_paths(words: list[str]) -> tuple[str | None, list[str]]:
    """Tell the file, which ends in `.lock`, from the paths of prompts."""
    files = [word for word in words if word.endswith(_ENDING)]
    if len(files) > 1:
        raise UsageError(f"%prompts freeze: {files[0]} and {files[1]} are two files; give one")
    return (files[0] if files else None), [word for word in words if word not in files]
