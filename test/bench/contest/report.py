"""The table, the verdicts and the chart of a run, from what figures.json holds and from nothing else.

    {"facts": {…}, "rows": [{"key", "title", "unit"}], "contestants": [{"name", "version", "note"}], "floor_us": …,
     "slowness": …, "failures": […], "figures": {row: {contestant: [one figure a round]}}, "details": …}
"""

import math
import statistics
from xml.sax.saxutils import escape

from .verdicts import verdicts

BEGIN, END = "<!-- figures: written by test/bench/run --publish -->", "<!-- end of the figures -->"
_COLOURS = ("#7f8c8d", "#1f6f8b", "#4aa3c7", "#c0792a", "#d9a05b", "#6a8f3c", "#8e5ea2", "#b0413e", "#555555", "#999999")
_SHARES_OF_THE_CHART = 8  # octaves: from an eighth of sallyport's figure to 32 times


def medians(data):
    """{row: {contestant: median}}."""
    return {row: {name: statistics.median(values) for name, values in cells.items() if values}
            for row, cells in data["figures"].items()}


def number(value):
    """Three digits of it, or all before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def markdown(data):
    """The table with its verdicts and circumstances below."""
    table, names = medians(data), [one["name"] for one in data["contestants"]]
    lines = ["| work | " + " | ".join(names) + " |", "|---" + "|--:" * len(names) + "|"]
    for row in data["rows"]:
        cells = table.get(row["key"])
        if cells:
            lines.append(f"| {row['title']}, {row['unit']} | " + " | ".join(number(cells[one]) if one in cells else "–" for one in names)
                         + " |")
    lines += ["", f"OpenSSL's own floor, one full handshake as a server and one as a client with verification: "
              f"{number(data['floor_us'])} µs.", ""]
    lines += _circumstances(data) + ["", "The aims, by the figures above:", ""]
    lines += [f"- {one.line()}" for one in verdicts(table, data["floor_us"])]
    if data["failures"]:
        lines += ["", "Not measured, because it failed:", ""] + [f"- {one}" for one in data["failures"]]
    return "\n".join(lines) + "\n"


def _circumstances(data):
    facts = data["facts"]
    lines = [f"- Measured {facts['date']}: {facts['rounds']} rounds, scale {facts['scale']:g}, {facts['minutes']:.0f} minutes, on "
             f"{facts['cores']} cores of {facts['processor']}, {facts['system']}, kernel {facts['kernel']}, {facts['openssl']}.",
             f"- How slow the contestants' core was, by the probe, compared with its best: {data['slowness']:.2f} in the median. CPU "
             "times above are divided by it, cell by cell."]
    for one in data["contestants"]:
        name = " ".join(word for word in (one["name"], one["version"]) if word)
        lines.append(f"- {name}" + (f": {one['note']}" if one["note"] else ""))
    return lines


def published(page, data):
    """The page with the figures in their place, between the two marks."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{markdown(data)}{END}{after}"


def svg(data):
    """One bar a contestant for each row that has others' figures, on a logarithmic scale, relative to sallyport's."""
    table = medians(data)
    names = [one["name"] for one in data["contestants"]]
    rows = [(row, table[row["key"]]) for row in data["rows"]
            if table.get(row["key"], {}).get("sallyport") and len(table[row["key"]]) > 1]
    bar, gap, left, width = 13, 16, 330, 560
    height = sum((len(cells) * bar + gap + 18) for _, cells in rows) + 40
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 160}" height="{height}" font-family="sans-serif" '
             'font-size="11"><title>CPU time and memory relative to sallyport; shorter is better</title>'
             f'<rect width="{left + width + 160}" height="{height}" fill="#ffffff"/>'
             f'<text x="{left}" y="14">times sallyport\'s figure, logarithmic; shorter is better</text>']
    y = 24
    for row, cells in rows:
        parts.append(f'<text x="8" y="{y + 12}" font-weight="bold">{escape(row["title"])}</text>')
        y += 18
        for index, name in enumerate(names):
            if cells.get(name, 0) <= 0:
                continue
            ratio = cells[name] / cells["sallyport"]
            length = min(width, max(2.0, width * (math.log2(max(ratio, 0.125)) + 3) / _SHARES_OF_THE_CHART))
            parts.append(f'<text x="{left - 6}" y="{y + 10}" text-anchor="end">{escape(name)}</text>'
                         f'<rect x="{left}" y="{y + 1}" width="{length:.1f}" height="{bar - 3}" fill="{_COLOURS[index % len(_COLOURS)]}"/>'
                         f'<text x="{left + length + 5:.1f}" y="{y + 10}">{number(cells[name])} {escape(row["unit"])} ({ratio:.2f})'
                         '</text>\n')
            y += bar
        y += gap
    return "".join(parts) + "</svg>\n"
