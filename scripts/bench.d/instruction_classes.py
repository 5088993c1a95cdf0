"""Instructions that a program ran, by class and function, and cycles of a Cortex-M7 modelled from
them: cycles = 1.34 ALU + 0.85 MAC + 0.19 load or store, fitted to published latencies of an
STM32H743 (emulation.md).

Every instruction counts once, whatever it moves: LDRD is one load, LDM and POP are one each.
MAC: what multiplies. ALU: the rest, branches too."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

CYCLES = {"alu": 1.34, "mac": 0.85, "memory": 0.19}
MAC = re.compile(r"(mul|mla|mls|smul|smla|smls|smmul|smmla|smmls|smua|smus|umul|umla|umaal|mull)")
MEMORY = re.compile(r"(v?ldr|v?str|v?ldm|v?stm|v?push|v?pop)")
# Of the measuring program itself.
OUTSIDE = re.compile(
    r"(main|board_.*|reset|fault|leave|call_host|transfer|tn_copy_outputs)(\..*)?$"
)
PLUGIN = Path(__file__).resolve().parent / "kernels" / "count_plugin.c"


def class_of(mnemonic: str) -> str:
    if MEMORY.match(mnemonic):
        return "memory"
    return "mac" if MAC.match(mnemonic) else "alu"


@dataclass(frozen=True)
class Classes:
    """Instructions of each class: of the program, and of each of its functions."""

    total: Counter[str]
    functions: dict[str, Counter[str]]

    @property
    def instructions(self) -> int:
        return sum(self.total.values())

    @property
    def cycles(self) -> float:
        return cycles_of(self.total)


def cycles_of(counts: Counter[str]) -> float:
    return sum(CYCLES[name] * count for name, count in counts.items())


def build_plugin(folder: Path) -> Path:
    plugin = folder / "count_plugin.so"
    command = ["gcc", "-O2", "-shared", "-fPIC", "-Wall", "-Wextra", str(PLUGIN)]
    subprocess.run([*command, "-o", str(plugin)], check=True)
    return plugin


def plugin_options(plugin: Path, origin: int, counts: Path) -> list[str]:
    """Of QEMU; `origin` is the code's first address."""
    return ["-plugin", f"{plugin},counts={counts},origin={origin:#x}"]


def read_classes(image: Path, counts: Path) -> Classes:
    """`image` is the program (ELF), `counts` what the plugin wrote of it."""
    executed = {}
    for line in counts.read_text().splitlines():
        address, count = line.split()
        executed[int(address, 16)] = int(count)
    dump = ["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", str(image)]
    text = subprocess.run(dump, check=True, capture_output=True, text=True).stdout
    functions: dict[str, Counter[str]] = {}
    total: Counter[str] = Counter()
    name = ""
    for line in text.splitlines():
        if header := re.match(r"[0-9a-f]+ <(.+)>:", line):
            name = header[1]
            continue
        row = re.match(r" *([0-9a-f]+):\t(\S+)", line)
        if row is None or OUTSIDE.match(name):
            continue
        count = executed.get(int(row[1], 16), 0)
        if count > 0:
            functions.setdefault(name, Counter())[class_of(row[2])] += count
            total[class_of(row[2])] += count
    return Classes(total, functions)
