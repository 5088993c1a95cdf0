"""tinynas.search: the main job."""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from tinynas import _core
from tinynas._core import Candidate, Mcu, MemoryPlan, Proposal, SearchSpace
from tinynas._progress import StderrProgress
from tinynas._without_torch import fail_without_torch
from tinynas.errors import NothingFitsError

Path = str | os.PathLike[str]


class SearchResult:
    """What a search found; after Ctrl-C, what it had found by then (`interrupted`)."""

    def __init__(self, raw: _core.RawResult, best: Candidate, seconds: float) -> None:
        self._raw = raw
        self._seconds = seconds
        self.best = best

    @property
    def accuracy(self) -> float:
        """Top-1 of the best, 0 to 1, on the validation images (float, supernet weights)."""
        return self.best.accuracy

    @property
    def int8_accuracy(self) -> float | None:
        """Of the best as an int8 network, on the validation images; None after an interruption."""
        return self.best.int8_accuracy

    @property
    def test_accuracy(self) -> float | None:
        """Of the best on the test images (float); None after an interruption."""
        return self.best.test_accuracy

    @property
    def test_int8_accuracy(self) -> float | None:
        """Of the best as an int8 network, on the test images; None after an interruption."""
        return self.best.test_int8_accuracy

    @property
    def quantisation(self) -> str | None:
        """How the int8 network of the best is made ("mse"); None after an interruption."""
        return self._raw.quantisation or None

    @property
    def plan(self) -> MemoryPlan:
        """What the best needs, against the budget of this search."""
        return self.best.plan

    @property
    def interrupted(self) -> bool:
        """True after Ctrl-C: `best` is then the best-ranked trial so far."""
        return self._raw.status == "interrupted"

    @property
    def trials(self) -> list[Candidate]:
        """All that fit and were measured for ranking, with those known from other boards."""
        return self._raw.trials

    @property
    def finalists(self) -> list[Candidate]:
        """As measured on all validation images, winner first."""
        return self._raw.finalists

    @property
    def pareto(self) -> list[Candidate]:
        """Trials that none beats in score, SRAM and flash at once, best first."""
        return self._raw.pareto

    @property
    def largest(self) -> Proposal:
        """The largest network of the space, whether it fits or not."""
        return self._raw.largest

    @property
    def largest_accuracy(self) -> float | None:
        """Of the largest network, on the validation images."""
        measurement = self._raw.largest_measurement
        return None if measurement is None else measurement.accuracy

    @property
    def planned(self) -> int:
        """Networks that were planned."""
        return self._raw.planned

    @property
    def measured(self) -> int:
        """Distinct networks whose accuracy was measured for ranking, for this board."""
        return self._raw.measured

    @property
    def space(self) -> SearchSpace:
        return self._raw.space

    @property
    def run_dir(self) -> str | None:
        """Where the run is kept; None unless `run_dir` was given."""
        return self._raw.run_dir or None

    def to_dict(self) -> dict[str, Any]:
        """The document of `tinynas search --json`."""
        return self._raw.to_dict()

    def report(self) -> str:
        """What `tinynas search` prints for people."""
        return self._raw.report(self._seconds)

    def __repr__(self) -> str:
        return (
            f"<tinynas.SearchResult best={self.best.id} accuracy={self.accuracy:.4f} "
            f"peak_sram_bytes={self.best.peak_sram_bytes} flash_bytes={self.best.flash_bytes}"
            f"{' interrupted' if self.interrupted else ''}>"
        )


def search(
    mcu: Path | Mcu,
    *,
    seed: int = 0,
    measurements: int | None = None,
    space: Path | None = None,
    supernet: Path | None = None,
    data: Path | None = None,
    sram: int | str | None = None,
    flash: int | str | None = None,
    reserve_sram: int | str | None = None,
    reserve_flash: int | str | None = None,
    run_dir: Path | None = None,
    resume: str = "auto",
    device: str = "cpu",
    threads: int = 0,
    runtime: str = "tinynas",
    input: str = "resident",
    depthwise_rows: str = "int8",
    latency_ms: float | None = None,
    calibration: Path | None = None,
    allow_uncalibrated: bool = False,
    macs: int | None = None,
    freeze: Sequence[str] = (),
    include: Sequence[Path] = (),
    preset: str = "default",
    engine: str | None = None,
    screen_images: int | None = None,
    patience: int | None = None,
    minutes: float | None = None,
    progress: bool | Callable[[str], None] = True,
) -> SearchResult:
    """Find the most accurate network that fits a part, as `tinynas search` does.

    The same seed gives the same result for any number of threads. Nothing is written unless
    `run_dir` is given. `latency_ms` is the most milliseconds an inference may take, `calibration`
    and `allow_uncalibrated` as in tinynas.plan, `macs` the most multiply-accumulates. `freeze`
    holds genes ("resolution=28 stage*.kernel=3"), `include` names networks (subnet files or genes)
    that are measured first. With `screen_images` each network is measured on so few images first.
    `patience` ends the search after so many measurements without a better
    one, `minutes` after so long. `progress` may be a function that is called with each line. Ctrl-C
    ends the search after the batch under way and returns what was found; KeyboardInterrupt is
    raised only when nothing was. Raises BadInputError, NothingFitsError, MissingTorchError.
    """
    arguments = _arguments(locals(), [mcu], None)
    results, seconds = _run(_core.run_search, arguments, progress)
    return _finished(results[0], seconds)


