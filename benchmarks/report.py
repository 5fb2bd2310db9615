"""One table of ratios: ours beside the floor of the same run."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: ours, the floor's, and what was promised of them."""

    what: str
    ours: float
    floor: float | None  # None: the promise is about our figure alone
    unit: str
    most: float | None = None  # of the ratio ours/floor
    least: float | None = None
    most_ours: float | None = None  # of our figure
    least_ours: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours in terms of the floor."""
        return None if self.floor in (None, 0) else self.ours / float(self.floor or 1)

    @property
    def kept(self) -> bool:
        """Whether every promise about this figure holds in this run."""
        ratio = self.ratio
        return (
            (self.most is None or (ratio is not None and ratio <= self.most))
            and (self.least is None or (ratio is not None and ratio >= self.least))
            and (self.most_ours is None or self.ours <= self.most_ours)
            and (self.least_ours is None or self.ours >= self.least_ours)
        )

    @property
    def promise(self) -> str:
        """The promise in words."""
        parts = []
        if self.most is not None:
            parts.append(f"≤ {self.most:g}×")
        if self.least is not None:
            parts.append(f"≥ {self.least:g}×")
        if self.most_ours is not None:
            parts.append(f"≤ {self.most_ours:g} {self.unit}")
        if self.least_ours is not None:
            parts.append(f"≥ {self.least_ours:g} {self.unit}")
        return " and ".join(parts)


def show(lines: Iterable[Line]) -> bool:
    """Print the table; returns whether every promise was kept."""
    table = Table(title="Moothall beside the floor, in one run")
    for column, justify in (
        ("figure", "left"), ("ours", "right"), ("floor", "right"), ("ratio", "right"),
        ("promised", "left"), ("", "left"),
    ):  # fmt: skip
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    kept = True
    for line in lines:
        kept = kept and line.kept
        table.add_row(
            line.what,
            f"{line.ours:,.1f} {line.unit}",
            "" if line.floor is None else f"{line.floor:,.1f} {line.unit}",
            "" if line.ratio is None else f"{line.ratio:.2f}×",
            line.promise,
            "kept" if line.kept else "NOT KEPT",
        )
    Console(width=110).print(table)
    return kept
