"""Predicted instructions beside those that an emulated core executes; no fit saw these networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from firmware.board import missing_tools
from firmware.networks import by_name

pytestmark = pytest.mark.skipif(
    missing_tools() != "", reason=f"tools for the board are missing: {missing_tools()}"
)

MOST = 0.03
CORES = {
    "m7": "stm32h743",
    "m4": "stm32f405",
    "m33": "stm32u575",
    "m3": "stm32f103rb",
    "m0plus": "rp2040",
}
Verify = Callable[..., Any]


def error(cli_json: Verify, model: Path, *options: str) -> float:
    document = cli_json("verify", model, "--inputs", "1", *options)
    [measured] = document["measured"]["instructions"]
    return float(document["predicted"]["instructions"] / measured - 1)


def check(cli_json: Verify, folder: Path, name: str, *options: str) -> None:
    model = folder / "model.tflite"
    model.write_bytes(by_name(name))
    assert abs(error(cli_json, model, *options)) <= MOST


@pytest.mark.parametrize(
    ("name", "input_"),
    [
        ("odd_channels", "resident"),
        ("tall_windows", "resident"),
        ("drawn-4", "rows"),
        ("drawn-11", "external"),
    ],
)
def test_instructions_are_as_predicted(
    cli_json: Verify, tmp_path: Path, name: str, input_: str
) -> None:
    check(cli_json, tmp_path, name, "--mcu", "stm32h743", "--input", input_)


@pytest.mark.nightly
@pytest.mark.parametrize("mcu", CORES.values(), ids=CORES)
@pytest.mark.parametrize("seed", range(20, 32))
def test_instructions_of_drawn_networks(
    cli_json: Verify, tmp_path: Path, mcu: str, seed: int
) -> None:
    input_ = ("resident", "rows", "external")[seed % 3]
    flash = ["--flash", "2MiB"]  # an RP2040 has none inside
    check(cli_json, tmp_path, f"drawn-{seed}", "--mcu", mcu, "--input", input_, *flash)


@pytest.mark.nightly
@pytest.mark.parametrize("mcu", CORES.values(), ids=CORES)
def test_instructions_of_published_networks(
    cli_json: Verify, shared_tflite: dict[str, Path], mcu: str
) -> None:
    for model in shared_tflite.values():
        roomy = ["--sram", "1MiB", "--flash", "4MiB"]
        assert abs(error(cli_json, model, "--mcu", mcu, *roomy)) <= MOST
