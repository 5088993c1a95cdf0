"""What LiteRT's reference kernels compute, as int8."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter, OpResolverType

Quantisation = tuple[float, int]
"""Scale, zero point."""


def reference_outputs(
    model: bytes,
    images: npt.NDArray[np.int8],
    image_quantisation: Quantisation,
    output_quantisations: Sequence[Quantisation],
    *,
    kernels: OpResolverType = OpResolverType.BUILTIN_REF,
) -> npt.NDArray[np.int8]:
    """Outputs of each image one after another, (count, bytes). Where the file's ends are floats
    (QUANTIZE, DEQUANTIZE) they are crossed by the quantisation given; uint8 goes as bytes.
    `kernels`: AUTO for those
    that LiteRT runs by default, which round once where the reference rounds twice."""
    interpreter = Interpreter(model_content=model, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    (source,) = interpreter.get_input_details()
    results = []
    for image in images:
        given = image.reshape(source["shape"])
        if source["dtype"] == np.float32:
            scale, zero = image_quantisation
            given = (given.astype(np.float32) - np.float32(zero)) * np.float32(scale)
        if source["dtype"] == np.uint8:
            given = given.view(np.uint8)
        interpreter.set_tensor(source["index"], given)
        interpreter.invoke()
        parts = []
        for i, target in enumerate(interpreter.get_output_details()):
            values = interpreter.get_tensor(target["index"]).ravel()
            if target["dtype"] == np.float32:
                scale, zero = output_quantisations[i]
                values = np.rint(values / np.float32(scale) + zero).astype(np.int8)
            parts.append(values.view(np.int8))
        results.append(np.concatenate(parts))
    return np.array(results, np.int8)
