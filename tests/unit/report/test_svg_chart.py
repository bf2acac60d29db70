"""The chart: well-formed, self-contained, complete."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from booking.bench.aggregate import rows
from booking.report.svg_chart import chart
from tests.support.benchmark_samples import (
    FLOCK,
    sample,
    samples,
)


def test_the_chart_is_a_picture_of_every_row() -> None:
    """Well-formed, self-contained, one line a variant and panel, one dot a row and panel."""
    found = rows(samples())
    text = chart(found, "a <title> & more")
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    svg = ET.fromstring(text)
    tag = "{http://www.w3.org/2000/svg}"
    lines, dots = svg.findall(f"{tag}polyline"), svg.findall(f"{tag}circle")
    assert (len(lines), len(dots)) == (2 * 5, 2 * 20)
    _, _, width, height = map(float, svg.attrib["viewBox"].split())
    for dot in dots:
        assert 0 < float(dot.attrib["cx"]) < width
        assert 0 < float(dot.attrib["cy"]) < height
    fastest = max(found, key=lambda row: row.values["sales_per_s"] or 0)
    highest = min(dots[:20], key=lambda dot: float(dot.attrib["cy"]))
    title = highest.find(f"{tag}title")
    assert title is not None
    assert str(title.text).startswith(f"{fastest.variant.label}, {fastest.buyers}:")


def test_a_chart_of_one_row_is_one_too() -> None:
    ET.fromstring(chart(rows([sample(FLOCK, 2, 100)]), "small"))
