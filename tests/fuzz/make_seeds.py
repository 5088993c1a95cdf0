"""Writes small .tflite networks of our own: seeds of the fuzzer, among them each operator that
cpp/src/graph/tflite_reader.cpp knows, and what it refuses.

    .venv/bin/python tests/fuzz/make_seeds.py tests/fuzz/corpus/tflite

Needs ai-edge-litert (its copy of the format's schema) and flatbuffers.
"""

from __future__ import annotations

import argparse
import importlib
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

schema: Any = importlib.import_module("ai_edge_litert.schema_py_generated")
flatbuffers: Any = importlib.import_module("flatbuffers")

INT8, UINT8 = schema.TensorType.INT8, schema.TensorType.UINT8
INT32, FLOAT = schema.TensorType.INT32, schema.TensorType.FLOAT32
SAME, VALID = schema.Padding.SAME, schema.Padding.VALID


class Model:
    """A network under construction; tensors are indices."""

    def __init__(self) -> None:
        self.buffers: list[Any] = [schema.BufferT()]
        self.tensors: list[Any] = []
        self.codes: list[Any] = []
        self.operators: list[Any] = []

    def tensor(
        self, shape: Sequence[int], kind: int = INT8, data: bytes = b"", scale: float = 0.5
    ) -> int:
        tensor = schema.TensorT()
        tensor.shape, tensor.type, tensor.buffer = list(shape), kind, 0
        if kind in (INT8, UINT8):
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [0]
        if data:
            buffer = schema.BufferT()
            buffer.data = list(data)
            tensor.buffer = len(self.buffers)
            self.buffers.append(buffer)
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def integers(self, values: Sequence[int], shape: Sequence[int] | None = None) -> int:
        data = struct.pack(f"<{len(values)}i", *values)
        return self.tensor(shape or [len(values)], INT32, data)

    def weights(self, *shape: int) -> int:
        count = 1
        for length in shape:
            count *= length
        return self.tensor(shape, INT8, bytes((7 * i + 1) % 256 for i in range(count)))

    def op(
        self, name: str, inputs: Sequence[int], output: int, options: str = "", **fields: Any
    ) -> int:
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = 1
        if name == "CUSTOM":
            code.customCode = "TinynasFuzz"
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self.codes)
        operator.inputs, operator.outputs = list(inputs), [output]
        if options:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            operator.builtinOptions = getattr(schema, options + "T")()
            for field, value in fields.items():
                setattr(operator.builtinOptions, field, value)
        self.codes.append(code)
        self.operators.append(operator)
        return output

    def convolution(
        self, source: int, out: Sequence[int], kernel: int, stride: int, padding: int = SAME
    ) -> int:
        channels = self.tensors[source].shape[-1]
        filter_ = self.weights(out[-1], kernel, kernel, channels)
        inputs = [source, filter_, self.integers([3] * out[-1])]
        return self.op(
            "CONV_2D",
            inputs,
            self.tensor(out),
            "Conv2DOptions",
            strideH=stride,
            strideW=stride,
            padding=padding,
            dilationHFactor=1,
            dilationWFactor=1,
            fusedActivationFunction=schema.ActivationFunctionType.RELU6,
        )

    def depthwise(self, source: int, out: Sequence[int], kernel: int, stride: int) -> int:
        filter_ = self.weights(1, kernel, kernel, out[-1])
        return self.op(
            "DEPTHWISE_CONV_2D",
            [source, filter_, -1],
            self.tensor(out),
            "DepthwiseConv2DOptions",
            strideH=stride,
            strideW=stride,
            padding=SAME,
            depthMultiplier=1,
            dilationHFactor=1,
            dilationWFactor=1,
        )

    def pool(self, name: str, source: int, out: Sequence[int], kernel: int, stride: int) -> int:
        return self.op(
            name,
            [source],
            self.tensor(out),
            "Pool2DOptions",
            strideH=stride,
            strideW=stride,
            padding=VALID,
            filterHeight=kernel,
            filterWidth=kernel,
        )

    def unary(self, name: str, source: int, out: Sequence[int], more: Sequence[int] = ()) -> int:
        return self.op(name, [source, *more], self.tensor(out))

    def dense(self, source: int, inputs: int, outputs: int) -> int:
        return self.op(
            "FULLY_CONNECTED",
            [source, self.weights(outputs, inputs), self.integers([1] * outputs)],
            self.tensor([1, outputs]),
            "FullyConnectedOptions",
        )

    def finish(self, inputs: Sequence[int], outputs: Sequence[int], plan: bool = False) -> bytes:
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = self.tensors, self.operators
        graph.inputs, graph.outputs = list(inputs), list(outputs)
        model = schema.ModelT()
        model.version = 3
        model.subgraphs, model.operatorCodes, model.buffers = [graph], self.codes, self.buffers
        if plan:
            entry = schema.MetadataT()
            entry.name, entry.buffer = "OfflineMemoryAllocation", len(self.buffers)
            buffer = schema.BufferT()
            buffer.data = list(struct.pack("<5i", 1, 1, 2, 0, -1))
            self.buffers.append(buffer)
            model.metadata = [entry]
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def classifier() -> bytes:
    """A float image, padding, an inverted bottleneck, a dense layer."""
    m = Model()
    image = m.tensor([1, 7, 7, 1], FLOAT)
    at = m.op("QUANTIZE", [image], m.tensor([1, 7, 7, 1]), "QuantizeOptions")
    paddings = m.integers([0, 0, 1, 1, 1, 1, 0, 0], [4, 2])
    at = m.op("PAD", [at, paddings], m.tensor([1, 9, 9, 1]), "PadOptions")
    at = shortcut = m.convolution(at, [1, 4, 4, 2], 3, 2, VALID)
    at = m.convolution(at, [1, 4, 4, 4], 1, 1)
    at = m.depthwise(at, [1, 4, 4, 4], 3, 1)
    at = m.convolution(at, [1, 4, 4, 2], 1, 1)
    at = m.op("ADD", [at, shortcut], m.tensor([1, 4, 4, 2]), "AddOptions")
    at = m.pool("AVERAGE_POOL_2D", at, [1, 1, 1, 2], 4, 4)
    at = m.op("RESHAPE", [at, m.integers([1, 2])], m.tensor([1, 2]), "ReshapeOptions")
    at = m.dense(at, 2, 3)
    at = m.op("SOFTMAX", [at], m.tensor([1, 3], scale=0.25), "SoftmaxOptions")
    at = m.op("DEQUANTIZE", [at], m.tensor([1, 3], FLOAT), "DequantizeOptions")
    return m.finish([image], [at], plan=True)


