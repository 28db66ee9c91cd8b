"""How far a long run is: told to a function, drawn as a bar, or not shown at all."""

import io
import sys
from typing import Any, Self

import pytest
import tqdm.auto

from prompt_kernel import progress
from prompt_kernel.progress import tracking


def test_a_function_is_told_how_many_of_how_many() -> None:
    told: list[tuple[int, int]] = []
    with tracking("rows", 10, lambda done, of: told.append((done, of))) as advance:
        advance()
        advance(4, "a remark that nobody sees")
        advance(5)
    assert told == [(1, 10), (5, 10), (10, 10)]


@pytest.mark.parametrize("shown", [False, True])
def test_what_is_over_soon_shows_nothing(shown: bool, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: FBT001 - a case
    with tracking("rows", 2, shown) as advance:
        advance(1, "on the way")
        advance()
    assert capsys.readouterr() == ("", "")


def test_a_long_run_shows_its_title_how_far_it_is_and_the_remark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 0)
    drawn, real = io.StringIO(), tqdm.auto.tqdm
    monkeypatch.setattr(tqdm.auto, "tqdm", lambda **how: real(**how, file=drawn, mininterval=0))
    with tracking("reviews", 4, True) as advance:  # noqa: FBT003 - what stands there mostly
        advance(1, "1 error")
        advance(2)
    lines = drawn.getvalue().split("\r")
    assert any("reviews:  75%" in line and "3/4" in line and "1 error" in line for line in lines)
    assert lines[-1].strip() == ""


def test_a_bar_goes_when_the_work_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Any] = []

    class Bar:
        def __init__(self, **how: Any) -> None:
            self.how = how

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            closed.append(self.how["total"])

    monkeypatch.setattr(tqdm.auto, "tqdm", Bar)
    with pytest.raises(ZeroDivisionError), tracking("rows", 7, True):  # noqa: FBT003 - see above
        _ = 1 // 0
    assert closed == [7]


def test_without_tqdm_there_is_no_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 0)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with tracking("rows", 2, True) as advance:  # noqa: FBT003 - see above
        advance(2, "done")
    assert capsys.readouterr() == ("", "")