def search_boards(
    mcus: Sequence[Path | Mcu],
    *,
    further_measurements: int | None = None,
    progress: bool | Callable[[str], None] = True,
    **options: Any,
) -> dict[str, SearchResult]:
    """Search for several boards that share what is measured, as `tinynas search --mcu a,b` does.

    `options` are those of `search`, which hold for every board; `further_measurements` are those of
    each board but the first (default: a quarter of `measurements`). Returns the result of each
    board by its name, in order, without the boards that nothing fits. Raises as `search` does;
    NothingFitsError only when nothing fits any, and KeyboardInterrupt after Ctrl-C.
    """
    given = inspect.signature(search).bind(None, **options)
    given.apply_defaults()
    arguments = _arguments(given.arguments, list(mcus), further_measurements)
    return _by_board(*_run(_core.run_search, arguments, progress))


def extend_search(
    run_dir: Path,
    mcus: Sequence[Path | Mcu],
    *,
    sram: int | str | None = None,
    flash: int | str | None = None,
    reserve_sram: int | str | None = None,
    reserve_flash: int | str | None = None,
    latency_ms: float | None = None,
    calibration: Path | None = None,
    allow_uncalibrated: bool = False,
    macs: int | None = None,
    threads: int = 0,
    progress: bool | Callable[[str], None] = True,
) -> dict[str, SearchResult]:
    """Add boards to a run, with its options and all that it measured, as --extend does.

    The limits are those of the new boards. Returns what `search_boards` returns, of all boards of
    the run, and raises what it raises.
    """
    arguments = {**locals(), "mcus": list(mcus)}
    del arguments["progress"]
    return _by_board(*_run(_core.extend_search, arguments, progress))


def _arguments(
    options: dict[str, Any], mcus: list[Any], further_measurements: int | None
) -> dict[str, Any]:
    """Of _core.run_search; `options` are the parameters of `search`."""
    arguments = {name: value for name, value in options.items() if name not in ("mcu", "progress")}
    for name in ("freeze", "include"):
        if isinstance(arguments[name], (str, os.PathLike)):
            arguments[name] = [arguments[name]]
    return {**arguments, "mcus": mcus, "further_measurements": further_measurements}


def _run(
    call: Callable[..., list[_core.RawResult]],
    arguments: dict[str, Any],
    progress: bool | Callable[[str], None],
) -> tuple[list[_core.RawResult], float]:
    """What `call` returns, and how many seconds it took."""
    if not _core.with_torch:
        fail_without_torch("tinynas.search")
    start = time.monotonic()
    if progress is not True:
        return call(arguments, progress or None), time.monotonic() - start
    shown = StderrProgress()
    try:
        return call(arguments, shown), time.monotonic() - start
    finally:
        shown.end()


def _by_board(results: list[_core.RawResult], seconds: float) -> dict[str, SearchResult]:
    found = {}
    for raw in results:
        if raw.status == "interrupted":
            raise KeyboardInterrupt
        if raw.best is not None:
            found[raw.mcu] = SearchResult(raw, raw.best, seconds)
    if not found:
        _finished(results[0], seconds)
    return found


def _finished(raw: _core.RawResult, seconds: float) -> SearchResult:
    if raw.status == "nothing-fits":
        smallest = raw.smallest
        message = "nothing fits the budget"
        if smallest is not None:
            message = (
                f"nothing of space '{raw.space.name}' fits: the nearest, {smallest.id}, needs "
                f"{smallest.peak_sram_bytes} bytes of SRAM ({smallest.excess_sram_bytes} over) and "
                f"{smallest.flash_bytes} bytes of flash ({smallest.excess_flash_bytes} over)"
            )
        raise NothingFitsError(message, smallest, raw.to_dict(), raw.report(seconds))
    if raw.best is None:
        raise KeyboardInterrupt
    return SearchResult(raw, raw.best, seconds)
