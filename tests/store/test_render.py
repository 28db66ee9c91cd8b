"""One prompt for many rows of values."""

import pytest

from prompt_kernel.errors import MissingVariableError
from prompt_kernel.store import Store


def test_each_row_is_expanded_with_what_all_share(library: Store) -> None:
    rows = [{"code": "a"}, {"code": "b", "tone": "formal"}]

    rendered = library.render("review", rows, {"tone": "plain"})

    assert rendered == [library.expand("review", code="a"), library.expand("review", code="b", tone="formal")]
    assert [type(text) for text in rendered] == [str, str]
    assert library.render("review", []) == []


def test_what_is_wrong_with_one_row_is_told(library: Store) -> None:
    with pytest.raises(MissingVariableError, match="No value was given for the variable code"):
        library.render("review", [{"code": "a"}, {}])
    assert "{{ code }}" in library.render("review", [{"code": "a"}, {}], strict=False)[1]
