"""One store of composable prompts for notebooks and for the people you share them with.

    import prompt_kernel as pk

    store = pk.connect()
    store.save("style/tone", "Speak plainly.")
    pk.expand("[[style/tone]] Hello!", store)

In a notebook: `%load_ext prompt_kernel`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prompt_kernel import errors, frames
    from prompt_kernel.errors import PromptKernelError
    from prompt_kernel.expansion import CompiledPrompt, Expansion, Limits, Manifest, Texts, expand
    from prompt_kernel.experiments import Answer, Endpoint, Experiment, messages, scorers, swap
    from prompt_kernel.experiments.results import Results, results
    from prompt_kernel.language import escape, parse, unparse
    from prompt_kernel.notebook.browsing import browse
    from prompt_kernel.records import Prompt
    from prompt_kernel.store import Store, connect, default_url, restore_backup

__version__ = "0.1.0"

#: Where each public name lives; it is imported on first use, so that `import prompt_kernel` costs next to nothing.
_HOMES = {
    "Answer": "experiments",
    "CompiledPrompt": "expansion",
    "Endpoint": "experiments",
    "Expansion": "expansion",
    "Experiment": "experiments",
    "Limits": "expansion",
    "Manifest": "expansion",
    "Prompt": "records",
    "PromptKernelError": "errors",
    "Results": "experiments.results",
    "Store": "store",
    "Texts": "expansion",
    "browse": "notebook.browsing",
    "connect": "store",
    "default_url": "locations",
    "errors": "errors",
    "escape": "language",
    "expand": "expansion",
    "frames": "frames",
    "messages": "experiments",
    "parse": "language",
    "restore_backup": "store",
    "results": "experiments.results",
    "scorers": "experiments.scorers",
    "swap": "experiments",
    "unparse": "language",
}

__all__ = [
    "Answer",
    "CompiledPrompt",
    "Endpoint",
    "Expansion",
    "Experiment",
    "Limits",
    "Manifest",
    "Prompt",
    "PromptKernelError",
    "Results",
    "Store",
    "Texts",
    "browse",
    "connect",
    "default_url",
    "errors",
    "escape",
    "expand",
    "frames",
    "load_ipython_extension",
    "messages",
    "parse",
    "restore_backup",
    "results",
    "scorers",
    "swap",
    "unload_ipython_extension",
    "unparse",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{home}")
    value = module if home.rpartition(".")[2] == name and not hasattr(module, name) else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: Any) -> None:
    """Add the magics and the completion to an IPython shell: what `%load_ext prompt_kernel` calls."""
    from prompt_kernel.notebook import register  # noqa: PLC0415 - IPython is optional

    register(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take away all that was added: what `%unload_ext prompt_kernel` calls."""
    from prompt_kernel.notebook import unregister  # noqa: PLC0415 - IPython is optional

    unregister(shell)