def attention() -> bytes:
    """Squeeze and excitation, and operators that only move bytes."""
    m = Model()
    image = m.tensor([1, 6, 6, 2], UINT8)
    at = m.op("QUANTIZE", [image], m.tensor([1, 6, 6, 2]), "QuantizeOptions")
    at = feature = m.convolution(at, [1, 3, 3, 4], 3, 2)
    gate = m.op(
        "MEAN", [at, m.integers([1, 2])], m.tensor([1, 1, 1, 4]), "ReducerOptions", keepDims=True
    )
    gate = m.convolution(gate, [1, 1, 1, 4], 1, 1)
    gate = m.unary("LOGISTIC", gate, [1, 1, 1, 4])
    at = m.op("MUL", [gate, feature], m.tensor([1, 3, 3, 4]), "MulOptions")
    for name in ("RELU", "RELU6", "RELU_N1_TO_1"):
        at = m.unary(name, at, [1, 3, 3, 4])
    pooled = m.pool("MAX_POOL_2D", at, [1, 1, 1, 4], 3, 3)
    size = m.integers([3, 3])
    wide = m.unary("RESIZE_NEAREST_NEIGHBOR", pooled, [1, 3, 3, 4], [size])
    at = m.op("CONCATENATION", [at, wide], m.tensor([1, 3, 3, 8]), "ConcatenationOptions", axis=-1)
    at = m.unary("TRANSPOSE", at, [1, 8, 3, 3], [m.integers([0, 3, 1, 2])])
    at = m.unary("SQUEEZE", at, [1, 72])
    at = m.unary("EXPAND_DIMS", at, [1, 1, 72], [m.integers([1], [1])])
    return m.finish([image], [at])


