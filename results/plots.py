"""Time against cost as a picture to put into a document; matplotlib is loaded only here."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from results.answer import answer
from results.content import Answer, Content
from results.errors import NoAnswerError
from results.names import PROVIDER_NAMES
from results.ticks import time_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from results.all_offers import BriefEstimate

# Okabe and Ito's palette, as on the page; shapes tell what colours can't in a grey print.
COLOURS = {"aws": "#c04f00", "gcp": "#0072b2", "azure": "#00805c"}
SHAPES = {"on_demand": "o", "spot": "D"}
MOST_PANELS = 6
FEW = 40  # up to here all intervals are plain to see; of more each is drawn fainter


def picture(content: Content, form: str) -> bytes:
    """PNG or SVG, a panel a workload, six at most. Raises NoAnswerError where nothing was quoted.

    Nothing is drawn through a screen: figures are made without pyplot and its global state.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    shown = content.answers[:MOST_PANELS]
    if not shown:
        raise NoAnswerError("No quote is on record to draw. Start with: trainfare quote cnn")
    # A `$` is money here, not mathematics; text stays text in SVG; no date, the same bytes again.
    with rc_context(
        {"text.parse_math": False, "svg.fonttype": "none", "svg.hashsalt": "trainfare"}
    ):
        figure = Figure(figsize=(9.5, 4.6 * len(shown)), layout="constrained")
        panels: Any = figure.subplots(len(shown), 1, squeeze=False)
        for panel, item in zip(panels[:, 0], shown, strict=True):
            _draw(panel, item)
        out = io.BytesIO()
        figure.savefig(
            out, format=form, dpi=150, metadata={"Date": None} if form == "svg" else None
        )
    return out.getvalue()


def _draw(panel: "Axes", item: Answer) -> None:
    offers = item.ranked
    for provider, colour in COLOURS.items():
        for allocation, shape in SHAPES.items():
            own = [o for o in offers if (o.provider, o.allocation) == (provider, allocation)]
            if own:
                name = f"{PROVIDER_NAMES[own[0].provider]}, {allocation.replace('_', ' ')}"
                _points(panel, own, colour, shape, name, min(0.7, FEW / len(offers)))
    panel.set_xscale("log")
    panel.set_yscale("log")
    ticks, ends = time_ticks(offers), panel.get_xlim()
    panel.set_xticks([at for at, _ in ticks], [label for _, label in ticks])
    panel.set_xlim(ends)
    panel.xaxis.minorticks_off()
    panel.yaxis.set_major_formatter(lambda usd, _: f"${usd:,.10f}".rstrip("0").rstrip("."))
    panel.set_xlabel("time of the whole job")
    panel.set_ylabel("cost")
    panel.grid(alpha=0.3)
    panel.set_title(_wrapped(answer(item.quote, item.run)), fontsize=9, loc="left")
    panel.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))


def _points(
    panel: "Axes", own: Sequence["BriefEstimate"], colour: str, shape: str, name: str, faint: float
) -> None:
    x, y = [o.seconds.mid for o in own], [float(o.usd.mid) for o in own]
    across = [
        [o.seconds.mid - o.seconds.low for o in own],
        [o.seconds.high - o.seconds.mid for o in own],
    ]
    up = [[float(o.usd.mid - o.usd.low) for o in own], [float(o.usd.high - o.usd.mid) for o in own]]
    panel.errorbar(x, y, xerr=across, yerr=up, fmt="none", ecolor=colour, elinewidth=0.8,
                   alpha=faint, zorder=1)  # fmt: skip
    panel.scatter(x, y, s=22, c=colour, marker=shape, label=name, zorder=2, edgecolors="white",
                  linewidths=0.5)  # fmt: skip


def _wrapped(text: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, 105))
