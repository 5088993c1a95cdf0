"""What was planned is what is linked and what runs: generated C on emulated boards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from firmware.board import missing_tools

pytest.importorskip("tinynas", reason="the Python extension is not built")
networks = pytest.importorskip("firmware.networks", reason="ai-edge-litert is not installed")
proof = pytest.importorskip("firmware.proof", reason="ai-edge-litert is not installed")
wide_networks = pytest.importorskip(
    "support.wide_networks", reason="ai-edge-litert is not installed"
)

pytestmark = pytest.mark.skipif(
    missing_tools() != "", reason=f"tools for the board are missing: {missing_tools()}"
)

CORES, MODES = proof.CORES, proof.MODES
WIDE_CORES = ["Cortex-M7", "Cortex-M4", "Cortex-M0+"]
Prove = Callable[..., Any]  # firmware.proof.Prover
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


@pytest.fixture(scope="module")
def prove(executable: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return proof.Prover(executable, tmp_path_factory.mktemp("firmware"))


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
    patched = prove(f"{name}-patched", model, core, mode, arena_at_most=whole * 96 // 100)
    assert patched.plan["extra_macs"] > 0 and "tn_column_ranges0" in patched.source
    assert patched.plan["peak_sram_bytes"] < whole
    patched.check()


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


def check_wide(prove: Prove, seed: int) -> None:
    core, mode = WIDE_CORES[seed % len(WIDE_CORES)], MODES[seed // len(WIDE_CORES) % len(MODES)]
    proved = prove(f"wide-{seed}", wide_networks.wide(seed), core, mode, rows="int16")
    assert proved.plan["depthwise_rows"] == "int16" and "tn_depthwise_wide" in proved.source
    proved.check()


@pytest.mark.parametrize("seed", range(6))
def test_int16_rows(prove: Prove, seed: int) -> None:
    check_wide(prove, seed)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(6, 150))
def test_many_int16_rows(prove: Prove, seed: int) -> None:
    check_wide(prove, seed)
