"""What `%%experiment` and `%prompts runs` do."""

from argparse import Namespace
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from IPython.core.error import UsageError

from prompt_kernel.experiments import Experiment, scorers
from prompt_kernel.experiments.results import Results, results
from prompt_kernel.notebook import _binding
from prompt_kernel.notebook.arguments import read_values

if TYPE_CHECKING:
    from prompt_kernel.notebook.magics import PromptMagics
    from prompt_kernel.records import Prompt
    from prompt_kernel.store import Store

_MAGIC: Final = "%%experiment"
#: What the text of a cell is called beside prompts that have a path.
_CELL: Final = "cell"

Names = Mapping[str, Any]


def run(magics: "PromptMagics", args: Namespace, text: str, saved: "Prompt | None", names: Names) -> Results:
    """Run the cell's `text`, or the prompt that it was `saved` as, and what it is held against.

    Raises:
        UsageError: the line names what the notebook does not have.
        PromptKernelError: the experiment cannot be run.
    """
    store = magics.session.store
    given = _binding.evaluate(read_values(args.values, _MAGIC), names)
    inputs = _rows(_named(args.inputs, names)) if args.inputs else None
    experiment = Experiment(
        args.name,
        store=store,
        prompts=[{_CELL: text} if saved is None else saved, *args.against],
        inputs=inputs,
        models=_models(args.model, names),
        scorers=_scorers(args.scorer, names),
        repeats=args.repeats,
        variables={**_taken(store, args.against, text, {*given, *_columns(inputs)}, names), **given},
        description=args.description,
    )
    return experiment.run(concurrency=args.concurrency)


def _named(name: str, names: Names) -> Any:
    if name not in names:
        raise UsageError(f"{_MAGIC}: {name} is no variable of this notebook. See {_MAGIC} --help")
    return names[name]


def _models(wanted: Iterable[str], names: Names) -> dict[str, Any]:
    """Return the models by the names of their variables; a variable may hold several, by their names."""
    models: dict[str, Any] = {}
    for name in wanted:
        value = _named(name, names)
        models |= value if isinstance(value, Mapping) else {name: value}
    return models


def _scorers(wanted: Iterable[str], names: Names) -> dict[str, scorers.Scorer]:
    found: dict[str, scorers.Scorer] = {}
    for word in wanted:
        value = scorers.read(word) if ":" in word else _named(word, names)
        if isinstance(value, Mapping | list | tuple):
            found |= scorers.named(value)
        else:
            found[word] = value
    return found


def _rows(inputs: Any) -> Any:
    """Return inputs that can be looked at twice: of an iterator, its items."""
    return list(inputs) if hasattr(inputs, "__next__") else inputs


def _columns(inputs: Any) -> set[str]:
    """Return the columns of a frame of any kind, or of rows."""
    if inputs is None:
        return set()
    if hasattr(inputs, "collect_schema"):
        return set(inputs.collect_schema().names())
    names = getattr(inputs, "column_names", getattr(inputs, "columns", None))
    if names is not None:
        return set(map(str, names))
    return {str(name) for row in inputs if isinstance(row, Mapping) for name in row}


def _taken(store: "Store", against: Iterable[str], text: str, known: set[str], names: Names) -> dict[str, object]:
    """Return what the notebook has for the variables that neither the line nor a column gives."""
    declared = [name for path in against for name in store.declarations(path)]
    wanted = dict.fromkeys([*store.declarations_in(text), *declared])
    return _binding.take((name for name in wanted if name not in known), names)


def show(magics: "PromptMagics", args: Namespace) -> object:
    """Return all experiments, or the results of one, or its errors.

    Raises:
        ExperimentNotFoundError: there is none of that name.
    """
    store = magics.session.store
    if args.name is None:
        return store.experiments.list()
    found = results(args.name, store, args.round)
    return found.errors if args.errors else found
