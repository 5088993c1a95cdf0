"""Everything that people get wrong ends in one line that says how to mend it, and exit code 2."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SUPERNET = ROOT / "supernets" / "fashion-mnist" / "supernet.pt"


def run(executable: Path, cwd: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(executable), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
    )


def assert_refused(done: subprocess.CompletedProcess[str], cwd: Path, *words: str) -> None:
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert done.stdout == ""
    assert done.stderr.startswith("tinynas: error: ")
    assert done.stderr.count("\n") == 1 and len(done.stderr) < 600, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr
    for trace in ("Traceback", "frame #", "Exception raised from", "what():"):
        assert trace not in done.stderr
    assert not (cwd / "runs").exists(), "a refused search left a run directory"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--mcu", "stm32f764"], ["stm32f764", "did you mean 'stm32f746'"]),
        (["--mcu", "own.toml"], ["own.toml"]),
        (["--mcu", "stm32f746", "--sram", "320KB2"], ["--sram"]),
        (["--mcu", "stm32f746", "--reserve-sram", "1MiB"], ["--reserve-sram"]),
        (["--mcu", "stm32f746", "--supernet", "missing.pt"], ["missing.pt"]),
        (["--mcu", "stm32f746", "--supernet", "."], ["folder"]),
        (["--mcu", "stm32f746", "--space", "toy"], ["toy", "supernet"]),
        (["--mcu", "stm32f746", "--space", "fashion-mnits"], ["did you mean 'fashion-mnist'"]),
        (["--mcu", "stm32f746", "--data", "nowhere"], ["nowhere"]),
        (["--mcu", "stm32f746", "--data", "."], ["expected"]),
        (["--mcu", "stm32f746", "--device", "abacus"], ["abacus"]),
        (["--mcu", "stm32f746", "--measurements", "0"], ["--measurements"]),
        (["--mcu", "stm32f746", "--sede", "1"], ["--sede", "--seed"]),
        (["--mcu", "stm32f746", "--engine", "randm"], ["did you mean 'random'"]),
        (["--mcu", "stm32f746", "--resume", "must", "--run-dir", "none"], ["none"]),
        ([], ["--mcu"]),
    ],
)
def test_search(
    executable: Path, fashion_mnist: Path, tmp_path: Path, arguments: list[str], words: list[str]
) -> None:
    assert_refused(run(executable, tmp_path, "search", *arguments), tmp_path, *words)


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "flipped", "head"])
def test_damaged_supernet(
    executable: Path, fashion_mnist: Path, tmp_path: Path, damage: str
) -> None:
    whole = SUPERNET.read_bytes()
    middle = len(whole) // 2
    content = {
        "empty": b"",
        "cut": whole[:middle],
        "text": b"not a supernet\n" * 100,
        "flipped": whole[:middle] + bytes(b ^ 0x5A for b in whole[middle : middle + 64]),
        "head": b"\0" * 64 + whole[64:],
    }[damage]
    if damage == "flipped":
        content += whole[middle + 64 :]
    path = tmp_path / "damaged.pt"
    path.write_bytes(content)
    done = run(executable, tmp_path, "search", "--mcu", "stm32f746", "--supernet", path)
    assert_refused(done, tmp_path, "damaged.pt")


def test_damaged_images(executable: Path, fashion_mnist: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in fashion_mnist.iterdir():
        (copy / file.name).symlink_to(file)
    victim = next(path for path in copy.iterdir() if "train-images" in path.name)
    content = victim.read_bytes()
    victim.unlink()
    victim.write_bytes(content[: len(content) // 2])
    done = run(executable, tmp_path, "search", "--mcu", "stm32f746", "--data", copy)
    assert_refused(done, tmp_path, victim.name)


def test_damaged_networks(executable: Path, tmp_path: Path) -> None:
    for name, content in (
        ("empty.json", ""),
        ("cut.json", '{"layers": ['),
        ("other.json", "[1, 2]"),
        ("newer.json", '{"format": "tinynas-subnet", "format_version": 999, "space": "toy"}'),
    ):
        (tmp_path / name).write_text(content)
        assert_refused(run(executable, tmp_path, "plan", name), tmp_path, name)
    missing = run(executable, tmp_path, "eval", "--subnet", "missing.json")
    assert_refused(missing, tmp_path, "missing.json")
