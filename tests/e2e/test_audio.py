"""Keywords as WAV files: trained, searched, and heard by the exported C."""

from __future__ import annotations

import json
import math
import random
import struct
import subprocess
import wave
from pathlib import Path

import pytest

RATE = 8000
KINDS = ("falling", "rising", "steady")
SPACE = """
name = "sounds"
description = "tiny networks for sounds"
image_channels = 1
classes = 3
resolutions = [32]
channel_divisor = 4
[stem]
channels = 8
width = [0.5, 1.0]
kernel = 3
stride = 2
[[stage]]
channels = 12
stride = 2
depth = [1, 2]
kernel = [3, 5]
expand = [2, 3]
"""
TRAIN = ["--epochs", "20", "--batch", "16", "--learning-rate", "0.05"]
# Reads whole images of samples, prints the number of the class that the network hears.
LISTEN = """
#include <stdio.h>
#include "log_mel.h"
#include "model.h"
static int16_t samples[TINYNAS_AUDIO_SAMPLES];
static uint8_t pixels[TINYNAS_INPUT_BYTES];
static int8_t input[TINYNAS_INPUT_BYTES], output[TINYNAS_OUTPUT_BYTES];
int main(void) {
  while (fread(samples, sizeof samples, 1, stdin) == 1) {
    tinynas_log_mel(samples, pixels);
    tinynas_quantise_pixels(pixels, TINYNAS_INPUT_BYTES, input);
    if (tinynas_invoke(input, output) != 0) return 1;
    int best = 0;
    for (int i = 1; i < TINYNAS_OUTPUT_VALUES; ++i) if (output[i] > output[best]) best = i;
    printf("%d\\n", best);
  }
  return 0;
}
"""


def sound(kind: str, chance: random.Random) -> list[int]:
    """A tone of 0.3 to 0.6 s that rises, falls or stays, with noise."""
    count = int(RATE * chance.uniform(0.3, 0.6))
    start = chance.uniform(500, 1200)
    change = {"falling": 0.5, "rising": 2.0, "steady": 1.0}[kind]
    loudness, phase, samples = chance.uniform(2000, 9000), 0.0, []
    for i in range(count):
        phase += 2 * math.pi * start * change ** (i / count) / RATE
        value = loudness * math.sin(phase) + chance.gauss(0, 300)
        samples.append(max(-32768, min(32767, round(value))))
    return samples


def write_wav(path: Path, samples: list[int]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sounds")
    chance = random.Random(1)
    for split, count in (("train", 60), ("test", 12)):
        for kind in KINDS:
            target = root / "data" / split / kind
            target.mkdir(parents=True)
            for i in range(count):
                write_wav(target / f"{i:02}.wav", sound(kind, chance))
    victim = root / "data/train/rising/07.wav"
    victim.write_bytes(victim.read_bytes()[:500])
    (root / "sounds.toml").write_text(SPACE)
    return root


def run(executable: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    line = [str(executable), *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=240, check=False)


def finish(executable: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    done = run(executable, *arguments)
    assert done.returncode == 0, done.stderr
    return done


def test_inspect_tells_the_front_end(executable: Path, folder: Path) -> None:
    done = run(executable, "data", "inspect", folder / "data", "--json")
    assert done.returncode == 2
    report = json.loads(done.stdout)
    assert report["format"] == "wav-folder"
    assert [entry["file"] for entry in report["bad_files"]] == [
        str(folder / "data/train/rising/07.wav")
    ]
    audio = report["audio"]
    assert (audio["sample_rate"], audio["frames"], audio["bands"]) == (RATE, 32, 32)
    assert report["channels"] == 1 and (report["height"], report["width"]) == (32, 32)
    assert 0.25 < report["sizes"]["min_seconds"] < report["sizes"]["max_seconds"] < 0.65
    assert report["space"]["name"] == "spoken-digits"
    assert report["space"]["changes_in_a_copy"] == {"classes": "3"}


def heard(folder: Path, firmware: Path) -> float:
    """Share of the test recordings that the exported C names rightly, from samples on."""
    (firmware / "listen.c").write_text(LISTEN)
    sources = sorted(str(path) for path in firmware.glob("*.c"))
    program = firmware / "listen"
    options = ["-std=c99", "-O2", "-Wall", "-Werror", "-I", str(firmware)]
    subprocess.run(["cc", *options, *sources, "-lm", "-o", str(program)], check=True)
    covered = 31 * (RATE // 32) + RATE // 16
    stream, kinds = b"", []
    for index, kind in enumerate(KINDS):
        for path in sorted((folder / "data/test" / kind).glob("*.wav")):
            with wave.open(str(path)) as file:
                frames = file.readframes(file.getnframes())
            before = (covered - len(frames) // 2) // 2
            stream += (b"\0\0" * before + frames).ljust(2 * covered, b"\0")
            kinds.append(index)
    shown = subprocess.run([str(program)], input=stream, capture_output=True, check=True)
    found = [int(line) for line in shown.stdout.split()]
    assert len(found) == len(kinds)
    return sum(a == b for a, b in zip(found, kinds, strict=True)) / len(kinds)


def test_trained_searched_and_heard(executable: Path, folder: Path) -> None:
    data, out = folder / "data", folder / "out"
    train: list[str | Path] = [
        "train",
        "--space",
        folder / "sounds.toml",
        "--data",
        data,
        "--out",
        out,
        *TRAIN,
    ]
    refused = run(executable, *train)
    assert refused.returncode == 2 and "rising/07.wav: damaged WAV" in refused.stderr
    trained = finish(executable, *train, "--skip-bad-files")
    assert "rising/07.wav" in trained.stderr
    card = (out / "MODEL_CARD.md").read_text()
    assert "log-mel of 8,000 Hz: 32 frames of 500 samples" in card
    assert "without 1 files" in card and "--skip-bad-files" in card
    assert "flip no" in card

    # The supernet knows that a file was left out, and which data it wants.
    supernet: list[str | Path] = ["--supernet", out / "supernet.pt"]
    measured = finish(
        executable, "eval", "--subnet", "largest", *supernet, "--data", data, "--split", "test"
    )
    assert "rising/07.wav" in measured.stderr
    absent = run(executable, "eval", "--subnet", "largest", *supernet)
    assert absent.returncode == 2 and absent.stderr.count("\n") == 1
    assert "--data is needed" in absent.stderr and "train/CLASS/FILE" in absent.stderr
    absent = run(executable, "search", "--mcu", "stm32f030r8", *supernet)
    assert absent.returncode == 2 and "--data is needed" in absent.stderr

    search: list[str | Path] = ["search", "--mcu", "stm32f030r8", "--measurements", "4"]
    search += supernet
    found = finish(executable, *search, "--data", data, "--run-dir", folder / "run", "--json")
    accuracy = json.loads(found.stdout)["best"]["accuracy"]
    assert accuracy["test_int8"] > 0.7
    firmware = folder / "firmware"
    finish(executable, "export", folder / "run", "--format", "c", "--out", firmware)
    assert "mel scale" in (firmware / "MODEL_CARD.md").read_text()
    assert "TINYNAS_INPUT_IS_LOG_MEL" in (firmware / "model.h").read_text()
    # A pixel may be a step off, which may turn one recording of 36.
    assert abs(heard(folder, firmware) - accuracy["test_int8"]) <= 1.5 / 36
