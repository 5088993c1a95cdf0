"""Trainings of single networks (`tinynas train`), some side by side on one core each, resumable."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("TINYNAS_EXECUTABLE", ROOT / "build" / "release" / "tinynas"))
FASHION_MNIST = "/usr/share/datasets/fashion-mnist"  # of Debian's dataset-fashion-mnist
INTERRUPTED = 75
FINISHED = "result.json"
DIVERGED = "diverged"
ASKED = "arguments.json"


@dataclass(frozen=True)
class Training:
    """`tinynas train ARGUMENTS --out FOLDER`."""

    folder: Path
    arguments: tuple[str, ...]

    @property
    def result(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / FINISHED).read_text())
        return document

    @property
    def finished(self) -> bool:
        return (self.folder / FINISHED).is_file()

    @property
    def diverged(self) -> bool:
        return (self.folder / DIVERGED).is_file()


def stop(message: str, code: int = 2) -> SystemExit:
    print(f"{Path(sys.argv[0]).name}: {message}", file=sys.stderr)
    return SystemExit(code)


def _note_arguments(training: Training) -> None:
    """A folder belongs to the options that it was begun with."""
    path = training.folder / ASKED
    wanted = list(training.arguments)
    if path.is_file():
        before = json.loads(path.read_text())
        if before != wanted:
            raise stop(
                f"{path}: was begun with `{shlex.join(before)}`, now it is "
                f"`{shlex.join(wanted)}`; give the same options or another --out"
            )
        return
    training.folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(wanted) + "\n")
    partial.rename(path)


class _Running:
    def __init__(self, training: Training, core: int) -> None:
        self.training = training
        self.core = core
        self.log = training.folder / "log.txt"
        # Whatever ends this process ends its trainings, after a checkpoint.
        command = ["setpriv", "--pdeathsig", "TERM", "nice", "-n", "10"]
        command += ["taskset", "-c", str(core), str(PROGRAM), "train"]
        command += [*training.arguments, "--out", str(training.folder)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def last_line(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        return lines[-1] if lines else ""


def cores(side_by_side: int) -> list[int]:
    """One a training; fewer where the machine has fewer."""
    return sorted(os.sched_getaffinity(0))[:side_by_side]


def run_all(trainings: list[Training], side_by_side: int, may_diverge: bool = False) -> None:
    """Each on one core with one thread. Skips what is finished. One that diverges ends all, or
    with `may_diverge` itself alone. Ctrl-C and SIGTERM end with exit code 75 after a checkpoint of
    each that runs; a second call goes on from there."""
    for training in trainings:
        _note_arguments(training)
    waiting = [t for t in trainings if not t.finished and not (may_diverge and t.diverged)]
    done = len(trainings) - len(waiting)
    free = cores(side_by_side)
    running: list[_Running] = []

    def interrupt(number: int, _frame: object) -> None:
        raise KeyboardInterrupt(number)

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        while waiting or running:
            while waiting and free:
                running.append(_Running(waiting.pop(0), free.pop(0)))
            time.sleep(0.2)
            for one in [one for one in running if one.process.poll() is not None]:
                running.remove(one)
                free.append(one.core)
                name = one.training.folder.name
                if may_diverge and "training diverged" in one.last_line():
                    (one.training.folder / DIVERGED).touch()
                    done += 1
                    print(f"{done}/{len(trainings)} {name}: diverged", file=sys.stderr)
                    continue
                if one.process.returncode != 0 or not one.training.finished:
                    raise stop(f"{name} ended with {one.process.returncode}: {one.last_line()}", 1)
                done += 1
                accuracy = one.training.result["accuracy"]
                print(
                    f"{done}/{len(trainings)} {name}: validation "
                    f"{100 * accuracy['validation']:.2f} %, test {100 * accuracy['test']:.2f} %",
                    file=sys.stderr,
                )
    except KeyboardInterrupt:
        raise stop("interrupted; the same command goes on from here", INTERRUPTED) from None
    finally:
        for one in running:
            one.process.terminate()  # tinynas checkpoints
        for one in running:
            one.process.wait()
        signal.signal(signal.SIGTERM, before)


def parse_with_train_options(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The arguments of this process; what follows -- is `train_options`, of each training."""
    parser.add_argument("train_options", nargs="*", metavar="TRAIN OPTIONS", help="after --")
    arguments = sys.argv[1:]
    # argparse would take what follows -- as more of a list before it.
    at = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_args(arguments[:at])
    options.train_options = arguments[at + 1 :]
    return options


def write_atomic(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    partial.rename(path)


def table(header: list[str], rows: list[list[str]]) -> str:
    """In Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
