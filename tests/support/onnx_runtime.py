"""onnxruntime on what `tinynas export --format onnx` wrote, in the steps of the int8 network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import tinynas as tn

Steps = npt.NDArray[np.int64]


def session(model: Path) -> Any:
    """Computes what the file says: in floats, between its roundings."""
    options = ort.SessionOptions()
    options.log_severity_level = 3
    # onnxruntime's own int8 kernels saturate sums of two products in 16 bits where the processor
    # has AVX2 but no VNNI.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def outputs(model: Path, network: tn.Int8Network, images: npt.NDArray[np.int8]) -> Steps:
    """Of int8 images (count, rows, columns, channels), as Int8Network.run lays outputs out."""
    values = (images.astype(np.float32) - network.input_zero_point) * np.float32(
        network.input_scale
    )
    parts = []
    made = session(model).run(None, {"input": values.transpose(0, 3, 1, 2)})
    for output, (scale, zero) in zip(made, network.output_quantisations, strict=True):
        if output.ndim == 4:
            output = output.transpose(0, 2, 3, 1)
        steps = output.reshape(len(images), -1) / np.float32(scale) + zero
        parts.append(np.rint(steps).astype(np.int64))
    return np.concatenate(parts, axis=1)
