"""That the benchmarks run, and that all contenders do the same work. Nothing here looks at a time."""

import asyncio
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

#: What they run is measured elsewhere, and measuring doubles their time.
pytestmark = pytest.mark.no_cover

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
with pytest.MonkeyPatch.context() as _path:
    # They are scripts, which import each other as such.
    _path.syspath_prepend(BENCHMARKS)
    run, store, timing, sizes, report, worlds, peers, live, load, servers, clients = map(
        importlib.import_module,
        ("run", "store", "timing", "sizes", "report", "worlds", "peers", "live", "load", "servers", "clients"),
    )
COUNTED = ("open", "frame-memory")
COMPUTED = [name for name in run.names() if name not in (*COUNTED, *live.NAMES)]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with store.Stores(tmp_path_factory.mktemp("stores"), sizes.TINY) as opened:
        yield opened


def work_called(name: str, stores: Any) -> Any:
    return dict(run.works(stores, sizes.TINY))[name]()


@pytest.mark.parametrize("name", COMPUTED)
def test_contenders_agree(name: str, stores: Any) -> None:
    work = work_called(name, stores)
    work.check()
    assert work.name == name
    assert work.contenders[0].name == "Prompt Kernel"
    assert work.against in {contender.name for contender in work.contenders}
    assert all("not installed" in reason or "cannot" in reason for reason in work.refused.values())


def test_a_large_store_is_opened_as_a_small_one(stores: Any) -> None:
    small, large = store.growth(stores)
    assert (large.statements, large.rows) == (small.statements, small.rows)
    assert large.steps <= small.steps * 1.1


def test_a_run_prints_and_writes_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "FULL", sizes.TINY)
    monkeypatch.setattr(run, "_RESULTS", tmp_path / "results")
    assert run.main([]) == 0
    (written,) = (tmp_path / "results").iterdir()
    table = written.read_text("utf-8")
    assert table in capsys.readouterr().out
    assert all(f"\n| {name} |" in table for name in run.names() if name not in COUNTED)
    assert all(f"\n| 50 | {kind} | 0 MB | " in table for kind in ("pandas", "polars", "pyarrow"))
    assert "\n| 200 | " in table
    assert "Everybody has the same text in the end, and so has the store: yes." in table


def test_a_part_of_the_run_is_printed_and_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "QUICK", sizes.TINY)
    monkeypatch.setattr(run, "_RESULTS", tmp_path / "results")
    assert run.main(["--quick", "--only", "unchanged"]) == 0
    printed = capsys.readouterr().out
    assert "| unchanged |" in printed
    assert "| list |" not in printed
    assert not (tmp_path / "results").exists()


def test_an_unknown_name_is_answered_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--quick", "--only", "nonsense"]) == 2
    assert "cold-diamond" in capsys.readouterr().err


def test_without_a_browser_one_sentence_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "QUICK", sizes.TINY)
    monkeypatch.setattr("shutil.which", lambda _: "/nowhere/chromium")
    assert run.main(["--quick", "--only", "keystroke"]) == 0
    printed = capsys.readouterr().out
    reason = "no Chromium starts: install it, or run `playwright install chromium`"
    assert f"Not measured:\n\n* keystroke-median: {reason}\n* keystroke-p95: {reason}\n" in printed
    assert "## Against the limits" not in printed


@pytest.mark.parametrize(
    ("name", "module"), [("keystroke-p95", "playwright"), ("page-start", "streamlit"), ("load-other", "websockets")]
)
def test_a_package_that_is_not_installed_is_named(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch, stores: Any
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert live.measure(stores, name) == live.Live(missing={name: f"{module} is not installed"})


def test_what_everybody_writes_arrives_at_everybody(tmp_path: Path) -> None:
    async def write() -> tuple[Any, list[str], int]:
        async with clients.Room(f"{server.url.replace('http', 'ws')}/socket", ["", "", ""]) as room:
            delays = await room.write(0.5, 0.1)
            return delays, room.texts(), len(room.made)

    with servers.broadcast(tmp_path) as server:
        delays, texts, marked = asyncio.run(write())
        assert server.memory() > 1_000_000
    assert len(delays.acknowledged) >= 3 * 5
    assert len(delays.others) == marked * 2
    assert len(texts) == 3
    assert len(set(texts)) == 1
    assert texts[0]


def test_a_server_that_ends_at_once_is_an_error_with_what_it_said(tmp_path: Path) -> None:
    server = servers.Server("a server", ["-c", "raise SystemExit('no port for me')"], tmp_path)
    with pytest.raises(servers.ServerError, match="a server did not start:\nno port for me"), server:
        pass
    with pytest.raises(servers.ServerError, match="a server does not run"):
        server.memory()


def test_a_text_that_differs_is_told() -> None:
    loads = [load.Load(name, 8, [[0.001, 0.002]], [[0.03, 0.03]], 90_000_000, 91_500_000) for name in ("ours", "bare")]
    loads[0].differ = 1
    results = load.results(loads, sizes.TINY)
    table = report.markdown([], None, live.Live(results, loads), sizes.TINY, ["a machine"])
    assert "| ours | 8 | 1.5 ms | 1.95 ms | 30 ms | 30 ms | 90 MB | 1.5 MB | 1 |" in table
    assert "and so has the store: **no**." in table
    assert "| load-other | p95: from an edit to another client, 2 clients write on one prompt | bare | 1 |" in table


@pytest.mark.parametrize(
    "world",
    [worlds.includes(3, 50), worlds.includes(4, 80, 6), worlds.chain(4), worlds.diamond(3)],
    ids=["includes", "variables", "chain", "diamond"],
)
def test_the_limit_joins_what_substitution_gives(world: Any) -> None:
    assert peers.join(world)() == peers.substitution(world)()


def test_a_contender_that_differs_is_an_error() -> None:
    work = timing.Work(
        "sum", "add", "b", None, [timing.Contender("a", lambda: 3), timing.Contender("b", lambda: 4)], timing.WALL
    )
    with pytest.raises(timing.DisagreementError, match="b gives '4', we give '3'"):
        work.check()


def test_a_contender_that_fails_is_listed_with_the_reason() -> None:
    def fails() -> int:
        raise ValueError("too deep\nand more")

    contenders = [timing.Contender("a", lambda: 3), timing.Contender("b", fails), timing.Contender("c", lambda: 3)]
    work = timing.Work("sum", "add", "c", 1.0, contenders)
    result = timing.measure(work, repeats=3, seconds=0)
    assert [entry.name for entry in result.timings] == ["a", "c"]
    assert work.refused == {"b": "fails: too deep"}


def test_what_is_prepared_is_not_timed() -> None:
    log: list[str] = []
    ticks = iter(range(1_000))

    def clock() -> float:
        log.append("clock")
        return float(next(ticks))

    contender = timing.Contender("a", lambda: log.append("call"), lambda: log.append("prepare"))
    result = timing.measure(timing.Work("w", "w", "a", 1, [contender], clock), repeats=2, seconds=5)
    assert log == ["prepare", "call", *["prepare", "clock", "call", "clock"] * 2]
    assert result.timings == [timing.Timing("a", 1.0, 1.0, 1.0, 1.0)]
    assert result.reached


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.5, "2.5 s"), (0.0123, "12.3 ms"), (0.000045, "45 µs"), (3e-7, "300 ns")]
)
def test_durations_have_a_fitting_unit(seconds: float, text: str) -> None:
    assert report.duration(seconds) == text
