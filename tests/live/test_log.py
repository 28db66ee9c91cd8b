"""What a hub asks of the store, where several do so at the same moment."""

from prompt_kernel.live import draft_text
from prompt_kernel.live.log import Log
from prompt_kernel.store import Store


def test_of_two_servers_that_make_a_damaged_text_anew_the_second_keeps_its_own_as_a_copy(store: Store) -> None:
    uid = store.save("note", "Begin.").uid
    one, other = Log(store), Log(store)
    epoch = one.open(uid).kept.epoch

    assert one.replace(uid, epoch, 1, "Begin. Ana.", "Ana") is None
    assert other.replace(uid, epoch, 1, "Begin. Ana.", "Ben") is None
    kept = other.replace(uid, epoch, 1, "Begin. Ana. Ben.", "Ben")

    assert kept is not None
    assert (kept.path, kept.text, kept.author) == ("note-conflict", "Begin. Ana. Ben.", "Ben")
    assert draft_text(store, "note") == "Begin. Ana."
