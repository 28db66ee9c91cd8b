"""prompts.chat: rows of a CSV, and `${Name:default}`."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_kernel.errors import ImportFileError
from prompt_kernel.files.formats._prompts_chat import _draft
from prompt_kernel.records import Loss
from prompt_kernel.store import Store

Trip = Callable[..., Any]

ROWS = """\
act,prompt,for_devs,type,contributor
Interviewer,"Ask for a ${Job Title:cook} in ${city}, ""please"".",FALSE,TEXT,ana
It's (a) test/draft,"Two
lines: {x} {{y}} [[z]] ${Job-Title:b}",TRUE,STRUCTURED,"bo,cy"
interviewer,${a.b()} ${Job:cook} ${Job:baker},,TEXT,
"""


def test_rows_become_prompts_with_defaults(trip: Trip) -> None:
    result = trip({"p.csv": ROWS}, "prompts-chat", file="p.csv")
    assert result.said == {
        "Interviewer": (
            'Ask for a {{ Job_Title }} in {{ city }}, "please".',
            "simple",
            "",
            (),
            {"Job_Title": {"default": "cook"}, "city": {"required": False}},
        ),
        "Its a test draft": (
            "Two\nlines: {x} \\{{y}} \\[[z]] {{ Job_Title }}",
            "simple",
            "",
            ("dev",),
            {"Job_Title": {"default": "b"}},
        ),
        "interviewer-2": ("${a.b()} {{ Job }} {{ Job }}", "simple", "", (), {"Job": {"default": "cook"}}),
    }
    assert result.imported.losses == (
        Loss("p.csv:3", "It's (a) test/draft cannot be its path, or is taken, so that it became Its a test draft"),
        Loss("p.csv:5", "interviewer cannot be its path, or is taken, so that it became interviewer-2"),
        Loss("p.csv:5", "${a.b()} stays text"),
        Loss("p.csv:5", "another default of Job, 'baker'"),
    )


def test_rows_come_back_in_their_order_with_all_columns(trip: Trip) -> None:
    files = trip({"p.csv": ROWS}, "prompts-chat", file="p.csv").files
    written = list(csv.DictReader(io.StringIO(files["prompts.csv"].decode())))
    before = list(csv.DictReader(io.StringIO(ROWS)))
    before[2] |= {"prompt": "${a.b()} ${Job:cook} ${Job:cook}"}
    assert written == before


def test_unknown_columns_are_kept(trip: Trip) -> None:
    files = trip({"p.csv": "prompt,act,stars\nhi,a,5\n"}, "prompts-chat", file="p.csv").files
    assert files == {"prompts.csv": b"act,prompt,for_devs,type,contributor,stars\na,hi,FALSE,TEXT,,5\n"}


def test_a_prompt_of_ours_becomes_a_row(library: Store, tmp_path: Path) -> None:
    report = library.export_to(tmp_path / "out.csv", format="prompts-chat", directory="style")
    assert (tmp_path / "out.csv").read_text() == (
        'act,prompt,for_devs,type,contributor\nbase,"Speak in a ${tone:plain} voice.\nBe brief.\n",FALSE,TEXT,\n'
        'tone,"Speak in a ${tone:plain} voice.\n",FALSE,TEXT,\n'
    )
    assert Loss("tone", "the types of its variables are left out") in report.losses


def test_a_field_may_be_as_long_as_a_prompt(store: Store, plant: Callable[..., Path]) -> None:
    before = csv.field_size_limit()
    store.import_from(plant({"p.csv": f"act,prompt\nlong,{'x' * 200_000}\n"}) / "p.csv")
    assert (len(store["long"].text), csv.field_size_limit()) == (200_000, before)


BAD: dict[str, tuple[bytes, dict[str, str]]] = {
    "no column": (b"act,text\na,b\n", {"p.csv:1": "there is no column prompt; the first row names the columns"}),
    "two columns": (b"act,prompt,act\na,b,c\n", {"p.csv:1": "two columns have the same name"}),
    "a short row": (b"act,prompt\na,b\nc\n", {"p.csv:3": "the row has 1 fields, and the header 2"}),
    "no name": (
        b"act,prompt\n,b\n ,c\n",
        dict.fromkeys(("p.csv:2", "p.csv:3"), "the row has no act, which is its name"),
    ),
    "an open quote": (b'act,prompt\n"a,b\n', {"p.csv:2": "this is not valid CSV: unexpected end of data"}),
}


@pytest.mark.parametrize(("content", "problems"), BAD.values(), ids=BAD)
def test_a_malformed_table_names_its_line(
    store: Store, plant: Callable[..., Path], content: bytes, problems: dict[str, str]
) -> None:
    with pytest.raises(ImportFileError) as caught:
        store.import_from(plant({"p.csv": content}) / "p.csv", format="prompts-chat")
    assert (caught.value.problems, len(store)) == (problems, 0)


PIECES = st.sampled_from(
    [
        "${a}",
        "${b:x y}",
        "${Job Title:cook}",
        "$",
        "{",
        "}",
        "{{a}}",
        "[[a]]",
        "![[a]]",
        "\\",
        "`",
        "\n",
        "'",
        "a@1",
        "]",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_an_expansion_is_what_the_site_would_fill_in(text: str) -> None:
    """The names here are plain, so that whatever the site takes for a variable is one; the rest is text to both."""
    draft, losses = _draft("a", {"act": "a", "prompt": text}, 0)
    if not losses:
        expected = re.sub(r"\$\{([^:}]+)(?::([^}]*))?\}", lambda found: (found[2] or "").strip(), text)
        with Store(":memory:") as store:
            store.save_many([draft])
            assert store.expand("a") == expected
