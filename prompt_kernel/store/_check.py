"""Looking after a store: `check` reads the prompts as an author would, `doctor` the database as an engineer would."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, text

from prompt_kernel.errors import DamagedTextError, ExpansionTooLargeError, PromptKernelError
from prompt_kernel.expansion import (
    DEFAULT_LIMITS,
    Diagnostic,
    Expander,
    Expansion,
    Plan,
    SourceText,
    finish,
    load,
    resolver,
)
from prompt_kernel.records import Finding, Impact
from prompt_kernel.store import _backup, _index, _ledger, _read, _references
from prompt_kernel.store._engine import Database
from prompt_kernel.store._source import Overlay, StoreSource

_PATHS = text("SELECT path FROM prompt WHERE deleted_at IS NULL AND enabled ORDER BY key")
_SAME_TEXT = text(
    "SELECT v.sha256, p.path FROM prompt p JOIN version v ON v.prompt_id = p.id AND v.number = p.head"
    " WHERE p.deleted_at IS NULL AND p.characters > 0 ORDER BY p.key"
)
_UNUSED_FRAGMENTS = text(
    "SELECT p.path FROM prompt p, json_each(p.tags) t WHERE p.deleted_at IS NULL AND t.value = 'fragment'"
    " AND NOT EXISTS (SELECT 1 FROM reference r WHERE r.target_id = p.id AND r.prompt_id <> p.id) ORDER BY p.key"
)
_STALE_REFERENCES = text(
    "SELECT p.path, r.spelled FROM reference r JOIN prompt p ON p.id = r.prompt_id"
    " LEFT JOIN prompt t ON t.id = r.target_id"
    " WHERE r.target_id IS NOT NULL AND (t.id IS NULL OR t.deleted_at IS NOT NULL) ORDER BY 1, 2"
)
_HEADLESS = text(
    "SELECT path FROM prompt p WHERE NOT EXISTS"
    " (SELECT 1 FROM version v WHERE v.prompt_id = p.id AND v.number = p.head)"
)


def check(connection: Connection, source: StoreSource) -> list[Finding]:
    """Return what is wrong or odd in the prompts themselves, by path."""
    findings = [*_each_prompt(connection, source), *_duplicates(connection)]
    findings += [
        Finding("info", "unused", row.path, "it is tagged fragment, but no prompt includes it")
        for row in connection.execute(_UNUSED_FRAGMENTS)
    ]
    return sorted(dict.fromkeys(findings), key=lambda finding: (finding.path, finding.code, finding.message))


def _each_prompt(connection: Connection, source: StoreSource) -> Iterator[Finding]:
    expander = Expander(source)
    for (path,) in connection.execute(_PATHS).all():
        try:
            root = source.root(path, None)
            found = _diagnostics(source, root)
            # What a template that fails would use is not known.
            is_known = root.variables and all(finding.code != "template" for finding in found)
            unused = root.variables.keys() - expander.declarations(path).keys() if is_known else set()
        except PromptKernelError as error:
            yield Finding("error", _CODES.get(type(error), "unusable"), path, str(error))
            continue
        for finding in found:
            # A finding belongs to the prompt that it stands in. A circle is found where it closes, which is in another
            # one than it was entered by; and a clash needs the whole that it happens in.
            belongs = finding.path == path or finding.code in ("clashing-types", "cycle")
            if belongs and finding.code != "missing-variable":
                where = finding.path if finding.code == "cycle" else path
                yield Finding(finding.severity, finding.code, where, f"line {finding.line}: {finding.message}")
        for name in sorted(unused):
            yield Finding("warning", "unused-variable", path, f"{name} is declared, but nothing uses it")


def _diagnostics(source: StoreSource, root: SourceText) -> Sequence[Diagnostic]:
    """Return what is wrong with a prompt; only a template needs to be run for that."""
    if root.engine == "jinja":
        return _lenient(source, root).diagnostics
    return load(root, resolver(source), DEFAULT_LIMITS, strict=False).diagnostics


_CODES: dict[type[PromptKernelError], str] = {
    DamagedTextError: "damaged",
    ExpansionTooLargeError: "too-large",
}


def _duplicates(connection: Connection) -> Iterator[Finding]:
    by_hash: dict[str, list[str]] = defaultdict(list)
    for sha256, path in connection.execute(_SAME_TEXT):
        by_hash[sha256].append(path)
    for paths in by_hash.values():
        for path in paths[1:]:
            yield Finding("warning", "duplicate", path, f"it has the same text as {paths[0]}; include that instead")


def doctor(database: Database) -> list[Finding]:
    """Return what is wrong with the database: its structure, hashes, references and search index."""
    findings: list[Finding] = []
    with database.reading():
        pass  # one that cannot be read at all is an error and no finding
    for probe in (_structure, _hashes, _rows, _experiments):
        try:
            with database.reading() as connection:
                findings += probe(connection, database)
        except PromptKernelError as error:
            # What one probe cannot read, another one may.
            findings.append(Finding("error", "structure", "", str(error)))
    if database.read_only is None and not any(finding.code == "structure" for finding in findings):
        findings += [Finding("error", "search", "", flaw) for flaw in _index.of(database).flaws(database)]
    return list(dict.fromkeys(findings))


def _structure(_: Connection, database: Database) -> list[Finding]:
    return [Finding("error", "structure", "", problem) for problem in database.flaws()]


def _hashes(_: Connection, database: Database) -> list[Finding]:
    return [Finding("error", "damaged", "", problem) for problem in _backup.damaged(database.rows)]


def _experiments(connection: Connection, _: Database) -> list[Finding]:
    flaws = [*_ledger.damaged(connection), *_ledger.dangling(connection)]
    return [Finding("error", code, "", f"the experiment {name}: {flaw}") for code, name, flaw in flaws]


def _rows(connection: Connection, _: Database) -> list[Finding]:
    headless, stale = map(connection.execute, (_HEADLESS, _STALE_REFERENCES))
    unsearchable = _index.of(connection).missing(connection)
    return [
        *(Finding("error", "headless", row.path, "its newest version is missing") for row in headless),
        *(Finding("error", "dangling", row.path, f"[[{row.spelled}]] leads to a gone prompt") for row in stale),
        *(Finding("error", "search", path, "it is missing from the search index") for path in unsearchable),
    ]


def impact(source: StoreSource, connection: Connection, name: str, new_text: str) -> list[Impact]:
    """Return whose expansion would change if `name` had `new_text`, the prompt itself first."""
    prompt_id, path = _read.locate(connection, name)
    old = source.root(path, None)
    new = SourceText(path, new_text, old.version, old.engine, old.variables, old.uid)
    overlay = Overlay(source, new)
    found: list[Impact] = []
    for affected in [path, *_references.dependents(connection, prompt_id)]:
        try:
            before = _lenient(source, source.root(affected, None))
        except ExpansionTooLargeError:
            continue  # what has no expansion today cannot lose it
        try:
            after = _lenient(overlay, overlay.root(affected, None))
        except ExpansionTooLargeError as error:
            found.append(Impact(affected, before, before, str(error)))
            continue
        if before != after:
            found.append(Impact(affected, before, after, _new_problem(before, after)))
    return found


def _lenient(source: StoreSource | Overlay, root: SourceText) -> Expansion:
    plan = Plan(load(root, resolver(source), DEFAULT_LIMITS, strict=False))
    return finish(plan, {}, DEFAULT_LIMITS, strict=False)


def _new_problem(before: Expansion, after: Expansion) -> str:
    known = {finding.message for finding in before.diagnostics}
    problems: Sequence[str] = [
        finding.message
        for finding in after.diagnostics
        if finding.severity == "error" and finding.code != "missing-variable" and finding.message not in known
    ]
    return problems[0] if problems else ""
