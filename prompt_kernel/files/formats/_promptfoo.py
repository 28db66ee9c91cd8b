"""promptfoo, export only: a promptfooconfig.yaml with the prompts, and one test with their variables.

Its provider is `echo`, which answers with the prompt itself: put your own in its place.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from prompt_kernel.files.formats._body import Hole
from prompt_kernel.files.formats._braces import spelled, unique
from prompt_kernel.files.formats._format import NO, Files, Outgoing, Recognition
from prompt_kernel.files.formats._llm import write_yaml
from prompt_kernel.files.formats._lost import not_said
from prompt_kernel.files.formats._template import as_jinja, jinja_apart
from prompt_kernel.records import Loss


class Promptfoo:
    """A configuration that its command runs."""

    name: ClassVar[str] = "promptfoo"
    title: ClassVar[str] = "promptfoo: promptfooconfig.yaml with prompts and vars (export only)"
    file: ClassVar[str] = "promptfooconfig.yaml"

    def recognises(self, path: Path) -> Recognition:  # noqa: ARG002 - it is not imported
        """Tell that it is not imported."""
        return NO

    def write(self, prompts: Sequence[Outgoing]) -> Files:
        """Write the newest version of each prompt, with everything that it includes in its place."""
        entries: list[dict[str, Any]] = []
        values: dict[str, Any] = {}
        losses: list[Loss] = []
        for prompt in prompts:
            flat = prompt.flat()
            text, odd = prompt.text, list[str]()
            if prompt.engine != "jinja":
                text, losses_of_text = spelled(flat.parts, as_jinja, jinja_apart, "promptfoo")
                odd += losses_of_text
            entries.append({"id": prompt.name, "label": prompt.name, "raw": text})
            holes = [part.name for part in flat.parts if isinstance(part, Hole)]
            lost = [*flat.losses, *not_said(prompt, flat.variables, ("jinja", "defaults")), *odd]
            for name in dict.fromkeys([*holes, *flat.variables]):
                declared = flat.variables.get(name)
                value = declared.default if declared and declared.default is not None else ""
                if values.setdefault(name, value) != value:
                    lost.append(f"the default of {name}, because another prompt has another one")
            losses += [Loss(prompt.name, what) for what in unique(lost)]
        tests: list[dict[str, Any]] = [{"vars": values}] if values else [{}]
        data = {"description": "Prompts", "prompts": entries, "providers": ["echo"], "tests": tests}
        return Files({self.file: write_yaml(data).encode()}, losses)
