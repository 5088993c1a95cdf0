"""What TensorBoard's own reader makes of a training's event files, across a stop."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from support.shapes import write_shapes

accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

OPTIONS = ["--epochs", "12", "--batch", "16"]
TRAINING = ["train/images_per_second", "train/learning_rate", "train/loss"]
VALIDATION = ["validation/largest", "validation/smallest"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("log")
    write_shapes(root)
    return root


def command(executable: Path, folder: Path, out: str) -> list[str]:
    paths = ["--space", folder / "shapes.toml", "--data", folder / "data", "--out", folder / out]
    return [str(executable), "train", *map(str, paths), *OPTIONS]


def scalars(out: Path) -> dict[str, list[tuple[int, float]]]:
    events = accumulator.EventAccumulator(str(out))
    events.Reload()
    tags: dict[str, Any] = events.Tags()
    return {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in tags["scalars"]}


def test_event_files(executable: Path, folder: Path) -> None:
    subprocess.run(command(executable, folder, "whole"), check=True, capture_output=True)
    whole = scalars(folder / "whole")
    assert sorted(whole) == TRAINING + VALIDATION
    history = json.loads((folder / "whole" / "history.json").read_text())
    steps = [line["step"] for line in history]
    assert len(steps) == 12
    for name in ("largest", "smallest"):
        expected = {line["step"]: line[f"{name}_validation"] for line in history}
        assert dict(whole[f"validation/{name}"]) == pytest.approx(expected)
    # Every 50 steps and at the end of every epoch.
    expected_steps = sorted({*steps, *range(50, steps[-1], 50)})
    for tag in TRAINING:
        assert [step for step, _ in whole[tag]] == expected_steps
    losses = dict(whole["train/loss"])
    assert [losses[step] for step in steps] == pytest.approx([line["loss"] for line in history])


def test_a_training_that_was_killed_has_each_step_once(executable: Path, folder: Path) -> None:
    if not (folder / "whole").exists():
        pytest.skip("needs the events of test_event_files")
    out = folder / "killed"
    line = command(executable, folder, "killed")
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (out / "history.json").exists() and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    # As if it had gone on for longer than its checkpoint knows, into a record that is cut off.
    (events,) = out.glob("events.out.tfevents.*")
    foreign = next((folder / "whole").glob("events.out.tfevents.*")).read_bytes()
    events.write_bytes(foreign[: len(foreign) - 5])
    subprocess.run(line, check=True, capture_output=True)
    assert len(list(out.glob("events.out.tfevents.*"))) == 2
    whole, killed = scalars(folder / "whole"), scalars(out)
    for tag in set(whole) - {"train/images_per_second"}:
        assert killed[tag] == whole[tag], tag
