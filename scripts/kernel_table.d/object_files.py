"""What is in an object file, as the tools of arm-none-eabi tell it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

PREFIX = "arm-none-eabi-"


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, cwd=cwd
    )
    if done.returncode != 0:
        raise SystemExit(f"kernel_table: {command[0]}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def read_sections(path: Path) -> list[tuple[int, str, int, str]]:
    """Index, name, bytes, flags."""
    pattern = r"\s*\[\s*(\d+)\]\s+(\S+)\s+\S+\s+\S+\s+\S+\s+(\S+)\s+\S+\s+([WAXMSILGOTECxop]*)\s"
    found = re.findall(pattern, run(PREFIX + "readelf", "-WS", path))
    return [(int(index), name, int(size, 16), flags) for index, name, size, flags in found]


def read_symbols(path: Path) -> list[tuple[str, str, int]]:
    """Name, binding, section, of those that are defined."""
    rows = [line.split() for line in run(PREFIX + "readelf", "-Ws", path).splitlines()]
    return [
        (row[7], row[4], int(row[6]))
        for row in rows
        if len(row) == 8 and row[6].isdigit() and row[3] in ("FUNC", "OBJECT", "NOTYPE")
    ]


def read_relocations(path: Path) -> list[tuple[str, str, str]]:
    """Section, type, symbol."""
    found, section = [], ""
    for line in run(PREFIX + "readelf", "-Wr", path).splitlines():
        if match := re.match(r"Relocation section '\.rela?(\S+)'", line):
            section = match[1]
        elif match := re.match(r"[0-9a-f]{8}\s+[0-9a-f]+\s+(R_ARM_\w+)\s+[0-9a-f]+\s+(\S+)", line):
            found.append((section, match[1], match[2]))
    return [entry for entry in found if entry[1] not in ("R_ARM_NONE", "R_ARM_V4BX")]


def disassembly(path: Path) -> dict[str, list[str]]:
    lines: dict[str, list[str]] = {}
    section = ""
    for line in run(PREFIX + "objdump", "-d", path).splitlines():
        if match := re.match(r"Disassembly of section (\S+):", line):
            section = match[1]
        else:
            lines.setdefault(section, []).append(line)
    return lines


def pushed_bytes(lines: list[str]) -> int:
    """A bound: every register that is pushed anywhere."""
    total = 0
    for line in lines:
        if match := re.search(r"\tpush\t\{(.*)\}", line):
            for part in match[1].split(", "):
                first, _, last = part.partition("-")
                total += 4 if not last else 4 * (int(last[1:]) - int(first[1:]) + 1)
    return total
