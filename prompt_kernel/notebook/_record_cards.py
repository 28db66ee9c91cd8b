"""The cards of what the store hands out, of differences and of conflicts."""

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from prompt_kernel.display import Rows
from prompt_kernel.errors import ConflictError
from prompt_kernel.language import Inclusion, Part, Variable, parse
from prompt_kernel.notebook._columns import listed, moment
from prompt_kernel.notebook._diffs import diff_body
from prompt_kernel.notebook._html import Html, cut, details, facts, join, preformatted, table, tag, text_html
from prompt_kernel.notebook._parts import (
    MOST_IN_CELL,
    MOST_ROWS,
    counted,
    head,
    hidden,
    line,
    more,
    named,
    names,
    record_table,
    shown,
    size_of,
)
from prompt_kernel.notebook._saved import Saved
from prompt_kernel.records import (
    Directory,
    Drift,
    ExportReport,
    Finding,
    Impact,
    ImportReport,
    Prompt,
    Summary,
    SyncReport,
    TextDiff,
    Version,
)
from prompt_kernel.variables import Declaration

#: How many differences a list of impacts can hold at most.
_MOST_DIFFERENCES: Final = 20


def prompt_card(value: Prompt) -> Html:
    """Return the card of a prompt."""
    return join([*_about(value), _source(value), _declared(value.variables)])


def saved_card(value: Saved) -> Html:
    """Return the card of a prompt that was just saved: what came of it; its text stands in the cell above."""
    change = details("What changed", *diff_body(value.change), is_open=True) if value.change else None
    return join([
        *(line(tag("strong", note)) for note in value.notes),
        *_about(value),
        change,
        details("The text", _source(value), _declared(value.variables)),
    ])  # fmt: skip


def _about(value: Prompt) -> list[Html | None]:
    labels = ", ".join(f"{label} → {version}" for label, version in value.labels.items())
    return [
        head(value.path, f"version {value.version}", named("tags ", listed(value.tags)), named("labels ", labels)),
        line(cut(value.description, MOST_IN_CELL)) if value.description else None,
        None if value.enabled else line("Its directory is disabled, so no text can include it."),
        _saved_line(value.updated_at, value),
    ]


def version_card(value: Version) -> Html:
    """Return the card of one version."""
    return join([
        head(value.path, f"version {value.number}", named("labels ", listed(value.labels))),
        _saved_line(value.created_at, value),
        _source(value),
        _declared(value.variables),
    ])  # fmt: skip


def _saved_line(time: Any, value: Prompt | Version) -> Html:
    by = f"by {value.author} " if value.author else ""
    return line(f"saved {moment(time)} {by}from {value.origin}{named(': ', value.message)}", soft=True)


def _source(value: Prompt | Version) -> Html:
    """Return a stored text with its inclusions and variables marked, and its size."""
    parts = (_part(part) for part in parse(shown(value.text), value.engine))
    engine = "" if value.engine == "simple" else f", engine {value.engine}"
    size = line(f"{size_of(value.text)}{engine}, sha256 {value.sha256[:12]}", soft=True)
    return join([preformatted(*parts), hidden(value.text), size])


def _part(part: Part) -> Html:
    if isinstance(part, Inclusion):
        return tag("strong", part.source, title=f"includes {cut(part.path, MOST_IN_CELL)}")
    if isinstance(part, Variable):
        return tag("span", part.source, class_="pk-hole", title=f"variable {cut(part.name, MOST_IN_CELL)}")
    return text_html(part.source)


def _declared(variables: Mapping[str, Declaration]) -> Html | None:
    if not variables:
        return None
    rows = [
        (tag("code", name), _type_of(item), _default_of(item), cut(item.description, MOST_IN_CELL))
        for name, item in islice(variables.items(), MOST_ROWS)
    ]
    heads = ("variable", "type", "default", "description")
    return join([table(heads, rows), more(len(variables) - len(rows), "variable")])


def _type_of(declaration: Declaration) -> str:
    return cut(" | ".join(declaration.values), MOST_IN_CELL) if declaration.values else declaration.type


def _default_of(declaration: Declaration) -> str:
    if declaration.default is not None:
        return cut(str(declaration.default), MOST_IN_CELL)
    return "" if declaration.required else "empty text"


