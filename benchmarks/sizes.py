"""How much of everything: the real figures, smaller ones for a quick look, and tiny ones to see that all of it runs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Counts of prompts, and how long to measure.

    `large`, `middle` and `small` are stores; `seconds` is the length of one sample.
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


FULL = Sizes()
QUICK = Sizes(large=10_000, middle=2_000, imported=2_000, repeats=9, import_repeats=3, seconds=0.01)
TINY = Sizes(
    few_includes=4, many_includes=8, chain=5, diamond=3, large=200, middle=100, small=100, imported=70, repeats=1,
    import_repeats=1, seconds=0,
)  # fmt: skip
