"""Plots of a benchmark's result: precision against recall, and recall by kind of moment."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from itertools import cycle
from typing import TYPE_CHECKING, Any

from moderator.measure.bench.addressed import Kind
from moderator.measure.bench.moments import Protocol

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = [f"C{i}" for i in range(10)]
"""One for each row of the table, the same in all plots."""


def draw(result: Mapping[str, Any]) -> dict[str, bytes]:
    """What the stream found as SVG files, by name.

    Args:
        result: as `report.results` gives it, with the stream.
    """
    import matplotlib
    from matplotlib.figure import Figure

    stream = result["protocols"][Protocol.STREAM.value]
    drawn = {}
    plots = {"precision-recall.svg": _precision_recall, "kinds.svg": _kinds}
    for name, plot in plots.items():
        # With a salt that is fixed, the files of one result are the same bytes.
        with matplotlib.rc_context({"svg.hashsalt": "moderator", "font.size": 9.0}):
            figure = Figure(figsize=(7, 4.5), layout="constrained")
            plot(figure.subplots(), stream)
            file = BytesIO()
            figure.savefig(file, format="svg", metadata={"Date": None})
        drawn[name] = file.getvalue()
    return drawn


def _precision_recall(axes: Axes, stream: Mapping[str, Any]) -> None:
    """Curves of what has a threshold to turn, and where each one's threshold lies."""
    for colour, row in zip(cycle(_COLOURS), stream["rows"], strict=False):
        figures = row["pooled"]
        curve = [point for point in row["curve"] if point[0] > 0]
        label = f"{row['name']} (AP {figures['ap']:.3f})" if figures["ap"] else row["name"]
        points = [p[0] for p in curve], [p[1] for p in curve]
        axes.plot(*points, color=colour, label=label, lw=1.2)
        if figures["precision"] is not None and figures["recall"]:
            axes.plot(figures["recall"], figures["precision"], "o", color=colour, ms=4)
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, None))
    axes.set_title(f"stream: {stream['positives']} turns in {stream['moments']} moments")
    axes.legend(fontsize=8)


def _kinds(axes: Axes, stream: Mapping[str, Any]) -> None:
    """Bars of recall, a group for each kind of moment."""
    coloured = zip(cycle(_COLOURS), stream["rows"], strict=False)
    rows = [(c, row) for c, row in coloured if 0 < (row["pooled"]["taken"] or 0) < 1]
    width = 0.8 / max(1, len(rows))
    for i, (colour, row) in enumerate(rows):
        recalls = [row["pooled"][f"recall: {kind}"] or 0.0 for kind in Kind]
        places = [j + i * width for j in range(len(Kind))]
        axes.bar(places, recalls, width, color=colour, label=row["name"])
    middle = 0.4 - width / 2
    axes.set_xticks([j + middle for j in range(len(Kind))], [str(kind) for kind in Kind])
    axes.set(ylabel="recall", ylim=(0, 1))
    axes.set_title("Turns taken by kind of moment, each at its threshold")
    axes.legend(fontsize=8)
