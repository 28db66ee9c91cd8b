"""The activity page: who did what, filtered, by pages, with the way to the difference."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prompt_kernel.store import Store
from prompt_kernel_dashboard.app_pages import activity
from prompt_kernel_dashboard.state import Going

Open = Callable[[], Any]


@pytest.fixture
def look(app: Callable[..., Any]) -> Open:
    return lambda: app({"pk_name": "ana", "pk_going": Going("activity", {})})


def told(page: Any) -> list[str]:
    found = [element.value for element in page.at.markdown if ":gray[" in element.value]
    return [line.replace("\\", "") for line in found if "badge" not in line]


def filtered(page: Any, label: str, value: object) -> list[str]:
    next(field for field in [*page.at.selectbox, *page.at.text_input] if field.label == label).set_value(value)
    return told(page.run())


def test_changes_are_sentences_the_newest_first(library: Store, look: Open) -> None:
    library.by("Ben", origin="notebook").save("style/tone", "Be brief.", message="*shorter*")
    assert told(look()) == [
        "Ben saved style/tone, version 2: *shorter* :gray[in a notebook]",
        "ana created review :gray[from Python]",
        "ana created format/json :gray[from Python]",
        "ana created style/base :gray[from Python]",
        "ana created style/tone :gray[from Python]",
    ]


def test_a_removed_experiment_is_a_sentence_without_a_way_to_open_it(store: Store, look: Open) -> None:
    store.experiments.begin("tone", {"prompts": [], "models": [], "scorers": [], "repeats": 1})
    store.experiments.remove("tone")
    page = look()
    assert told(page) == ["ana removed the experiment tone :gray[from Python]"]
    assert "Open" not in page.buttons


def test_changes_are_filtered_by_person_kind_and_place(library: Store, look: Open) -> None:
    library.by("Ben").save("style/tone", "Be brief.")
    page = look()
    assert len(filtered(page, "Who", "Ben")) == 1
    assert filtered(page, "Who", None) == told(page)
    assert len(filtered(page, "What", "created")) == 4
    assert len(filtered(page, "Where", "style")) == 2
    assert filtered(page, "Where", "style/tone") == ["ana created style/tone :gray[from Python]"]
    assert filtered(page, "Where", "nowhere") == []
    assert [info.value for info in page.at.info] == ["Nothing that fits has happened. Take a filter away."]


def test_older_changes_are_on_further_pages(library: Store, look: Open) -> None:
    for number in range(activity.PAGE * 2):
        library.save("review", f"text {number}")
    page = look()
    first = told(page)
    assert (len(first), page.button("Newer").disabled) == (activity.PAGE, True)
    second = told(page.press("Older"))
    assert (len(second), second[0]) == (activity.PAGE, "ana saved review, version 31 :gray[from Python]")
    third = told(page.press("Older"))
    assert (len(third), page.button("Older").disabled) == (4, True)
    assert told(page.press("Newer").press("Newer")) == first
    page.press("Older")
    filtered(page, "Who", "ana")
    assert told(page) == first


def test_a_change_leads_to_its_difference_and_to_the_prompt(library: Store, look: Open) -> None:
    library.save("review", "Review this.\n")
    page = look().press("Changes")
    assert any(":green-background[Review this\\.]" in element.value for element in page.at.markdown)
    page.press("Open the prompt")
    assert [element.value for element in page.at.subheader] == ["review"]


def test_a_prompt_opens_with_a_click(library: Store, look: Open) -> None:
    assert library
    page = look().press("Open")
    assert [element.value for element in page.at.subheader] == ["review"]


def test_the_difference_of_a_prompt_that_is_gone_is_a_sentence(library: Store, look: Open) -> None:
    library.delete("review")
    library.purge("review")
    page = look()
    page.know(pk_asked=None).run()
    page.press("Changes")
    assert len(page.problems) == 1


def test_a_store_without_changes_says_what_to_do(store: Store, app: Callable[..., Any]) -> None:
    page = app({"pk_name": "ana", "pk_going": Going("activity", {})})
    assert store.activity() == []
    assert [info.value for info in page.at.info] == [
        "Nothing has happened yet. What anybody changes is listed here: make a prompt in the library."
    ]


def test_days_are_called_as_people_call_them() -> None:
    now = datetime(2030, 5, 17, 0, 30, tzinfo=UTC)
    assert [activity.day_of(now - timedelta(hours=hours), now) for hours in (0, 1, 30)] == [
        "Today", "Yesterday", "Wednesday, 15 May 2030",
    ]  # fmt: skip
