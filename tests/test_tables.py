"""The tables as SQLModel has them are the tables as the migrations make them."""

from typing import Any

import pytest
from sqlalchemy import Table
from sqlalchemy.engine import Connection
from sqlmodel import Session, SQLModel, select

from prompt_kernel import tables
from prompt_kernel.store import Store

MODELLED = [
    tables.PromptRow, tables.VersionRow, tables.LabelRow, tables.ReferenceRow, tables.DirectoryRow, tables.RedirectRow,
    tables.ChangeRow, tables.LiveDocumentRow, tables.LiveUpdateRow, tables.FavouriteRow, tables.OpeningRow,
    tables.PreferenceRow, tables.LinkedFileRow, tables.TokenRow, tables.ExperimentRow, tables.ExperimentContentRow,
    tables.ExperimentPromptRow, tables.RunRow,
]  # fmt: skip


def of_database(connection: Connection, table: str) -> dict[str, Any]:
    """Return what a database says of a table."""

    def ask(pragma: str, name: str) -> list[Any]:
        return list(connection.exec_driver_sql(f"PRAGMA {pragma}({name})"))

    indexes = {
        (row[1] if row[3] == "c" else "", bool(row[2]), tuple(column[2] for column in ask("index_info", row[1])))
        for row in ask("index_list", table)
        if row[3] != "pk"
    }
    partial = {row[1] for row in ask("index_list", table) if row[4]}
    return {
        "columns": [(row[1], row[2], bool(row[3])) for row in ask("table_info", table)],
        "key": [row[1] for row in sorted(ask("table_info", table), key=lambda row: row[5]) if row[5]],
        "indexes": indexes,
        "partial": partial,
        "foreign": {(row[3], row[2], row[4]) for row in ask("foreign_key_list", table)},
    }


def of_model(table: Table) -> dict[str, Any]:
    """Return the same of a model."""
    uniques = {
        ("", True, tuple(column.name for column in constraint.columns))
        for constraint in table.constraints
        if type(constraint).__name__ == "UniqueConstraint"
    }
    indexes = {
        (str(index.name), bool(index.unique), tuple(column.name for column in index.columns)) for index in table.indexes
    }
    return {
        "columns": [(column.name, column.type.compile(), not column.nullable) for column in table.columns],
        "key": [column.name for column in table.primary_key.columns],
        "indexes": uniques | indexes,
        "partial": {
            str(index.name) for index in table.indexes if index.dialect_options["sqlite"].get("where") is not None
        },
        "foreign": {(key.parent.name, key.column.table.name, key.column.name) for key in table.foreign_keys},
    }


@pytest.mark.parametrize("model", MODELLED)
def test_a_model_is_the_table_that_the_migrations_make(store: Store, model: type[SQLModel]) -> None:
    table = model.__table__  # type: ignore[attr-defined]  # SQLModel makes it
    assert of_database(store._database._connection, table.name) == of_model(table)  # noqa: SLF001 - no verb tells


def test_there_is_no_table_without_a_model_but_the_search_index(store: Store) -> None:
    rows = store._database.raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")  # noqa: SLF001 - as above
    found = {row[0] for row in rows if not row[0].startswith(("search", "sqlite_"))}
    assert found == {model.__tablename__ for model in MODELLED} == set(SQLModel.metadata.tables) & found


def test_rows_can_be_read_as_models(library: Store) -> None:
    with Session(library._database._engine) as session:  # noqa: SLF001 - what the models are for
        prompts = session.exec(select(tables.PromptRow).order_by(tables.PromptRow.key)).all()
        versions = session.exec(select(tables.VersionRow)).all()
    assert [(prompt.path, prompt.head, prompt.enabled) for prompt in prompts] == [(path, 1, True) for path in library]
    assert {version.text for version in versions} == {library[path].text for path in library}
