"""What is done with measured figures: medians, ratios, fitted exponents, tables, and blocks of a document."""

import math
import pathlib
import statistics


def spread(values):
    """Minimum, median and maximum as one text."""
    return f"{min(values):.2f} / {statistics.median(values):.2f} / {max(values):.2f}"


def exponent(sizes, costs):
    """The slope of log cost over log size, by least squares: 1 where the cost is proportional."""
    x, y = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    middle = statistics.mean(x)
    return sum((a - middle) * b for a, b in zip(x, y)) / sum((a - middle) ** 2 for a in x)


def table(head, rows):
    """A table of Markdown; columns after the first are aligned to the right."""
    marks = ["---"] + ["--:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in [head, marks, *rows])


def replace_block(path, name, text):
    """Puts `text` between the lines `<!-- name -->` and `<!-- end of name -->` of a document."""
    document = pathlib.Path(path)
    before = document.read_text()
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    if before.count(start) != 1 or before.count(end) != 1:
        raise SystemExit(f"bench: {path}: expected one line {start} and one line {end} after it")
    head, rest = before.split(start)
    if end not in rest:
        raise SystemExit(f"bench: {path}: {end} stands before {start}")
    document.write_text(head + start + "\n" + text + "\n" + end + rest.split(end)[1])
