"""What was planned is what is linked and what runs: generated C on emulated boards."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from firmware.board import (
    MACHINES,
    Firmware,
    Outcome,
    Toolchain,
    missing_tools,
    run_firmware,
    run_tool,
)

tinynas = pytest.importorskip("tinynas", reason="the Python extension is not built")
networks = pytest.importorskip("firmware.networks", reason="ai-edge-litert is not installed")
litert = pytest.importorskip("firmware.litert", reason="ai-edge-litert is not installed")

pytestmark = pytest.mark.skipif(
    missing_tools() != "", reason=f"tools for the board are missing: {missing_tools()}"
)

CORES = list(MACHINES)
MODES = ["resident", "rows", "external"]
UNBOUNDED = "64MiB"
HAND = [
    "residuals",
    "shortcut",
    "branches",
    "joined_rows",
    "heads",
    "pyramid",
    "paddings",
    "attention",
    "constants",
    "activations",
    "transposed",
    "single_means",
    "input_read_late",
]
DRAWN_IN_CI = 12
DRAWN_NIGHTLY = 200


@dataclass(frozen=True)
class Proof:
    """One network on one board: what was said of it, and what came out."""

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
        assert 0 < self.outcome.stack_bytes <= self.plan["sram"]["stack_bytes"]
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


Prove = Callable[..., Proof]


@pytest.fixture(scope="module")
def prove(executable: Path, tmp_path_factory: pytest.TempPathFactory) -> Prove:
    root = tmp_path_factory.mktemp("firmware")
    toolchains = {core: Toolchain(MACHINES[core], root / "objects") for core in CORES}

    def run(
        name: str,
        model: bytes,
        core: str,
        mode: str,
        *,
        arena_at_most: int | None = None,
        inputs: npt.NDArray[np.int8] | None = None,
    ) -> Proof:
        folder = root / f"{name}-{core}-{mode}-{arena_at_most}"
        folder.mkdir()
        path = folder / f"{name}.tflite"
        path.write_bytes(model)
        mcu = MACHINES[core].mcu
        sram = UNBOUNDED
        if arena_at_most is not None:
            reserved = tinynas.Budget(mcu, flash=UNBOUNDED).reserved_sram_bytes
            sram = str(arena_at_most + reserved)
        options = ["--input", mode, "--mcu", mcu, "--sram", sram, "--flash", UNBOUNDED]
        run_tool(executable, "export", path, "--out", folder / "c", *options)
        # The smallest plan is made where none is as small as asked for (exit 3).
        planned = subprocess.run(
            [executable, "plan", path, *options, "--json"], capture_output=True, check=False
        )
        assert planned.returncode in (0, 3), planned.stderr
        plan = json.loads(planned.stdout)
        network = tinynas.Int8Network(path)
        if inputs is None:
            inputs = some_inputs(network.input_shape, len(model))
        flat = inputs.reshape(len(inputs), -1)
        expected = network.run(inputs)
        firmware = toolchains[core].link(folder / "c", folder / "build")
        outcome = run_firmware(firmware, flat, expected.shape[1])
        header = (folder / "c" / "model.h").read_text()
        reference = litert.run_litert(model, header, flat)
        source = (folder / "c" / "model.c").read_text()
        return Proof(plan, source, firmware, outcome, expected, reference)

    return run


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("mcunet-vww1-float-io", "Cortex-M7"),
        ("mcunet-in0", "Cortex-M4"),
        ("mlperf-tiny-resnet8", "Cortex-M33"),
        ("mlperf-tiny-kws", "Cortex-M0+"),
    ],
)
def test_published_models(
    prove: Prove, shared_tflite: dict[str, Path], name: str, core: str, mode: str
) -> None:
    prove(name, shared_tflite[name].read_bytes(), core, mode).check()


@pytest.mark.parametrize("core", CORES)
def test_each_core(prove: Prove, shared_tflite: dict[str, Path], core: str) -> None:
    model = shared_tflite["mlperf-tiny-kws"].read_bytes()
    prove("each-core", model, core, "resident").check()


@pytest.mark.parametrize(
    ("name", "core", "mode"),
    [
        ("mcunet-vww1-float-io", "Cortex-M7", "external"),
        ("mlperf-tiny-resnet8", "Cortex-M4", "rows"),
        ("mlperf-tiny-resnet8", "Cortex-M33", "external"),
        ("mcunet-in0", "Cortex-M3", "rows"),
    ],
)
def test_patches(
    prove: Prove,
    cli_json: Callable[..., Any],
    shared_tflite: dict[str, Path],
    name: str,
    core: str,
    mode: str,
) -> None:
    whole = cli_json("plan", shared_tflite[name], "--input", mode)["peak_sram_bytes"]
    model = shared_tflite[name].read_bytes()
    proof = prove(f"{name}-patched", model, core, mode, arena_at_most=whole * 96 // 100)
    assert proof.plan["extra_macs"] > 0 and "tn_column_ranges0" in proof.source
    assert proof.plan["peak_sram_bytes"] < whole
    proof.check()


@pytest.mark.parametrize("name", [f.__name__ for f in networks.SHAPES] + HAND)
def test_shapes(prove: Prove, name: str) -> None:
    index = len(name)
    core, mode = CORES[index % len(CORES)], MODES[index % len(MODES)]
    prove(name, networks.by_name(name), core, mode).check()


def check_drawn(prove: Prove, seed: int, core: str) -> None:
    """Every other one in the least memory that patches can do with."""
    mode = MODES[(seed // len(CORES) + seed) % len(MODES)]
    least = 1 if seed % 2 else None
    prove(f"drawn-{seed}", networks.draw(seed), core, mode, arena_at_most=least).check()


@pytest.mark.parametrize("seed", range(DRAWN_IN_CI))
def test_drawn_networks(prove: Prove, seed: int) -> None:
    check_drawn(prove, seed, "Cortex-M7")


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(DRAWN_NIGHTLY))
def test_many_drawn_networks(prove: Prove, seed: int) -> None:
    check_drawn(prove, seed, CORES[seed % len(CORES)])
