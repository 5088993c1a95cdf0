"""Builds int8 `.tflite` files, operator by operator, with random weights and quantisation."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

Shape = tuple[int, ...]

WEIGHT_SPREAD = 73.0  # standard deviation of weights drawn evenly from int8
BUILTIN = schema.BuiltinOperator
OPTIONS = schema.BuiltinOptions


@dataclass(frozen=True)
class Quantisation:
    scale: float
    zero_point: int


MAP = Quantisation(0.05, -3)
PROBABILITY = Quantisation(1 / 256, -128)


@dataclass
class TfliteBuilder:
    """Methods append an operator and return the tensor that it writes."""

    seed: int
    tensors: list[Any] = field(default_factory=list)
    operators: list[Any] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    buffers: list[Any] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    extreme: bool = False  # weights at the ends of int8, large biases, factors of all sizes
    pruned: bool = False  # channels without weights, of tiny factors and large biases

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.values = np.random.default_rng(self.seed)
        self.buffers.append(schema.BufferT())  # the first buffer is empty by convention

    def shape(self, tensor: int) -> Shape:
        return tuple(self.tensors[tensor].shape)

    def quantisation(self, tensor: int) -> Quantisation:
        of = self.tensors[tensor].quantization
        return Quantisation(of.scale[0], of.zeroPoint[0])

    def any_quantisation(self) -> Quantisation:
        return Quantisation(self.random.uniform(0.02, 0.2), self.random.randint(-60, 60))

    def tensor(
        self,
        shape: Shape,
        quantisation: Quantisation | None = MAP,
        type_: int = schema.TensorType.INT8,
        data: np.ndarray[Any, Any] | None = None,
    ) -> int:
        tensor = schema.TensorT()
        tensor.shape, tensor.type = list(shape), type_
        tensor.name = f"t{len(self.tensors)}"
        if quantisation is not None:
            of = schema.QuantizationParametersT()
            of.scale, of.zeroPoint = [quantisation.scale], [quantisation.zero_point]
            tensor.quantization = of
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            tensor.buffer = len(self.buffers)
            self.buffers.append(buffer)
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def operator(
        self, code: int, inputs: list[int], output: int, options: Any = None, kind: int = 0
    ) -> int:
        if code not in self.codes:
            self.codes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = self.codes.index(code)
        operator.inputs, operator.outputs = inputs, [output]
        operator.builtinOptions, operator.builtinOptionsType = options, kind
        self.operators.append(operator)
        return output

    def input(self, shape: Shape, *, is_float: bool = False) -> int:
        tensor = (
            self.tensor(shape, None, schema.TensorType.FLOAT32) if is_float else self.tensor(shape)
        )
        self.inputs.append(tensor)
        return tensor

    def uint8_input(self, shape: Shape, quantisation: Quantisation) -> int:
        self.inputs.append(self.tensor(shape, quantisation, schema.TensorType.UINT8))
        return self.inputs[-1]

    # Layers with weights.

    def _weights(self, x: int, shape: Shape, axis: int, output: Quantisation) -> tuple[int, int]:
        """Weights and bias; `axis` is that of the output channels, quantised on their own."""
        channels = shape[axis]
        terms = int(np.prod(shape)) / channels
        scale = self.quantisation(x).scale
        # Inputs spread as far as outputs: sums of `terms` products are to keep that.
        even = output.scale / (scale * np.sqrt(terms) * WEIGHT_SPREAD)
        scales = (even * self.values.uniform(0.7, 1.3, channels)).astype(np.float32)
        data = self.values.integers(-127, 128, shape, np.int8)
        if self.extreme:
            data = np.where(data < 0, np.int8(-128), np.int8(127))
            scales *= np.resize(np.array([1, 1e-7, 1, 1, 1e-12, 30], np.float32), channels)
        bias_data = self.values.integers(-2000, 2001, channels, np.int32)
        if self.extreme:
            bias_data[::3] *= 1 << 18
        if self.pruned:
            empty = [slice(None)] * len(shape)
            empty[axis] = slice(None, None, 3)
            data[tuple(empty)] = 0
            values = self.values.integers(1, 150, channels)[::3]
            scales[::3] = values * output.scale / (scale * (1 << 30))
            bias_data[::3] = np.where(bias_data[::3] < 0, -(1 << 30), 1 << 30)
        weights = self.tensor(shape, MAP, data=data)
        of = self.tensors[weights].quantization
        of.scale, of.zeroPoint, of.quantizedDimension = scales, np.zeros(channels, np.int64), axis
        bias = self.tensor((channels,), MAP, schema.TensorType.INT32, bias_data)
        of = self.tensors[bias].quantization
        of.scale, of.zeroPoint = scales * np.float32(scale), np.zeros(channels, np.int64)
        return weights, bias

    def _windowed(self, options: Any, stride: tuple[int, int], same: bool, relu: int = 0) -> Any:
        options.strideH, options.strideW = stride
        options.padding = schema.Padding.SAME if same else schema.Padding.VALID
        options.fusedActivationFunction = relu
        return options

    def _map_after(
        self, x: int, kernel: tuple[int, int], stride: tuple[int, int], same: bool
    ) -> tuple[int, int]:
        rows, columns = self.shape(x)[1:3]
        if same:
            return -(-rows // stride[0]), -(-columns // stride[1])
        return (rows - kernel[0]) // stride[0] + 1, (columns - kernel[1]) // stride[1] + 1

    def conv(
        self,
        x: int,
        channels: int,
        kernel: tuple[int, int] = (3, 3),
        stride: tuple[int, int] = (1, 1),
        *,
        same: bool = True,
        relu: int = 0,
        output: Quantisation = MAP,
    ) -> int:
        shape = (channels, *kernel, self.shape(x)[3])
        weights, bias = self._weights(x, shape, 0, output)
        out = self.tensor((1, *self._map_after(x, kernel, stride, same), channels), output)
        options = self._windowed(schema.Conv2DOptionsT(), stride, same, relu)
        return self.operator(BUILTIN.CONV_2D, [x, weights, bias], out, options, 1)

    def depthwise(
        self,
        x: int,
        kernel: tuple[int, int] = (3, 3),
        stride: tuple[int, int] = (1, 1),
        *,
        same: bool = True,
        relu: int = 0,
        multiplier: int = 1,
        output: Quantisation = MAP,
    ) -> int:
        channels = self.shape(x)[3] * multiplier
        weights, bias = self._weights(x, (1, *kernel, channels), 3, output)
        out = self.tensor((1, *self._map_after(x, kernel, stride, same), channels), output)
        options = self._windowed(schema.DepthwiseConv2DOptionsT(), stride, same, relu)
        options.depthMultiplier = multiplier
        return self.operator(BUILTIN.DEPTHWISE_CONV_2D, [x, weights, bias], out, options, 2)

    def fully_connected(self, x: int, outputs: int, output: Quantisation = MAP) -> int:
        terms = int(np.prod(self.shape(x)))
        weights, bias = self._weights(x, (outputs, terms), 0, output)
        for tensor in (weights, bias):
            of = self.tensors[tensor].quantization
            of.scale, of.zeroPoint = of.scale[:1], of.zeroPoint[:1]
        out = self.tensor((1, outputs), output)
        options = schema.FullyConnectedOptionsT()
        kind = OPTIONS.FullyConnectedOptions
        return self.operator(BUILTIN.FULLY_CONNECTED, [x, weights, bias], out, options, kind)

    # Layers without.

    def pool(
        self,
        x: int,
        kernel: tuple[int, int] = (2, 2),
        stride: tuple[int, int] = (2, 2),
        *,
        same: bool = False,
        largest: bool = False,
    ) -> int:
        shape = (1, *self._map_after(x, kernel, stride, same), self.shape(x)[3])
        options = self._windowed(schema.Pool2DOptionsT(), stride, same)
        options.filterHeight, options.filterWidth = kernel
        out = self.tensor(shape, self.quantisation(x))
        code = BUILTIN.MAX_POOL_2D if largest else BUILTIN.AVERAGE_POOL_2D
        return self.operator(code, [x], out, options, OPTIONS.Pool2DOptions)

    def mean(self, x: int, axes: tuple[int, ...] = (1, 2), *, keep: bool = False) -> int:
        integers = np.array(axes, np.int32)
        constant = self.tensor((len(axes),), None, schema.TensorType.INT32, integers)
        shape = self.shape(x)
        kept = tuple(
            1 if i in axes else length for i, length in enumerate(shape) if keep or i not in axes
        )
        options = schema.ReducerOptionsT()
        options.keepDims = keep
        out = self.tensor(kept, self.any_quantisation())
        return self.operator(BUILTIN.MEAN, [x, constant], out, options, OPTIONS.ReducerOptions)

    def _larger(self, a: int, b: int) -> Shape:
        """One of the operands may be a pixel or a value."""
        return max(self.shape(a), self.shape(b), key=lambda shape: int(np.prod(shape)))

    def add(self, a: int, b: int, relu: int = 0) -> int:
        options = schema.AddOptionsT()
        options.fusedActivationFunction = relu
        out = self.tensor(self._larger(a, b), self.any_quantisation())
        return self.operator(BUILTIN.ADD, [a, b], out, options, OPTIONS.AddOptions)

    def mul(self, a: int, b: int) -> int:
        scale = self.quantisation(a).scale * self.quantisation(b).scale * 30
        out = self.tensor(self._larger(a, b), Quantisation(scale, 5))
        options = schema.MulOptionsT()
        return self.operator(BUILTIN.MUL, [a, b], out, options, OPTIONS.MulOptions)

    def constant(self, shape: Shape) -> int:
        data = self.values.integers(-127, 128, shape, np.int8)
        return self.tensor(shape, self.any_quantisation(), data=data)

    def concat(self, tensors: list[int], axis: int = 3) -> int:
        first = self.quantisation(tensors[0])
        alike = [t if self.quantisation(t) == first else self.requantize(t, first) for t in tensors]
        shape = list(self.shape(tensors[0]))
        shape[axis] = sum(self.shape(t)[axis] for t in tensors)
        options = schema.ConcatenationOptionsT()
        options.axis = axis
        out = self.tensor(tuple(shape), first)
        kind = OPTIONS.ConcatenationOptions
        return self.operator(BUILTIN.CONCATENATION, alike, out, options, kind)

    def pad(self, x: int, rows: tuple[int, int] = (1, 1), columns: tuple[int, int] = (1, 1)) -> int:
        paddings = np.array([(0, 0), rows, columns, (0, 0)], np.int32)
        constant = self.tensor((4, 2), None, schema.TensorType.INT32, paddings)
        _, height, width, channels = self.shape(x)
        shape = (1, height + sum(rows), width + sum(columns), channels)
        out = self.tensor(shape, self.quantisation(x))
        return self.operator(
            BUILTIN.PAD, [x, constant], out, schema.PadOptionsT(), OPTIONS.PadOptions
        )

    def resize(self, x: int, rows: int, columns: int) -> int:
        size = np.array([rows, columns], np.int32)
        constant = self.tensor((2,), None, schema.TensorType.INT32, size)
        out = self.tensor((1, rows, columns, self.shape(x)[3]), self.quantisation(x))
        options = schema.ResizeNearestNeighborOptionsT()
        kind = OPTIONS.ResizeNearestNeighborOptions
        return self.operator(BUILTIN.RESIZE_NEAREST_NEIGHBOR, [x, constant], out, options, kind)

    def reshape(self, x: int, shape: Shape) -> int:
        data = np.array(shape, np.int32)
        constant = self.tensor((len(shape),), None, schema.TensorType.INT32, data)
        options = schema.ReshapeOptionsT()
        options.newShape = list(shape)
        out = self.tensor(shape, self.quantisation(x))
        return self.operator(BUILTIN.RESHAPE, [x, constant], out, options, OPTIONS.ReshapeOptions)

    def transpose(self, x: int, order: tuple[int, ...] = (0, 2, 1, 3)) -> int:
        data = np.array(order, np.int32)
        constant = self.tensor((len(order),), None, schema.TensorType.INT32, data)
        shape = tuple(self.shape(x)[axis] for axis in order)
        options = schema.TransposeOptionsT()
        out = self.tensor(shape, self.quantisation(x))
        kind = OPTIONS.TransposeOptions
        return self.operator(BUILTIN.TRANSPOSE, [x, constant], out, options, kind)

    def relu(self, x: int, code: int = BUILTIN.RELU) -> int:
        return self.operator(code, [x], self.tensor(self.shape(x), self.any_quantisation()))

    def logistic(self, x: int) -> int:
        return self.operator(BUILTIN.LOGISTIC, [x], self.tensor(self.shape(x), PROBABILITY))

    def softmax(self, x: int) -> int:
        options = schema.SoftmaxOptionsT()
        options.beta = 1.0
        out = self.tensor(self.shape(x), PROBABILITY)
        return self.operator(BUILTIN.SOFTMAX, [x], out, options, OPTIONS.SoftmaxOptions)

    def requantize(self, x: int, to: Quantisation, *, uint8: bool = False) -> int:
        """From float, int8 or uint8."""
        options, kind = schema.QuantizeOptionsT(), OPTIONS.QuantizeOptions
        type_ = schema.TensorType.UINT8 if uint8 else schema.TensorType.INT8
        out = self.tensor(self.shape(x), to, type_)
        return self.operator(BUILTIN.QUANTIZE, [x], out, options, kind)

    def dequantize(self, x: int) -> int:
        out = self.tensor(self.shape(x), None, schema.TensorType.FLOAT32)
        options, kind = schema.DequantizeOptionsT(), OPTIONS.DequantizeOptions
        return self.operator(BUILTIN.DEQUANTIZE, [x], out, options, kind)

    # The file.

    def model(self, outputs: list[int], *, shuffle: bool = True) -> Any:
        """With its tensors in another order than they were made in: a file may have any."""
        order = list(range(len(self.tensors)))
        if shuffle:
            self.random.shuffle(order)
        place = {old: new for new, old in enumerate(order)}
        subgraph = schema.SubGraphT()
        subgraph.tensors = [self.tensors[old] for old in order]
        for operator in self.operators:
            operator.inputs = [place[t] for t in operator.inputs]
            operator.outputs = [place[t] for t in operator.outputs]
        subgraph.operators = self.operators
        subgraph.inputs = [place[t] for t in self.inputs]
        subgraph.outputs = [place[t] for t in outputs]
        model = schema.ModelT()
        model.version, model.description = 3, f"made from seed {self.seed}"
        model.subgraphs, model.buffers, model.operatorCodes = [subgraph], self.buffers, []
        for code in self.codes:
            entry = schema.OperatorCodeT()
            entry.builtinCode, entry.deprecatedBuiltinCode = code, min(code, 127)
            model.operatorCodes.append(entry)
        return model

    def build(
        self,
        outputs: list[int],
        *,
        shuffle: bool = True,
        preprocessing: dict[str, Any] | None = None,
    ) -> bytes:
        """`preprocessing`: mean, deviation, class_names, as tinynas writes them into its files."""
        model = self.model(outputs, shuffle=shuffle)
        if preprocessing is not None:
            head = {"format": "tinynas-preprocessing", "format_version": 1}
            data, entry = schema.BufferT(), schema.MetadataT()
            data.data = list(json.dumps({**head, **preprocessing}).encode())
            model.buffers.append(data)
            entry.name, entry.buffer = "TINYNAS_PREPROCESSING", len(model.buffers) - 1
            model.metadata = [entry]
        return to_bytes(model)


def to_bytes(model: Any) -> bytes:
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def from_bytes(content: bytes) -> Any:
    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(bytearray(content), 0))
