"""The networks by which instructions are measured: one operator each, of drawn sizes, then chains
that stream, with cameras and patches. None of them is one that predictions are verified on."""

from __future__ import annotations

import math
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from support.tflite_models import TfliteBuilder
from support.tflite_networks import RELU6

SEED = 20_240_000  # verification draws from 1,000,000 on


@dataclass(frozen=True)
class Drawn:
    name: str
    model: bytes
    input: str = "external"
    depthwise_rows: str = "int8"
    sram_bytes: int = -1


class Layers:
    """Each method draws one operator of the family that it is named after."""

    def __init__(self, seed: int) -> None:
        self.builder = TfliteBuilder(seed)
        self.random = random.Random(seed)

    def _few(self, most: int) -> int:
        """1 to `most`, small numbers as often as large ones: many loops end after few passes."""
        return round(math.exp(self.random.uniform(0, math.log(most))))

    def _map(self, most_pixels: int = 240, most_channels: int = 33) -> int:
        width = 1 if self.random.random() < 0.1 else self.random.randint(2, 26)
        height = self.random.randint(1, max(1, most_pixels // width))
        return self.builder.input((1, height, width, self._few(most_channels)))

    def _kernel(self, sizes: tuple[int, ...]) -> tuple[int, int]:
        return self.random.choice(sizes), self.random.choice(sizes)

    def conv2d_1x1(self) -> int:
        x = self._map(80, 70)
        relu = self.random.choice((0, 0, 0, RELU6))
        return self.builder.conv(x, self._few(60), (1, 1), relu=relu)

    def conv2d(self) -> int:
        x = self._map(140, self.random.choice((1, 3, 4, 12)))
        if self.random.random() < 0.15:  # 1x1 of a stride, which is gathered too
            return self.builder.conv(x, self.random.randint(1, 24), (1, 1), (2, 2))
        _, height, width, _ = self.builder.shape(x)
        rows, columns = self._kernel((1, 2, 3, 3, 4, 5, 7))
        rows, columns = min(rows, height), min(columns, width)
        same = self.random.random() < 0.7
        stride = (min(self.random.choice((1, 2)), rows), min(self.random.choice((1, 2)), columns))
        channels = self._few(24)
        return self.builder.conv(x, channels, (rows, columns), stride, same=same)

    def _square(self, size: int) -> int:
        height = self.random.randint(size, size + 5)
        width = self.random.randint(size, 40)
        x = self.builder.input((1, height, width, self.random.randint(1, 24)))
        stride = self.random.choice((1, 2))
        same = self.random.random() < 0.7
        return self.builder.depthwise(x, (size, size), (stride, stride), same=same)

    def depthwise_3x3(self) -> int:
        return self._square(3)

    def depthwise_5x5(self) -> int:
        return self._square(5)

    def depthwise_7x7(self) -> int:
        return self._square(7)

    def depthwise_any(self) -> int:
        x = self._map(200, 14)
        _, height, width, _ = self.builder.shape(x)
        rows, columns = min(self._few(17), height), min(self._few(17), width)
        stride = self.random.randint(1, min(3, rows)), self.random.randint(1, min(3, columns))
        multiplier = self.random.choice((1, 1, 2, 3))
        return self.builder.depthwise(x, (rows, columns), stride, multiplier=multiplier)

    def _pool(self, largest: bool) -> int:
        x = self._map()
        _, height, width, _ = self.builder.shape(x)
        kernel = min(self.random.randint(1, 5), height), min(self.random.randint(1, 5), width)
        stride = self.random.randint(1, kernel[0]), self.random.randint(1, kernel[1])
        same = self.random.random() < 0.5
        return self.builder.pool(x, kernel, stride, same=same, largest=largest)

    def avgpool(self) -> int:
        return self._pool(largest=False)

    def pool_sums(self) -> int:
        """Its input streams: rows are added up as they come and forgotten."""
        x = self.builder.conv(self._map(200, 2), self.random.randint(1, 24), (1, 1))
        _, height, width, _ = self.builder.shape(x)
        if self.random.random() < 0.5:
            return self.builder.mean(x, keep=True)
        rows, columns = (
            min(self.random.randint(2, 6), height),
            min(self.random.randint(1, 6), width),
        )
        return self.builder.pool(x, (rows, columns), (rows, self.random.randint(1, columns)))

    def maxpool(self) -> int:
        return self._pool(largest=True)

    def mean(self) -> int:
        axes = self.random.choice(((1, 2), (1, 2), (1,), (2,)))
        return self.builder.mean(self._map(), axes, keep=True)

    def mean_axis(self) -> int:
        return self.builder.mean(self._map(), self.random.choice(((1,), (2,), (3,))))

    def add(self) -> int:
        x = self._map()
        kind = self.random.choice(("two", "two", "channel", "map"))
        if kind == "two":
            return self.builder.add(x, x)
        shape = self.builder.shape(x)
        return self.builder.add(x, self.builder.constant(shape if kind == "map" else shape[-1:]))

    def mul(self) -> int:
        x = self._map()
        kind = self.random.choice(("two", "value", "channel", "pixel"))
        if kind == "two":
            return self.builder.mul(x, x)
        if kind == "pixel":
            return self.builder.mul(x, self.builder.mean(x, keep=True))
        shape = self.builder.shape(x)
        return self.builder.mul(x, self.builder.constant(shape[-1:] if kind == "channel" else (1,)))

    def look_up(self) -> int:
        x = self._map()
        return self.random.choice((self.builder.relu, self.builder.logistic))(x)

    def concat(self) -> int:
        x = self._map(160, 20)
        return self.builder.concat([x] * self.random.randint(2, 5))

    def join(self) -> int:
        x = self._map(100, 20)
        return self.builder.concat([x] * self.random.randint(2, 5), self.random.choice((1, 2)))

    def softmax(self) -> int:
        return self.builder.softmax(self._map(40, 40))

    def fully_connected(self) -> int:
        x = self.builder.input((1, 1, 1, self.random.randint(1, 300)))
        return self.builder.fully_connected(x, self.random.randint(1, 40))

    def pad(self) -> int:
        before, after = self.random.randint(0, 3), self.random.randint(1, 3)
        return self.builder.pad(self._map(), (before, after), (after, before))

    def copy(self) -> int:
        x = self._map()
        _, height, width, channels = self.builder.shape(x)
        return self.builder.reshape(x, (1, height, 1, width * channels))

    def transpose(self) -> int:
        order = self.random.choice(((0, 2, 1, 3), (0, 3, 1, 2), (0, 2, 3, 1), (0, 1, 3, 2)))
        return self.builder.transpose(self._map(), order)

    def resize(self) -> int:
        x = self._map(60, 24)
        _, height, width, _ = self.builder.shape(x)
        times = self.random.randint(1, 3)
        return self.builder.resize(x, height * times, width * 2)


COUNTS = {
    "conv2d_1x1": 64, "conv2d": 80, "depthwise_3x3": 26, "depthwise_5x5": 26, "depthwise_7x7": 26,
    "depthwise_any": 72, "avgpool": 14, "pool_sums": 20, "maxpool": 12, "mean": 12, "mean_axis": 8,
    "add": 10,
    "mul": 12, "look_up": 5, "concat": 8, "join": 8, "softmax": 8, "fully_connected": 16, "pad": 8,
    "copy": 5, "transpose": 8, "resize": 8,
}  # fmt: skip


def chain(seed: int) -> tuple[bytes, str, int]:
    """Blocks of few channels, so that the driver's share is large. Model, input, SRAM."""
    draw = random.Random(seed)
    builder = TfliteBuilder(seed)
    size = draw.randint(9, 21)
    x = builder.conv(
        builder.input((1, size, size, draw.randint(1, 3))), draw.randint(2, 5), (3, 3), (2, 2)
    )
    for _ in range(draw.randint(1, 4)):
        channels = draw.randint(2, 6)
        kernel = draw.choice((3, 3, 5, 7))
        stride = draw.choice((1, 1, 2)) if min(builder.shape(x)[1:3]) > 4 else 1
        inner = builder.conv(x, channels, (1, 1))
        inner = builder.depthwise(inner, (kernel, kernel), (stride, stride))
        alike = stride == 1 and draw.random() < 0.7
        inner = builder.conv(inner, builder.shape(x)[3] if alike else draw.randint(2, 5), (1, 1))
        x = builder.add(x, inner) if alike else inner
    ending = draw.choice(("pool", "mean", "none"))
    if ending == "pool" and min(builder.shape(x)[1:3]) > 2:
        x = builder.pool(x, (2, 2), (2, 2))
    elif ending == "mean":
        x = builder.fully_connected(builder.mean(x), draw.randint(2, 7))
    sram = draw.choice((-1, -1, 1))
    return builder.build([x]), draw.choice(("resident", "rows", "external")), sram


CHAINS = 48


def draw_networks(thinned: int = 1) -> list[Drawn]:
    """All, or one of `thinned` of each family."""
    networks = []
    for family, count in COUNTS.items():
        for i in range(0, count, thinned):
            layers = Layers(SEED + zlib.crc32(family.encode()) + i)
            draw: Callable[[], int] = getattr(layers, family)
            model = layers.builder.build([draw()])
            networks.append(Drawn(f"{family}-{i}", model))
    for i in range(0, CHAINS, thinned):
        model, input_, sram = chain(SEED + 500_000 + i)
        networks.append(Drawn(f"chain-{i}", model, input_, "int8", sram))
    return networks
