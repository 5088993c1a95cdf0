"""Training on a user's own folder of images, stopped and resumed, then searched."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support.shapes import picture, png, write_shapes

OPTIONS = ["--epochs", "5", "--batch", "16", "--learning-rate", "0.05"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shapes")
    tested = write_shapes(root)
    (root / "test.json").write_text(json.dumps(tested))
    return root


def command(executable: Path, folder: Path, *arguments: str | Path) -> list[str]:
    return [str(executable), *map(str, arguments), "--data", str(folder / "data")]


def train_command(executable: Path, folder: Path, out: str) -> list[str]:
    space = folder / "shapes.toml"
    files = ["--space", str(space), "--recipe", str(folder / "recipe.toml")]
    return command(executable, folder, "train", *files, "--out", folder / out, *OPTIONS)


def finish(line: list[str]) -> str:
    done = subprocess.run(line, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


# Has a head, and resolutions that the images do not have, which the shipped space lacks.
SCRIPT = """
import json, sys
import torch
sys.path.insert(0, "torch")
import model
kinds, rows = zip(*json.load(open("test.json")))
images = torch.tensor(rows, dtype=torch.uint8).unsqueeze(1)
with torch.no_grad():
    found = model.load()(model.preprocess(images)).argmax(1).tolist()
print(sum(model.CLASSES[i] == kind for i, kind in zip(found, kinds)) / len(kinds))
"""


def exported_accuracy(executable: Path, folder: Path) -> float:
    """Of the winner's PyTorch module, on the test images."""
    out = folder / "torch"
    finish([str(executable), "export", str(folder / "run"), "--format", "torch", "--out", str(out)])
    assert "self.head = convolution(" in (out / "model.py").read_text()
    command = [sys.executable, "-I", "-c", SCRIPT]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def test_train_stop_resume_search(executable: Path, folder: Path) -> None:
    finish(train_command(executable, folder, "whole"))

    process = subprocess.Popen(
        train_command(executable, folder, "resumed"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    history = folder / "resumed"
    deadline = time.monotonic() + 60
    while not history.is_dir() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 75, errors
    assert not (folder / "resumed" / "supernet.pt").exists()
    finish([*train_command(executable, folder, "resumed"), "--resume", "must"])
    whole, resumed = folder / "whole" / "supernet.pt", folder / "resumed" / "supernet.pt"

    def measured(subnet: str, supernet: Path) -> dict[str, Any]:
        line = command(executable, folder, "eval", "--subnet", subnet, "--supernet", supernet)
        value: dict[str, Any] = json.loads(finish([*line, "--json"]))
        return value

    # The files also hold the command; that the weights are equal shows to the last digit.
    for subnet in ("smallest", "largest"):
        assert measured(subnet, whole) == measured(subnet, resumed)
    assert measured("largest", whole)["accuracy"] > 0.5
    assert (folder / "whole" / "MODEL_CARD.md").is_file()

    search = ["search", "--mcu", "stm32f030r8", "--measurements", "4", "--supernet", str(whole)]
    line = command(executable, folder, *search, "--run-dir", folder / "run", "--json")
    document = json.loads(finish(line))
    assert document["space"] == "shapes"
    assert document["best"]["peak_sram_bytes"] <= document["mcu"]["sram_budget_bytes"]
    assert document["best"]["accuracy"]["test"] > 0.5
    assert exported_accuracy(executable, folder) == document["best"]["accuracy"]["test"]
    check_finetuning(executable, folder, document)


FINETUNE = ["--epochs", "3", "--quantised-epochs", "2", "--batch", "16"]


def check_finetuning(executable: Path, folder: Path, found: dict[str, Any]) -> None:
    """Killed without warning, gone on with: the files of a run that was never stopped."""
    whole, killed = folder / "run", folder / "killed"
    shutil.copytree(whole, killed)
    zero_shot = (whole / "best" / "model.tflite").read_bytes()
    shown = finish(finetune_command(executable, folder, whole))

    process = subprocess.Popen(
        finetune_command(executable, folder, killed), stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("quantised: epoch 1.0"):
            process.kill()
    assert process.wait(timeout=60) == -signal.SIGKILL
    assert (killed / "best" / "model.tflite").read_bytes() == zero_shot
    finish([*finetune_command(executable, folder, killed), "--resume", "must"])
    for name in ("weights.pt", "model.tflite"):
        assert (whole / "best" / name).read_bytes() == (killed / "best" / name).read_bytes()
    assert not (killed / "finetune").exists()

    document = json.loads((whole / "best" / "finetuned.json").read_text())
    stages = {stage["name"]: stage for stage in document["stages"]}
    assert list(stages) == ["zero-shot", "fine-tuned", "quantisation-aware"]
    for key in ("validation", "validation_int8", "test", "test_int8"):
        assert stages["zero-shot"][key] == found["best"]["accuracy"][key]
    kept = stages[document["kept"]]
    assert kept["validation_int8"] == max(stage["validation_int8"] for stage in stages.values())
    assert kept["test"] is not None and f"{100 * kept['test_int8']:.2f} %" in shown
    assert document["kept"] in shown
    assert exported_accuracy(executable, folder) == kept["test"]

    # The search is finished: going on with it leaves the fine-tuned winner alone.
    tuned = (whole / "best" / "model.tflite").read_bytes()
    search = ["search", "--mcu", "stm32f030r8", "--measurements", "4", "--resume", "must"]
    supernet = folder / "whole" / "supernet.pt"
    again = command(executable, folder, *search, "--supernet", supernet, "--run-dir", whole)
    assert "finetuned.json" in finish(again)
    assert (whole / "best" / "model.tflite").read_bytes() == tuned


def finetune_command(executable: Path, folder: Path, run: Path) -> list[str]:
    return command(executable, folder, "train", "--finetune", run, *FINETUNE)


def test_dry_run_and_what_fits(executable: Path, folder: Path) -> None:
    """Nothing is written by the first; the second trains random subnets that fit a board."""
    line = train_command(executable, folder, "fits")
    said = finish([*line, "--dry-run"])
    assert not (folder / "fits").exists()
    for part in ("parameters", "MACs of the largest", "subnets", "hours", "memory"):
        assert part in said
    finish([*line, "--mcu", "stm32f030r8", "--sram", "5KiB"])
    card = (folder / "fits" / "MODEL_CARD.md").read_text()
    assert "random subnets: fit stm32f030r8 (" in card
    assert "--mcu stm32f030r8 --sram 5KiB" in card


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--finetune", "RUN", "--out", "x"], "--out"),
        (["--finetune", "RUN", "--space", "toy"], "--space"),
        (["--finetune", "RUN", "--dry-run"], "--dry-run"),
        (["--out", "x", "--quantised-epochs", "1"], "--quantised-epochs"),
        (["--out", "x", "--supernet", "y"], "--supernet"),
        ([], "--out"),
        (["--finetune", "/nowhere"], "/nowhere"),
    ],
)
def test_options_of_the_other_training(
    executable: Path, arguments: list[str], message: str
) -> None:
    line = [str(executable), "train", *arguments]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert message in done.stderr and done.stderr.count("\n") == 1


def test_damaged_picture_is_named(executable: Path, folder: Path, tmp_path: Path) -> None:
    kinds = ("across", "cross", "down")
    for kind in kinds:
        target = tmp_path / "data" / "train" / kind
        target.mkdir(parents=True)
        for i in range(30):
            (target / f"{i}.png").write_bytes(png(picture(kind, random.Random(f"{kind}{i}"))))
    victim = tmp_path / "data" / "train" / "cross" / "7.png"
    victim.write_bytes(victim.read_bytes()[:50])
    line = train_command(executable, folder, "damaged")
    line[line.index("--data") + 1] = str(tmp_path / "data")
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "cross/7.png" in done.stderr and done.stderr.count("\n") == 1
    assert not (folder / "damaged" / "supernet.pt").exists()
