"""The rules of the house that a machine can check, read from the source with `ast`.

Imports point down only. A module may import what lies on its own layer or below, and nothing imports in a circle; what
an annotation alone needs (under `TYPE_CHECKING`) and what is imported on use is free, except that use upwards is
listed here with its reason.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import prompt_kernel

PACKAGE = Path(prompt_kernel.__file__).parent
ROOT = PACKAGE.parent
DASHBOARD = ROOT / "dashboard" / "prompt_kernel_dashboard"

#: The house, from the ground up. What is not yet built has its place already.
LAYERS = [
    {"errors", "display"},
    {
        "spans",
        "codespans",
        "variables",
        "names",
        "language",
        "merge",
        "chats",
        "replacing",
        "locations",
        "postgres",
        "authors",
        "matching",
        "tokens",
        "progress",
    },
    {"tables", "expansion", "records", "runs", "uses", "measures"},
    {"store", "completions"},
    {"frames", "files", "wire", "lock"},
    {"client", "live", "experiments"},
    {"notebook", "server"},
    {"cli"},
]
#: The front door; it imports nothing at its top, so that everybody may come through it.
FRONT_DOOR = "prompt_kernel"

UPWARD_ON_USE = {
    ("records", "notebook"): "a prompt opens its editor, which is a widget, and is plain data until then",
    ("display", "notebook"): "a value draws its card when it is shown, and is plain data until then",
    ("store", "frames"): "render_frame and measure are verbs of a store, written in terms of compiled prompts",
    ("store", "lock"): "freeze, verify and connect(lock=…) are verbs of a store, written in terms of manifests",
    ("store", "files"): "import_folder, export_folder and sync are verbs of a store, written in terms of stores",
    ("store", "client"): "connect(http://…) opens the store of a server, by the same verbs",
    (FRONT_DOOR, "notebook"): "%load_ext prompt_kernel",
}

#: Who may import which part of the outside world, so that it can be exchanged and so that imports stay cheap.
OUTSIDE = {
    "sqlmodel": {"tables"},
    "sqlalchemy": {"tables", "store"},
    "sqlite3": {"store", "completions", "cli", "notebook"},  # the last two tell its version, and catch its errors
    "psycopg": {"postgres", "store"},
    "yaml": {"files", "cli"},
    "platformdirs": {"locations"},
    "rich": {"cli"},
    "jinja2": {"expansion"},
    "IPython": {"notebook"},
    "traitlets": {"notebook"},
    "ipywidgets": {"notebook"},
    "anywidget": {"notebook"},
    "pandas": {"frames", "experiments"},
    "polars": {"frames", "experiments"},
    "pyarrow": {"frames", "experiments"},  # the latter writes Parquet
    "tiktoken": {"tokens"},
    "tqdm": {"progress"},
    "stamina": {"experiments"},
    "jsonschema": {"experiments"},
    "httpx": {"client", "experiments"},
    "websockets": {"client"},
    "pycrdt": {"live"},
    "regex": {"store"},
    "fastapi": {"server"},
    "pydantic": {"server"},
    "starlette": {"server"},
    "itsdangerous": {"server"},
    "uvicorn": {"server"},
    "mcp": {"server"},
    "watchfiles": {"files"},
}
#: These are imported on use only: they are the user's own, or slow, or optional.
NEVER_AT_THE_TOP = {
    "watchfiles",
    "pandas",
    "polars",
    "pyarrow",
    "tiktoken",
    "tqdm",
    "stamina",
    "jsonschema",
    "platformdirs",
    "ipywidgets",
    "anywidget",
    "regex",
}
#: Modules that are about such a part alone, and are imported on use themselves.
ABOUT = {("prompt_kernel.notebook._widgets", "anywidget")}


# Reading the source


@cache
def sources() -> dict[str, ast.Module]:
    """Every module's dotted name with its syntax tree."""
    return _parsed(PACKAGE)


