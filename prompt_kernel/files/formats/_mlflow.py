"""MLflow, export only: JSON whose entries are the arguments of `mlflow.genai.register_prompt`.

for prompt in json.load(open("mlflow.json"))["prompts"]:
    version = mlflow.genai.register_prompt(**prompt["register"])
    for alias in prompt["aliases"]:
        mlflow.genai.set_prompt_alias(version.name, alias, version.version)
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from prompt_kernel.files.formats._braces import as_mustache, mustache, spelled, unique
from prompt_kernel.files.formats._chat import split
from prompt_kernel.files.formats._format import NO, Files, Outgoing, Recognition
from prompt_kernel.files.formats._json import write_json
from prompt_kernel.files.formats._lost import not_said
from prompt_kernel.names import key_of
from prompt_kernel.records import Loss
from prompt_kernel.variables import as_data

#: What MLflow lets a prompt's name hold.
_OTHER = re.compile(r"[^A-Za-z0-9_.\-]+")
_MOST_TAG: Final = 5_000


class Mlflow:
    """What its client can register."""

    name: ClassVar[str] = "mlflow"
    title: ClassVar[str] = "MLflow: JSON for register_prompt (export only)"
    file: ClassVar[str] = "mlflow.json"

    def recognises(self, path: Path) -> Recognition:  # noqa: ARG002 - it is not imported
        """Tell that it is not imported."""
        return NO

    def write(self, prompts: Sequence[Outgoing]) -> Files:
        """Write the newest version of each prompt, with everything that it includes in its place."""
        names: dict[str, str] = {}
        entries: list[dict[str, Any]] = []
        losses: list[Loss] = []
        for prompt in prompts:
            name = _free(_OTHER.sub(".", prompt.name).strip(".") or "prompt", names)
            if name != prompt.name:
                losses.append(Loss(prompt.name, f"its name there is {name}"))
            entry, lost = _entry(prompt, name)
            entries.append(entry)
            losses += [Loss(prompt.name, what) for what in lost]
        return Files({self.file: write_json({"prompts": entries})}, losses)


def _free(name: str, names: dict[str, str]) -> str:
    free, number = name, 1
    while key_of(free) in names:
        number += 1
        free = f"{name}-{number}"
    names[key_of(free)] = free
    return free


def _entry(prompt: Outgoing, name: str) -> tuple[dict[str, Any], list[str]]:
    flat, versions = prompt.flat(), prompt.versions()
    template, losses = prompt.text, list[str]()
    if prompt.engine != "jinja":
        template, odd = spelled(flat.parts, as_mustache, mustache, "MLflow")
        losses += odd
    messages = split(template)
    newest = versions[-1]
    tags = dict.fromkeys(prompt.tags, "true") | {"path": prompt.name, "version": str(newest.number)}
    declared = json.dumps(as_data(flat.variables), ensure_ascii=False)
    if prompt.description:
        tags["description"] = prompt.description[:_MOST_TAG]
    if flat.variables and len(declared) <= _MOST_TAG:
        tags["variables"] = declared
    register: dict[str, Any] = {
        "name": name,
        "template": [{"role": said.role, "content": said.text} for said in messages] or template,
        "commit_message": newest.message or None,
        "tags": tags,
    }
    if len(versions) > 1:
        losses.append("its older versions are left out")
    carried = ("jinja", "description", "tags", "types", "defaults", "descriptions")
    return {"register": register, "aliases": sorted(newest.labels)}, unique(
        [*flat.losses, *not_said(prompt, flat.variables, carried), *losses]
    )
