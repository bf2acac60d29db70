"""Draw a benchmark as a self-contained SVG: throughput and p99 against buyers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10
from xml.etree import ElementTree as ET

from booking.bench.aggregate import Row

PANEL_WIDTH, PANEL_HEIGHT = 460, 320
LEFT, TOP, GAP, BOTTOM = 64, 56, 80, 96
COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb", "#000000")
DASHES = ("", "6 3", "2 3")  # with the colours: 24 lines that differ
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#222}.title{font-size:14px;font-weight:600}"
    ".grid{stroke:#8884;stroke-width:1}.line{fill:none;stroke-width:2}"
    "@media(prefers-color-scheme:dark){svg{background:#181818}text{fill:#ddd}}"
)


@dataclass(frozen=True, slots=True)
class Panel:
    """One of the two diagrams: its metric and its place."""

    title: str
    metric: str
    left: float


@dataclass(frozen=True, slots=True)
class Scale:
    """A logarithmic scale from the lowest to the highest value onto pixels."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the pixel of a value; a value below the lowest has the lowest's."""
        span = log10(self.high) - log10(self.low)
        share = (log10(max(value, self.low)) - log10(self.low)) / span if span else 0.5
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        """Return the powers of ten within the scale."""
        exponents = range(floor(log10(self.low)), floor(log10(self.high)) + 1)
        return [10.0**exponent for exponent in exponents if self.low <= 10.0**exponent <= self.high]


def chart(rows: Sequence[Row], title: str) -> str:
    """Return the SVG of all rows, a line for each variant."""
    width, height = LEFT + 2 * PANEL_WIDTH + GAP + 24, TOP + PANEL_HEIGHT + BOTTOM
    svg = ET.Element(
        "svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width} {height}",
        width=str(width), height=str(height), role="img",
    )  # fmt: skip
    ET.SubElement(svg, "title").text = title
    ET.SubElement(svg, "style").text = STYLE
    _text(svg, LEFT, 22, title, **{"class": "title"})
    stores = len({row.variant.store for row in rows})
    labels = list(dict.fromkeys(row.variant.title(stores) for row in rows))
    for panel in (
        Panel("tickets sold a second", "sales_per_s", LEFT),
        Panel("waiting, 99th percentile, ms", "wait_p99_ms", LEFT + PANEL_WIDTH + GAP),
    ):
        _draw(svg, panel, {label: _of(rows, label, stores) for label in labels})
    _legend(svg, labels, height)
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


def _of(rows: Sequence[Row], label: str, stores: int) -> list[Row]:
    return [row for row in rows if row.variant.title(stores) == label]


def _draw(svg: ET.Element, panel: Panel, lines: dict[str, list[Row]]) -> None:
    rows = [row for line in lines.values() for row in line]
    values = [value for row in rows if (value := row.values[panel.metric])] or [1.0]
    buyers = sorted({row.buyers for row in rows})
    x = Scale(buyers[0], buyers[-1], panel.left, panel.left + PANEL_WIDTH)
    y = Scale(min(values) / 1.3, max(values) * 1.3, TOP + PANEL_HEIGHT, TOP)
    _text(svg, panel.left, TOP - 12, panel.title)
    for value in y.ticks():
        _rule(svg, panel.left, y.at(value), panel.left + PANEL_WIDTH, y.at(value))
        _text(svg, panel.left - 6, y.at(value) + 4, f"{value:,g}", **{"text-anchor": "end"})
    for count in buyers:
        _rule(svg, x.at(count), TOP, x.at(count), TOP + PANEL_HEIGHT)
        _text(svg, x.at(count), TOP + PANEL_HEIGHT + 16, str(count), **{"text-anchor": "middle"})
    _text(
        svg, panel.left + PANEL_WIDTH / 2, TOP + PANEL_HEIGHT + 34, "buyers",
        **{"text-anchor": "middle"},
    )  # fmt: skip
    for at, line in enumerate(lines.values()):
        _line(svg, line, panel, (x, y), at)


def _line(
    svg: ET.Element, rows: Sequence[Row], panel: Panel, scales: tuple[Scale, Scale], at: int
) -> None:
    x, y = scales
    known = [(row, value) for row in rows if (value := row.values[panel.metric])]
    points = [(x.at(row.buyers), y.at(value)) for row, value in known]
    colour, dash = COLOURS[at % len(COLOURS)], DASHES[at // len(COLOURS) % len(DASHES)]
    line = {"class": "line", "stroke": colour, "stroke-dasharray": dash}
    ET.SubElement(svg, "polyline", line, points=" ".join(f"{px},{py}" for px, py in points))
    for (px, py), (row, value) in zip(points, known, strict=True):
        dot = ET.SubElement(svg, "circle", cx=str(px), cy=str(py), r="3", fill=colour)
        ET.SubElement(dot, "title").text = f"{row.variant.label}, {row.buyers}: {value:,.4g}"


def _legend(svg: ET.Element, labels: list[str], height: float) -> None:
    for at, label in enumerate(labels):
        x, y = LEFT + at % 6 * 165, height - 38 + at // 6 * 18
        colour, dash = COLOURS[at % len(COLOURS)], DASHES[at // len(COLOURS) % len(DASHES)]
        _rule(svg, x, y - 4, x + 22, y - 4, stroke=colour, **{"stroke-dasharray": dash})
        _text(svg, x + 28, y, label)


def _text(svg: ET.Element, x: float, y: float, text: str, **more: str) -> None:
    ET.SubElement(svg, "text", more, x=str(x), y=str(y)).text = text


def _rule(svg: ET.Element, x1: float, y1: float, x2: float, y2: float, **more: str) -> None:
    look = {"stroke-width": "2", **more} if more else {"class": "grid"}
    ET.SubElement(svg, "line", look, x1=str(x1), y1=str(y1), x2=str(x2), y2=str(y2))