@cache
def dashboard() -> dict[str, ast.Module]:
    """The same of the dashboard, which is a package of its own."""
    return _parsed(DASHBOARD)


def _parsed(package: Path) -> dict[str, ast.Module]:
    return {_dotted(path): ast.parse(path.read_bytes(), str(path)) for path in sorted(package.rglob("*.py"))}


def _dotted(path: Path) -> str:
    root = ROOT if path.is_relative_to(PACKAGE) else DASHBOARD.parent
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def _path(module: str) -> Path:
    root = ROOT if module in sources() else DASHBOARD.parent
    path = root.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _is_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _statements(body: list[ast.stmt], *, on_use: bool) -> Iterator[tuple[ast.stmt, bool]]:
    """Give each statement with whether it runs on use only; what is for types alone is left out."""
    for node in body:
        if _is_for_types(node):
            continue
        yield node, on_use
        inside = on_use or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for field in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(node, field, []), on_use=inside)
        for handler in getattr(node, "handlers", []):
            yield from _statements(handler.body, on_use=inside)


def _targets(node: ast.stmt) -> list[str]:
    """What a statement imports, as dotted names; `from package import module` is the module."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom) or not node.module:
        return []
    full_names = [f"{node.module}.{alias.name}" for alias in node.names]
    return [_home(full_name, node.module) for full_name in full_names]


def _home(full_name: str, module: str) -> str:
    if full_name in sources():
        return full_name
    if module == FRONT_DOOR:
        home = prompt_kernel._HOMES.get(full_name.rpartition(".")[2])  # noqa: SLF001 - where a public name lives
        return f"{FRONT_DOOR}.{home}" if home else FRONT_DOOR
    return module


@cache
def imports() -> list[tuple[str, str, bool]]:
    """Every import of the package: who, what, and whether on use only."""
    return [
        (importer, target, on_use)
        for importer, tree in sources().items()
        for node, on_use in _statements(tree.body, on_use=False)
        for target in _targets(node)
    ]


def _unit(module: str) -> str:
    """The entry of the house that a module belongs to."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else FRONT_DOOR


def _layer(unit: str) -> int:
    return next(number for number, units in enumerate(LAYERS) if unit in units)


def _inner_imports() -> list[tuple[str, str, bool]]:
    return [entry for entry in imports() if entry[1].split(".")[0] == FRONT_DOOR]


# Layers


def test_every_module_has_a_layer() -> None:
    placed = set().union(*LAYERS) | {FRONT_DOOR}

    assert {_unit(module) for module in sources()} - placed == set()
    assert sum(map(len, LAYERS)) == len(placed) - 1


def test_imports_point_down() -> None:
    upward = [
        (importer, target)
        for importer, target, on_use in _inner_imports()
        if not on_use and FRONT_DOOR not in (_unit(importer), _unit(target))
        if _layer(_unit(target)) > _layer(_unit(importer))
    ]

    assert upward == []


def test_what_reaches_up_on_use_is_listed() -> None:
    upward = {
        (_unit(importer), _unit(target))
        for importer, target, on_use in _inner_imports()
        if on_use and _unit(target) != FRONT_DOOR
        if _unit(importer) == FRONT_DOOR or _layer(_unit(target)) > _layer(_unit(importer))
    }

    assert upward == set(UPWARD_ON_USE)


def test_the_front_door_imports_nothing_at_its_top() -> None:
    tops = [target for importer, target, on_use in _inner_imports() if importer == FRONT_DOOR and not on_use]

    assert tops == []


def test_nothing_imports_in_a_circle() -> None:
    waiting: dict[str, set[str]] = {module: set() for module in sources()}
    for importer, target, on_use in _inner_imports():
        if not on_use and target != importer:
            waiting[importer].add(target)
    while free := {module for module, targets in waiting.items() if not targets & set(waiting)}:
        waiting = {module: targets for module, targets in waiting.items() if module not in free}

    assert waiting == {}


