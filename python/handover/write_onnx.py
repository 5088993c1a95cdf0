"""Writes an int8 network as ONNX in QDQ form: `python3 write_onnx.py GRAPH.json MODEL.onnx`.

The program of `tinynas export --format onnx`, which hands over the graph as plain data (fields:
cpp/src/int8/graph_json.h), and as `preprocessing` what else the model says of itself (fields:
cpp/src/graph/model_metadata.h). Needs the packages onnx and numpy, and nothing of tinynas.

What stands between QuantizeLinear and DequantizeLinear are the network's int8 tensors, with their
scales and zero points; weights are int8 with one scale an output channel, biases int32. Everything
else is computed in floats, or in integers by runtimes that fuse it. Images go in as float32
(N, channels, rows, columns), maps come out in that layout, vectors as (N, values).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

BAD_INPUT = 2


def fail(message: str) -> NoReturn:
    print(message)
    sys.exit(BAD_INPUT)


try:
    import numpy as np
    from onnx import ModelProto, TensorProto, checker, helper, numpy_helper
except ImportError as error:
    fail(
        f"--format onnx needs the Python package {error.name}, which {sys.executable} has not: "
        f"`{sys.executable} -m pip install onnx`"
    )

OPSET = 18
IR_VERSION = 8  # the oldest that has this opset, so that older runtimes read the file
BATCH = "N"
# Each as JSON; the first two one a channel; audio: how recordings become pixels (cpp: audio.h).
METADATA = ("mean", "deviation", "class_names", "audio")
DESCRIPTION = (
    "int8 network in QDQ form. input: float32 (N, channels, rows, columns), quantised by the first "
    "node. Where the metadata has mean and deviation, a channel of a pixel, 0 to 255, goes in as "
    "(pixel / 255 - mean) / deviation."
)
MAP_AXES = (2, 3, 1)  # of rows, columns, channels in (N, channels, rows, columns)
TO_ROWS_FIRST, TO_CHANNELS_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)

Document = dict[str, Any]


class OnnxWriter:
    """Node by node in the order of the operators. Values are named after who makes them."""

    def __init__(self, graph: Document) -> None:
        self.graph = graph
        self.tensors: list[Document] = graph["tensors"]
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self.values: dict[int, str] = {}  # of each tensor, dequantised

    # Building blocks.

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name: str, values: Any) -> str:
        self.initializers.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def integers(self, name: str, values: Any) -> str:
        return self.constant(name, np.array(values, np.int64))

    def through_steps(self, value: str, tensor: int) -> str:
        """`value` as the int8 tensor holds it."""
        of = self.tensors[tensor]
        if of["dtype"] == "float32":
            return value
        scale = self.constant(f"{of['name']}.scale", np.float32(of["scale"]))
        zero = self.constant(
            f"{of['name']}.zero_point", np.dtype(of["dtype"]).type(of["zero_point"])
        )
        steps = self.node("QuantizeLinear", [value, scale, zero], f"{of['name']}.quantized")
        return self.node("DequantizeLinear", [steps, scale, zero], f"{of['name']}.dequantized")

    def dequantised(self, name: str, values: Any, scales: list[float], zero: int = 0) -> str:
        """A constant; with several scales, one a place of axis 0."""
        data = self.constant(f"{name}.quantized", values)
        one = len(scales) == 1
        scale = np.float32(scales[0]) if one else np.array(scales, np.float32)
        zeros = np.full(scale.shape, zero, values.dtype)
        inputs = [data, self.constant(f"{name}.scale", scale)]
        inputs.append(self.constant(f"{name}.zero_point", zeros))
        axis = {} if one else {"axis": 0}
        return self.node("DequantizeLinear", inputs, name, **axis)

    def activation(self, op: Document, value: str) -> str:
        """The fused one, where the output's own range does not do the same."""
        of = self.tensors[op["output"]]
        low, high = op["output_range"]
        if (low, high) == (-128, 127):
            return value
        if (low, high) == (of["zero_point"], 127):
            return self.node("Relu", [value], f"{op['name']}.relu")
        ends = [np.float32((end - of["zero_point"]) * of["scale"]) for end in (low, high)]
        names = [
            self.constant(f"{op['name']}.{name}", end)
            for name, end in zip(("lowest", "highest"), ends, strict=True)
        ]
        return self.node("Clip", [value, *names], f"{op['name']}.clip")

    def is_vector(self, tensor: int) -> bool:
        rows, columns, _ = self.tensors[tensor]["shape"]
        return bool(rows == 1 and columns == 1)

    def rows_first(self, value: str, tensor: int, name: str) -> str:
        """(N, rows, columns, channels), or as it is where that is the same order."""
        if self.is_vector(tensor) or self.tensors[tensor]["shape"][2] == 1:
            return value
        return self.node("Transpose", [value], f"{name}.rows_first", perm=TO_ROWS_FIRST)

    def as_map(self, value: str, tensor: int, name: str) -> str:
        """From values in the order rows, columns, channels to (N, channels, rows, columns)."""
        rows, columns, channels = self.tensors[tensor]["shape"]
        if self.is_vector(tensor) or channels == 1:
            shape = self.integers(f"{name}.shape", [0, channels, rows, columns])
            return self.node("Reshape", [value, shape], f"{name}.map")
        shape = self.integers(f"{name}.shape", [0, rows, columns, channels])
        made = self.node("Reshape", [value, shape], f"{name}.reshaped")
        return self.node("Transpose", [made], f"{name}.map", perm=TO_CHANNELS_FIRST)

    # Operators: each returns the value before it is quantised.

    def weights(self, op: Document, shape: tuple[int, ...], order: tuple[int, ...]) -> list[str]:
        """Weights, stored as `shape`, with the axes in `order`, and the bias."""
        values = np.array(op["weights"], np.int8).reshape(shape).transpose(order)
        if op["kind"] == "depthwise_conv2d":
            values = values[:, np.newaxis]
        names = [self.dequantised(f"{op['name']}.weights", values, op["weight_scales"])]
        if "bias" in op:
            bias = np.array(op["bias"], np.int32)
            input_scale = np.float32(self.tensors[op["inputs"][0]]["scale"])
            scales = [float(np.float32(s) * input_scale) for s in op["weight_scales"]]
            names.append(self.dequantised(f"{op['name']}.bias", bias, scales))
        return names

    def window(self, op: Document) -> Document:
        return {"kernel_shape": op["kernel"], "strides": op["stride"], "pads": op["padding"]}

    def conv2d(self, op: Document, x: list[str]) -> str:
        _, _, channels = self.tensors[op["output"]]["shape"]
        _, _, in_channels = self.tensors[op["inputs"][0]]["shape"]
        constants = self.weights(op, (channels, *op["kernel"], in_channels), (0, 3, 1, 2))
        return self.node("Conv", [*x, *constants], op["name"], **self.window(op))

    def depthwise_conv2d(self, op: Document, x: list[str]) -> str:
        _, _, channels = self.tensors[op["output"]]["shape"]
        _, _, groups = self.tensors[op["inputs"][0]]["shape"]
        constants = self.weights(op, (*op["kernel"], channels), (2, 0, 1))
        return self.node("Conv", [*x, *constants], op["name"], group=groups, **self.window(op))

    def fully_connected(self, op: Document, x: list[str]) -> str:
        source, outputs = op["inputs"][0], self.tensors[op["output"]]["shape"][2]
        ordered = self.rows_first(x[0], source, op["name"])
        flat = self.node("Flatten", [ordered], f"{op['name']}.flat", axis=1)
        constants = self.weights(op, (outputs, -1), (0, 1))
        made = self.node("Gemm", [flat, *constants], op["name"], transB=1)
        return self.as_map(made, op["output"], op["name"])

    def pair(self, kind: str, op: Document, x: list[str]) -> str:
        if "weights" in op:
            rows, columns, channels = self.tensors[op["inputs"][0]]["shape"]
            values = np.array(op["weights"], np.int8)
            if values.size == rows * columns * channels:
                values = values.reshape(1, rows, columns, channels).transpose(TO_CHANNELS_FIRST)
            else:
                values = values.reshape(1, -1, 1, 1)
            zero = op["weight_zero_point"]
            name = f"{op['name']}.constant"
            x = [*x, self.dequantised(name, values, op["weight_scales"], zero)]
        return self.node(kind, x, op["name"])

    def add(self, op: Document, x: list[str]) -> str:
        return self.pair("Add", op, x)

    def mul(self, op: Document, x: list[str]) -> str:
        return self.pair("Mul", op, x)

    def avgpool(self, op: Document, x: list[str]) -> str:
        return self.node("AveragePool", x, op["name"], count_include_pad=0, **self.window(op))

    def maxpool(self, op: Document, x: list[str]) -> str:
        return self.node("MaxPool", x, op["name"], **self.window(op))

    def mean(self, op: Document, x: list[str]) -> str:
        shape = self.tensors[op["inputs"][0]]["shape"]
        spanned = [2 + i for i in (0, 1) if op["kernel"][i] == shape[i]]
        return self.mean_over(op, x, spanned)

    def mean_over(self, op: Document, x: list[str], axes: list[int]) -> str:
        named = self.integers(f"{op['name']}.axes", axes)
        # Of no axes at all the mean is the value itself.
        return self.node("ReduceMean", [*x, named], op["name"], keepdims=1, noop_with_empty_axes=1)

    def mean_axis(self, op: Document, x: list[str]) -> str:
        made = self.mean_over(op, x, [MAP_AXES[op["axis"]]])
        ordered = self.node("Transpose", [made], f"{op['name']}.rows_first", perm=TO_ROWS_FIRST)
        return self.as_map(ordered, op["output"], op["name"])

    def concat(self, op: Document, x: list[str]) -> str:
        return self.node("Concat", x, op["name"], axis=MAP_AXES[op["axis"]])

    def resize_nearest(self, op: Document, x: list[str]) -> str:
        """Gathers rows, then columns: runtimes round the places of Resize in several ways."""
        rows = self.integers(f"{op['name']}.source_rows", op["source_rows"])
        columns = self.integers(f"{op['name']}.source_columns", op["source_columns"])
        tall = self.node("Gather", [*x, rows], f"{op['name']}.rows", axis=2)
        return self.node("Gather", [tall, columns], op["name"], axis=3)

    def pad(self, op: Document, x: list[str]) -> str:
        rows, columns, _ = self.tensors[op["inputs"][0]]["shape"]
        out_rows, out_columns, _ = self.tensors[op["output"]]["shape"]
        top, left = op["padding"][:2]
        ends = [0, 0, top, left, 0, 0, out_rows - rows - top, out_columns - columns - left]
        return self.node("Pad", [*x, self.integers(f"{op['name']}.pads", ends)], op["name"])

    def reshape(self, op: Document, x: list[str]) -> str:
        ordered = self.rows_first(x[0], op["inputs"][0], op["name"])
        return self.as_map(ordered, op["output"], op["name"])

    def transpose(self, op: Document, x: list[str]) -> str:
        """Axis i of the output's rows, columns, channels is the input's axis permutation[i]."""
        order = [0, 0, 0, 0]
        for i, axis in enumerate(op["permutation"]):
            order[MAP_AXES[i]] = MAP_AXES[axis]
        return self.node("Transpose", x, op["name"], perm=order)

    def relu(self, op: Document, x: list[str]) -> str:
        return x[0]  # all of it is the fused activation

    def logistic(self, op: Document, x: list[str]) -> str:
        return self.node("Sigmoid", x, op["name"])

    def softmax(self, op: Document, x: list[str]) -> str:
        if op["beta"] != 1:
            beta = self.constant(f"{op['name']}.beta", np.float32(op["beta"]))
            x = [self.node("Mul", [*x, beta], f"{op['name']}.times_beta")]
        return self.node("Softmax", x, op["name"], axis=1)

    def quantize(self, op: Document, x: list[str]) -> str:
        return x[0]

    def dequantize(self, op: Document, x: list[str]) -> str:
        return x[0]

    # The whole.

    def write_operator(self, op: Document) -> None:
        make: Callable[[Document, list[str]], str] = getattr(self, op["kind"])
        made = make(op, [self.values[t] for t in op["inputs"]])
        self.values[op["output"]] = self.through_steps(self.activation(op, made), op["output"])

    def write_output(self, tensor: int, name: str) -> Any:
        rows, columns, channels = self.tensors[tensor]["shape"]
        if self.is_vector(tensor):
            self.node("Flatten", [self.values[tensor]], name, axis=1)
            shape = [BATCH, channels]
        else:
            self.node("Identity", [self.values[tensor]], name)
            shape = [BATCH, channels, rows, columns]
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    def model(self) -> ModelProto:
        rows, columns, channels = self.tensors[self.graph["input"]]["shape"]
        shape = [BATCH, channels, rows, columns]
        image = helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)
        self.values[self.graph["input"]] = self.through_steps("input", self.graph["input"])
        for op in self.graph["operators"]:
            self.write_operator(op)
        places = self.graph["outputs"]
        names = ["output"] if len(places) == 1 else [f"output{i}" for i in range(len(places))]
        outputs = [self.write_output(t, n) for t, n in zip(places, names, strict=True)]
        graph = helper.make_graph(
            self.nodes, self.graph["name"], [image], outputs, self.initializers
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="tinynas",
        )
        model.doc_string = DESCRIPTION
        known = self.graph.get("preprocessing", {})
        named = {key: json.dumps(known[key]) for key in METADATA if key in known}
        helper.set_model_props(model, named)
        checker.check_model(model, full_check=True)
        return model


def main() -> None:
    source, target = map(Path, sys.argv[1:])
    model = OnnxWriter(json.loads(source.read_text())).model()
    target.write_bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
