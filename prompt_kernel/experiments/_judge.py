"""A model as a scorer: it is asked by a prompt of the store what an output is worth."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Self

from prompt_kernel.errors import InvalidMetadataError
from prompt_kernel.experiments._models import caller
from prompt_kernel.experiments._replies import as_score, json_in, numbers_in
from prompt_kernel.runs import Score, manifest_hash

if TYPE_CHECKING:
    from prompt_kernel.expansion import CompiledPrompt
    from prompt_kernel.store import Store

_MOST_DETAIL: Final = 2_000


def judge(
    path: str,
    model: Any,
    *,
    output: str = "answer",
    prompt: str = "question",
    parse: Callable[[str], Any] | None = None,
    variables: Mapping[str, object] | None = None,
    name: str = "",
) -> "Judge":
    """Return a scorer that asks `model`, by the prompt at `path`, what an output is worth.

    The prompt is compiled when a run starts. Its variables are filled by their names: the one called `output` with the
    output, the others with `variables`, with the columns of the row, and the one called `prompt` with the text that
    was answered, where the row has no such column. `model` is one as an experiment takes it.

    `parse` makes a score of the model's reply, as a scorer would. Without it the reply is JSON that has a `score`, and
    its `reason` becomes the detail; where it is none, the last number in it is the score.
    """
    return Judge(name or f"judge:{path}", path, model, output, prompt, parse, dict(variables or {}))


@dataclass(frozen=True)
class Judge:
    """A scorer that asks a model; see `judge`."""

    name: str
    path: str
    model: Any
    output: str
    prompt: str
    parse: Callable[[str], Any] | None
    variables: Mapping[str, object]
    compiled: "CompiledPrompt | None" = field(default=None, repr=False)

    def prepare(self, store: "Store") -> Self:
        """Return the same judge with its prompt as `store` has it now.

        Raises:
            PromptKernelError: there is no such prompt, it cannot be compiled, or it has no place for the output; or the
                model is none.
        """
        caller(self.model)
        compiled = store.compile(self.path)
        if self.output not in compiled.declarations:
            known = ", ".join(compiled.declarations) or "none"
            raise InvalidMetadataError(
                self.name, f"{self.path} has no variable {self.output} for the output; it has {known}. Set output=…"
            )
        return replace(self, compiled=compiled)

    @property
    def manifests(self) -> dict[str, dict[str, Any]]:
        """The manifest of the prompt as plain data, by its hash."""
        manifest = self._ready().manifest
        return {manifest_hash(manifest): manifest.as_data()}

    def text(self, output: str, row: Mapping[str, Any], prompt: str = "") -> str:
        """Return what the model is asked about `output`, the answer to `prompt`.

        Raises:
            ExpansionError: a variable of the judge's prompt has no value, or a wrong one.
        """
        compiled = self._ready()
        given = {name: value for name, value in row.items() if not _is_empty(value)}
        values = {self.prompt: prompt, **given, **self.variables, self.output: output}
        return compiled.expand({name: values[name] for name in compiled.declarations if name in values})

    async def __call__(self, output: str, row: Mapping[str, Any]) -> Score:
        """Score `output` as a scorer does: without the prompt that it answers."""
        return await self.ask(output, row)

    async def ask(self, output: str, row: Mapping[str, Any], prompt: str = "") -> Score:
        """Ask the model what `output` is worth, and read the score from its reply.

        Raises:
            PromptKernelError: it cannot be asked, or there is no score in its reply.
        """
        compiled = self._ready()
        ask = caller(self.model)
        answer = await ask(self.text(output, row, prompt), is_template=compiled.has_templates)
        score = scored(answer.text) if self.parse is None else as_score(self.parse(answer.text))
        return score._replace(manifest=manifest_hash(compiled.manifest), cost=answer.cost)

    def _ready(self) -> "CompiledPrompt":
        if self.compiled is None:
            raise InvalidMetadataError(self.name, "a judge is asked in an experiment, or after prepare(store)")
        return self.compiled


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def scored(reply: str) -> Score:
    """Return the score that stands in a judge's reply: see `judge`."""
    try:
        said = json_in(reply)
    except ValueError:
        said = None
    if isinstance(said, Mapping) and "score" in said:
        value = said["score"]
        found = numbers_in(value) if isinstance(value, str) else [] if value is None else [value]
        detail = said.get("reason", "")
    else:
        found, detail = numbers_in(reply), reply.strip()
    if not found:
        return Score(None, str(detail)[:_MOST_DETAIL], "there is no score in the judge's reply")
    return as_score(found[-1])._replace(detail=str(detail)[:_MOST_DETAIL])
