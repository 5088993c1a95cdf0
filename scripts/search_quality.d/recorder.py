"""The evaluator that all searches share: a table, a budget, and a count of what was paid for."""

from __future__ import annotations

from collections.abc import Sequence

import tinynas as tn
from tables import Budget, Genes, Row, Table

#: Proposals in a row without a new measurement that end a search. Networks that do not fit or were
#: measured before cost none, so nothing else ends one that converged and repeats itself.
MOST_IN_VAIN = 100


class SpentError(Exception):
    """The measurements are used up, or nothing new comes."""


class Recorder:
    """Looks networks up. What fits costs a measurement the first time; what does not fit, and what
    was measured before, costs none. Raises SpentError at the first measurement above `limit`."""

    def __init__(self, table: Table, budget: int, limit: int) -> None:
        self.table = table
        self.budget: Budget = table.budgets[budget]
        self.limit = limit
        self.measured: list[Row] = []
        self.proposals = 0
        self._in_vain = 0
        self._place = budget
        self._known: set[Genes] = set()
        resolved = tn.Budget(self.budget.mcu, sram=self.budget.sram, flash=self.budget.flash)
        self._sram_bytes, self._flash_bytes = resolved.sram_bytes, resolved.flash_bytes

    @property
    def fitting(self) -> list[Row]:
        return self.table.fitting(self._place)

    @property
    def choices(self) -> list[int]:
        """By gene, how many choices there are."""
        return [len(choices) for choices in self.table.space.genes.values()]

    def measure(self, genes: Sequence[int]) -> tuple[float | None, float]:
        """Accuracy in per cent, None where it does not fit; and the excess over the budget, as a
        share of it, 0 where it fits."""
        self.proposals += 1
        self._in_vain += 1
        if self._in_vain > MOST_IN_VAIN:
            raise SpentError
        row = self.table.by_genotype[self.table.space.subnet(list(genes)).genotype]
        if row.fits[self._place] != "1":
            return None, self._excess(row)
        if row.genotype not in self._known:
            if len(self.measured) == self.limit:
                raise SpentError
            self._known.add(row.genotype)
            self.measured.append(row)
            self._in_vain = 0
        return row.accuracy, 0.0

    def _excess(self, row: Row) -> float:
        excess = max(0.0, row.peak_sram_bytes / self._sram_bytes - 1)
        excess += max(0.0, row.flash_bytes / self._flash_bytes - 1)
        if self.budget.latency_ms is not None:
            excess += max(0.0, row.latency_ms / self.budget.latency_ms - 1)
        return excess

    def regret(self) -> list[float]:
        """After 1, 2, ... `limit` measurements: points of accuracy between the best that was
        measured and the best that fits. A search that ended early keeps its last."""
        best = max(row.accuracy for row in self.fitting)
        found, curve = float("-inf"), []
        for row in self.measured:
            found = max(found, row.accuracy)
            curve.append(round(best - found, 4))
        return curve + curve[-1:] * (self.limit - len(curve))
