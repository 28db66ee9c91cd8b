"""How much of everything: the real figures, smaller ones for a quick look, and tiny ones to see that all of it runs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Counts of prompts, and how long to measure.

    `large`, `middle` and `small` are stores; `seconds` is the length of one sample. In each of `key_turns`, `keys` are
    pressed. In each of `load_turns`, `clients` write for `load_seconds`. Pages are opened `page_repeats` times.
    `writers` processes save `writes` texts each; `notices` are waited for.
    A prompt is filled for `frame_rows`, and for `frame_rows_large`. An experiment asks for `calls`; one of `cells` is
    done already.
    """

    few_includes: int = 10
    many_includes: int = 500
    chain: int = 50
    diamond: int = 12
    large: int = 100_000
    middle: int = 10_000
    small: int = 1_000
    imported: int = 10_000
    repeats: int = 21
    import_repeats: int = 5
    seconds: float = 0.02
    keys: int = 50
    key_turns: int = 12
    clients: int = 50
    edits_per_second: float = 2
    load_turns: int = 3
    load_seconds: float = 20
    page_repeats: int = 7
    writers: int = 8
    writes: int = 200
    notices: int = 200
    frame_rows: int = 100_000
    frame_rows_large: int = 1_000_000
    calls: int = 2_000
    cells: int = 10_000


FULL = Sizes()
QUICK = Sizes(
    large=10_000, middle=2_000, imported=2_000, repeats=9, import_repeats=3, seconds=0.01, keys=30, key_turns=2,
    clients=8, load_turns=1, load_seconds=5, page_repeats=2, writes=50, notices=50, frame_rows=20_000,
    frame_rows_large=100_000, calls=500, cells=2_000,
)  # fmt: skip
TINY = Sizes(
    few_includes=4, many_includes=8, chain=5, diamond=3, large=200, middle=100, small=100, imported=70, repeats=1,
    import_repeats=1, seconds=0, keys=3, key_turns=2, clients=2, edits_per_second=10, load_turns=2, load_seconds=0.3,
    page_repeats=1, writers=2, writes=4, notices=3, frame_rows=20, frame_rows_large=50, calls=20, cells=30,
)  # fmt: skip
