"""Plain tables, and the figures behind them."""
import statistics


class Figure:
    """The values of one quantity over the rounds, in the order of the rounds."""

    def __init__(self, values):
        self.values = list(values)

    @property
    def median(self):
        return statistics.median(self.values)

    def ratio(self, other):
        """The median of the quotients round by round: what drifts between rounds does not count."""
        return statistics.median(a / b if b else 0.0 for a, b in zip(self.values, other.values))

    def text(self, digits):
        return f"{self.median:.{digits}f}"

    def spread(self, digits):
        """median (minimum-maximum)"""
        return f"{self.median:.{digits}f} ({min(self.values):.{digits}f}-{max(self.values):.{digits}f})"

    def json(self):
        return {"median": self.median, "minimum": min(self.values), "maximum": max(self.values), "values": self.values}


def ratio_text(figure, other):
    return f"{figure.ratio(other):.2f}" if other else "-"


def table(title, header, rows):
    """The lines of a table; the first column is text, the others numbers."""
    widths = [max(len(str(row[column])) for row in [header, *rows]) for column in range(len(header))]

    def line(cells):
        return "  ".join(str(cell).ljust(width) if column == 0 else str(cell).rjust(width)
                         for column, (cell, width) in enumerate(zip(cells, widths))).rstrip()

    return "\n".join([title, "", line(header), line(["-" * width for width in widths]), *map(line, rows), ""])
