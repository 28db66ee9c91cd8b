"""The chart of an experiment: for each prompt and model the mean of a score, and how sure that is."""

from collections.abc import Sequence
from typing import Final

import altair as alt

from prompt_kernel.experiments.results import Cell

#: The height of a bar, and the width of the longest name of a prompt, in pixels.
_BAR: Final = 18
_WIDEST_NAME: Final = 220


def scores(cells: Sequence[Cell], score: str) -> alt.LayerChart | alt.FacetChart:
    """Return bars with the mean of `score` and lines for its interval, those of one prompt together."""
    values = [
        {"prompt": cell.prompt, "model": cell.model, "mean": cell.mean, "low": cell.low, "high": cell.high, "n": cell.n}
        for cell in cells
        if cell.mean is not None
    ]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        y=alt.Y("prompt:N", sort=None, title=None, axis=alt.Axis(labelLimit=_WIDEST_NAME, labelOverlap=False)),
        yOffset=alt.YOffset("model:N", sort=None),
    )
    bars = base.mark_bar(opacity=0.85, cornerRadiusEnd=2).encode(
        x=alt.X("mean:Q", title=score),
        color=alt.Color("model:N", title="Model", sort=None, legend=alt.Legend(orient="top")),
        tooltip=[
            alt.Tooltip("prompt:N"),
            alt.Tooltip("model:N"),
            alt.Tooltip("mean:Q", format=".3f"),
            alt.Tooltip("low:Q", format=".3f"),
            alt.Tooltip("high:Q", format=".3f"),
            alt.Tooltip("n:Q", title="scored"),
        ],
    )
    intervals = base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q", color=alt.value("gray"))
    step = alt.Step(_BAR, **{"for": "offset"})
    return alt.layer(bars, intervals).properties(height=step)
