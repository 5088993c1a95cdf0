"""Sweep files, and what directories say: no search is run and no cluster is asked."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tinynas as tn
from tinynas.batch import slurm_queue
from tinynas.batch.cell_search import CellSearch, command
from tinynas.batch.collect import collect, collect_csv, collect_document, collect_text
from tinynas.batch.files import FileLock, is_locked, write_atomic
from tinynas.batch.status import status_document, status_text, sweep_status
from tinynas.batch.sweep import Sweep
from tinynas.batch.sweep_directory import (
    SweepDirectory,
    make_directory,
    open_directory,
    require_usable,
)
from tinynas.batch.sweep_file import load_sweep

EXAMPLES = Path(__file__).resolve().parents[2] / "configs" / "batch"
SMALL = 'boards = ["stm32f103c8", "stm32g031k8"]\nseeds = [0, 1]\n'
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def file(text: str) -> Path:
        path = tmp_path / "sweep.toml"
        path.write_text(text)
        return path

    return file


@pytest.fixture
def sweep(write: Write) -> Sweep:
    return load_sweep(write(SMALL))


@pytest.fixture
def directory(sweep: Sweep, tmp_path: Path) -> SweepDirectory:
    return make_directory(sweep, tmp_path / "out")


def batch(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tinynas.batch", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
    )


# Sweep files.


def test_cells_are_all_combinations(write: Write) -> None:
    sweep = load_sweep(
        write(
            'boards = ["bluepill", "stm32g031k8"]\n'
            'budgets = [{}, { sram = "4KiB", flash = 49152, macs = "2.5M", latency_ms = 20,'
            " allow_uncalibrated = true }]\n"
            'spaces = ["fashion-mnist", { space = "spoken-digits", data = "." }]\n'
            "seeds = [0, 7]\n"
            '[search]\nmeasurements = 8\nengine = "random"\ndevice = "cuda:1"\nthreads = 2\n'
        )
    )
    assert len(sweep.cells) == 16 == len({cell.name for cell in sweep.cells})
    # An alias is the part that it names.
    assert sweep.cells[0].name == "stm32f103c8-fashion-mnist-seed0"
    last = sweep.cells[-1]
    assert last.name == "stm32g031k8-sram4KiB-flash49152-macs2.5M-latency20ms-spoken-digits-seed7"
    folder = Path(sweep.file).parent
    assert " ".join(last.arguments) == (
        "--mcu stm32g031k8 --sram 4KiB --flash 49152 --macs 2.5M --latency-ms 20 "
        "--allow-uncalibrated --space spoken-digits --seed 7 --measurements 8 --engine random "
        f"--device cuda:1 --threads 2 --data {folder}"
    )


def test_genes_are_held_and_known_networks_included(write: Write, tmp_path: Path) -> None:
    space = tn.SearchSpace("fashion-mnist")
    genes = "resolution=28 stem.width=1"
    (tmp_path / "known.json").write_text("{}")  # its content is the search's to judge
    [cell] = load_sweep(
        write(
            'boards = ["stm32g031k8"]\n[search]\n'
            "patience = 20\nminutes = 1.5\nscreen_images = 250\n"
            'freeze = { resolution = 28, "stage*.block*.kernel" = 3 }\n'
            f'include = ["known.json", "{genes}"]\n'
        )
    ).cells
    words = list(cell.arguments)
    assert words[words.index("--freeze") + 1] == "resolution=28 stage*.block*.kernel=3"
    assert space.frozen({"resolution": 28, "stage*.block*.kernel": 3}).cardinality() > 1
    included = [words[i + 1] for i, word in enumerate(words) if word == "--include"]
    assert included == [str(tmp_path / "known.json"), genes]
    for flag, value in (("--patience", "20"), ("--minutes", "1.5"), ("--screen-images", "250")):
        assert words[words.index(flag) + 1] == value


def test_files_are_taken_from_the_folder_of_the_sweep(write: Write, tmp_path: Path) -> None:
    board = Path(tn.find_mcu("stm32g031k8").source_file).read_text()
    (tmp_path / "mine.toml").write_text(board.replace('name = "stm32g031k8"', 'name = "mine"'))
    [cell] = load_sweep(write('boards = ["mine.toml"]\n')).cells
    assert cell.name == "mine-fashion-mnist-seed0"
    assert cell.arguments[:2] == ("--mcu", str(tmp_path / "mine.toml"))


def test_examples_and_what_they_ask_slurm_for() -> None:
    assert len(load_sweep(EXAMPLES / "local.toml").cells) == 4
    sweep = load_sweep(EXAMPLES / "slurm.toml")
    assert len(sweep.cells) == 30
    slurm = sweep.slurm
    assert (slurm.partition, slurm.minutes, slurm.memory_mib) == ("gpu", 30, 8192)
    assert (slurm.gpus, slurm.cpus, slurm.parallel) == (1, 4, 16)


def test_slurm_options(write: Write) -> None:
    table = (
        '[slurm]\ntime = "1-02:03:01"\nmemory = "512MiB"\n[slurm.options]\nnice = 5\nverbose = true'
    )
    slurm = load_sweep(write(SMALL + table)).slurm
    assert (slurm.minutes, slurm.memory_mib) == (26 * 60 + 4, 512)
    assert slurm.options == {"nice": "5", "verbose": True}


BAD_FILES = [
    ("boards = [", ["is no TOML"]),
    ("seeds = [0]", ["boards: is missing", 'boards = ["stm32f746"]']),
    ("boards = []", ["boards: is empty"]),
    ('boards = "stm32f746"', ["boards: 'stm32f746' is no list"]),
    ("boards = [3]", ["boards[0]: 3 is no name"]),
    ('boards = ["stm32f764"]', ["boards[0]: unknown MCU", "did you mean 'stm32f746'"]),
    ('boards = ["none.toml"]', ["boards[0]: ", "none.toml: cannot be read"]),
    ('boards = ["stm32f103c8", "bluepill"]', ["boards[1]: 'stm32f103c8' is there twice"]),
    (SMALL + "sedes = [1]", ["sedes: unknown field (did you mean 'seeds'?)"]),
    (SMALL.replace("[0, 1]", "[]"), ["seeds: is empty"]),
    (SMALL.replace("[0, 1]", "[0, -1]"), ["seeds[1]: -1 is no whole number from 0 on"]),
    (SMALL.replace("[0, 1]", "[true]"), ["seeds[0]: True is no whole number"]),
    (SMALL.replace("[0, 1]", "[1, 1]"), ["seeds[1]: '1' is there twice"]),
    (SMALL + "spaces = []", ["spaces: is empty"]),
    (SMALL + 'spaces = ["fashion-mnits"]', ["spaces[0]: ", "did you mean 'fashion-mnist'"]),
    (SMALL + 'spaces = ["toy"]', ["spaces: no supernet is shipped for 'toy'", "tinynas train"]),
    (
        SMALL + 'spaces = [{ space = "toy", supernet = "none.pt" }]',
        ["spaces[0].supernet: ", "none.pt is not there"],
    ),
    (SMALL + 'spaces = [{ spaec = "toy" }]', ["spaces[0]"]),
    (SMALL + "budgets = []", ["budgets: is empty"]),
    (SMALL + 'budgets = ["4KiB"]', ["budgets[0]: '4KiB' is no table"]),
    (SMALL + 'budgets = [{ srma = "4KiB" }]', ["budgets[0].srma: unknown", "did you mean 'sram'"]),
    (SMALL + "budgets = [{ sram = 4.5 }]", ["budgets[0].sram: 4.5 is no number of bytes"]),
    (SMALL + 'budgets = [{ sram = "4KB2" }]', ["budgets[0] on board stm32f103c8: sram: '4KB2'"]),
    (SMALL + "budgets = [{}, {}]", ["budgets[1]: 'own' is there twice"]),
    (SMALL + 'budgets = [{ macs = "5 million" }]', ["budgets[0].macs: '5 million'", "12.5M"]),
    (SMALL + "budgets = [{ latency_ms = 0 }]", ["budgets[0].latency_ms: 0 is no number above 0"]),
    (SMALL + "budgets = [{ latency_ms = 20 }]", ["budgets[0] on board stm32f103c8: latency_ms"]),
    (SMALL + "search = 3", ["search: 3 is no table; write [search]"]),
    (SMALL + "[search]\nmeasurement = 3", ["search.measurement: unknown", "'measurements'"]),
    (SMALL + "[search]\nfreeze = { resolution = 29 }", ["search.freeze", "resolution"]),
    (SMALL + '[search]\nfreeze = "resolution=28"', ["search.freeze: 'resolution=28' is no table"]),
    (SMALL + "[search]\nfreeze = { resolution = true }", ["search.freeze.resolution: True"]),
    (SMALL + '[search]\ninclude = ["gone.json"]', ["search.include[0]", "is not there"]),
    (SMALL + "[search]\ninclude = [3]", ["search.include[0]: 3 is neither"]),
    (SMALL + '[search]\nmeasurements = "8"', ["search.measurements: '8' is no whole number"]),
    (SMALL + '[search]\nruntime = "tfml"', ["search: unknown runtime", "did you mean 'tflm'"]),
    (SMALL + '[search]\nengine = "randm"', ["search.engine: unknown", "did you mean 'random'"]),
    (SMALL + '[search]\ndata = "nowhere"', ["search.data: ", "nowhere is not there"]),
    (
        SMALL + 'spaces = ["fashion-mnist", "spoken-digits"]\n[search]\nsupernet = "."',
        ["search.supernet: serves one space"],
    ),
    (SMALL + "[local]\njobs = 0", ["local.jobs: 0 is no whole number from 1"]),
    (SMALL + "[local]\njbos = 2", ["local.jbos: unknown field (did you mean 'jobs'?)"]),
    (SMALL + '[slurm]\ntime = "2h"', ["slurm.time: '2h'", '"2:00:00"']),
    (SMALL + '[slurm]\ntime = "0:01:59"', ["slurm.time: '0:01:59'", "3 minutes at least"]),
    (SMALL + '[slurm]\nmemory = "8GB"', ["slurm.memory: '8GB'", '"8GiB"']),
    (SMALL + "[slurm]\ngpus = 1.5", ["slurm.gpus: 1.5 is no whole number"]),
    (SMALL + '[slurm]\npartition = "a b"', ["slurm.partition: ", "blank"]),
    (SMALL + '[slurm.options]\narray = "0-3"', ["slurm.options.array: is set by the sweep"]),
    (SMALL + "[slurm.options]\nnice = 1.5", ["slurm.options.nice: 1.5"]),
]


@pytest.mark.parametrize(("text", "words"), BAD_FILES)
def test_bad_files(write: Write, text: str, words: list[str]) -> None:
    path = write(text)
    with pytest.raises(tn.BadInputError) as caught:
        load_sweep(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and "\n" not in message and len(message) < 600
    for word in words:
        assert word in message


def test_the_command_line_says_it_in_one_line(write: Write, tmp_path: Path) -> None:
    path = write(SMALL)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "photo.jpg").write_text("")
    bad = tmp_path / "bad.toml"
    bad.write_text('boards = ["stm32f764"]')
    before = sorted(tmp_path.rglob("*"))
    for words, text in (
        (["submit", bad], "did you mean 'stm32f746'"),
        (["submit", tmp_path / "none.toml"], "none.toml: cannot be read"),
        (["submit", path, "--out", tmp_path / "full"], "holds files that are no sweep"),
        (["submit", path, "--out", path], "is a file"),
        (["submit", path, "--cluster", "slrum"], "did you mean 'slurm'"),
        (["submit"], "FILE.toml"),
        (["submit", path, "--ouy", "x"], "--ouy"),
        (["sttaus"], "did you mean 'status'"),
        (["status", tmp_path], "holds no sweep"),
        (["collect", tmp_path / "none"], "holds no sweep"),
        (["collect", tmp_path, "--csv", "--json"], "--json"),
        ([], "COMMAND"),
    ):
        done = batch(*words, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert done.stderr.startswith("tinynas: error: ") and done.stderr.count("\n") == 1
        assert text in done.stderr and "Traceback" not in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_help(tmp_path: Path) -> None:
    for words in (["--help"], ["submit", "--help"]):
        done = batch(*words, cwd=tmp_path)
        assert done.returncode == 0 and "submit" in done.stdout and done.stderr == ""


# Directories.


def test_a_directory_is_read_as_it_was_made(sweep: Sweep, directory: SweepDirectory) -> None:
    assert open_directory(directory.path) == directory
    assert require_usable(sweep, directory.path) == directory
    assert sorted(path.name for path in directory.path.parent.iterdir()) == ["out", "sweep.toml"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SMALL.replace("[0, 1]", "[0, 2]"), ["seeds is [0, 2] here and [0, 1]"]),
        (SMALL.replace("stm32g031k8", "stm32f746"), ["boards is "]),
        (SMALL + "[search]\nmeasurements = 8", ["search.measurements is 8 here and null"]),
        (SMALL + 'budgets = [{ sram = "4KiB" }]', ["budgets is "]),
    ],
)
def test_another_sweep_is_refused(
    directory: SweepDirectory, write: Write, text: str, words: list[str]
) -> None:
    with pytest.raises(tn.BadInputError) as caught:
        require_usable(load_sweep(write(text)), directory.path)
    for word in [*words, "name another --out"]:
        assert word in str(caught.value)


def test_how_cells_are_run_may_change(directory: SweepDirectory, write: Write) -> None:
    changed = load_sweep(write(SMALL + '[slurm]\nmemory = "9GiB"\n[local]\njobs = 2\n'))
    assert require_usable(changed, directory.path) is not None


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("", "is damaged"),
        ("[1]", "is damaged"),
        ('{"format": "tinynas-run"}', "is not of a sweep"),
        ('{"format": "tinynas-sweep", "format_version": 9}', "newer version"),
        ('{"format": "tinynas-sweep", "format_version": 1, "name": "x"}', "is damaged"),
    ],
)
def test_damaged_directories(directory: SweepDirectory, content: str, word: str) -> None:
    (directory.path / "sweep.json").write_text(content)
    with pytest.raises(tn.BadInputError, match=word):
        open_directory(directory.path)


def test_a_failed_search_is_explained_and_gets_no_options_of_the_environment(
    directory: SweepDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "program"
    program.write_text(
        '#!/bin/sh\nenv\necho "$@"\necho "tinynas: error: no such supernet" >&2\nexit 2'
    )
    program.chmod(0o755)
    monkeypatch.setenv("TINYNAS_EXECUTABLE", str(program))
    monkeypatch.setenv("TINYNAS_SRAM", "1KiB")
    cell = directory.cells[0]
    assert command(directory, cell)[0] == str(program)
    outcome = CellSearch(directory, cell, own_session=False).finish()
    assert (outcome.code, outcome.reason) == (2, "no such supernet")
    log = (directory.cell_dir(cell.name) / "log.txt").read_text()
    run_dir = directory.run_dir(cell.name)
    assert f"search {' '.join(cell.arguments)} --run-dir {run_dir} --resume auto" in log
    assert "TINYNAS_EXECUTABLE" in log and "TINYNAS_SRAM" not in log
    [status, *_] = sweep_status(directory)
    assert (status.state, status.reason) == ("failed", "no such supernet")


def test_locks(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_locked(path)
    lock = FileLock(path)
    assert is_locked(path)
    with pytest.raises(BlockingIOError):
        FileLock(path)
    lock.close()
    assert not is_locked(path)


# What run directories say.


def make_run(
    directory: SweepDirectory,
    index: int,
    *,
    trials: int = 0,
    accuracy: float | None = None,
    sram: int = 4000,
    finished: bool = False,
    seed: int | None = None,
) -> Path:
    cell = directory.cells[index]
    run = directory.run_dir(cell.name)
    run.mkdir(parents=True)
    about = {
        "search": {"seed": cell.seed if seed is None else seed, "measurements": 120},
        "mcu": {"name": cell.board},
        "space": {"name": cell.space},
    }
    write_atomic(run / "run.json", json.dumps({"run": about}))
    lines = '{"kind":"trial","trial":0}\n' * trials + '{"kind":"finalist"}\n{"kind":"tri'
    write_atomic(run / "trials.jsonl", lines)
    write_atomic(run / "checkpoint.json", json.dumps({"finished": finished}))
    if finished:
        write_atomic(run / "result.json", json.dumps(made_result(index, accuracy, sram)))
    return run


def made_result(index: int, accuracy: float | None, sram: int) -> dict[str, Any]:
    if accuracy is None:
        excess = {"sram_bytes": 1100, "flash_bytes": 0, "latency_ms": 0.0}
        return {"best": None, "smallest": {"id": "abc", "excess": excess}}
    accuracies = {"validation": accuracy, "validation_int8": accuracy, "test": 0.9}
    best = {
        "id": f"{index:016x}",
        "accuracy": {**accuracies, "test_int8": None},
        "peak_sram_bytes": sram,
        "flash_bytes": 60_000,
        "macs": 1_000_000,
        "params": 40_000,
    }
    return {"best": best, "smallest": None}


def states(directory: SweepDirectory) -> list[str]:
    return [status.state for status in sweep_status(directory)]


def test_status(directory: SweepDirectory) -> None:
    assert states(directory) == ["waiting"] * 4
    make_run(directory, 0, trials=5)
    make_run(directory, 1, trials=120, accuracy=0.9, finished=True)
    make_run(directory, 2, finished=True)
    make_run(directory, 3, trials=1)
    lock = FileLock(directory.cell_dir(directory.cells[3].name) / "lock")
    statuses = sweep_status(directory)
    lock.close()
    assert [s.state for s in statuses] == ["interrupted", "finished", "nothing fits", "running"]
    assert [s.measured for s in statuses] == [5, 120, 0, 1]
    assert statuses[2].reason == "the nearest, abc, is 1,100 bytes of SRAM over"
    text = status_text(statuses)
    assert "5 of 120" in text
    summed = "4 cells: 1 finished, 1 nothing fits, 1 running, 1 interrupted"
    assert text.splitlines()[-1] == summed
    document = status_document(directory, statuses)
    assert document["counts"]["running"] == 1 and document["schema_version"] == 1
    assert document["cells"][1]["run_dir"] == str(directory.run_dir(directory.cells[1].name))


def test_status_of_what_went_wrong(directory: SweepDirectory) -> None:
    failure = directory.cell_dir(directory.cells[0].name) / "failure.json"
    write_atomic(failure, json.dumps({"exit_code": 2, "reason": "no such supernet"}))
    make_run(directory, 1, seed=9)
    run = make_run(directory, 2, accuracy=0.9, finished=True)
    (run / "result.json").write_text("{")
    # Written, but its checkpoint is not: the search would still write it.
    make_run(directory, 3, accuracy=0.9, finished=True)
    run = directory.run_dir(directory.cells[3].name)
    write_atomic(run / "checkpoint.json", json.dumps({"finished": False}))
    statuses = sweep_status(directory)
    assert [s.state for s in statuses] == ["failed", "failed", "failed", "interrupted"]
    reasons = [status.reason or "" for status in statuses]
    assert reasons[0] == "no such supernet"
    assert "holds another run (seed is 9, not 1)" in reasons[1]
    assert "is damaged" in reasons[2]
    assert all("\n" not in reason for reason in reasons)
    lock = FileLock(failure.parent / "lock")  # a second try is under way
    assert states(directory)[0] == "running"
    lock.close()


def test_status_with_slurm(directory: SweepDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [cell.name for cell in directory.cells]
    lines = [
        json.dumps({"cluster": "slurm", "tasks": {names[0]: "7_0", names[1]: "7_1"}}),
        json.dumps({"cluster": "slurm", "tasks": {names[1]: "8"}}),
        '{"cluster": "slu',
    ]
    directory.submissions.write_text("\n".join(lines))
    assert slurm_queue.submitted_tasks(directory) == {names[0]: "7_0", names[1]: "8"}
    queued = {
        names[0]: slurm_queue.QueuedTask("7_0", "RUNNING"),
        names[1]: slurm_queue.QueuedTask("8", "PENDING"),
    }
    monkeypatch.setattr("tinynas.batch.status.queued_cells", lambda directory: queued)
    make_run(directory, 0, trials=2)
    statuses = sweep_status(directory)
    assert [s.state for s in statuses] == ["running", "queued", "waiting", "waiting"]
    assert statuses[1].task == "8 PENDING" and "8 PENDING" in status_text(statuses)


def test_collect(directory: SweepDirectory) -> None:
    make_run(directory, 0, accuracy=0.90, sram=4000, finished=True)
    make_run(directory, 1, accuracy=0.92, sram=5000, finished=True)
    make_run(directory, 2, accuracy=0.90, sram=4500, finished=True)  # beaten by the first
    statuses = sweep_status(directory)
    winners = collect(directory, statuses)
    assert [w.validation_int8 for w in winners] == [0.92, 0.90, 0.90]
    assert [w.peak_sram_bytes for w in winners] == [5000, 4000, 4500]
    assert [w.pareto for w in winners] == [True, True, False]
    rows = list(csv.DictReader(io.StringIO(collect_csv(winners))))
    assert [row["pareto"] for row in rows] == ["1", "1", "0"]
    assert rows[0]["cell"] == directory.cells[1].name and rows[0]["test_int8"] == ""
    text = collect_text(winners, statuses)
    assert "3.9 KiB" in text and "92.00 %" in text
    assert text.splitlines()[-1] == "4 cells: 3 finished, 1 waiting"
    document = collect_document(directory, winners, statuses)
    assert document["finished"] == 3 and document["winners"][0]["test_int8"] is None
    assert [cell["state"] for cell in document["unfinished"]] == ["waiting"]


def test_equal_winners_share_the_front_and_spaces_have_their_own(
    write: Write, tmp_path: Path
) -> None:
    text = SMALL + 'spaces = ["fashion-mnist", { space = "spoken-digits", data = "." }]'
    directory = make_directory(load_sweep(write(text)), tmp_path / "two")
    for index in range(len(directory.cells)):
        other_space = directory.cells[index].space == "spoken-digits"
        make_run(directory, index, accuracy=0.99 if other_space else 0.9, finished=True)
    winners = collect(directory, sweep_status(directory))
    assert [w.pareto for w in winners] == [True] * 8
    assert [w.space for w in winners] == ["fashion-mnist"] * 4 + ["spoken-digits"] * 4
