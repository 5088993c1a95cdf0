"""LiteRT's reference kernels, with the quantisation of float ends as a generated model.h has it."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
from support.litert_reference import Quantisation, reference_outputs


def quantisations(header: str, prefix: str) -> list[Quantisation]:
    """Of TINYNAS_INPUT or of all TINYNAS_OUTPUT, in their order."""
    pattern = rf"#define TINYNAS_{prefix}\d*_%s (\S+)"
    scales = re.findall(pattern % "SCALE", header)
    zeros = re.findall(pattern % "ZERO_POINT", header)
    return [
        (float(scale.rstrip("F")), int(zero)) for scale, zero in zip(scales, zeros, strict=True)
    ]


def run_litert(model: bytes, header: str, inputs: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """`inputs`: (count, bytes). Outputs one after another, (count, bytes)."""
    (image,) = quantisations(header, "INPUT")
    return reference_outputs(model, inputs, image, quantisations(header, "OUTPUT"))
