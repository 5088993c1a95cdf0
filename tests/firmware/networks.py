"""Networks for the emulated board: shapes that kernels get wrong first, and drawn ones."""

from __future__ import annotations

from collections.abc import Callable

from support.tflite_models import TfliteBuilder
from support.tflite_networks import BY_HAND, RELU, RELU6, RandomNetwork

Network = Callable[[TfliteBuilder], list[int]]


def odd_channels(b: TfliteBuilder) -> list[int]:
    x = b.conv(b.input((1, 13, 11, 3)), 7, (3, 3), (2, 2), relu=RELU6)
    x = b.conv(b.depthwise(x, (5, 5), relu=RELU6), 13, (1, 1))
    x = b.add(x, b.conv(b.depthwise(x, (7, 7)), 13, (1, 1)))
    return [b.fully_connected(b.mean(x), 5)]


def one_row(b: TfliteBuilder) -> list[int]:
    x = b.conv(b.input((1, 1, 61, 1)), 6, (1, 9), (1, 2), relu=RELU)
    x = b.conv(b.depthwise(x, (1, 5)), 11, (1, 1))
    x = b.pool(x, (1, 3), (1, 2), largest=True)
    return [b.softmax(b.fully_connected(b.mean(x), 6))]


def one_column(b: TfliteBuilder) -> list[int]:
    x = b.conv(b.input((1, 47, 1, 3)), 9, (7, 1), (2, 1), relu=RELU)
    x = b.depthwise(x, (5, 1), (2, 1), relu=RELU)
    return [b.conv(x, 4, (1, 1))]


def tall_windows(b: TfliteBuilder) -> list[int]:
    """Convolutions over time, as a streaming keyword model has them."""
    x = b.input((1, 40, 1, 19))
    for rows in (3, 5, 10, 15):
        x = b.conv(b.depthwise(x, (rows, 1), same=False, relu=RELU), 24, (1, 1), relu=RELU)
    return [b.softmax(b.fully_connected(b.mean(x), 3))]


def one_pixel(b: TfliteBuilder) -> list[int]:
    x = b.conv(b.input((1, 1, 1, 17)), 9, (3, 3), relu=RELU)
    return [b.conv(b.depthwise(x, (5, 3)), 3, (1, 1))]


def keyword_stem(b: TfliteBuilder) -> list[int]:
    x = b.conv(b.input((1, 49, 10, 1)), 15, (10, 4), (2, 2), relu=RELU)
    x = b.conv(b.depthwise(x, relu=RELU), 15, (1, 1), relu=RELU)
    return [b.softmax(b.fully_connected(b.pool(x, (25, 5), (25, 5)), 12))]


def one_sided_padding(b: TfliteBuilder) -> list[int]:
    """Even sizes under stride 2: SAME pads below and to the right alone."""
    x = b.conv(b.input((1, 18, 14, 3)), 5, (3, 3), (2, 2), relu=RELU6)
    x = b.depthwise(b.pad(x, (1, 0), (1, 0)), (3, 3), (2, 2), same=False, relu=RELU6)
    x = b.conv(b.pad(x, (0, 2), (0, 1)), 6, (3, 2), (1, 1), same=False)
    return [b.conv(x, 3, (2, 2), (2, 2))]


def even_kernels(b: TfliteBuilder) -> list[int]:
    x = b.conv(b.input((1, 15, 15, 2)), 6, (2, 2), relu=RELU)
    x = b.depthwise(x, (4, 2), (1, 2), multiplier=2)
    return [b.pool(b.conv(x, 10, (6, 4)), (2, 3), (2, 2), same=True)]


def many_inputs(b: TfliteBuilder) -> list[int]:
    """The driver keeps a pointer an input on its stack."""
    x = b.conv(b.input((1, 6, 6, 2)), 2)
    return [b.conv(b.concat([x] * 40), 3, (1, 1))]


SHAPES: list[Network] = [
    odd_channels,
    one_row,
    one_column,
    tall_windows,
    one_pixel,
    keyword_stem,
    one_sided_padding,
    even_kernels,
    many_inputs,
]


def build(network: Network) -> bytes:
    builder = TfliteBuilder(len(network.__name__))
    return builder.build(network(builder))


def draw(seed: int) -> bytes:
    builder = TfliteBuilder(1_000_000 + seed)
    return builder.build(RandomNetwork(builder).draw())


def by_name(name: str) -> bytes:
    """`drawn-SEED`, or the name of a function here or in support.tflite_networks."""
    if name.startswith("drawn-"):
        return draw(int(name.removeprefix("drawn-")))
    return build(next(f for f in [*SHAPES, *BY_HAND] if f.__name__ == name))
