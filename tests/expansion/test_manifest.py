"""A manifest expands byte for byte to the same text, whatever has become of the store since."""

import json
from collections.abc import Callable

import pytest

import prompt_kernel as pk
from prompt_kernel.errors import DamagedTextError, MissingVariableError, PromptNotFoundError
from prompt_kernel.expansion import (
    Expander,
    Expansion,
    Manifest,
    ManifestEntry,
    SourceText,
    Texts,
    expand_manifest,
    hash_of,
)
from prompt_kernel.store import Store


def through_json(manifest: Manifest) -> Manifest:
    return Manifest.from_data(json.loads(json.dumps(manifest.as_data())))


def test_a_manifest_names_each_text_once_and_the_root_first(library: Store) -> None:
    library.save("twice", "[[review]][[style/*]]`[[tone]]`[[tone@1]]")
    manifest = library.expand("twice", code="").manifest
    head = {path: library[path] for path in ("twice", "review", "style/base", "style/tone", "format/json")}

    assert manifest.entries == tuple(
        ManifestEntry(path, 1, head[path].uid, head[path].sha256, includes, None)
        for path, includes in (
            ("twice", ((1,), (2, 3), (3,))),
            ("review", ((2,), (4,))),
            ("style/base", ((3,),)),
            ("style/tone", ()),
            ("format/json", ()),
        )
    )
    assert str(manifest).splitlines()[0] == f"{head['twice'].sha256[:12]}  twice@1"


def test_what_no_store_holds_is_in_the_manifest_itself() -> None:
    manifest = pk.expand("[[a]] é", {"a": "A"}).manifest

    assert manifest == Manifest(
        (
            ManifestEntry("", None, "", hash_of("[[a]] é"), ((1,),), "[[a]] é"),
            ManifestEntry("a", None, "a", hash_of("A"), (), "A"),
        )
    )
    assert str(manifest) == f"{hash_of('[[a]] é')[:12]}  text\n{hash_of('A')[:12]}  a"


def test_what_only_a_glob_reached_that_leads_back_is_in_no_manifest(store: Store) -> None:
    """`d/a` stands before `d/b` in the glob, which is kept as text because `d/b` leads back."""
    store.save("d/a", "{{ v }}", variables={"v": "of a"})
    store.save("d/b", "{{ v }}[[e]]")
    store.save("e", "e[[d/*]]")
    expanded = store.expand("d/b", strict=False)

    assert expanded == "{{ v }}e[[d/*]]"
    assert [(entry.path, entry.includes) for entry in expanded.manifest.entries] == [("d/b", ((1,),)), ("e", (None,))]
    assert store.expand_manifest(expanded.manifest, strict=False) == expanded


def test_a_manifest_goes_through_json(library: Store) -> None:
    for expanded in (
        library.expand("review", code="x"),
        library.expand_text("[[style/*]] [[nope]]", strict=False, tone="plain"),
        pk.expand("\ud800[[a]]", {"a": ""}),
        Expansion("no details"),
    ):
        assert through_json(expanded.manifest) == expanded.manifest


def _edit(store: Store) -> None:
    for path in ("style/tone", "style/base", "format/json", "review"):
        store.save(path, f"edited {path}")


def _rename(store: Store) -> None:
    store.rename("style/tone", "voice")
    store.rename_directory("format", "shape")
    store.rename("review", "critique")


def _relabel(store: Store) -> None:
    store.save("format/json", "new")
    store.label("format/json", "live")
    store.unlabel("format/json", "live")


def _delete(store: Store) -> None:
    for path in ("style/tone", "format/json", "style/base", "review"):
        store.delete(path, force=True)


def _disable(store: Store) -> None:
    for directory in ("style", "format"):
        store.update_directory(directory, enabled=False)


def _take_names(store: Store) -> None:
    store.rename("style/tone", "elsewhere/tone")
    store.save("style/tone", "an impostor")
    store.save("style/another", "matches the glob too")


def _change_defaults(store: Store) -> None:
    store.save("style/tone", store["style/tone"].text, variables={"tone": {"default": "another"}})


