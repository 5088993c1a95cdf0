"""The table [slurm] of a sweep file."""

from __future__ import annotations

import re

from tinynas.batch.sweep import SlurmOptions
from tinynas.batch.toml_table import TomlTable, is_integer

LEAST_MINUTES = 3  # a task is told to stop 90 seconds before its time is up
# What submitit or the sweep itself sets.
RESERVED = ("array", "error", "job-name", "open-mode", "output", "requeue", "signal", "time", "mem")


def read_slurm_options(table: TomlTable) -> SlurmOptions:
    """Raises BadInputError for what Slurm would not take, as far as that shows without one."""
    defaults = SlurmOptions()
    time = table.text("time", "2:00:00")
    options = SlurmOptions(
        partition=_word(table, "partition"),
        account=_word(table, "account"),
        qos=_word(table, "qos"),
        constraint=table.text("constraint", "a100"),
        minutes=defaults.minutes if time is None else _minutes(table, time),
        memory_mib=_mebibytes(table),
        gpus=table.integer("gpus", 0, 64) or 0,
        cpus=table.integer("cpus", 1, 1024) or defaults.cpus,
        parallel=table.integer("parallel", 1, 100_000) or defaults.parallel,
        options=_further_options(table.table("options")),
    )
    table.finish()
    return options


def _word(table: TomlTable, key: str) -> str | None:
    value = table.text(key, "name")
    if value is not None and re.search(r"\s", value):
        table.fail(key, f"{value!r} has a blank in it; correct the name")
    return value


def _minutes(table: TomlTable, text: str) -> int:
    """Slurm's spelling, rounded up to minutes."""
    found = re.fullmatch(r"(?:(\d+)-)?(\d+):(\d\d):(\d\d)", text)
    days, hours, minutes, seconds = (
        (int(part or 0) for part in found.groups()) if found else [0] * 4
    )
    total = (days * 24 + hours) * 60 + minutes + (1 if seconds else 0)
    if found is None:
        table.fail("time", f"'{text}' is no [DAYS-]HOURS:MM:SS; write for example \"2:00:00\"")
    if total < LEAST_MINUTES:
        table.fail("time", f"'{text}' leaves no time to search; ask for 3 minutes at least")
    return total


def _mebibytes(table: TomlTable) -> int | None:
    text = table.bytes("memory")
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)\s*(MiB|GiB)", text)
    mib = int(found[1]) * (1024 if found[2] == "GiB" else 1) if found else 0
    if mib < 1:
        table.fail("memory", f"'{text}' is no amount of memory; write for example \"8GiB\"")
    return mib


def _further_options(table: TomlTable) -> dict[str, str | bool]:
    options: dict[str, str | bool] = {}
    for key, value in table.raw().items():
        if key in RESERVED:
            table.fail(key, "is set by the sweep itself; remove it")
        if not re.fullmatch(r"[a-z][a-z0-9-]*", key):
            table.fail(key, "is no long option of sbatch; write for example nice = 100")
        if value is not True and not isinstance(value, str) and not is_integer(value):
            table.fail(key, f"{value!r} is neither a text, a whole number nor true")
        if isinstance(value, str) and "\n" in value:
            table.fail(key, "has a line break in it; remove it")
        options[key] = True if value is True else str(value)
    return options