def heads() -> bytes:
    """Two outputs, one of them read again; concatenation of rows."""
    m = Model()
    image = m.tensor([1, 4, 4, 1])
    first = m.convolution(image, [1, 4, 4, 2], 3, 1)
    second = m.convolution(first, [1, 4, 4, 2], 1, 1)
    rows = m.op(
        "CONCATENATION", [first, second], m.tensor([1, 8, 4, 2]), "ConcatenationOptions", axis=1
    )
    last = m.dense(rows, 64, 2)
    return m.finish([image], [first, last])


def constants() -> bytes:
    """Constants as operands, means over one axis, DEQUANTIZE at two outputs."""
    m = Model()
    image = m.tensor([1, 4, 3, 2])
    scalar = m.tensor([1], INT8, b"\x05")
    at = m.op("ADD", [image, scalar], m.tensor([1, 4, 3, 2]), "AddOptions")
    channels = m.tensor([2], INT8, b"\x01\xff")
    at = m.op("MUL", [channels, at], m.tensor([1, 4, 3, 2]), "MulOptions")
    rows = m.op("MEAN", [at, m.integers([-3])], m.tensor([1, 3, 2]), "ReducerOptions")
    last = m.op("MEAN", [at, m.integers([3])], m.tensor([1, 4, 3]), "ReducerOptions")
    ends = [
        m.op("DEQUANTIZE", [end], m.tensor(shape, FLOAT), "DequantizeOptions")
        for end, shape in ((rows, [1, 3, 2]), (last, [1, 4, 3]))
    ]
    return m.finish([image], ends)


def one(build: Callable[[Model, int], int], shape: Sequence[int], kind: int = INT8) -> bytes:
    """A network of the operator that `build` appends to the image."""
    m = Model()
    image = m.tensor(shape, kind)
    return m.finish([image], [build(m, image)])


def refused() -> dict[str, bytes]:
    """What the reader names as unsupported or malformed."""

    def many(m: Model, image: int) -> int:
        m.op("CUSTOM", [image], m.tensor([1, 2]))
        m.op("HARD_SWISH", [image], m.tensor([1, 2]), "HardSwishOptions")
        return m.unary("RELU", image, [1, 2])

    def dilated(m: Model, image: int) -> int:
        out = m.convolution(image, [1, 5, 5, 1], 3, 1)
        m.operators[-1].builtinOptions.dilationHFactor = 2
        return out

    two_graphs = Model()
    image = two_graphs.tensor([1, 2])
    out = two_graphs.unary("RELU", image, [1, 2])
    return {
        "refused_operators": one(many, [1, 2]),
        "refused_dilation": one(dilated, [1, 5, 5, 1]),
        "refused_float": one(lambda m, i: m.unary("RELU", i, [1, 2]), [1, 2], FLOAT),
        "refused_batch": one(lambda m, i: m.unary("RELU", i, [2, 2]), [2, 2]),
        "refused_two_inputs": two_graphs.finish([image, out], [out]),
    }


def faults() -> dict[str, bytes]:
    """What once went wrong."""

    def scalar(m: Model, image: int) -> int:
        constant = m.tensor([], INT8, b"\x05")
        return m.op("ADD", [constant, image], m.tensor([1, 2]), "AddOptions")

    def many_inputs(m: Model, image: int) -> int:
        out = m.tensor([1, 1025])
        return m.op("CONCATENATION", [image] * 1025, out, "ConcatenationOptions", axis=1)

    return {
        "fault_many_inputs": one(many_inputs, [1, 1]),
        "fault_scalar_constant": one(scalar, [1, 2]),
        "fault_many_axes": one(lambda m, i: m.unary("RELU", i, [1] * 300), [1] * 300),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    seeds = {
        "classifier": classifier(),
        "attention": attention(),
        "heads": heads(),
        "constants": constants(),
        **refused(),
        **faults(),
    }
    for name, content in seeds.items():
        (folder / f"{name}.tflite").write_bytes(content)


if __name__ == "__main__":
    main()