def test_private_modules_are_imported_within_their_package_only() -> None:
    strangers = [
        (importer, target)
        for importer, target, _ in _inner_imports()
        if any(part.startswith("_") and not part.startswith("__") for part in target.split("."))
        if _unit(importer) != _unit(target)
    ]

    assert strangers == []


def test_private_names_are_imported_within_their_module_only() -> None:
    strangers = [
        (importer, f"{node.module}.{alias.name}")
        for importer, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(FRONT_DOOR)
        for alias in node.names
        if alias.name.startswith("_") and f"{node.module}.{alias.name}" not in sources()
    ]

    assert strangers == []


def test_each_part_of_the_outside_world_has_its_place() -> None:
    strangers = [
        (importer, target)
        for importer, target, _ in imports()
        if _unit(importer) not in OUTSIDE.get(target.split(".")[0], {_unit(importer)})
    ]

    assert strangers == []


def test_what_is_slow_or_optional_is_imported_on_use() -> None:
    tops = [
        (importer, target)
        for importer, target, on_use in imports()
        if not on_use and target.split(".")[0] in NEVER_AT_THE_TOP and (importer, target) not in ABOUT
    ]

    assert tops == []


def test_the_dashboard_is_imported_by_its_command_alone() -> None:
    outside = {
        (_unit(importer), on_use)
        for importer, target, on_use in imports()
        if target.split(".")[0] in ("prompt_kernel_dashboard", "streamlit")
    }

    assert outside <= {("cli", True)}


def test_the_dashboard_uses_public_names_only() -> None:
    private = [
        (module, f"{node.module}.{alias.name}")
        for module, tree in dashboard().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(f"{FRONT_DOOR}.")
        for alias in node.names
        if "._" in f"{node.module}.{alias.name}"
    ]
    reached = [
        where
        for where, node in _offenders(ast.Attribute)
        if where.startswith(DASHBOARD.name) and isinstance(node, ast.Attribute)
        if node.attr.startswith("_") and not node.attr.startswith("__") and ast.unparse(node.value) != "self"
    ]

    assert (private, reached) == ([], [])


def test_no_text_becomes_html_in_the_dashboard() -> None:
    """Texts are shown as texts; the only HTML is our own style sheet, a constant."""
    unsafe = [
        where
        for where, node in _offenders(ast.Call)
        if isinstance(node, ast.Call)
        if any(keyword.arg in ("unsafe_allow_html", "unsafe_allow_javascript") for keyword in node.keywords)
        or (ast.unparse(node.func) in ("st.html", "components.html") and not all(map(_is_fixed, node.args)))
    ]

    assert unsafe == []


# Rules of the house


def _offenders(kind: type[ast.AST] | tuple[type[ast.AST], ...]) -> Iterator[tuple[str, ast.AST]]:
    for module, tree in {**sources(), **dashboard()}.items():
        for node in ast.walk(tree):
            if isinstance(node, kind):
                yield f"{module}:{getattr(node, 'lineno', 0)}", node


def test_annotations_are_not_postponed() -> None:
    """`from __future__ import annotations` breaks the relationships of SQLModel."""
    assert [where for where, node in _offenders(ast.ImportFrom) if getattr(node, "module", None) == "__future__"] == []


def test_every_exception_that_is_caught_is_named() -> None:
    assert [where for where, node in _offenders(ast.ExceptHandler) if getattr(node, "type", None) is None] == []


def test_nothing_is_asserted_of_what_users_give() -> None:
    assert [where for where, _ in _offenders(ast.Assert)] == []


def test_nothing_prints_and_no_text_is_run() -> None:
    called = {
        (where.partition(":")[0], node.func.id)
        for where, node in _offenders(ast.Call)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if node.func.id in {"print", "input", "breakpoint", "eval", "exec", "compile", "__import__"}
    }

    # In `%prompt review n:=len(df)` the expression is the user's own, typed into the notebook, and sees its names.
    assert called <= {("prompt_kernel.notebook._binding", "eval")}


