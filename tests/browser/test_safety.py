"""What is stored is shown and never run; every page stands in every size and theme; what fails is a sentence."""

import re

import pytest
from playwright.async_api import ConsoleMessage, expect

from tests.browser.people import Dashboard, Enter, Person

HOSTILE = (
    "<img src=//evil.example/x onerror=alert(1)><script>alert(2)</script>"
    "[run](javascript:alert(3)) ![look](http://evil.example/y.png) $\\unicode{x}$ :red[x] :material/delete: "
    "<iframe srcdoc='<script>parent.alert(4)</script>'></iframe>\n"
)
NAME = "<b onclick=alert(5)>x"
#: A page below the root asks there first for what stands at the root: Streamlit looks for its base path like this.
EXPECTED = re.compile(r"/(directories|experiments|activity|trash|edit)/_stcore/(health|host-config)$")
MADE_OF_TEXT = """() => {
  const found = [];
  const look = (root) => {
    for (const node of root.querySelectorAll('*')) {
      const address = node.getAttribute('href') ?? node.getAttribute('src') ?? node.getAttribute('srcdoc') ?? '';
      if (/javascript:|evil|alert/.test(address) || node.hasAttribute('onerror') || node.hasAttribute('onclick')) {
        found.push(node.outerHTML);
      }
      if (node.shadowRoot) look(node.shadowRoot);
    }
  };
  look(document);
  return found;
}"""
TOO_WIDE = """() => ['html', '[data-testid=stMain]'].map((name) => {
  const at = document.querySelector(name);
  return at.scrollWidth - at.clientWidth;
})"""
BACKGROUND = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
PAGES = ("", "directories", "experiments", "activity", "trash", "edit?prompt=review", "edit", "edit?prompt=nobody")


def _fill(dashboard: Dashboard) -> None:
    store = dashboard.store.by(NAME)
    store.add_directory("__bad__", description=HOSTILE)
    text = HOSTILE + "{{ value }} [[style/tone]] [[nobody]]\n"
    variables = {"value": {"description": HOSTILE, "default": HOSTILE}}
    store.save("__bad__/_x_ 1", text, description=HOSTILE, tags=["<s>tag", "$x$"], variables=variables, message=HOSTILE)
    store.save("__bad__/_x_ 1", text + HOSTILE, message=HOSTILE)
    store.label("__bad__/_x_ 1", "stable")
    store.save("includes it", "[[__bad__/_x_ 1]]")
    store.save("__gone__", HOSTILE)
    store.delete("__gone__")


async def test_whatever_is_stored_is_shown_as_text_on_every_page(dashboard: Dashboard, enter: Enter) -> None:
    _fill(dashboard)
    ana: Person = await enter(f"Ana {NAME}")
    ben: Person = await enter(NAME)

    async def is_harmless() -> None:
        await ana.idle()
        assert await ana.page.evaluate(MADE_OF_TEXT) == []

    await ana.visit()
    await expect(ana.page.locator(".pk-library")).to_be_visible()
    await ana.page.keyboard.type("unicode")
    await expect(ana.page.locator(".pk-library mark").first).to_be_visible()
    await is_harmless()
    await ana.page.keyboard.press("Alt+r")
    await ana.dialog.get_by_role("textbox", name="Find").fill("look")
    await ana.reads(re.compile("matches in"))
    await is_harmless()
    for page in ("directories", "experiments", "activity", "trash", "edit?prompt=<script>alert(7)</script>"):
        await ana.visit(page)
        await is_harmless()
        for button in ("Changes", "Remove for good"):
            if await ana.button(button).count():
                await ana.button(button).first.click()
                await expect(ana.dialog).to_be_visible()
                await is_harmless()

    await ben.edit("__bad__/_x_ 1")
    await ana.edit("__bad__/_x_ 1")
    for title in ("Metadata", "References", "Same directory", "History", "Impact"):
        await ana.pane(title)
        await ana.idle()
    await ben.type("typed ", at=0)
    await expect(ana.page.locator(".pk-caret-name")).to_have_text(NAME)
    await expect(ana.page.get_by_role("region", name="Expanded text")).to_contain_text("<script>alert(2)</script>")
    history = await ana.pane("History")
    await history.get_by_text("1 · ").first.click()
    await expect(history).to_contain_text("From version 1 to what stands in the editor:")
    await ana.page.get_by_role("button", name="What would a save change?").click()
    await ana.reads("The expansion of 1 prompt would change.")
    await ana.page.locator(".cm-lintRange-error").first.hover()
    await expect(ana.page.locator(".cm-tooltip-lint")).to_be_visible()
    await is_harmless()

    for person in (ana, ben):
        assert (person.alerts, person.foreign) == ([], [])


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_no_page_scrolls_sideways_or_logs_an_error(dashboard: Dashboard, enter: Enter, dark: bool) -> None:  # noqa: FBT001 - a parameter of the test
    dashboard.store.save("long", "word" * 400 + " " + "many words " * 300, description="d" * 300, tags=["t" * 60])
    dashboard.store.save("/".join(["deep" * 12] * 4), "x\n")
    dashboard.store.save("review", "[[nobody]] {{ code }}\n", author="Somebody with a rather long name")
    dashboard.store.delete("style/base", force=True)
    ana: Person = await enter("Ana with a name that is not short", width=360, dark=dark)
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not EXPECTED.search(message.location["url"]):
            errors.append(message.text)

    ana.page.on("console", note)
    ana.page.on("pageerror", lambda error: errors.append(str(error)))
    for page in (*PAGES, "edit?prompt=long"):
        await ana.visit(page)
        assert (page, await ana.page.evaluate(TOO_WIDE)) == (page, [0, 0])
        background = await ana.page.evaluate(BACKGROUND)
        assert (sum(map(int, re.findall(r"\d+", background)[:3])) < 384) is dark

    assert errors == []
    assert (ana.alerts, ana.foreign) == ([], [])


async def test_what_cannot_be_shown_is_a_sentence_and_no_traceback(dashboard: Dashboard, enter: Enter) -> None:
    ana: Person = await enter("Ana")
    await ana.visit()
    await expect(ana.page.locator(".pk-library")).to_be_visible()
    dashboard.place.write_bytes(b"no database any more" * 1000)

    await ana.page.keyboard.type("tone")

    await expect(ana.page.get_by_role("alert").first).to_be_visible()
    await expect(ana.page.get_by_text("Traceback")).to_have_count(0)
    await expect(ana.page.get_by_test_id("stException")).to_have_count(0)
