"""`tinynas export --format project`: one `make` gives firmware whose sections lie in the part's own
memories, and whose main, run on an emulated core of the same kind, finds the expected output."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from firmware.board import MACHINES, Toolchain, missing_tools, run_firmware, run_tool
from support.tflite_models import TfliteBuilder

ROOT = Path(__file__).resolve().parents[2]

needs_tools = pytest.mark.skipif(
    missing_tools() != "" or shutil.which("make") is None,
    reason=f"tools for the board are missing: {missing_tools() or 'make'}",
)


def small_network() -> bytes:
    builder = TfliteBuilder(7)
    x = builder.conv(builder.input((1, 20, 18, 1)), 8, (3, 3), (2, 2), relu=1)
    x = builder.conv(builder.depthwise(x, (3, 3), relu=1), 12, (1, 1))
    x = builder.conv(builder.depthwise(x, (5, 5), (2, 2), relu=1), 16, (1, 1))
    return builder.build([builder.fully_connected(builder.mean(x), 5)])


def large_network() -> bytes:
    """40 x 40 x 24 values are alive twice: 76,800 bytes."""
    builder = TfliteBuilder(8)
    x = builder.conv(builder.input((1, 40, 40, 3)), 24, (3, 3))
    left = builder.conv(builder.transpose(x, (0, 2, 1, 3)), 24, (1, 1))
    return builder.build([builder.add(left, x)])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "small.tflite"
    path.write_bytes(small_network())
    return path


def export(executable: Path, model: Path, folder: Path, *options: str) -> Path:
    run_tool(executable, "export", model, "--format", "project", "--out", folder, *options)
    return folder


def refused(executable: Path, model: Path, folder: Path, *options: str) -> tuple[int, str]:
    command = [str(executable), "export", str(model), "--format", "project", *options]
    command += ["--out", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not folder.exists() and done.stderr.count("\n") == 1
    return done.returncode, done.stderr


def sections(elf: Path) -> dict[str, tuple[int, int]]:
    """Address and bytes of what is loaded or reserved."""
    lines = run_tool("arm-none-eabi-size", "-A", elf).splitlines()
    rows = [line.split() for line in lines if line.startswith(".")]
    return {row[0]: (int(row[2]), int(row[1])) for row in rows if not row[0].startswith(".debug")}


@needs_tools
@pytest.mark.parametrize(
    "mcu",
    [
        "stm32f746",
        "stm32f103c8",
        "stm32g031k8",
        "nrf52840",
        "stm32u575",
        *(
            pytest.param(name, marks=pytest.mark.nightly)
            for name in ("stm32f030r8", "stm32h743", "stm32wb55", "max32650", "lpc55s69", "ra6m4")
        ),
    ],
)
def test_one_make_fills_the_parts_own_memories(
    executable: Path, cli_json: Any, model: Path, tmp_path: Path, mcu: str
) -> None:
    part = cli_json("mcus", "show", mcu)
    plan = cli_json("plan", model, "--mcu", mcu)
    folder = export(executable, model, tmp_path / "project", "--mcu", mcu)
    said = subprocess.run(["make", "-C", folder], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert "warning" not in said.stderr
    elf = folder / "build" / "firmware.elf"
    placed = sections(elf)
    flash = range(part["flash_base"], part["flash_base"] + part["flash_bytes"])
    run = [
        region
        for region in part["regions"]
        if f"ORIGIN = 0x{region['base']:08X}, LENGTH = {part['largest_contiguous_bytes']} "
        in (folder / "linker.ld").read_text()
    ]
    assert len(run) == 1
    ram = range(run[0]["base"], run[0]["base"] + part["largest_contiguous_bytes"])
    for name in (".vectors", ".text", ".rodata"):
        begin, size = placed[name]
        assert begin in flash and begin + size - 1 in flash, name
    for name in (".stack", ".arena", ".bss"):
        begin, size = placed[name]
        assert begin in ram and begin + size - 1 in ram, name
    assert placed[".vectors"][0] == part["flash_base"]
    assert placed[".stack"][0] == ram.start
    assert placed[".arena"][1] == plan["peak_sram_bytes"]
    assert placed[".stack"][1] == part["reserves"]["stack_bytes"]
    binary = (folder / "build" / "firmware.bin").read_bytes()
    stack, reset = (int.from_bytes(binary[i : i + 4], "little") for i in (0, 4))
    assert stack == ram.start + part["reserves"]["stack_bytes"]
    assert reset & 1 and (reset & ~1) in flash
    readme = (folder / "README.md").read_text()
    assert f"write build/firmware.bin 0x{part['flash_base']:08X}" in readme
    if part["reset_clock_hz"] is not None:
        assert f"at {part['reset_clock_hz']:,} Hz" in readme
    assert "@" not in readme and "@" not in (folder / "linker.ld").read_text()


def moved_to_emulator(folder: Path, core: str) -> None:
    """Only the origins change: sizes stay those of the part."""
    machine = MACHINES[core]
    script = folder / "linker.ld"
    text = script.read_text()
    for name, base in (("FLASH", machine.code_base), ("RAM", machine.ram_base)):
        text, count = re.subn(rf"(?m)^(  {name} .*ORIGIN = )\w+", rf"\g<1>{base:#x}", text)
        assert count == 1
    script.write_text(text)


def emulated(folder: Path, core: str) -> subprocess.CompletedProcess[str]:
    run_tool("make", "-C", folder, "SEMIHOSTING=1")
    elf = folder / "build-semihosting" / "firmware.elf"
    command = ["qemu-system-arm", "-M", MACHINES[core].qemu, "-display", "none"]
    command += ["-monitor", "none", "-serial", "none", "-icount", "shift=6"]
    command += ["-semihosting-config", "enable=on,target=native", "-kernel", str(elf)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


REPORT = re.compile(
    r"(\S+): (\d+) cycles \((\d+) ms at the clock after reset\), stack (\d+) bytes, output (.*)\n"
)


@needs_tools
@pytest.mark.parametrize(
    ("mcu", "core", "options"),
    [
        ("stm32g031k8", "Cortex-M0+", []),
        ("stm32f103c8", "Cortex-M3", ["--input", "rows"]),
        ("nrf52840", "Cortex-M4", []),
        ("stm32f746", "Cortex-M7", ["--input", "rows"]),
        ("stm32u575", "Cortex-M33", []),
    ],
)
def test_its_own_main_runs_on_an_emulated_core(
    executable: Path,
    cli_json: Any,
    model: Path,
    tmp_path: Path,
    mcu: str,
    core: str,
    options: list[str],
) -> None:
    folder = export(executable, model, tmp_path / "project", "--mcu", mcu, *options)
    moved_to_emulator(folder, core)
    done = emulated(folder, core)
    said = REPORT.fullmatch(done.stderr + done.stdout)
    assert done.returncode == 0 and said, done.stderr + done.stdout
    clock = cli_json("mcus", "show", mcu)["reset_clock_hz"]
    assert said[1] == mcu and said[5] == "as expected"
    assert int(said[3]) == int(said[2]) // (clock // 1000)
    assert 200 < int(said[4]) <= cli_json("mcus", "show", mcu)["reserves"]["stack_bytes"]
    # Emulated time is made of instructions alone, so a second run takes the same.
    again = REPORT.fullmatch((run := emulated(folder, core)).stderr + run.stdout)
    assert again and again[2] == said[2]


@needs_tools
def test_the_timer_counts_beyond_its_24_bits(
    executable: Path, shared_tflite: dict[str, Path], tmp_path: Path
) -> None:
    """66 M instructions at 1.6 ticks each: they wrap six times."""
    folder = tmp_path / "project"
    export(executable, shared_tflite["mlperf-tiny-resnet8"], folder, "--mcu", "stm32g0b1")
    moved_to_emulator(folder, "Cortex-M0+")
    said = REPORT.fullmatch((run := emulated(folder, "Cortex-M0+")).stderr + run.stdout)
    assert said and said[5] == "as expected"
    c = tmp_path / "c"
    run_tool(executable, "export", shared_tflite["mlperf-tiny-resnet8"], "--out", c)
    machine = MACHINES["Cortex-M0+"]
    firmware = Toolchain(machine, tmp_path / "objects").link(c, tmp_path / "linked")
    ticks = run_firmware(firmware, np.zeros((1, 3072), np.int8), 10).instructions[0] * 1.6
    assert ticks > 6 << 24
    assert int(said[2]) == pytest.approx(ticks, rel=0.001)


@needs_tools
def test_a_wrong_output_is_told(executable: Path, model: Path, tmp_path: Path) -> None:
    folder = export(executable, model, tmp_path / "project", "--mcu", "nrf52840")
    moved_to_emulator(folder, "Cortex-M4")
    weights = folder / "model" / "weights.c"
    text = weights.read_text()
    first = re.search(r"int32_t \w+\[\d+\] = \{\n  (-?\d+),", text)
    assert first
    changed = text[: first.start(1)] + "100000" + text[first.end(1) :]
    weights.write_text(changed)
    done = emulated(folder, "Cortex-M4")
    assert done.returncode == 1 and "output NOT as expected" in done.stderr + done.stdout


@needs_tools
def test_a_stack_that_overflows_faults(executable: Path, model: Path, tmp_path: Path) -> None:
    """It leaves RAM, so the core locks up or faults; nothing of the arena is written to."""
    folder = export(executable, model, tmp_path / "project", "--mcu", "nrf52840")
    moved_to_emulator(folder, "Cortex-M4")
    script = folder / "linker.ld"
    text, count = re.subn(r"(  stack_begin = \.;\n    \. \+= )\d+", r"\g<1>256", script.read_text())
    assert count == 1
    script.write_text(text)
    done = emulated(folder, "Cortex-M4")
    assert done.returncode != 0
    assert "output" not in done.stderr + done.stdout


@needs_tools
def test_what_does_not_fit_ends_the_link_with_the_bytes(
    executable: Path, model: Path, tmp_path: Path
) -> None:
    folder = export(executable, model, tmp_path / "project", "--mcu", "stm32f746")
    script = folder / "linker.ld"
    placed = script.read_text()
    run_tool("make", "-C", folder)
    before = sections(folder / "build" / "firmware.elf")
    used = sum(before[name][1] for name in (".vectors", ".text", ".rodata"))
    script.write_text(placed.replace("LENGTH = 1048576", f"LENGTH = {used - 10}"))
    done = subprocess.run(["make", "-C", folder], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    said = re.search(r"region `FLASH' overflowed by (\d+) bytes", done.stderr)
    assert said and 10 <= int(said[1]) <= 16


def test_what_does_not_fit_the_plan(executable: Path, tmp_path: Path) -> None:
    model = tmp_path / "large.tflite"
    model.write_bytes(large_network())
    folder = tmp_path / "project"
    code, said = refused(executable, model, folder, "--mcu", "stm32f103c8")
    assert code == 3 and "does not fit stm32f103c8: it needs" in said and "18.5 KiB SRAM" in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "--format project needs --mcu"),
        (["--mcu", "esp32-s3"], "board projects are for Cortex-M parts"),
        (["--mcu", "rp2040"], "starts from external flash by a boot header"),
        (["--mcu", "rp2350", "--flash", "4MiB"], "starts from external flash by a boot header"),
        (["--mcu", "apollo4"], "has no flash_base: a boot loader or another core"),
        (["--mcu", "ra8d1"], "Cortex-M85"),
        (["--mcu", "stm32f746", "--input", "external"], "--input external: a board project"),
    ],
)
def test_bad_arguments(
    executable: Path, model: Path, tmp_path: Path, options: list[str], words: str
) -> None:
    code, said = refused(executable, model, tmp_path / "project", *options)
    assert code == 2 and words in said


@needs_tools
def test_a_board_file_of_ones_own(executable: Path, model: Path, tmp_path: Path) -> None:
    """Without floating point, without a known clock, with too small a reserve for the stack."""
    text = (ROOT / "configs" / "mcus" / "stm32f411.toml").read_text()
    text = re.sub(r"(?m)^reset_clock_hz.*\n", "", text).replace('fpu = "SP"', 'fpu = "None"')
    text = text.replace('stack = "2KiB"', "stack = 16")
    board = tmp_path / "mine.toml"
    board.write_text(text.replace('"stm32f411"', '"mine"').replace("0x08000000", "0x08010000"))
    folder = export(executable, model, tmp_path / "project", "--mcu", str(board))
    assert "at the clock that its manual gives" in (folder / "README.md").read_text()
    run_tool("make", "-C", folder)
    elf = folder / "build" / "firmware.elf"
    assert sections(elf)[".vectors"][0] == 0x08010000
    assert "Tag_FP_arch" not in run_tool("arm-none-eabi-readelf", "-A", elf)
    moved_to_emulator(folder, "Cortex-M4")
    done = emulated(folder, "Cortex-M4")
    assert done.returncode == 0 and re.search(r"mine: \d+ cycles, stack", done.stderr + done.stdout)
