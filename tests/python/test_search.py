"""The main job from Python, on real images."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tinynas as tn

pytestmark = pytest.mark.skipif(not tn.with_torch, reason="this build has no torch")
MCU = "stm32g031k8"


@pytest.fixture(scope="module")
def result(fashion_mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> tn.SearchResult:
    folder = tmp_path_factory.mktemp("search")
    before = Path.cwd()
    os.chdir(folder)
    lines: list[str] = []
    try:
        found = tn.search(mcu=MCU, seed=5, measurements=8, progress=lines.append)
    finally:
        os.chdir(before)
    assert list(folder.iterdir()) == [], "nothing may be written without run_dir"
    assert any("measured 8 of 8" in line for line in lines)
    return found


def test_result_equals_the_command_lines(
    result: tn.SearchResult, cli_json: Callable[..., Any], tmp_path: Path
) -> None:
    flags = ["--mcu", MCU, "--seed", "5", "--measurements", "8", "--run-dir", tmp_path / "run"]
    expected = cli_json("search", *flags)
    document = result.to_dict()
    assert expected.pop("run_dir") == str(tmp_path / "run")
    assert document.pop("run_dir") is None is result.run_dir
    assert expected.pop("verified") is None  # --verify is the command line's
    assert document == expected

    # A run of the command line is one that Python resumes.
    resumed = tn.search(
        MCU, seed=5, measurements=8, run_dir=tmp_path / "run", resume="must", progress=False
    )
    assert resumed.best.subnet == result.best.subnet
    assert resumed.run_dir == str(tmp_path / "run")
    with pytest.raises(tn.BadInputError, match="seed"):
        tn.search(MCU, seed=6, measurements=8, run_dir=tmp_path / "run")


def test_result_says_the_truth(result: tn.SearchResult) -> None:
    budget = tn.Budget(MCU)
    assert not result.interrupted
    assert result.measured == len(result.trials) == 8
    assert result.planned >= 8
    plan = tn.plan(result.best.subnet, mcu=MCU)
    assert plan.to_dict() == result.plan.to_dict()
    assert result.plan.peak_sram_bytes == result.best.peak_sram_bytes <= budget.sram_bytes
    assert result.plan.flash_bytes == result.best.flash_bytes <= budget.flash_bytes
    assert 0.6 < result.accuracy < 1
    assert result.test_accuracy is not None and 0.6 < result.test_accuracy < 1
    assert result.test_int8_accuracy is not None
    assert abs(result.test_int8_accuracy - result.test_accuracy) < 0.02
    int8 = [finalist.int8_accuracy or 0 for finalist in result.finalists]
    assert result.int8_accuracy == max(int8) and min(int8) > 0.5
    assert result.trials[0].int8_accuracy is None
    assert result.quantisation == result.to_dict()["best"]["quantisation"] != ""
    assert result.best.measurement.images == 5000
    assert not result.largest.fits and result.largest_accuracy is not None
    assert result.best.id in result.report() and result.best.id in repr(result)
    assert {trial.id for trial in result.pareto} <= {trial.id for trial in result.trials}


def test_nothing_fits_says_what_came_closest(fashion_mnist: Path) -> None:
    start = time.monotonic()
    with pytest.raises(tn.NothingFitsError) as caught:
        tn.search(MCU, sram="2KiB", measurements=8, progress=False)
    assert time.monotonic() - start < 30
    smallest = caught.value.smallest
    assert smallest is not None and not smallest.fits
    budget = tn.Budget(MCU, sram="2KiB")
    assert smallest.excess_sram_bytes == smallest.peak_sram_bytes - budget.sram_bytes > 0
    assert caught.value.document is not None and caught.value.document["best"] is None
    assert str(smallest.peak_sram_bytes) in str(caught.value)
    assert smallest.id in caught.value.report


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mcu": "stm32g031k9"}, "did you mean 'stm32g031k8'"),
        ({"mcu": MCU, "supernet": "missing.pt"}, "missing.pt"),
        ({"mcu": MCU, "data": "/nowhere"}, "/nowhere"),
        ({"mcu": MCU, "space": "toy"}, "toy"),
        ({"mcu": MCU, "engine": "evolutoin"}, "^engine: .*did you mean 'evolution'"),
        ({"mcu": MCU, "measurements": 0}, "^measurements"),
        ({"mcu": MCU, "threads": -1}, "^threads"),
        ({"mcu": MCU, "resume": "must"}, "^resume must needs run_dir"),
        ({"mcu": MCU, "device": "abacus"}, "abacus"),
        ({"mcu": MCU, "reserve_sram": "1MiB"}, "reserve"),
    ],
)
def test_bad_arguments(fashion_mnist: Path, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(tn.BadInputError, match=message) as caught:
        tn.search(progress=False, **arguments)
    assert "\n" not in str(caught.value)


def test_errors_of_a_progress_function_come_through(fashion_mnist: Path) -> None:
    def fail(line: str) -> None:
        raise RuntimeError("mine: " + line)

    with pytest.raises(RuntimeError, match="mine: loading"):
        tn.search(MCU, measurements=8, progress=fail)


def test_supernet_measures_as_the_search_did_without_the_gil(result: tn.SearchResult) -> None:
    supernet = tn.Supernet(threads=1)
    assert supernet.dataset_name == "fashion-mnist" and len(supernet.class_names) == 10
    subnets = [trial.subnet for trial in result.trials]
    steps: list[float] = []
    stop = threading.Event()

    def count() -> None:
        while not stop.is_set():
            steps.append(time.monotonic())
            time.sleep(0.005)

    other = threading.Thread(target=count)
    other.start()
    try:
        start = time.monotonic()
        measured = supernet.evaluate(subnets[:4])  # one call into C++
        end = time.monotonic()
    finally:
        stop.set()
        other.join()
    assert measured == [trial.measurement for trial in result.trials[:4]]
    # With the GIL held the thread would not get one step in the middle of the call.
    middle = [s for s in steps if start + (end - start) / 4 < s < end - (end - start) / 4]
    assert len(middle) >= 3, f"{len(middle)} steps in {end - start:.2f} s"
    with pytest.raises(tn.BadInputError, match="split"):
        supernet.evaluate(subnets, split="tset")  # type: ignore[arg-type]
    with pytest.raises(tn.BadInputError):
        supernet.evaluate([tn.SearchSpace("mcunet").smallest()])


def test_what_other_signal_handlers_raise_comes_through(fashion_mnist: Path) -> None:
    def too_long(number: int, frame: object) -> None:
        raise TimeoutError("enough")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(TimeoutError, match="enough"):
            tn.search(MCU, measurements=100000, progress=False)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


INTERRUPTED_SEARCH = """
import sys
import tinynas as tn


def say(line):
    print(line, flush=True)


result = tn.search("stm32g031k8", measurements=100000, progress=say)
print("interrupted", result.interrupted, len(result.trials), result.best.id, result.test_accuracy)
print("usable", tn.plan(result.best.subnet, mcu="stm32g031k8").fits)
"""


def heed_interrupts() -> None:
    """A shell starts its background jobs, and so their children, with SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_interrupt_returns_what_there_is(fashion_mnist: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED_SEARCH],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "measured 8 of" in line:
            break
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    last = output.splitlines()[-2:]
    assert last[0].startswith("interrupted True") and last[0].endswith("None")
    assert 8 <= int(last[0].split()[2]) < 1000
    assert last[1] == "usable True"
