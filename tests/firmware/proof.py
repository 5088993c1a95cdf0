"""One network on one emulated board: what was planned beside what is linked and what runs."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tinynas
from firmware.board import MACHINES, Firmware, Outcome, Toolchain, run_firmware, run_tool
from firmware.litert import run_litert

CORES = list(MACHINES)
MODES = ["resident", "rows", "external"]
UNBOUNDED = "64MiB"
# The deepest chain of a network's kernels may need an odd pixel or a factor that it has not.
STACK_SLACK = 128


@dataclass(frozen=True)
class Proof:
    """What was said of a network, and what came out."""

    plan: Any
    source: str  # model.c
    firmware: Firmware
    outcome: Outcome
    expected: npt.NDArray[np.int8]
    reference: npt.NDArray[np.int8]

    def check(self) -> None:
        arena = self.plan["peak_sram_bytes"]
        assert self.firmware.arena_symbol_bytes == arena
        assert not self.plan["flash"]["code_is_estimate"]
        assert self.firmware.flash_bytes == self.plan["flash_bytes"]
        linked = self.firmware.statics_bytes + self.firmware.arena_section_bytes
        assert linked == arena + self.plan["sram"]["runtime_bytes"]
        assert self.firmware.data_bytes == 0, "a table that is not const costs flash and RAM"
        assert self.outcome.canaries_intact
        stack = self.plan["sram"]["stack_bytes"]
        assert stack - STACK_SLACK <= self.outcome.stack_bytes <= stack
        assert all(count > 0 for count in self.outcome.instructions)
        np.testing.assert_array_equal(self.outcome.outputs, self.expected)
        np.testing.assert_array_equal(self.outcome.outputs, self.reference)


def some_inputs(shape: tuple[int, ...], seed: int) -> npt.NDArray[np.int8]:
    """Drawn evenly, drawn from the extremes, and all alike."""
    values = np.random.default_rng(seed)
    return np.stack(
        [
            values.integers(-128, 128, shape, np.int8),
            values.choice(np.array([-128, 127], np.int8), shape),
            np.full(shape, -128, np.int8),
            values.integers(-128, 128, shape, np.int8),
        ]
    )


class Prover:
    """Proves networks one after another; objects of kernels that they share are kept."""

    def __init__(self, executable: Path, folder: Path) -> None:
        self.executable = executable
        self.folder = folder
        self.toolchains = {core: Toolchain(MACHINES[core], folder / "objects") for core in CORES}

    def __call__(
        self,
        name: str,
        model: bytes,
        core: str,
        mode: str,
        *,
        arena_at_most: int | None = None,
        inputs: npt.NDArray[np.int8] | None = None,
        rows: str = "int8",
    ) -> Proof:
        folder = self.folder / f"{name}-{core}-{mode}-{rows}-{arena_at_most}"
        folder.mkdir()
        path = folder / f"{name}.tflite"
        path.write_bytes(model)
        mcu = MACHINES[core].mcu
        sram = UNBOUNDED
        if arena_at_most is not None:
            reserved = tinynas.Budget(mcu, flash=UNBOUNDED).reserved_sram_bytes
            sram = str(arena_at_most + reserved)
        options = ["--input", mode, "--mcu", mcu, "--sram", sram, "--flash", UNBOUNDED]
        options += ["--depthwise-rows", rows]
        run_tool(self.executable, "export", path, "--out", folder / "c", *options)
        # The smallest plan is made where none is as small as asked for (exit 3).
        planned = subprocess.run(
            [self.executable, "plan", path, *options, "--json"], capture_output=True, check=False
        )
        assert planned.returncode in (0, 3), planned.stderr
        plan = json.loads(planned.stdout)
        network = tinynas.Int8Network(path)
        if inputs is None:
            inputs = some_inputs(network.input_shape, len(model))
        flat = inputs.reshape(len(inputs), -1)
        expected = network.run(inputs)
        firmware = self.toolchains[core].link(folder / "c", folder / "build")
        outcome = run_firmware(firmware, flat, expected.shape[1], timeout=1200)
        header = (folder / "c" / "model.h").read_text()
        reference = run_litert(model, header, flat)
        source = (folder / "c" / "model.c").read_text()
        return Proof(plan, source, firmware, outcome, expected, reference)
