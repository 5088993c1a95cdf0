"""The evaluator that all searches share: a table, a budget, and a count of what was paid for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tables import Genes, Row, Table


class Spent(Exception):
    """The measurements are used up."""


@dataclass(frozen=True)
class Budget:
    """Bytes that a network may need."""

    name: str
    sram_bytes: int
    flash_bytes: int

    def fits(self, row: Row) -> bool:
        return row.peak_sram_bytes <= self.sram_bytes and row.flash_bytes <= self.flash_bytes


def budgets(table: Table) -> list[Budget]:
    """Six, from tight to loose: quantiles of SRAM and flash over the table."""
    rows = list(table.rows.values())

    def quantile(values: list[int], share: float) -> int:
        return sorted(values)[min(len(values) - 1, int(share * len(values)))]

    made = []
    for sram, flash in ((0.1, 0.5), (0.3, 0.3), (0.5, 0.2), (0.5, 0.5), (0.7, 0.7), (1.0, 1.0)):
        made.append(
            Budget(
                f"SRAM {100 * sram:.0f} %, flash {100 * flash:.0f} %",
                quantile([row.peak_sram_bytes for row in rows], sram),
                quantile([row.flash_bytes for row in rows], flash),
            )
        )
    return made


@dataclass
class Recorder:
    """Measures networks that fit, each once; raises Spent when `limit` were measured. What does not fit costs nothing but
    is told how far off it is, as a search that plans exactly knows for nothing."""

    table: Table
    budget: Budget
    limit: int
    measured: list[Row] = field(default_factory=list)
    proposals: int = 0
    _known: set[Genes] = field(default_factory=set)

    def canonical(self, genes: Sequence[int]) -> Genes:
        """The genotype of the table that these choices of the free genes mean."""
        return self.table.space.subnet(list(genes)).genotype

    def measure(self, genes: Sequence[int]) -> tuple[float | None, float]:
        """Score (None where it does not fit) and excess relative to the budget (0 where it fits)."""
        self.proposals += 1
        if self.proposals > 200 * self.limit:
            raise Spent  # a search that only repeats itself or never fits
        row = self.table.rows[self.canonical(genes)]
        if not self.budget.fits(row):
            over_sram = max(0, row.peak_sram_bytes / self.budget.sram_bytes - 1)
            return None, over_sram + max(0, row.flash_bytes / self.budget.flash_bytes - 1)
        if row.genotype not in self._known:
            if len(self.measured) == self.limit:
                raise Spent
            self._known.add(row.genotype)
            self.measured.append(row)
        return row.score, 0.0


def regret(recorder: Recorder, measurements: int, finalists: int = 6) -> float:
    """Points of accuracy that the network returned after so many measurements lacks to the best that fits. Returned is what is
    most accurate on all validation images among the `finalists` of the best score, for every search alike."""
    fitting = [row for row in recorder.table.rows.values() if recorder.budget.fits(row)]
    best = max(row.accuracy for row in fitting)
    ranked = sorted(recorder.measured[:measurements], key=lambda row: -row.score)
    return best - max(row.accuracy for row in ranked[:finalists])
