"""The dashboard in a test: pages run by `AppTest` on a real store, what components get, and what is told."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import pytest
from streamlit.testing.v1 import AppTest

import prompt_kernel_dashboard
from prompt_kernel.server import Tokens
from prompt_kernel.store import Store
from prompt_kernel_dashboard import resources
from tests.dashboard.session import Session

APP = Path(prompt_kernel_dashboard.__file__).parent / "app.py"

#: A loaded machine is no failure.
TIMEOUT = 30.0


class Page:
    """The dashboard as one browser sees it: `at` is Streamlit's own view of it."""

    def __init__(self, at: AppTest) -> None:
        self.at = at

    def run(self) -> Self:
        """Run the script; an exception in it is a failure."""
        self.at.run()
        assert [error.value for error in self.at.exception] == []
        return self

    def press(self, label: str) -> Self:
        """Press the button with that label."""
        self.button(label).click()
        return self.run()

    def button(self, label: str) -> Any:
        """Return the button with that label."""
        return next(found for found in self.at.button if found.label == label)

    def type(self, label: str, text: str) -> Self:
        """Type `text` into the field with that label."""
        next(found for found in self.at.text_input if found.label == label).set_value(text)
        return self.run()

    def know(self, **state: Any) -> Self:
        """Let the session remember something."""
        self.at.session_state["pk_memory"] = self.memory | state
        return self

    def choose(self, **values: Any) -> Self:
        """Give widgets values by their keys, those too that `AppTest` has no hand for."""
        for key, value in values.items():
            self.at.session_state[key] = value
        return self.run()

    @property
    def memory(self) -> dict[str, Any]:
        """What the session remembers."""
        return dict(self.at.session_state["pk_memory"]) if "pk_memory" in self.at.session_state else {}

    @property
    def buttons(self) -> list[str]:
        """The labels of all buttons that can be pressed."""
        return [found.label for found in self.at.button if not found.disabled]

    @property
    def texts(self) -> list[str]:
        """What the page says literally."""
        return [element.value for element in self.at.text]

    @property
    def problems(self) -> list[str]:
        """What the page says is wrong."""
        return [element.value for element in self.at.error]

    @property
    def toasts(self) -> list[str]:
        """What the page tells in passing."""
        return [element.value for element in self.at.toast]

    @property
    def captions(self) -> list[str]:
        """What the page says in small print."""
        return [element.value for element in self.at.caption]

    @property
    def tables(self) -> list[list[dict[str, Any]]]:
        """The rows of every table."""
        return [element.value.to_dict("records") for element in self.at.dataframe]

    def handed(self, component: str) -> Any:
        """Return the data of a component of the browser module, None where it is not shown."""
        for element in self.at.get("bidi_component"):
            if element.proto.component_name == f"prompt-kernel.{component}":
                return json.loads(element.proto.json)
        return None


@pytest.fixture(autouse=True)
def _installed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Pages of a test see its store, if it has one."""
    if "store" in request.fixturenames:
        resources.install(resources.Resources(request.getfixturevalue("store"), Tokens()))
    yield
    resources.install(None)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    """A session in which a test calls what Streamlit would call."""
    made = Session()
    monkeypatch.setattr("streamlit.session_state", made)
    monkeypatch.setattr("streamlit.query_params", {})
    return made


@pytest.fixture
def app(store: Store) -> Callable[..., Page]:
    """Open the dashboard: `state` is what the session knows already, the query its address."""
    assert store.read_only == ""

    def run(state: Mapping[str, Any] | None = None, **query: str) -> Page:
        page = Page(AppTest.from_file(APP, default_timeout=TIMEOUT))
        page.at.query_params.update(query)
        return page.know(**(state or {})).run()

    return run
