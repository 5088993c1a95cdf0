"""Small networks whose depthwise convolutions read rows of each operator that streams."""

from __future__ import annotations

import random

from support.tflite_models import MAP, TfliteBuilder
from support.tflite_networks import RELU, RELU6

KERNELS = [(3, 3), (5, 5), (7, 7), (3, 3), (1, 5), (5, 1), (10, 4), (2, 2), (4, 3)]
STRIDES = [(1, 1), (1, 1), (2, 2), (1, 1), (2, 1), (1, 2), (3, 3)]


class WideNetwork:
    """Rounds of an operator, a depthwise convolution of its rows, and a projection."""

    def __init__(self, builder: TfliteBuilder, seed: int) -> None:
        self.b, self.seed, self.random = builder, seed, random.Random(seed)

    def draw(self) -> list[int]:
        b, draw = self.b, self.random
        size = (draw.randint(7, 26), draw.randint(5, 26))
        x = b.conv(b.input((1, *size, draw.choice([1, 3, 4]))), draw.randint(2, 9), relu=RELU6)
        for i in range(3):
            x = self.produce(x, 3 * self.seed + i)
            x = self.filter(x)
            x = b.conv(x, draw.randint(2, 9), (1, 1))
        return [x]

    def produce(self, x: int, which: int) -> int:
        b, draw = self.b, self.random
        channels = b.shape(x)[3]
        more = draw.randint(1, 13)
        producers = [
            lambda: b.conv(x, more, (1, 1), relu=RELU6),
            lambda: b.conv(x, more, (3, 3), relu=draw.choice([0, RELU])),
            lambda: b.depthwise(x, (3, 3), relu=RELU6),
            lambda: b.conv(x, more, (1, 1), output=b.any_quantisation()),
            lambda: b.depthwise(x, (3, 2), multiplier=2),
            lambda: b.add(b.conv(x, channels, (1, 1)), x, relu=RELU),
            lambda: b.pool(x, (2, 2), (1, 1), same=True, largest=True),
            lambda: b.pool(x, (2, 2), (1, 1), same=True),
            lambda: b.pool(x, (5, 2), (5, 1)),
            lambda: b.mul(x, b.conv(x, channels, (1, 1))),
            lambda: b.relu(b.conv(x, more, (1, 1))),
            lambda: b.logistic(x),
            lambda: b.softmax(x),
            lambda: b.concat([x, b.conv(x, more, (1, 1))]),
            lambda: b.requantize(x, b.any_quantisation()),
            lambda: b.mul(x, b.constant((channels,))),
        ]
        if b.shape(x)[1] < 10:  # rows that some of these take away
            return producers[which % 4]()
        return producers[which % len(producers)]()

    def filter(self, x: int) -> int:
        b, draw = self.b, self.random
        kernel, stride = draw.choice(KERNELS), draw.choice(STRIDES)
        rows, columns = b.shape(x)[1:3]
        same = draw.random() < 0.7 or kernel[0] > rows or kernel[1] > columns
        output = MAP if draw.random() < 0.8 else b.any_quantisation()
        return b.depthwise(x, kernel, stride, same=same, relu=RELU, output=output)


def wide(seed: int) -> bytes:
    builder = TfliteBuilder(2_000_000 + seed)
    return builder.build(WideNetwork(builder, seed).draw())
