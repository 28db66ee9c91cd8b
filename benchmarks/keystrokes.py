"""How long a key needs from one browser to the text in the other, beside a socket that just passes it on."""

import asyncio
from collections.abc import Mapping
from itertools import cycle, islice
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import quote

import servers
from browsers import MILLISECONDS, PATIENCE, SYNCED, chromium
from sizes import Sizes
from store import Stores
from timing import WALL, DisagreementError, Result, Work, compared, p95

from prompt_kernel.store import Store

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

NAMES = ("keystroke-median", "keystroke-p95")
_PATH = "shared/keys"
_OURS, _BARE = "Prompt Kernel", "bare socket"
_LETTERS = "the quick brown fox jumps over the lazy dog "
_WARMING = 5
#: Between two keys, in seconds: somebody who types very fast.
_PAUSE = 0.05
#: In a page: when keys go down, and when the text that is shown has become longer, both by the clock of the machine.
_PROBE = """
globalThis.probe = {
  downs: [],
  arrivals: [],
  now: () => performance.timeOrigin + performance.now(),
  watch(node, length) {
    let known = length();
    const look = () => {
      for (const now = this.now(); known < length(); known++) this.arrivals.push(now);
    };
    new MutationObserver(look).observe(node, { childList: true, characterData: true, subtree: true });
    node.focus();
  },
  take() {
    return [this.downs.splice(0), this.arrivals.splice(0)];
  },
};
addEventListener("keydown", () => probe.downs.push(probe.now()), true);
localStorage.setItem("pk:test", "1");
"""
_WATCH_EDITOR = """() => {
  const { view } = [...promptKernel.editors.values()][0];
  view.dispatch({ selection: { anchor: view.state.doc.length } });
  probe.watch(view.contentDOM, () => view.state.doc.length);
}"""
_WATCH_SOCKET = """() => {
  const text = document.querySelector("#text");
  probe.watch(text, () => text.textContent.length);
}"""


def measure(stores: Stores) -> list[Result]:
    """Type in each of two browsers in turn, through each server, until the other one shows it.

    Raises:
        MissingError: there is no browser.
        DisagreementError: not every key arrived.
    """
    return asyncio.run(_measure(stores))


async def _measure(stores: Stores) -> list[Result]:
    file = stores.folder / "keys.db"
    with Store(file) as store:
        store.save(_PATH, "We write together.\n")
    async with chromium(2) as browsers:
        with servers.dashboard(file, stores.folder) as dashboard, servers.broadcast(stores.folder) as broadcast:
            editor = f"{dashboard.url}/edit?prompt={quote(_PATH)}"
            pages = {
                _OURS: [await _open(browser, editor, SYNCED, _WATCH_EDITOR) for browser in browsers],
                _BARE: [await _open(browser, broadcast.url, "#text[data-open]", _WATCH_SOCKET) for browser in browsers],
            }
            taken = await _turns(pages, stores.sizes)
    medians, highs = NAMES
    return [
        _compared(medians, "median", {name: [median(turn) for turn in turns] for name, turns in taken.items()}),
        _compared(highs, "p95", {name: [p95(turn) for turn in turns] for name, turns in taken.items()}),
    ]


def _compared(name: str, figure: str, taken: Mapping[str, list[float]]) -> Result:
    title = f"{figure}: from a key in one browser to the text in the other"
    return compared(Work(name, title, _BARE, None, [], WALL), taken)


async def _open(browser: "Browser", url: str, ready: str, watch: str) -> "Page":
    """Open `url` in `browser`, wait for what `ready` selects, and watch its text from there on."""
    context = await browser.new_context()
    await context.add_init_script(_PROBE)
    page = await context.new_page()
    await page.goto(url)
    await page.locator(ready).first.wait_for(timeout=PATIENCE)
    await page.evaluate(watch)
    return page


async def _turns(pages: dict[str, list["Page"]], sizes: Sizes) -> dict[str, list[list[float]]]:
    """Return the delays of each turn. Both directions take part, so that clocks that differ even out."""
    taken: dict[str, list[list[float]]] = {name: [] for name in pages}
    for name, (one, other) in pages.items():
        await _type(name, one, other, _WARMING)
        await _type(name, other, one, _WARMING)
    for turn in range(sizes.key_turns):
        for name in pages if turn % 2 else reversed(pages):
            one, other = pages[name]
            halves = [await _type(name, one, other, sizes.keys), await _type(name, other, one, sizes.keys)]
            taken[name].append([*halves[0], *halves[1]])
    return taken


async def _type(name: str, writer: "Page", reader: "Page", count: int) -> list[float]:
    """Press `count` keys, and return the seconds that each needed to the other page."""
    for page in (writer, reader):
        await page.bring_to_front()
        await page.evaluate("probe.take()")
    for letter in islice(cycle(_LETTERS), count):
        await writer.keyboard.press(letter)
        await asyncio.sleep(_PAUSE)
    await reader.wait_for_function("count => probe.arrivals.length >= count", arg=count, timeout=PATIENCE)
    (downs, _), (_, arrivals) = await writer.evaluate("probe.take()"), await reader.evaluate("probe.take()")
    if not len(downs) == len(arrivals) == count:
        raise DisagreementError(f"{name}: of {count} keys, {len(downs)} went down and {len(arrivals)} arrived")
    return [(arrival - down) / MILLISECONDS for down, arrival in zip(downs, arrivals, strict=True)]
