"""Generated C on an emulated Cortex-M: export, compile, link, run under QEMU, read what it did."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = ROOT / "cpp" / "src" / "codegen" / "firmware"
PACKAGES = {
    "arm-none-eabi-gcc": "gcc-arm-none-eabi",
    "qemu-system-arm": "qemu-system-arm",
}
WARNINGS = ["-Wall", "-Wextra", "-Werror"]
INSTRUCTION_NS = 64  # QEMU's -icount shift=6
KIB, MIB = 1024, 1024 * 1024


@dataclass(frozen=True)
class Machine:
    """A core, and QEMU's machine that has it."""

    core: str
    qemu: str
    mcu: str  # a part that has it
    code_base: int
    flash_base: int
    flash_bytes: int
    ram_base: int
    ram_bytes: int
    counter: int
    counter_hz: int

    @property
    def flags(self) -> list[str]:
        """As its kernels were measured."""
        name = self.core.lower().replace("+", "plus")
        table = (ROOT / "configs" / "kernels" / f"{name}.toml").read_text()
        (line,) = re.findall(r"^flags = (\[.*\])$", table, re.MULTILINE)
        flags: list[str] = json.loads(line)  # strings and lists are written alike in TOML
        return flags


def _mps2(core: str, qemu: str, mcu: str) -> Machine:
    bytes_ = 4 * MIB
    return Machine(
        core, qemu, mcu, 0, 16 * KIB, bytes_ - 16 * KIB, 0x20000000, bytes_, 0x40028018, 25000000
    )


MACHINES = {
    machine.core: machine
    for machine in (
        _mps2("Cortex-M0+", "mps2-an385", "stm32g0b1"),
        _mps2("Cortex-M3", "mps2-an385", "stm32f103rb"),
        _mps2("Cortex-M4", "mps2-an386", "nrf52840"),
        _mps2("Cortex-M7", "mps2-an500", "stm32f746"),
        Machine(
            "Cortex-M33",
            "mps2-an505",
            "stm32u575",
            0x10000000,
            0x10000000 + 16 * KIB,
            4 * MIB - 16 * KIB,
            0x38000000,
            4 * MIB,
            0x40302018,
            20000000,
        ),
        Machine(
            "Cortex-M55",
            "mps3-an547",
            "stm32n657",
            0,
            0x01000000,
            2 * MIB,
            0x21000000,
            4 * MIB,
            0x49302018,
            20000000,
        ),
    )
}


def missing_tools() -> str:
    """What to install, or nothing."""
    absent = [package for tool, package in PACKAGES.items() if shutil.which(tool) is None]
    return "apt-get install " + " ".join(absent) if absent else ""