def rows_card(value: Rows[Any]) -> Html:
    """Return the card of a list: a table with a line for each row."""
    title = head(value.title, counted(len(value), "row")) if value.title else None
    if not value:
        return join([title, line(value.empty)])
    differences = [
        details(cut(row.path, MOST_IN_CELL), *diff_body(row.diff))
        for row in value[:_MOST_DIFFERENCES]
        if isinstance(row, Impact | Drift) and row.diff
    ]
    return join([title, record_table(value), differences])


def directory_card(value: Directory) -> Html:
    """Return the card of a directory."""
    return join([
        head(f"{value.path}/", counted(value.prompts, "prompt"), "" if value.enabled else "disabled"),
        line(cut(value.description, MOST_IN_CELL)) if value.description else None,
        line(f"linked to {cut(value.source, MOST_IN_CELL)}", soft=True) if value.source else None,
    ])  # fmt: skip


def diff_card(value: TextDiff) -> Html:
    """Return the card of a difference."""
    return join([head(f"{value.before_name} → {value.after_name}"), *diff_body(value)])


def impact_card(value: Impact) -> Html:
    """Return the card of what a change would do to one prompt."""
    problem = line(tag("strong", "error", class_="pk-error"), f": {value.problem}") if value.problem else None
    return join([head(value.path, "would change"), problem, *diff_body(value.diff)])


def finding_card(value: Finding) -> Html:
    """Return the card of a finding of `check` or `doctor`."""
    kind = f"pk-{value.severity}" if value.severity != "info" else ""
    where = f"{cut(value.path, MOST_IN_CELL)}: " if value.path else ""
    return line(tag("strong", value.severity, class_=kind), f": {where}{value.message}")


def summary_card(value: Summary) -> Html:
    """Return the card of the store at a glance."""
    counts = {
        "prompts": f"{value.prompts:,}",
        "versions": f"{value.versions:,}",
        "directories": f"{value.directories:,}",
        "labels": f"{value.labels:,}",
        "in the trash": f"{value.trashed:,}",
        "characters": f"{value.characters:,}",
        "kept": f"schema {value.schema}, journal {value.journal}",
        "read only": value.read_only,
    }
    return join([head(value.url), facts(counts)])


def import_card(value: ImportReport) -> Html:
    """Return the card of an import."""
    skipped = [f"{name}: {reason}" for name, reason in value.skipped.items()]
    return join([
        head(str(value)),
        names("created", value.created),
        names("updated", value.updated),
        names("unchanged", value.unchanged),
        names("skipped", skipped),
        names("not carried over", list(map(str, value.losses))),
    ])  # fmt: skip


def export_card(value: ExportReport) -> Html:
    """Return the card of an export."""
    return join([
        head(str(value)),
        names("written", value.written),
        names("unchanged", value.unchanged),
        names("not carried over", list(map(str, value.losses))),
    ])  # fmt: skip


def sync_card(value: SyncReport) -> Html:
    """Return the card of a sync."""
    return join([
        head(str(value)),
        names("pulled", value.pulled),
        names("pushed", value.pushed),
        names("merged", value.merged),
        names("deleted", value.deleted),
        names("recovered", value.recovered),
        names("renamed", [f"{old} → {new}" for old, new in value.renamed.items()]),
        *(line(cut(remark, MOST_IN_CELL)) for remark in value.remarks[:MOST_ROWS]),
    ])  # fmt: skip


def conflict_card(value: ConflictError) -> Html:
    """Return the card of a conflict: both texts, and the two commands that settle it."""
    theirs = f"version {value.version}{f' by {value.author}' if value.author else ''}"
    difference = TextDiff(value.theirs, value.mine, theirs, "this cell")
    command = f"%%prompt {_quoted(value.path)}"
    return join([
        head(value.path, "was changed meanwhile, in the same lines; nothing was saved"),
        table(
            ("to", "run this cell again as"),
            [
                ("save this cell; theirs stays in the history", tag("code", f"{command} --mine")),
                (f"keep {theirs}; this cell is not saved", tag("code", f"{command} --theirs")),
            ],
        ),
        details("The difference: theirs (-), this cell (+)", *diff_body(difference), is_open=True),
        details(f"Theirs, {theirs}", preformatted(shown(value.theirs)), hidden(value.theirs)),
        details("This cell", preformatted(shown(value.mine)), hidden(value.mine)),
        details("What both started from", preformatted(shown(value.base)), hidden(value.base)),
    ])  # fmt: skip


def _quoted(path: str) -> str:
    return f'"{path}"' if " " in path else path
