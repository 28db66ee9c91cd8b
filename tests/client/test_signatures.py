"""A client is a store: the same verbs, with the same parameters and the same words about them."""

import inspect
from typing import Any

import pytest

from prompt_kernel.client import AsyncClient, Client
from prompt_kernel.errors import RemoteStoreError, StoreError
from prompt_kernel.store import Store

#: What needs the database itself, or is for who runs the server.
NOT_FROM_HERE = {
    *("backup", "doctor", "rescue", "path_of", "together", "live", "links", "archive"),
    *("tokens", "add_token", "remove_token", "token_of"),
}
#: What a client has besides: whether it may be offline, and the two ways to make one.
BESIDES = {"offline", "opened", "on"}
#: How an object is a collection and a context cannot be awaited; `async for` and `async with` have names of their own.
WAITED_FOR = {"__getitem__", "__contains__", "__len__", "__iter__", "__enter__", "__exit__", "__bool__"}


def verbs(kind: type) -> dict[str, Any]:
    return {name: getattr(kind, name) for name in dir(kind) if not name.startswith("_")}


METHODS = sorted(name for name, verb in verbs(Store).items() if inspect.isfunction(verb) and name not in NOT_FROM_HERE)


def parameters(function: Any) -> list[tuple[Any, ...]]:
    """What a caller gives; whom a verb is of, its first parameter says by its kind alone."""
    first, *others = inspect.signature(function).parameters.values()
    return [
        (first.name, first.kind),
        *((each.name, each.kind, each.default, each.annotation) for each in others),
    ]


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_client_has_the_verbs_of_a_store_and_hardly_more(kind: type) -> None:
    with Store(":memory:") as store:
        of_a_store = {name for name in dir(store) if not name.startswith("_")}

    assert verbs(kind).keys() - BESIDES == of_a_store - NOT_FROM_HERE


@pytest.mark.parametrize("name", METHODS)
def test_a_verb_takes_the_same_and_says_the_same(name: str) -> None:
    ours, waits, awaits = (getattr(kind, name) for kind in (Store, Client, AsyncClient))

    assert parameters(waits) == parameters(awaits) == parameters(ours)
    assert waits.__name__ == awaits.__name__ == name
    if name == "close":  # a store closes its database, and a client what leads to one
        return
    first = inspect.getdoc(ours).splitlines()[0]  # type: ignore[union-attr]  # lint sees to it
    assert inspect.getdoc(waits).splitlines()[0] == first  # type: ignore[union-attr]  # see above


@pytest.mark.parametrize("name", sorted(set(METHODS) - {"by"}))
def test_a_verb_gives_the_same_and_is_awaited_where_it_should_be(name: str) -> None:
    annotations = {inspect.signature(getattr(kind, name)).return_annotation for kind in (Store, Client, AsyncClient)}

    assert len(annotations) == 1
    assert inspect.iscoroutinefunction(getattr(AsyncClient, name))
    assert not inspect.iscoroutinefunction(getattr(Client, name))


def test_a_client_is_a_collection_too() -> None:
    assert {name for name in WAITED_FOR if callable(getattr(Store, name, None))} == WAITED_FOR
    assert {name for name in WAITED_FOR if callable(getattr(Client, name, None))} == WAITED_FOR
    assert {"__aenter__", "__aexit__", "__aiter__"} <= set(dir(AsyncClient))


@pytest.mark.parametrize("name", sorted(NOT_FROM_HERE))
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_what_is_done_where_the_store_is_says_so(kind: type, name: str) -> None:
    client = kind("http://host:8501/?token=secret")

    with pytest.raises(
        RemoteStoreError, match=r"^[A-Z][\w ]+ is done where the store is, and http://host:8501 is a"
    ) as at:
        getattr(client, name)

    assert isinstance(at.value, StoreError)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_any_other_name_is_no_attribute(kind: type) -> None:
    client = kind("http://host:8501")

    assert not hasattr(client, "nothing_like_that")
    with pytest.raises(AttributeError, match=f"{kind.__name__}.*nothing_like_that"):
        _ = client.nothing_like_that
