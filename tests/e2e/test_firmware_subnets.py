"""Subnets of every shipped space as generated C on emulated boards, on real images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from firmware.board import missing_tools

tinynas = pytest.importorskip("tinynas", reason="the Python extension is not built")
proof = pytest.importorskip("firmware.proof", reason="ai-edge-litert is not installed")
subnets = pytest.importorskip("firmware.subnets", reason="ai-edge-litert is not installed")

pytestmark = pytest.mark.skipif(
    missing_tools() != "", reason=f"tools for the board are missing: {missing_tools()}"
)

SMALL_IN_CI = 25
SMALL_NIGHTLY = 110
LARGE_NIGHTLY = 90


@pytest.fixture(scope="module")
def drawn_subnets(executable: Path) -> Path:
    path = executable.parent / "tests" / "cpp" / "drawn_subnets"
    if not path.is_file():
        pytest.skip(f"{path} is not built")
    return path


@pytest.fixture(scope="module")
def prove(executable: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return proof.Prover(executable, tmp_path_factory.mktemp("subnets"))


def check(prove: Any, program: Path, fashion_mnist: Path, folder: Path, drawing: Any) -> None:
    path = folder / f"{drawing.name}.tflite"
    subnets.write_model(program, drawing, path)
    shape = tinynas.Int8Network(path).input_shape
    images = subnets.inputs_for(shape, subnets.read_images(fashion_mnist, 2), drawing.seed)
    found = prove(
        drawing.name,
        path.read_bytes(),
        drawing.core,
        drawing.mode,
        arena_at_most=1 if drawing.patched else None,
        inputs=images,
    )
    found.check()
    # Equality would mean little if all images gave the same.
    assert len(np.unique(found.outcome.outputs, axis=0)) > 1


@pytest.mark.parametrize("seed", range(SMALL_IN_CI))
def test_small_subnets(
    prove: Any, drawn_subnets: Path, fashion_mnist: Path, tmp_path: Path, seed: int
) -> None:
    check(prove, drawn_subnets, fashion_mnist, tmp_path, subnets.small_drawing(seed))


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(SMALL_IN_CI, SMALL_NIGHTLY))
def test_more_small_subnets(
    prove: Any, drawn_subnets: Path, fashion_mnist: Path, tmp_path: Path, seed: int
) -> None:
    check(prove, drawn_subnets, fashion_mnist, tmp_path, subnets.small_drawing(seed))


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(LARGE_NIGHTLY))
def test_large_subnets(
    prove: Any, drawn_subnets: Path, fashion_mnist: Path, tmp_path: Path, seed: int
) -> None:
    check(prove, drawn_subnets, fashion_mnist, tmp_path, subnets.large_drawing(seed))
