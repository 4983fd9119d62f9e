"""Time against cost as a picture to put into a document; matplotlib is loaded only here."""

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from results import units
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
    offers = [o for o in item.ranked if o.seconds.mid > 0 and o.usd.mid > 0]  # the axes are log
    front = _undominated(offers)
    for provider, colour in COLOURS.items():
        for allocation, shape in SHAPES.items():
            own = [o for o in offers if (o.provider, o.allocation) == (provider, allocation)]
            if own:
                name = f"{PROVIDER_NAMES[own[0].provider]}, {allocation.replace('_', ' ')}"
                _points(panel, own, colour, shape, name, len(offers))
                _front_points(panel, [o for o in own if o in front], colour, shape)
    panel.set_xscale("log")
    panel.set_yscale("log")
    _line(panel, front)
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


def _undominated(offers: Sequence["BriefEstimate"]) -> list["BriefEstimate"]:
    """Those that no other beats in both time and cost, by their middles, the cheapest first."""
    front: list[BriefEstimate] = []
    for offer in offers:  # ranked by cost
        if not front or offer.seconds.mid < front[-1].seconds.mid:
            front.append(offer)
    return front


def _line(panel: "Axes", front: Sequence["BriefEstimate"]) -> None:
    """A dashed line through the front, and the names of its ends."""
    x, y = [o.seconds.mid for o in front], [float(o.usd.mid) for o in front]
    panel.plot(x, y, linestyle="--", color="black", linewidth=1, drawstyle="steps-pre", zorder=3,
               label="no other beats it in both")  # fmt: skip
    if len(front) < 2:
        return
    low, high = panel.get_xlim()
    for word, offer, up in (("cheapest", front[0], -1), ("fastest", front[-1], 1)):
        spot = " spot" if offer.allocation == "spot" else ""
        said = f"{word}: {offer.instance_type}{spot}, {units.usd_range(offer.usd)}"
        inwards = "right" if offer.seconds.mid > math.sqrt(low * high) else "left"
        panel.annotate(
            said, (offer.seconds.mid, float(offer.usd.mid)), (4, 9 * up), fontsize=8, ha=inwards,
            textcoords="offset points", va="bottom" if up > 0 else "top", zorder=6,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
        )  # fmt: skip


def _front_points(panel: "Axes", own: Sequence["BriefEstimate"], colour: str, shape: str) -> None:
    panel.scatter([o.seconds.mid for o in own], [float(o.usd.mid) for o in own], s=42, c=colour,
                  marker=shape, zorder=4, edgecolors="black", linewidths=0.8)  # fmt: skip
    _bars(panel, own, colour, 0.6)


def _points(
    panel: "Axes", own: Sequence["BriefEstimate"], colour: str, shape: str, name: str, count: int
) -> None:
    many = count > FEW
    _bars(panel, own, colour, max(0.015, min(0.7, FEW / 2 / count)))
    x, y = [o.seconds.mid for o in own], [float(o.usd.mid) for o in own]
    panel.scatter(x, y, s=12 if many else 22, c=colour, marker=shape, label=name, zorder=2,
                  alpha=0.7 if many else 1, edgecolors="white", linewidths=0.4)  # fmt: skip


def _bars(panel: "Axes", own: Sequence["BriefEstimate"], colour: str, opacity: float) -> None:
    x, y = [o.seconds.mid for o in own], [float(o.usd.mid) for o in own]
    across = [
        [o.seconds.mid - o.seconds.low for o in own],
        [o.seconds.high - o.seconds.mid for o in own],
    ]
    up = [[float(o.usd.mid - o.usd.low) for o in own], [float(o.usd.high - o.usd.mid) for o in own]]
    panel.errorbar(x, y, xerr=across, yerr=up, fmt="none", ecolor=colour, elinewidth=0.8,
                   alpha=opacity, zorder=1)  # fmt: skip


def _wrapped(text: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, 105))
