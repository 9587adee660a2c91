"""The table, the JSON file and the chart of a run."""

import json
import math
import statistics
from xml.sax.saxutils import escape

_COLOURS = ("#7f8c8d", "#1f6f8b", "#4aa3c7", "#c0792a", "#6a8f3c", "#8e5ea2", "#b0413e", "#555555")


def medians(measured):
    """{work: {contestant: median}} of {(work, contestant): [figures]}."""
    table = {}
    for (work, contestant), values in measured.items():
        if values:
            table.setdefault(work, {})[contestant] = statistics.median(values)
    return table


def _number(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def markdown(works, contestants, table, floor, facts):
    """The table with its circumstances below."""
    names = [one.name for one in contestants]
    lines = ["| work | " + " | ".join(names) + " |", "|---" + "|--:" * len(names) + "|"]
    for work in works:
        row = table.get(work.key)
        if row:
            lines.append(f"| {work.title}, {work.unit} | " + " | ".join(_number(row[one]) if one in row else "–" for one in names) + " |")
    lines += ["", f"OpenSSL's own floor, one full handshake as a server and one as a client with verification: {_number(floor)} µs.", ""]
    for one in contestants:
        lines.append(f"- {one.name} {facts['versions'][one.name]}" + (f": {one.note}" if one.note else ""))
    return "\n".join(lines) + "\n"


def write_json(path, works, measured, table, floor, facts):
    """All figures, in the order in which they were measured."""
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"facts": facts, "floor_us": floor, "units": {work.key: work.unit for work in works}, "medians": table,
                   "figures": {f"{work} | {contestant}": values for (work, contestant), values in measured.items()}}, file, indent=1)
        file.write("\n")


def svg(works, contestants, table):
    """One bar a contestant for each work, on a logarithmic scale, relative to sallyport's figure."""
    rows = [(work, table[work.key]) for work in works if table.get(work.key, {}).get("sallyport")]
    bar, gap, left, width = 13, 16, 330, 560
    height = sum((len(row) * bar + gap + 18) for _, row in rows) + 40
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 120}" height="{height}" font-family="sans-serif" '
             'font-size="11"><title>CPU time and memory relative to sallyport; shorter is better</title>']
    y = 24
    parts.append(f'<text x="{left}" y="14">times sallyport\'s figure, logarithmic; shorter is better</text>')
    for work, row in rows:
        own = row["sallyport"]
        parts.append(f'<text x="8" y="{y + 12}" font-weight="bold">{escape(work.title)}</text>')
        y += 18
        for index, one in enumerate(contestants):
            if one.name not in row or row[one.name] <= 0:
                continue
            ratio = row[one.name] / own
            length = max(2.0, width * (math.log2(max(ratio, 0.125)) + 3) / 8)
            parts.append(f'<text x="{left - 6}" y="{y + 10}" text-anchor="end">{escape(one.name)}</text>'
                         f'<rect x="{left}" y="{y + 1}" width="{min(length, width):.1f}" height="{bar - 3}" fill="{_COLOURS[index % 8]}"/>'
                         f'<text x="{left + min(length, width) + 5:.1f}" y="{y + 10}">{_number(row[one.name])} {escape(work.unit)} '
                         f'({ratio:.2f})</text>')
            y += bar
        y += gap
    return "".join(parts) + "</svg>\n"
