"""`tinynas verify`: predicted beside measured, and what people get told otherwise."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from firmware.board import MACHINES, Toolchain, missing_tools, run_tool

ROOT = Path(__file__).resolve().parents[2]

needs_tools = pytest.mark.skipif(
    missing_tools() != "", reason=f"tools for the board are missing: {missing_tools()}"
)


def run(
    executable: Path,
    temporary: Path,
    *arguments: str | Path,
    path: str | None = None,
    data: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Whatever happens, nothing is left in the temporary folder."""
    temporary.mkdir(exist_ok=True)
    environment = {**os.environ, "TMPDIR": str(temporary)}
    if path is not None:
        environment["PATH"] = path
    if data is not None:
        environment["TINYNAS_DATA_DIR"] = str(data)
    done = subprocess.run(
        [str(executable), "verify", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=environment,
    )
    assert list(temporary.iterdir()) == []
    return done


@needs_tools
@pytest.mark.parametrize(
    ("mcu", "core", "options"),
    [
        ("stm32g0b1", "Cortex-M0+", []),
        ("stm32f103rb", "Cortex-M3", ["--input", "rows"]),
        ("nrf52840", "Cortex-M4", ["--input", "external"]),
        ("stm32f746", "Cortex-M7", []),
        ("stm32u575", "Cortex-M33", ["--inputs", "3"]),
        ("stm32n657", "Cortex-M55", ["--flash", "2MiB"]),
    ],
)
def test_keyword_model_is_verified(
    executable: Path,
    shared_tflite: dict[str, Path],
    tmp_path: Path,
    mcu: str,
    core: str,
    options: list[str],
) -> None:
    model = shared_tflite["mlperf-tiny-kws"]
    done = run(executable, tmp_path / "t", model, "--mcu", mcu, *options, "--json", "-q")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    said: Any = json.loads(done.stdout)
    predicted, measured = said["predicted"], said["measured"]
    assert said["verified"] and said["core"] == core and said["canaries_intact"]
    assert said["equal"] == said["inputs"] == len(measured["instructions"])
    assert measured["arena_bytes"] == predicted["arena_bytes"]
    assert measured["statics_bytes"] == predicted["statics_bytes"]
    assert measured["stack_bytes"] <= predicted["stack_bytes"]
    assert measured["flash_bytes"] == predicted["flash_bytes"]
    # The same figures by the other way to build it.
    mode = options[1] if "--input" in options else "resident"
    run_tool(executable, "export", model, "--out", tmp_path / "c", "--input", mode)
    toolchain = Toolchain(MACHINES[core], tmp_path / "objects")
    firmware = toolchain.link(tmp_path / "c", tmp_path / "build")
    assert firmware.arena_symbol_bytes == measured["arena_bytes"]
    assert firmware.text_bytes == measured["text_bytes"]
    assert firmware.rodata_bytes == measured["rodata_bytes"]


@needs_tools
def test_for_people(executable: Path, shared_tflite: dict[str, Path], tmp_path: Path) -> None:
    model = shared_tflite["mlperf-tiny-kws"]
    done = run(executable, tmp_path / "t", model, "--mcu", "stm32f746")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("verified on an emulated Cortex-M7\n")
    for words in ("outputs equal: yes, 8 of 8", "predicted", "measured", "untouched"):
        assert words in done.stdout
    rows = {line.split()[0]: line.split()[-1] for line in done.stdout.splitlines() if line}
    assert rows["arena"] == rows["statics"] == rows["flash"] == "equal"
    assert rows["stack"] in ("equal", "within")


def no_stack(match: re.Match[str]) -> str:
    return match[0].split(" = ")[0] + " = 1"


@needs_tools
def test_a_table_that_is_not_as_compiled(
    executable: Path, shared_tflite: dict[str, Path], tmp_path: Path
) -> None:
    """The same program with tables in which a kernel takes 4 bytes more, or hardly any stack."""
    data = tmp_path / "data"
    for name in ("configs", "search_spaces"):
        shutil.copytree(ROOT / name, data / name)
    table = data / "configs" / "kernels" / "cortex-m7.toml"
    shipped = table.read_text()
    text = re.search(r'"tn_multiply_columns", text = (\d+)', shipped)
    assert text is not None
    more = text[0].replace(text[1], str(int(text[1]) + 4))
    for wrong, row in (
        (shipped.replace(text[0], more), "flash"),
        (re.sub(r"(stack|row|whole) = \d+", no_stack, shipped), "stack"),
    ):
        assert wrong != shipped
        table.write_text(wrong)
        options = ["--mcu", "stm32f746", "-q", "--inputs", "1"]
        model = shared_tflite["mlperf-tiny-kws"]
        done = run(executable, tmp_path / "t", model, *options, data=data)
        assert done.returncode == 1
        rows = {line.split()[0]: line.split()[-1] for line in done.stdout.splitlines() if line}
        assert [name for name, last in rows.items() if last == "DIFFERS"] == [row]
        assert done.stdout.endswith("NOT as planned on an emulated Cortex-M7\n")


@needs_tools
def test_what_does_not_fit(
    executable: Path, shared_tflite: dict[str, Path], tmp_path: Path
) -> None:
    model = shared_tflite["mcunet-in0"]
    done = run(executable, tmp_path / "t", model, "--mcu", "stm32f103rb", "-q")
    assert done.returncode == 3
    assert "region `FLASH' overflowed by" in done.stderr and done.stderr.count("\n") == 1


def test_without_tools(executable: Path, shared_tflite: dict[str, Path], tmp_path: Path) -> None:
    model = shared_tflite["mlperf-tiny-kws"]
    done = run(executable, tmp_path / "t", model, "--mcu", "stm32f746", path=str(tmp_path))
    assert done.returncode == 2
    for package in ("gcc-arm-none-eabi", "qemu-system-arm", "apt-get install"):
        assert package in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--mcu", "esp32-s3", "--flash", "4MiB"], "not emulated"),
        (["--mcu", "stm32f764"], "did you mean 'stm32f746'"),
        (["--mcu", "stm32f746", "--inputs", "0"], "--inputs"),
        ([], "--mcu"),
    ],
)
def test_bad_arguments(
    executable: Path,
    shared_tflite: dict[str, Path],
    tmp_path: Path,
    arguments: list[str],
    words: str,
) -> None:
    model = shared_tflite["mlperf-tiny-kws"]
    done = run(executable, tmp_path / "t", model, *arguments)
    assert done.returncode == 2
    assert words in done.stderr and done.stderr.count("\n") == 1


