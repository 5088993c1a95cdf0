"""Subnets of the shipped spaces with drawn weights, and real images for them."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from firmware.board import run_tool
from firmware.proof import some_inputs

CORES = ["Cortex-M7", "Cortex-M4", "Cortex-M33", "Cortex-M0+", "Cortex-M3"]
# The first are small; the others have up to 320 million MACs.
SMALL = ["fashion-mnist", "toy"]
LARGE = ["mcunet", "mobilenetv2", "mcunet", "proxyless", "mcunet", "fashion-mnist"]
LARGE_SEEDS = 1000


@dataclass(frozen=True)
class Drawing:
    """Which subnet a seed stands for, and on what it runs."""

    seed: int
    space: str
    choice: str  # "sample", "smallest", "largest" of the space
    core: str
    mode: str
    patched: bool

    @property
    def name(self) -> str:
        return f"{self.space}-{self.choice}-{self.seed}"


def small_drawing(seed: int) -> Drawing:
    """The ends of each small space, the least of each large one, then samples of small ones."""
    ends = [(space, choice) for space in SMALL for choice in ("smallest", "largest")]
    ends += [(space, "smallest") for space in sorted({*LARGE} - {*SMALL})]
    space, choice = ends[seed] if seed < len(ends) else (SMALL[seed % 4 == 3], "sample")
    return _placed(seed, space, choice)


def large_drawing(seed: int) -> Drawing:
    """Of seeds beyond those of small drawings: no subnet is drawn twice."""
    return _placed(LARGE_SEEDS + seed, LARGE[seed % len(LARGE)], "sample")


def _placed(seed: int, space: str, choice: str) -> Drawing:
    """Every core sees every way to deliver the image, whole and in patches."""
    mode = ("resident", "rows", "external", "resident")[seed // len(CORES) % 4]
    return Drawing(seed, space, choice, CORES[seed % len(CORES)], mode, seed % 3 == 1)


def write_model(program: Path, drawing: Drawing, path: Path) -> None:
    run_tool(program, drawing.space, str(drawing.seed), path, drawing.choice)


def read_images(folder: Path, count: int) -> npt.NDArray[np.uint8]:
    """Of Fashion-MNIST's test images the first, (count, 28, 28)."""
    with gzip.open(folder / "t10k-images-idx3-ubyte.gz") as file:
        return np.frombuffer(file.read(16 + count * 28 * 28), np.uint8, offset=16).reshape(
            count, 28, 28
        )


def quantised_images(images: npt.NDArray[np.uint8], shape: tuple[int, ...]) -> npt.NDArray[np.int8]:
    """Resized to (rows, columns, channels); black is -128 and white 127, as the models have it."""
    rows = np.arange(shape[0]) * images.shape[1] // shape[0]
    columns = np.arange(shape[1]) * images.shape[2] // shape[1]
    resized = images[:, rows][:, :, columns].astype(np.int16) - 128
    return np.repeat(resized[..., None].astype(np.int8), shape[2], axis=3)


def inputs_for(
    shape: tuple[int, ...], images: npt.NDArray[np.uint8], seed: int
) -> npt.NDArray[np.int8]:
    """Real images first, then drawn ones, extremes and black."""
    return np.concatenate([quantised_images(images, shape), some_inputs(shape, seed)[:3]])
