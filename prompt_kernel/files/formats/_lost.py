"""What a format has no place for, as sentences of a report."""

from collections.abc import Collection, Iterator, Mapping

from prompt_kernel.files.formats._format import Outgoing
from prompt_kernel.variables import Declaration


def not_said(prompt: Outgoing, variables: Mapping[str, Declaration], carried: Collection[str] = ()) -> Iterator[str]:
    """Give what would be lost of a prompt by a format that has a place for its text and for what is `carried`.

    These are `description`, `tags`, and of its variables `types`, `defaults` and `descriptions`.
    """
    if prompt.engine == "jinja" and "jinja" not in carried:
        yield "it is a jinja template, which is written as it is"
    if prompt.description and "description" not in carried:
        yield "its description is left out"
    if prompt.tags and "tags" not in carried:
        yield "its tags are left out"
    found = variables.values()
    if "types" not in carried and any(each.type != "string" for each in found):
        yield "the types of its variables are left out"
    if "defaults" not in carried and any(each.default is not None or not each.required for each in found):
        yield "the defaults of its variables are left out"
    if "descriptions" not in carried and any(each.description for each in found):
        yield "the descriptions of its variables are left out"
