"""What TensorFlow Lite's reference kernels compute, as int8."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter, OpResolverType


def macro(header: str, name: str) -> float:
    """Of a generated model.h."""
    found = re.search(rf"#define TINYNAS_{name} (\S+)", header)
    if found is None:
        raise KeyError(name)
    return float(found[1].rstrip("F"))


def run_litert(model: bytes, header: str, inputs: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """`inputs`: (count, bytes). Float ends are crossed by what model.h says of scale and zero
    point. Outputs one after another, (count, bytes)."""
    interpreter = Interpreter(
        model_content=model, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    (source,) = interpreter.get_input_details()
    results = []
    for image in inputs:
        given = image.reshape(source["shape"])
        if source["dtype"] == np.float32:
            zero = macro(header, "INPUT_ZERO_POINT")
            scale = np.float32(macro(header, "INPUT_SCALE"))
            given = (given.astype(np.float32) - np.float32(zero)) * scale
        interpreter.set_tensor(source["index"], given)
        interpreter.invoke()
        parts = []
        for i, target in enumerate(interpreter.get_output_details()):
            values = interpreter.get_tensor(target["index"]).ravel()
            if target["dtype"] == np.float32:
                suffix = "" if i == 0 else str(i + 1)
                zero = macro(header, f"OUTPUT{suffix}_ZERO_POINT")
                scale = np.float32(macro(header, f"OUTPUT{suffix}_SCALE"))
                values = np.rint(values / scale + zero).astype(np.int8)
            parts.append(values)
        results.append(np.concatenate(parts))
    return np.array(results, np.int8)