def run_tool(*command: str | Path, cwd: Path | None = None, timeout: float = 300) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        cwd=cwd,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: exit {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


@dataclass(frozen=True)
class Firmware:
    """A linked program and what its linker made of the network."""

    machine: Machine
    elf: Path
    text_bytes: int
    rodata_bytes: int
    data_bytes: int
    bss_bytes: int  # without the arena
    arena_section_bytes: int
    arena_symbol_bytes: int
    stack_reserved_bytes: int

    @property
    def statics_bytes(self) -> int:
        return self.data_bytes + self.bss_bytes

    @property
    def flash_bytes(self) -> int:
        return self.text_bytes + self.rodata_bytes + self.data_bytes


@dataclass(frozen=True)
class Outcome:
    """What the firmware did on the emulated board."""

    outputs: npt.NDArray[np.int8]
    stack_bytes: int  # of tinynas_invoke and all that it calls
    canaries_intact: bool
    instructions: list[int]  # of each inference


def files_read(source: Path, folders: tuple[Path, ...]) -> list[Path]:
    """A C file and what it includes in quotes, directly or not."""
    files = [source]
    for file in files:
        for name in re.findall(r'^#include "([^"]+)"', file.read_text(), re.MULTILINE):
            found = next(folder / name for folder in folders if (folder / name).is_file())
            if found not in files:
                files.append(found)
    return files


class Toolchain:
    """Compiles for one machine; objects are kept, for networks share most kernels."""

    def __init__(self, machine: Machine, cache: Path) -> None:
        self.machine = machine
        self.cache = cache
        cache.mkdir(parents=True, exist_ok=True)

    def object_of(self, source: Path, folder: Path, defines: tuple[str, ...] = ()) -> Path:
        flags = [*self.machine.flags, *WARNINGS, *defines]
        digest = hashlib.sha256(" ".join(flags).encode())
        for file in files_read(source, (folder, SUPPORT)):
            digest.update(file.read_bytes())
        kept = self.cache / digest.hexdigest()[:32] / f"{source.stem}.o"
        if not kept.exists():
            kept.parent.mkdir(exist_ok=True)
            partial = kept.with_name(f"{os.getpid()}.o")
            run_tool(
                "arm-none-eabi-gcc",
                *flags,
                "-I",
                folder,
                "-I",
                SUPPORT,
                "-c",
                source,
                "-o",
                partial,
            )
            partial.rename(kept)
        return kept

    def linker_script(self, ram_bytes: int, flash_bytes: int, stack_bytes: int) -> str:
        of = self.machine
        values = {
            "CODE_BASE": of.code_base,
            "FLASH_BASE": of.flash_base,
            "FLASH_BYTES": flash_bytes,
            "RAM_BASE": of.ram_base,
            "RAM_BYTES": ram_bytes,
            "BOARD_RAM_BASE": of.ram_base + ram_bytes,
            "BOARD_RAM_BYTES": of.ram_bytes - ram_bytes,
            "STACK_BYTES": stack_bytes,
        }
        text = (SUPPORT / "board.ld").read_text()
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        return text

    def link(
        self,
        generated: Path,
        folder: Path,
        *,
        ram_bytes: int = 2 * MIB,
        flash_bytes: int | None = None,
        stack_bytes: int = 2 * KIB,
    ) -> Firmware:
        """Only libgcc is linked: kernels call no C library."""
        folder.mkdir(parents=True, exist_ok=True)
        flash = self.machine.flash_bytes if flash_bytes is None else flash_bytes
        defines = (f"-DBOARD_COUNTER={self.machine.counter:#x}u",)
        objects = [self.object_of(source, generated) for source in sorted(generated.glob("*.c"))]
        objects += [
            self.object_of(source, generated, defines) for source in sorted(SUPPORT.glob("*.c"))
        ]
        script = folder / "board.ld"
        script.write_text(self.linker_script(ram_bytes, flash, stack_bytes))
        elf = folder / "firmware.elf"
        run_tool(
            "arm-none-eabi-gcc",
            *self.machine.flags,
            "-nostdlib",
            "-Wl,--gc-sections",
            "-T",
            script,
            *objects,
            "-lgcc",
            "-o",
            elf,
        )
        return read_firmware(self.machine, elf, stack_bytes)


def read_firmware(machine: Machine, elf: Path, stack_bytes: int) -> Firmware:
    sections: dict[str, int] = {}
    for line in run_tool("arm-none-eabi-size", "-A", elf).splitlines():
        words = line.split()
        if len(words) == 3 and words[0].startswith("."):
            sections[words[0]] = int(words[1])
    arena = [
        int(words[1], 16)
        for words in map(str.split, run_tool("arm-none-eabi-nm", "-S", elf).splitlines())
        if len(words) == 4 and words[3] == "tn_arena"
    ]
    known = {
        ".ARM.attributes",
        ".board_code",
        ".board_bss",
        ".text",
        ".rodata",
        ".stack",
        ".canary_low",
        ".arena",
    }
    known |= {".canary_high", ".data", ".bss"}
    unknown = {name for name in sections if not name.startswith(".debug")} - known
    if unknown:
        raise RuntimeError(f"{elf}: sections that nobody counts: {sorted(unknown)}")
    return Firmware(
        machine,
        elf,
        sections.get(".text", 0),
        sections.get(".rodata", 0),
        sections.get(".data", 0),
        sections.get(".bss", 0),
        sections.get(".arena", 0),
        arena[0] if len(arena) == 1 else -1,
        stack_bytes,
    )


def run_firmware(
    firmware: Firmware, inputs: npt.NDArray[np.int8], output_bytes: int, timeout: float = 120
) -> Outcome:
    """`inputs`: (count, bytes). Raises when the board ends otherwise than by its own report."""
    folder = firmware.elf.parent
    (folder / "inputs.bin").write_bytes(np.ascontiguousarray(inputs).tobytes())
    run_tool(
        "qemu-system-arm",
        "-M",
        firmware.machine.qemu,
        "-display",
        "none",
        "-monitor",
        "none",
        "-serial",
        "none",
        "-icount",
        "shift=6",
        "-semihosting-config",
        "enable=on,target=native",
        "-kernel",
        firmware.elf.name,
        cwd=folder,
        timeout=timeout,
    )
    outputs = np.frombuffer((folder / "outputs.bin").read_bytes(), np.int8)
    report = [line.split() for line in (folder / "report.txt").read_text().splitlines()]
    values = {name: int(value, 16) for name, value in report}
    ticks = [int(value, 16) for name, value in report if name == "ticks"]
    tick_ns = 1e9 / firmware.machine.counter_hz
    return Outcome(
        outputs.reshape(len(inputs), output_bytes),
        values["stack"],
        values["canaries"] == 1,
        [round((t - values["idle_ticks"]) * tick_ns / INSTRUCTION_NS) for t in ticks],
    )