@needs_tools
def test_interruption_leaves_nothing(
    executable: Path, shared_tflite: dict[str, Path], tmp_path: Path
) -> None:
    temporary = tmp_path / "t"
    temporary.mkdir()
    model = shared_tflite["mcunet-vww1-float-io"]
    process = subprocess.Popen(
        [executable, "verify", model, "--mcu", "stm32f746", "--inputs", "10000"],
        env={**os.environ, "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    while "running" not in (line := process.stderr.readline()):
        assert line != "", "it ended before it ran"
    time.sleep(0.5)
    (folder,) = temporary.iterdir()
    assert (folder / "firmware.elf").exists()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 75
    assert list(temporary.iterdir()) == []


@needs_tools
def test_a_wrong_prediction_is_told(
    executable: Path,
    shared_tflite: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = tmp_path / "data"
    for name in ("configs", "search_spaces"):
        shutil.copytree(ROOT / name, data / name)
    runtime = data / "configs" / "runtimes" / "tinynas.toml"
    text = runtime.read_text()
    line = 'statics_per_tensor = "2B"'
    assert line in text
    runtime.write_text(text.replace(line, 'statics_per_tensor = "3B"'))
    monkeypatch.setenv("TINYNAS_DATA_DIR", str(data))
    done = run(
        executable, tmp_path / "t", shared_tflite["mlperf-tiny-kws"], "--mcu", "stm32f746", "-q"
    )
    assert done.returncode == 1, done.stderr
    assert "NOT as planned on an emulated Cortex-M7" in done.stdout
    (told,) = (text for text in done.stdout.splitlines() if text.endswith("DIFFERS"))
    assert told.split()[0] == "statics"
