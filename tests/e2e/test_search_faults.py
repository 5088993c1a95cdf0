"""A disk that is full, a directory that cannot be written, files that were damaged: one clear line,
nothing lost, and the run goes on where it can."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.refusal import refusal
from support.small_search import OPTIONS, Run


def search(
    executable: Path, folder: Path, file_bytes: int | None = None
) -> subprocess.CompletedProcess[str]:
    """A search in `folder`; files of more than `file_bytes` cannot be written."""

    def limit() -> None:
        if file_bytes is None:
            return
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writing fails in place of killing
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    return subprocess.run(
        [str(executable), "search", *OPTIONS, "--quiet", "--run-dir", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
    )


def resumed(executable: Path, folder: Path) -> Run:
    done = search(executable, folder)
    assert done.returncode == 0, done.stderr
    return Run(folder, {})


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    mount = tmp_path / "disk"
    mount.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mount)],
        capture_output=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip("mounting needs root")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


def test_a_file_that_cannot_grow(searched_run: Run, executable: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    error = refusal(search(executable, folder, file_bytes=6000))
    assert str(folder) in error and "cannot be written" in error
    assert not list(folder.rglob("*.tmp*"))
    assert resumed(executable, folder).files() == searched_run.files()


def test_a_full_disk(searched_run: Run, executable: Path, small_disk: Path) -> None:
    folder = small_disk / "run"
    folder.mkdir()
    for name in ("run.json", "trials.jsonl", "checkpoint.json"):
        shutil.copy(searched_run.folder / name, folder / name)
    (small_disk / "filler").write_bytes(bytes(28 * 1024))
    assert "No space left" in refusal(search(executable, folder))
    assert (folder / "trials.jsonl").read_bytes() == searched_run.files()["trials.jsonl"]
    (small_disk / "filler").unlink()
    assert "No space left" in refusal(search(executable, folder)), "a model needs more"


def test_a_directory_that_cannot_be_written(
    executable: Path, fashion_mnist: Path, small_disk: Path
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert "Read-only" in refusal(search(executable, small_disk / "run"))
    assert list(small_disk.iterdir()) == []


def test_a_finished_run_that_cannot_be_written(
    searched_run: Run, executable: Path, small_disk: Path
) -> None:
    folder = small_disk / "run"
    folder.mkdir()
    for name in ("run.json", "trials.jsonl"):
        shutil.copy(searched_run.folder / name, folder / name)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert "Read-only" in refusal(search(executable, folder))


@pytest.mark.parametrize(
    ("name", "damage", "text"),
    [
        ("checkpoint.json", "{", "checkpoint.json"),
        ("checkpoint.json", "[]", "checkpoint.json"),
        ("checkpoint.json", '{"format": "tinynas-checkpoint", "format_version": 1}', "records"),
        ("run.json", "", "run.json"),
        ("run.json", '{"format": "tinynas-run", "format_version": 9}', "format_version"),
    ],
)
def test_a_damaged_file_is_named(
    searched_run: Run, executable: Path, tmp_path: Path, name: str, damage: str, text: str
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(searched_run.folder, folder)
    trials = (folder / "trials.jsonl").read_bytes()
    (folder / name).write_text(damage)
    error = refusal(search(executable, folder))
    assert str(folder / name) in error and text in error
    assert (folder / "trials.jsonl").read_bytes() == trials


def test_trials_changed_after_their_checkpoint_are_refused(
    searched_run: Run, executable: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(searched_run.folder, folder)
    lines = (folder / "trials.jsonl").read_text().splitlines()
    better = json.loads(lines[3])
    better["accuracy"] = 1.0
    lines[3] = json.dumps(better)
    (folder / "trials.jsonl").write_text("\n".join(lines) + "\n")
    assert "changed after its checkpoint" in refusal(search(executable, folder))