@pytest.mark.parametrize(
    "change", [_edit, _rename, _relabel, _delete, _disable, _take_names, _change_defaults], ids=lambda of: of.__name__
)
def test_a_manifest_outlives_every_change(change: Callable[[Store], None], library: Store) -> None:
    library.label("format/json", "live")
    library.save("all", "[[review]]\n---\n[[style/*]] [[format/json@live]] [[tone(tone='formal')]]`![[json]]`")
    before = library.expand("all", code="x")
    free = library.expand_text("{{ code }} [[all]]", code="y")
    recorded, recorded_free = through_json(before.manifest), through_json(free.manifest)
    change(library)

    again = library.expand_manifest(recorded, code="x")
    assert again == before
    assert [(p.text, p.version, p.span, p.source) for p in again.pieces] == [
        (p.text, p.version, p.span, p.source) for p in before.pieces
    ]
    assert (again.variables, again.defaults) == (before.variables, before.defaults)
    assert library.expand_manifest(recorded_free, {"code": "y"}) == free


def test_a_manifest_takes_other_values_too(library: Store) -> None:
    recorded = library.expand("review", code="x").manifest
    library.save("review", "new")

    assert library.expand_manifest(recorded, tone="formal", code="y").startswith("Speak in a formal voice.\n")
    with pytest.raises(MissingVariableError):
        library.expand_manifest(recorded)
    assert "{{ code }}" in library.expand_manifest(recorded, strict=False)


def test_a_manifest_of_templates_keeps_engine_and_values(store: Store) -> None:
    store.save("t", "{% for x in xs %}[[a]]{{ x }}{% endfor %}", engine="jinja")
    store.save("a", "-")
    before = store.expand("t", xs=[1, 2])
    store.save("t", "plain", engine="plain")

    assert store.expand_manifest(through_json(before.manifest), xs=[1, 2]) == before == "-1-2"


def test_a_purged_prompt_cannot_be_expanded_again(library: Store) -> None:
    recorded = library.expand("review", code="x").manifest
    library.delete("style/tone", force=True)
    library.purge("style/tone")

    with pytest.raises(PromptNotFoundError, match="There is no prompt 'style/tone@1'"):
        library.expand_manifest(recorded, code="x")


def test_what_was_unresolved_stays_so(library: Store) -> None:
    library.save("broken", "[[missing]] [[d/*]] [[tone]] {{ hole }}")
    before = library.expand("broken", strict=False)
    library.save("missing", "found now")
    library.save("d/a", "found now")
    again = library.expand_manifest(through_json(before.manifest), hole="h")

    assert before == "[[missing]] [[d/*]] Speak in a plain voice.\n {{ hole }}"
    assert again == "[[missing]] [[d/*]] Speak in a plain voice.\n h"
    assert again.diagnostics == ()


def test_a_circle_stays_cut(store: Store) -> None:
    store.save("a", "a[[b]]")
    store.save("b", "b[[a]]{{ n }}")
    before = store.expand("a", strict=False, n=1)
    store.save("a", "new")

    assert store.expand_manifest(through_json(before.manifest), n=1) == before == "ab[[a]]1"


def test_a_circle_under_several_arguments_stays_cut_where_that_is_allowed(store: Store) -> None:
    store.save("a", "a{{ n }}[[b]]")
    store.save("b", "b{{ n }}[[a]]")
    before = store.expand_text("[[a(n=0)]][[b(n=1)]]", strict=False)
    store.save("a", "new")

    assert store.expand_manifest(through_json(before.manifest), strict=False) == before == "a0b0[[a]]b1a1[[b]]"


def test_a_text_that_is_not_the_recorded_one_is_refused() -> None:
    recorded = Expander(Texts({"a": "[[b]]", "b": "B"})).expand("a").manifest

    with pytest.raises(DamagedTextError, match="The stored text of b@0 does not match"):
        expand_manifest(recorded, [SourceText("a", "[[b]]"), SourceText("b", "changed")], {})


def test_the_manifest_of_an_expansion_without_details_is_empty() -> None:
    assert Expansion("abc").manifest == Manifest(())
