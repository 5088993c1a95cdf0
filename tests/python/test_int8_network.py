"""Our int8 arithmetic against LiteRT's reference kernels, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tinynas as tn
from support.litert_reference import reference_outputs
from support.tflite_networks import BY_HAND, by_hand, drawn

SEEDS = range(2000, 2060)
MANY_SEEDS = range(3000, 3600)
IMAGES = 3


def random_images(network: tn.Int8Network, seed: int) -> npt.NDArray[np.int8]:
    """Random values, and one image of the extremes."""
    shape = (IMAGES, *network.input_shape)
    images = np.random.default_rng(seed).integers(-128, 128, shape, dtype=np.int8)
    images[-1] = np.where(images[-1] < 0, -128, 127)
    return images


def check_equal(content: bytes, folder: Path, seed: int) -> None:
    path = folder / "model.tflite"
    path.write_bytes(content)
    try:
        network = tn.Int8Network(path)
    except tn.BadInputError as error:
        # Drawn models may have ends that no int8 kernel has, told in one line.
        assert "not int8" in str(error) or "quantised otherwise" in str(error)
        pytest.skip(str(error))
    images = random_images(network, seed)
    ours = network.run(images)
    image = (network.input_scale, network.input_zero_point)
    theirs = reference_outputs(content, images, image, network.output_quantisations)
    assert ours.shape == theirs.shape
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("network", BY_HAND, ids=lambda network: str(network.__name__))
def test_networks_by_hand_equal_litert(network: Callable[..., Any], tmp_path: Path) -> None:
    check_equal(by_hand(network), tmp_path, 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_drawn_networks_equal_litert(seed: int, tmp_path: Path) -> None:
    check_equal(drawn(seed), tmp_path, seed)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", MANY_SEEDS)
def test_many_drawn_networks_equal_litert(seed: int, tmp_path: Path) -> None:
    check_equal(drawn(seed), tmp_path, seed)


def test_published_files_equal_litert(shared_tflite: dict[str, Path], tmp_path: Path) -> None:
    for path in shared_tflite.values():
        check_equal(path.read_bytes(), tmp_path, 0)


def test_images_of_another_shape_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(by_hand(BY_HAND[0]))
    network = tn.Int8Network(path)
    with pytest.raises(tn.BadInputError, match="images: an int8 array of shape"):
        network.run(np.zeros((2, 3), np.int8))
    path.write_bytes(b"no model")
    with pytest.raises(tn.BadInputError, match=r"model\.tflite: not a TensorFlow Lite file"):
        tn.Int8Network(path)
