"""What has drifted from a lock: each way in which a store can come to say something else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from prompt_kernel import uses
from prompt_kernel.lock import Lock
from prompt_kernel.records import Drift, TextDiff
from prompt_kernel.store import Store

Told = list[tuple[str, str, str, str, tuple[str, ...]]]


def told(store: Store, file: Path) -> Told:
    return [
        (f"{each.path}@{each.version}", each.kind, each.now, each.message, each.names) for each in store.verify(file)
    ]


def purge(store: Store, path: str) -> None:
    store.delete(path, force=True)
    store.purge(path)


def swap(store: Store) -> None:
    store.rename("style/tone", "voice")
    store.save("new", "N")
    store.rename("new", "style/tone")


TONE, REVIEW = "style/tone@1", ("review", "tone@production")
CASES: list[tuple[str, Callable[[Store], object], Told]] = [
    ("nothing", lambda _: None, []),
    ("what is not in the lock", lambda s: s.save("other", "O"), []),
    (
        "a version",
        lambda s: s.save("format/json", "New"),
        [("format/json@1", "changed", "format/json@2", "it is version 2 now", ("review",))],
    ),
    (
        "a version that only has other variables",
        lambda s: s.save("style/tone", s["style/tone"].text, variables={}),
        [(TONE, "changed", "style/tone@2", "it is version 2 now", ("review",))],
    ),
    (
        "a version that a label is on",
        lambda s: (s.save("style/tone", "New"), s.label("style/tone", "production")),
        [
            (TONE, "changed", "style/tone@2", "it is version 2 now", ("review",)),
            (TONE, "label moved", "style/tone@2", "production is version 2 now", ("tone@production",)),
        ],
    ),
    (
        "a label that is gone",
        lambda s: s.unlabel("style/tone", "production"),
        [
            (
                TONE,
                "elsewhere",
                "",
                "tone@production cannot be expanded now: style/tone has no label production. It has version 1.",
                ("tone@production",),
            )
        ],
    ),
    (
        "a path, with the texts that mention it",
        lambda s: s.rename("style/base", "voice"),
        [
            ("review@1", "changed", "review@2", "it is version 2 now", ("review",)),
            (
                "style/base@1",
                "renamed",
                "voice@1",
                "it is called voice now; by the lock it still goes by its old path",
                ("review",),
            ),
        ],
    ),
    (
        "a prompt in the trash",
        lambda s: s.delete("format/json", force=True),
        [
            (
                "format/json@1",
                "deleted",
                "",
                "it lies in the trash, put there by ana; by the lock it still expands",
                ("review",),
            )
        ],
    ),
    (
        "a purged prompt",
        lambda s: purge(s, "style/tone"),
        [(TONE, "purged", "", "the store has it no more, so that the lock cannot be used", REVIEW)],
    ),
    (
        "a short name that another prompt has now",
        lambda s: s.save("tone", "Not that one"),
        [
            (
                TONE,
                "elsewhere",
                "",
                "tone@production cannot be expanded now: tone has no label production. It has version 1.",
                ("tone@production",),
            )
        ],
    ),
    (
        "an inclusion that leads to another prompt",
        lambda s: (s.save("style/format/json", "Not that one"), s.delete("format/json", force=True)),
        [
            (
                "format/json@1",
                "elsewhere",
                "style/format/json@1",
                "[[format/json]] in review@1 leads to style/format/json@1 now",
                ("review",),
            ),
            (
                "format/json@1",
                "deleted",
                "",
                "it lies in the trash, put there by ana; by the lock it still expands",
                ("review",),
            ),
        ],
    ),
    (
        "a directory that is switched off",
        lambda s: s.update_directory("style", enabled=False),
        [
            ("style/base@1", "elsewhere", "", "[[style/base]] in review@1 leads nowhere now", ("review",)),
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_change_is_told_of(library: Store, file: Path, change: Callable[[Store], object], expected: Told) -> None:
    library.label("style/tone", "production")
    library.freeze(file, ["review", "tone@production"])

    change(library)

    assert told(library, file) == expected


def test_a_path_that_another_prompt_has_now_is_told_of(library: Store, file: Path) -> None:
    library.freeze(file, ["style/tone"])
    swap(library)

    assert told(library, file) == [
        (TONE, "elsewhere", "style/tone@1", "style/tone leads to style/tone@1 now", ("style/tone",)),
    ]


def test_what_a_glob_means_is_compared_prompt_by_prompt(library: Store, file: Path) -> None:
    library.save("rules/a", "A")
    library.save("rules/b", "B")
    library.save("all", "[[rules/*]]")
    library.freeze(file, ["all", "rules/*"])
    library.save("rules/c", "C")
    library.rename("rules/a", "other/a")
    library.save("rules/b", "BB")

    both = ("all", "rules/*")
    assert told(library, file) == [
        ("rules/a@1", "elsewhere", "", "[[rules/*]] in all@1 does not lead to it any more", ("all",)),
        ("rules/a@1", "elsewhere", "", "rules/* does not lead to it any more", ("rules/*",)),
        ("rules/a@1", "elsewhere", "rules/c@1", "[[rules/*]] in all@1 leads to rules/c@1 as well", ("all",)),
        ("rules/a@1", "elsewhere", "rules/c@1", "rules/* leads to rules/c@1 as well", ("rules/*",)),
        ("rules/b@1", "changed", "rules/b@2", "it is version 2 now", both),
    ]


def test_what_led_nowhere_and_leads_somewhere_now_is_told_of(library: Store, file: Path) -> None:
    library.save("broken", "[[gone]]")
    library.expand("broken", strict=False)
    library.freeze(file)
    assert library.verify(file) == []
    library.save("gone", "G")

    assert told(library, file) == [
        ("broken@1", "elsewhere", "gone@1", "[[gone]] in broken@1 led nowhere, and leads to gone@1 now", ("broken",))
    ]


def test_what_grew_too_large_is_told_of(library: Store, file: Path) -> None:
    library.save("a", "x")
    library.save("b", "[[a]][[a]]")
    library.freeze(file, ["b"])
    library.save("a", "x" * 1_100_000)

    (drift,) = library.verify(file)

    assert (drift.kind, drift.path) == ("broken", "b")
    assert drift.message.startswith("b cannot be expanded now: This would expand to 2,200,000 characters")


def test_the_differences_come_with_it(library: Store, file: Path) -> None:
    old = library["style/tone"].text
    library.freeze(file, ["style/tone", "format/json"])
    library.save("style/tone", "New")
    library.save("format/json", library["format/json"].text, engine="plain")

    settings, text = library.verify(file)

    assert text == Drift(
        "changed",
        "style/tone",
        1,
        "style/tone@2",
        "it is version 2 now",
        ("style/tone",),
        TextDiff(old, "New", "style/tone@1 (frozen)", "style/tone@2"),
    )
    assert str(text) == "style/tone@1: changed: it is version 2 now (in style/tone)"
    assert [line for line in settings.diff.lines() if line[:1] in "+-"][2:] == [  # type: ignore[union-attr]  # there is one
        '-  "engine": "simple",',
        '+  "engine": "plain",',
    ]


def test_a_lock_that_is_not_of_these_texts_is_told_of(library: Store, file: Path) -> None:
    library.freeze(file, ["review"])
    sha256 = library["style/tone"].sha256
    file.write_text(file.read_text(encoding="utf-8").replace(sha256, "0" * 64), encoding="utf-8")

    (drift,) = library.verify(file)

    assert (drift.kind, drift.path, drift.names) == ("replaced", "style/tone", ("review",))
    assert drift.message.startswith("the store's style/tone@1 is not the one that was frozen")


def test_verifying_is_no_use_and_takes_a_lock_too(library: Store, file: Path) -> None:
    library.expand("style/tone")
    library.freeze(file)
    library.freeze(file, ["review"])

    found = library.verify(Lock.read(file))

    assert (list(found), found.empty) == (
        [],
        "Nothing has drifted: 2 names and 4 prompts are as they were frozen.",
    )
    assert [use.name for use in uses.of(library.url).last] == ["style/tone"]
