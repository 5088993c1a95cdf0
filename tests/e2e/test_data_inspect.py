"""`tinynas data inspect`: what a folder holds, which files are bad, which space suits."""

from __future__ import annotations

import json
import random
import struct
import subprocess
import zlib
from pathlib import Path

SIDE = 28


def png(rng: random.Random, side: int = SIDE) -> bytes:
    """Random grey pixels, 8 bits."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    rows = b"".join(b"\0" + rng.randbytes(side) for _ in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def make_set(folder: Path, classes: int, images: int) -> None:
    rng = random.Random(3)
    for label in range(classes):
        for split, count in (("train", images), ("test", 4)):
            where = folder / split / f"class{label}"
            where.mkdir(parents=True)
            for i in range(count):
                (where / f"{i}.png").write_bytes(png(rng))


def inspect(executable: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(executable), "data", "inspect", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_sound_folder(executable: Path, tmp_path: Path) -> None:
    make_set(tmp_path / "ten", 10, 20)
    shown = inspect(executable, str(tmp_path / "ten"))
    assert shown.returncode == 0 and shown.stderr == ""
    assert "fashion-mnist fits: tinynas train --space fashion-mnist" in shown.stdout
    assert "28x28 px, 240 grey" in shown.stdout
    report = json.loads(inspect(executable, str(tmp_path / "ten"), "--json").stdout)
    assert report["schema_version"] == 1
    assert report["bad_files"] == [] and report["problem"] is None
    assert report["images"]["test"] == 40
    assert sum(report["images"].values()) == 240
    assert [entry["test"] for entry in report["classes"]] == [4] * 10
    assert report["channels"] == 1 and (report["height"], report["width"]) == (SIDE, SIDE)
    assert abs(report["mean"][0] - 0.5) < 0.01 and abs(report["deviation"][0] - 0.289) < 0.01
    assert report["space"] == {"name": "fashion-mnist", "fits": True, "changes_in_a_copy": {}}


def test_bad_files_are_all_named_and_skipped_only_when_asked(
    executable: Path, tmp_path: Path
) -> None:
    make_set(tmp_path / "set", 3, 30)
    (tmp_path / "set/train/class1/notes.txt").write_text("hello")
    bad = []
    for name, content in (("7", b""), ("12", b"GIF89a"), ("20", None)):
        path = tmp_path / "set/train/class1" / f"{name}.png"
        path.write_bytes(path.read_bytes()[:60] if content is None else content)
        bad.append(str(path))
    shown = inspect(executable, str(tmp_path / "set"))
    assert shown.returncode == 2
    for name in bad:
        assert name + ": " in shown.stdout
    assert "3 files cannot be used" in shown.stderr and "--skip-bad-files" in shown.stderr
    assert "Traceback" not in shown.stderr
    document = inspect(executable, str(tmp_path / "set"), "--json")
    assert document.returncode == 2
    report = json.loads(document.stdout)
    assert sorted(entry["file"] for entry in report["bad_files"]) == sorted(bad)
    assert report["ignored_files"] == [str(tmp_path / "set/train/class1/notes.txt")]
    assert report["space"]["changes_in_a_copy"] == {"classes": "3"}
    skipped = inspect(executable, str(tmp_path / "set"), "--skip-bad-files")
    assert skipped.returncode == 0
    assert skipped.stdout == shown.stdout


def test_imbalance_and_absent_data(executable: Path, tmp_path: Path) -> None:
    make_set(tmp_path / "set", 2, 60)
    for path in sorted((tmp_path / "set/train/class0").glob("*.png"))[20:]:
        path.unlink()
    shown = inspect(executable, str(tmp_path / "set"))
    assert shown.returncode == 0
    assert "'class1' over 'class0'" in shown.stdout and "warning" in shown.stdout
    absent = inspect(executable, str(tmp_path / "nowhere"))
    assert absent.returncode == 2
    assert absent.stderr.count("\n") == 1 and "does not exist" in absent.stderr