def test_nothing_is_unpickled_and_no_yaml_makes_objects() -> None:
    modules = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
    imported = [(importer, target) for importer, target, _ in imports() if target.split(".")[0] in modules]
    loaders = {"load", "load_all", "full_load", "full_load_all", "unsafe_load", "unsafe_load_all", "Loader"}
    unsafe = [
        where
        for where, node in _offenders(ast.Attribute)
        if isinstance(node, ast.Attribute)
        if isinstance(node.value, ast.Name) and node.value.id == "yaml" and node.attr in loaders
    ]

    assert (imported, unsafe) == ([], [])


def test_no_shell_runs_a_command() -> None:
    shells = [
        where
        for where, node in _offenders(ast.Call)
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("subprocess.")
        for keyword in node.keywords
        if keyword.arg == "shell" and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
    ]
    systems = [where for where, node in _offenders(ast.Attribute) if ast.unparse(node) in ("os.system", "os.popen")]

    assert (shells, systems) == ([], [])


_SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER|WITH|ATTACH|VACUUM)\s")


def _is_sql(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and _SQL.match(node.value) is not None


def _is_fixed(node: ast.expr) -> bool:
    """Whether an operand is written down in the source: a text, or a constant of a module."""
    if isinstance(node, ast.BinOp):
        return _is_fixed(node.left) and _is_fixed(node.right)
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return isinstance(node, ast.Constant) or name.isupper()


def test_no_value_becomes_a_part_of_an_sql_statement() -> None:
    """Values are bound. A pragma cannot bind, so that pragmas, which hold our own constants only, are let through."""
    spliced = [
        where
        for where, node in _offenders((ast.JoinedStr, ast.BinOp, ast.Call))
        if (isinstance(node, ast.JoinedStr) and any(map(_is_sql, node.values)))
        or (isinstance(node, ast.BinOp) and any(map(_is_sql, ast.walk(node))) and not _is_fixed(node))
        or (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("format", "format_map", "replace")
            and _is_sql(node.func.value)
        )
    ]

    assert spliced == []


def test_the_store_alone_speaks_sql() -> None:
    spoken = {where.split(":")[0].split(".")[1] for where, node in _offenders(ast.Constant) if _is_sql(node)}

    assert spoken <= {"store", "completions", "tables"}


def test_no_module_is_over_400_lines_without_a_reason() -> None:
    """The reason stands in the module's docstring, and says how many lines."""
    long = [
        (module, lines)
        for module, tree in {**sources(), **dashboard()}.items()
        if (lines := _lines(module)) > 400 and "lines" not in (ast.get_docstring(tree) or "")
    ]

    assert long == []


def _lines(module: str) -> int:
    return _path(module).read_bytes().count(b"\n")


def test_no_function_is_over_40_lines() -> None:
    long = [
        (where, node.name, lines)
        for where, node in _offenders((ast.FunctionDef, ast.AsyncFunctionDef))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
        if (lines := node.end_lineno - node.lineno + 1) > 40
    ]

    assert long == []


def _comments() -> Iterator[tuple[str, str]]:
    for path in sorted([*PACKAGE.rglob("*.py"), *DASHBOARD.rglob("*.py")]):
        for token in tokenize.tokenize(io.BytesIO(path.read_bytes()).readline):
            if token.type == tokenize.COMMENT:
                yield f"{_dotted(path)}:{token.start[0]}", token.string


def test_every_exception_from_a_rule_has_its_reason_beside_it() -> None:
    bare = [
        (where, comment)
        for where, comment in _comments()
        if re.search(r"noqa|type: ?ignore|pragma: ?no", comment)
        and not re.match(r"# (noqa: [A-Z0-9, ]+ - \w|type: ignore\[[\w, -]+\]  # \w|pragma: no \w+ - \w)", comment)
    ]

    assert bare == []


def test_nothing_is_left_to_do_in_a_comment() -> None:
    assert [(where, text) for where, text in _comments() if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", text)] == []
