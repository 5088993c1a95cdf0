"""The main job as people run it: the real executable, supernet and images."""

from __future__ import annotations

import gzip
import json
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.small_search import MCU, OPTIONS, Run

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def start(executable: Path, fashion_mnist: Path) -> Start:
    def run(*arguments: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(executable), "search", *OPTIONS, "--json", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


def finish(process: subprocess.Popen[str], folder: Path) -> Run:
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return Run(folder, json.loads(output))


@pytest.fixture(scope="module")
def reference(searched_run: Run) -> Run:
    """A run that nothing disturbed."""
    return searched_run


def wait_for_trials(process: subprocess.Popen[str], folder: Path, lines: int) -> None:
    """Until so many measurements are on disk, or the process has ended."""
    trials = folder / "trials.jsonl"
    for _ in range(60_000):
        if process.poll() is not None:
            return
        if lines == 0 or (trials.is_file() and trials.read_bytes().count(b"\n") >= lines):
            return
        time.sleep(0.002)
    raise AssertionError("the search makes no progress")


def assert_same(run: Run, reference: Run) -> None:
    mine, expected = dict(run.document), dict(reference.document)
    assert mine.pop("run_dir") == str(run.folder)
    expected.pop("run_dir")
    assert mine == expected
    files, expected_files = run.files(), reference.files()
    assert sorted(files) == sorted(expected_files)
    for name, content in files.items():
        assert content == expected_files[name], f"{name} differs"


def test_winner_fits_and_is_what_was_said(
    reference: Run, cli_json: Callable[..., Any], executable: Path
) -> None:
    document = reference.document
    best, mcu = document["best"], document["mcu"]
    assert document["measured"] == 16
    assert not document["interrupted"]
    plan = cli_json("plan", reference.folder / "best" / "subnet.json", "--mcu", MCU)
    assert plan["fits"] is True
    assert plan["peak_sram_bytes"] == best["peak_sram_bytes"] <= mcu["sram_budget_bytes"]
    assert best["flash_bytes"] <= mcu["flash_budget_bytes"]
    assert plan["mcu"] == mcu
    assert json.loads((reference.folder / "best" / "plan.json").read_text()) == plan
    subnet = json.loads((reference.folder / "best" / "subnet.json").read_text())
    assert subnet == best["subnet"]
    for trial in document["pareto"] + document["finalists"]:
        assert trial["peak_sram_bytes"] <= mcu["sram_budget_bytes"]
        assert trial["flash_bytes"] <= mcu["flash_budget_bytes"]
    largest = document["largest"]
    assert largest["excess"]["sram_bytes"] == max(
        0, largest["peak_sram_bytes"] - mcu["sram_budget_bytes"]
    )
    assert best["accuracy"]["validation_int8"] == max(
        finalist["accuracy"]["validation_int8"] for finalist in document["finalists"]
    )


CLASSIFY = """#include <stdio.h>
#include "model.h"
int main(int count, char** names) {
  FILE* images = fopen(names[count - 1], "rb");
  uint8_t pixels[TINYNAS_INPUT_BYTES];
  int8_t output[TINYNAS_OUTPUT_BYTES];
  while (fread(pixels, 1, TINYNAS_INPUT_BYTES, images) == TINYNAS_INPUT_BYTES) {
    tinynas_quantise_pixels(pixels, TINYNAS_INPUT_HEIGHT * TINYNAS_INPUT_WIDTH, (int8_t*)pixels);
    tinynas_invoke((int8_t*)pixels, output);
    int best = 0;
    for (int i = 1; i < TINYNAS_OUTPUT_VALUES; ++i) if (output[i] > output[best]) best = i;
    putchar('0' + best);
  }
  return 0;
}
"""


@pytest.fixture(scope="module")
def exported(
    reference: Run, executable: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    """The winner as C, and what the search said of it."""
    folder = tmp_path_factory.mktemp("exported") / "c"
    command = [str(executable), "export", str(reference.folder), "--out", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return folder, reference.document["best"]


def test_the_exported_winner_says_how_it_is_used(exported: tuple[Path, dict[str, Any]]) -> None:
    folder, best = exported
    header = (folder / "model.h").read_text()
    assert '#define TINYNAS_CLASS_NAMES {"T-shirt/top", "Trouser", "Pullover"' in header
    mean = re.search(r"#define TINYNAS_INPUT_MEAN \{([0-9.]+)\}", header)
    assert mean and 0.28 < float(mean[1]) < 0.29  # of Fashion-MNIST's pixels / 255
    card = (folder / "MODEL_CARD.md").read_text()
    for images, of in (("validation", "validation"), ("test", "test")):
        floats, int8 = (100 * best["accuracy"][name] for name in (of, of + "_int8"))
        assert f"| {images} | {floats:.2f} % | {int8:.2f} % |" in card
    assert "1. Trouser\n" in card


@pytest.mark.nightly
def test_the_exported_winner_has_the_reported_accuracy(
    exported: tuple[Path, dict[str, Any]], fashion_mnist: Path, tmp_path: Path
) -> None:
    """All 10,000 test images through the C, pixels first; their labels follow 8 bytes of head."""
    folder, best = exported
    assert best["resolution"] == 28  # nothing is resized
    main, program = tmp_path / "main.c", tmp_path / "classify"
    main.write_text(CLASSIFY)
    sources = [str(path) for path in sorted(folder.glob("*.c"))]
    subprocess.run(["gcc", "-O2", f"-I{folder}", *sources, main, "-o", program], check=True)
    pixels, labels = (
        gzip.decompress((fashion_mnist / f"t10k-{kind}-ubyte.gz").read_bytes())
        for kind in ("images-idx3", "labels-idx1")
    )
    (tmp_path / "pixels").write_bytes(pixels[16:])
    said = subprocess.run([program, tmp_path / "pixels"], capture_output=True, check=True).stdout
    right = sum(a - ord("0") == b for a, b in zip(said, labels[8:], strict=True))
    assert right == round(10_000 * best["accuracy"]["test_int8"])


@pytest.mark.parametrize("split", ["validation", "test"])
def test_eval_gives_the_accuracy_that_the_search_reported(
    reference: Run, cli_json: Callable[..., Any], split: str
) -> None:
    measured = cli_json(
        "eval", "--subnet", reference.folder / "best" / "subnet.json", "--split", split
    )
    reported = reference.document["best"]["accuracy"]
    assert measured["id"] == reference.document["best"]["id"]
    assert measured["images"] == {"validation": 5000, "test": 10000}[split]
    assert measured["accuracy"] == reported[split]
    assert 0.6 < measured["accuracy"] < 1


@pytest.mark.parametrize("threads", ["1", "8"])
def test_any_number_of_threads_gives_the_same(
    reference: Run, start: Start, tmp_path: Path, threads: str
) -> None:
    folder = tmp_path / "run"
    assert_same(finish(start("--run-dir", folder, "--threads", threads), folder), reference)


def test_killed_three_times_and_resumed_is_the_same(
    reference: Run, start: Start, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    chance = random.Random(20)
    killed = 0
    for at_least in (chance.choice([0, 1]), 8, 16):
        process = start("--run-dir", folder)
        wait_for_trials(process, folder, at_least)
        time.sleep(chance.uniform(0, 0.6))
        process.kill()
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
    assert killed >= 2, "the run ended before it could be killed"
    assert_same(finish(start("--run-dir", folder, "--resume", "auto"), folder), reference)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_stop_signals_checkpoint_and_resume_is_the_same(
    reference: Run, start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    folder = tmp_path / "run"
    process = start("--run-dir", folder)
    # The later one stops between trials and finalists.
    wait_for_trials(process, folder, 1 if number == signal.SIGTERM else 9)
    process.send_signal(number)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 75, errors
    assert output == ""
    assert "--run-dir" in errors and "Traceback" not in errors
    assert json.loads((folder / "checkpoint.json").read_text())["finished"] is False
    assert not (folder / "best").exists()
    resumed = finish(start("--run-dir", folder, "--resume", "must"), folder)
    assert_same(resumed, reference)


def test_resume_of_a_finished_run_and_of_another_one(
    reference: Run, start: Start, executable: Path
) -> None:
    before = reference.files()
    again = finish(start("--run-dir", reference.folder), reference.folder)
    assert again.document == reference.document
    assert again.files() == before
    cases = ((["--resume", "never"], "holds a run already"), (["--sram", "7KiB"], "sram"))
    for arguments, word in cases:
        process = start("--run-dir", reference.folder, *arguments)
        output, errors = process.communicate(timeout=120)
        assert (process.returncode, output) == (2, "")
        assert word in errors and errors.count("\n") == 1
    assert reference.files() == before


def test_nothing_fits_within_seconds(start: Start, tmp_path: Path) -> None:
    begin = time.monotonic()
    process = start("--run-dir", tmp_path / "run", "--sram", "2KiB")
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 3, errors
    assert time.monotonic() - begin < 30
    document = json.loads(output)
    smallest, mcu = document["smallest"], document["mcu"]
    assert document["best"] is None
    assert document["measured"] == 0
    excess = smallest["excess"]["sram_bytes"]
    assert excess == smallest["peak_sram_bytes"] - mcu["sram_budget_bytes"] > 0
    assert smallest["lowest_sram"]["peak_sram_bytes"] <= smallest["peak_sram_bytes"]
    assert not (tmp_path / "run" / "best").exists()
