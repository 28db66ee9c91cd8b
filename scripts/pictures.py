"""Makes the pictures of the README: the dashboard and cards, light and dark, into docs/pictures.

It needs what the tests need. Ana and Ben work on the sample library, in a store and a dashboard of their own.
"""

import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import quote

import serve
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

import prompt_kernel as pk
from prompt_kernel.experiments.results import Results

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"

Scheme = Literal["light", "dark"]
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")
WIDTH, HEIGHT, SCALE = 1120, 700, 1.25
#: Colours of a picture; more cannot be told apart on a page.
COLORS = 128
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--force-color-profile=srgb", "--font-render-hinting=none",
]  # fmt: skip

NOTES = "Tue: returns went up to 9 % in May (April: 6 %). Most are shoes, mostly size 42."

LABELS = ["complaint", "question", "praise", "other"]
SENDERS = ["Ana", "Ben", "Carla", "Dora", "Emil", "Femi", "Gül", "Hugo"]
TYPED = "Judge only what was asked."


def main() -> int:
    """Make all pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        os.environ["PROMPT_KERNEL_URL"] = str(Path(folder) / "prompts.db")
        furnish()
        for name, html in cards().items():
            for scheme in SCHEMES:
                draw(browser, scheme, f"{name}-{scheme}", html)
        with dashboard(Path(folder)) as address:
            for scheme in SCHEMES:
                photograph_library(browser, scheme, address)
            photograph_editor(browser, address)
    for picture in sorted(PICTURES.glob("*.png")):
        print(f"{picture.relative_to(ROOT)}  {picture.stat().st_size / 1000:.0f} kB")
    return 0


# The store ------------------------------------------------------------------------------------------------------------


def furnish() -> None:
    """Put the sample library into the store, and some days of work of three people."""
    with pk.connect(author="Ana") as ana:
        ana.import_folder(ROOT / "notebooks" / "library")
        ben, carla = ana.by("Ben", origin="dashboard"), ana.by("Carla", origin="dashboard")
        ben.save("style/tone", ana.get("style/tone").text.replace("short sentences", "plain, short sentences"))
        carla.save("text/summarise", ana.get("text/summarise").text.replace("below.", "below for busy readers."))
        ana.label("text/summarise", "production", version=1)
        ana.favourite("text/summarise")
        ana.favourite("evaluate/judge")


# Cards ----------------------------------------------------------------------------------------------------------------


def cards() -> dict[str, str]:
    """Return the cards to draw, as their HTML."""
    with pk.connect(author="Ana") as store:
        expansion = store.expand("text/summarise", text=NOTES, most=3, audience="the head of sales")
        return {"card": expansion._repr_html_(), "results": experiment(store)._repr_html_()}


def experiment(store: pk.Store) -> Results:
    """Run an experiment on two models that are played: one is better, and each is a little worse without examples."""
    rows = [{"message": f"{name} wrote this as {label}: …", "label": label} for name in SENDERS for label in LABELS]
    better = {"small": 0.55, "large": 0.75}
    return pk.Experiment(
        "labels",
        prompts=["text/classify", pk.swap("text/classify", "examples/sentiment", [None])],
        inputs=rows,
        models={name: partial(answer, rate) for name, rate in better.items()},
        scorers={"right": pk.scorers.contains("label"), "certain": certain},
        store=store,
    ).run(progress=False)


def answer(rate: float, prompt: str) -> pk.Answer:
    """Answer like a model that is right so often, always the same to the same prompt."""
    dice = random.Random(prompt)  # noqa: S311 - dice
    has_examples = "Nice shoes" in prompt
    wanted = next(label for label in LABELS if f"as {label}:" in prompt)
    label = wanted if dice.random() < rate + 0.15 * has_examples else dice.choice(LABELS)
    return pk.Answer(
        json.dumps({"label": label, "confidence": round(0.5 + dice.random() / 2, 2)}), len(prompt) // 4, 12, 0.0004
    )


def certain(output: str, row: Mapping[str, Any]) -> float:  # noqa: ARG001 - what every scorer takes
    """Return how certain the model says to be."""
    return float(json.loads(output)["confidence"])


def draw(browser: Browser, scheme: Scheme, name: str, html: str) -> None:
    """Draw a card as a notebook of that scheme does."""
    with page_of(browser, scheme, "Ana", "") as page:
        page.set_viewport_size({"width": 900, "height": 600})
        back, fore = ("#fff", "#1f2328") if scheme == "light" else ("#111", "#e6e6e6")
        page.set_content(
            f'<meta charset="utf-8"><style>:root {{ color-scheme: {scheme} }} body {{ margin: 0; padding: 12px;'
            f" background: {back}; color: {fore}; font: 14px/1.5 system-ui, sans-serif }}</style>"
            f'<body data-jp-theme-light="{str(scheme == "light").lower()}"><main>{html}</main>'
        )
        save(page.locator("main").screenshot, name)


# The dashboard --------------------------------------------------------------------------------------------------------


@contextmanager
def dashboard(folder: Path) -> Iterator[str]:
    """Run the dashboard on the store; give its address."""
    with serve.start_dashboard(folder) as server:
        for _ in range(serve.STARTING * 10):
            if server.is_up() or server.has_ended:
                break
            time.sleep(0.1)
        yield server.address


def photograph_library(browser: Browser, scheme: Scheme, address: str) -> None:
    """Take a picture of the library."""
    with page_of(browser, scheme, "Ana", address) as page:
        page.goto(address)
        settle(page)
        page.locator(".pk-library tr[data-path]").first.wait_for()
        page.locator(".pk-tree [role=treeitem]").first.wait_for()
        save(page.screenshot, f"library-{scheme}")


def photograph_editor(browser: Browser, address: str) -> None:
    """Take pictures of the editor while Ben types into the prompt that Ana has open."""
    with page_of(browser, "light", "Ana", address) as ana, page_of(browser, "light", "Ben", address) as ben:
        open_editor(ben, address)
        ben.locator(".cm-line", has_text="[[rubric]]").click()
        ben.keyboard.press("End")
        ben.keyboard.type(f"\n{TYPED}")
        for scheme in SCHEMES:
            ana.emulate_media(color_scheme=scheme)
            open_editor(ana, address)
            ana.locator(".cm-line", has_text=TYPED).wait_for()
            ana.get_by_text("characters from").wait_for()
            # Where somebody was before one came is shown once they move.
            ben.keyboard.press("Home")
            ben.keyboard.press("End")
            ana.locator(".pk-caret").wait_for(state="attached")
            save(ana.screenshot, f"editor-{scheme}")


def open_editor(page: Page, address: str) -> None:
    """Open the judge's prompt in the editor."""
    page.goto(f"{address}/edit?prompt={quote('evaluate/judge')}")
    settle(page)
    page.locator(".pk-editor[data-synced=true][data-state=saved]").wait_for()


def settle(page: Page) -> None:
    """Wait until Streamlit has nothing left to do, and the fonts are there."""
    app = "[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED]"
    page.locator(app).wait_for()
    page.evaluate("document.fonts.ready")


# The browser ----------------------------------------------------------------------------------------------------------


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the machine's own browser, or the one that Playwright has fetched."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    with sync_playwright() as playwright:
        own = next(filter(None, map(shutil.which, names)), None)
        browser = playwright.chromium.launch(executable_path=own, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def page_of(browser: Browser, scheme: Scheme, name: str, address: str) -> Iterator[Page]:
    """Open a page for somebody with a browser of their own."""
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SCALE, color_scheme=scheme
    )
    if address:
        context.add_cookies([{"name": "pk_name", "value": name, "url": address}])
    yield context.new_page()
    context.close()


def save(take: Callable[..., bytes], name: str) -> None:
    """Take a picture and keep it small."""
    path = PICTURES / f"{name}.png"
    take(path=path, animations="disabled", caret="hide")
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
