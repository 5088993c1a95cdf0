"""Small networks of every operator that `tinynas plan` reads, some by hand, others drawn."""

from __future__ import annotations

from collections.abc import Callable

from support.tflite_models import MAP, Quantisation, TfliteBuilder

RELU, RELU6 = 1, 3


def convolutions(b: TfliteBuilder) -> list[int]:
    x = b.conv(b.input((1, 17, 12, 3)), 8, (3, 3), (2, 2), relu=RELU6)
    x = b.depthwise(x, (5, 3), relu=RELU)
    x = b.depthwise(x, (3, 3), (2, 1), same=False, multiplier=2)
    return [b.conv(x, 10, (1, 1))]


def classifier(b: TfliteBuilder) -> list[int]:
    x = b.conv(b.input((1, 16, 16, 3)), 8, stride=(2, 2), relu=RELU)
    x = b.pool(x, (8, 8), (8, 8))
    return [b.softmax(b.fully_connected(b.reshape(x, (1, 8)), 10))]


def float_ends(b: TfliteBuilder) -> list[int]:
    x = b.requantize(b.input((1, 12, 12, 3), is_float=True), MAP)
    x = b.conv(x, 8, relu=RELU)
    return [b.dequantize(b.fully_connected(b.mean(x), 5))]


def uint8_ends(b: TfliteBuilder) -> list[int]:
    """Inputs of another zero point and of another scale than what is computed with."""
    x = b.requantize(b.uint8_input((1, 11, 9, 3), Quantisation(0.04, 117)), MAP)
    x = b.conv(x, 6, stride=(2, 2), relu=RELU)
    return [b.requantize(b.conv(x, 4, (1, 1)), Quantisation(0.07, 140), uint8=True)]


def residuals(b: TfliteBuilder) -> list[int]:
    x = b.conv(b.input((1, 10, 10, 4)), 8)
    for _ in range(3):
        y = b.conv(x, 24, (1, 1), relu=RELU6)
        x = b.add(x, b.conv(b.depthwise(y, relu=RELU6), 8, (1, 1)))
    return [b.mean(x, keep=True)]


def shortcut(b: TfliteBuilder) -> list[int]:
    x = b.conv(b.input((1, 16, 16, 3)), 8, relu=RELU)
    y = b.conv(b.conv(x, 16, stride=(2, 2), relu=RELU), 16)
    return [b.add(y, b.conv(x, 16, (1, 1), (2, 2)), relu=RELU)]


def branches(b: TfliteBuilder) -> list[int]:
    x = b.conv(b.input((1, 9, 9, 4)), 8)
    parts = [b.conv(x, 4, (1, 1)), b.conv(x, 6), b.pool(x, (3, 3), (1, 1), same=True, largest=True)]
    return [b.concat(parts)]


def joined_rows(b: TfliteBuilder) -> list[int]:
    x = b.input((1, 8, 6, 4))
    y = b.concat([b.conv(x, 4), b.depthwise(x)], axis=1)
    return [b.concat([y, b.conv(y, 4, (1, 1))], axis=2)]


def heads(b: TfliteBuilder) -> list[int]:
    x = b.conv(b.input((1, 16, 16, 3)), 8, stride=(2, 2))
    first = b.conv(x, 6, (1, 1))
    x = b.depthwise(x, stride=(2, 2))
    return [first, b.reshape(b.conv(x, 12, (1, 1)), (1, 16, 12)), x]


def pyramid(b: TfliteBuilder) -> list[int]:
    fine = b.conv(b.input((1, 12, 12, 3)), 8)
    coarse = b.conv(fine, 8, stride=(2, 2))
    return [b.concat([fine, b.resize(coarse, 12, 12)])]


def paddings(b: TfliteBuilder) -> list[int]:
    x = b.pad(b.input((1, 12, 12, 3)))
    x = b.conv(x, 8, stride=(2, 2), same=False)
    x = b.depthwise(b.pad(x, (0, 1), (0, 1)), stride=(2, 2), same=False)
    return [b.pool(b.pad(x), (2, 2), (1, 1))]


def attention(b: TfliteBuilder) -> list[int]:
    x = b.conv(b.input((1, 8, 8, 4)), 8)
    weight = b.logistic(b.conv(b.mean(x, keep=True), 8, (1, 1)))
    return [b.mul(x, weight)]


def constants(b: TfliteBuilder) -> list[int]:
    x = b.conv(b.input((1, 6, 6, 4)), 8)
    x = b.add(b.mul(x, b.constant((8,))), b.constant((1, 6, 6, 8)))
    return [b.add(b.constant((1, 1, 1, 8)), x)]


def activations(b: TfliteBuilder) -> list[int]:
    x = b.relu(b.conv(b.input((1, 7, 7, 3)), 6))
    x = b.relu(b.conv(x, 6), code=21)  # RELU6
    return [b.mul(b.logistic(x), x)]


def transposed(b: TfliteBuilder) -> list[int]:
    x = b.transpose(b.conv(b.input((1, 10, 6, 3)), 4))
    return [b.softmax(b.reshape(b.transpose(x, (0, 3, 1, 2)), (1, 240)))]


def single_means(b: TfliteBuilder) -> list[int]:
    x = b.conv(b.input((1, 10, 6, 3)), 4)
    return [
        b.mean(x, (1,)),
        b.mean(x, (2,), keep=True),
        b.mean(x, (3,)),
        b.mean(b.mean(x, (2,)), (1,)),
    ]


def same_operand_twice(b: TfliteBuilder) -> list[int]:
    x = b.conv(b.input((1, 5, 5, 3)), 4)
    return [b.concat([b.add(x, x), x])]


def dangling(b: TfliteBuilder) -> list[int]:
    x = b.conv(b.input((1, 8, 8, 3)), 4)
    b.conv(x, 20)  # nobody reads it
    return [b.depthwise(b.conv(x, 6))]


def read_output(b: TfliteBuilder) -> list[int]:
    """The first output is read by what comes after it."""
    x = b.conv(b.input((1, 8, 8, 3)), 4)
    return [x, b.conv(b.conv(x, 8), 2)]


def input_read_late(b: TfliteBuilder) -> list[int]:
    x = b.input((1, 8, 8, 4))
    y = b.conv(b.conv(x, 12), 4)
    return [b.add(y, x)]


def one_operator(b: TfliteBuilder) -> list[int]:
    return [b.softmax(b.input((1, 10)))]


BY_HAND: list[Callable[[TfliteBuilder], list[int]]] = [
    convolutions,
    classifier,
    float_ends,
    residuals,
    shortcut,
    branches,
    joined_rows,
    heads,
    pyramid,
    paddings,
    attention,
    constants,
    activations,
    transposed,
    single_means,
    same_operand_twice,
    dangling,
    read_output,
    input_read_late,
    one_operator,
]


class RandomNetwork:
    """A stem, then operators on any map written so far, then one to three outputs."""

    def __init__(self, builder: TfliteBuilder) -> None:
        self.b, self.random = builder, builder.random

    def draw(self) -> list[int]:
        b, random = self.b, self.random
        rows, columns = random.randint(8, 24), random.randint(8, 24)
        is_float = random.random() < 0.3
        x = b.input((1, rows, columns, random.choice([1, 3])), is_float=is_float)
        if is_float:
            x = b.requantize(x, MAP)
        self.maps = [b.conv(x, random.randint(4, 12), stride=(2, 2), relu=RELU6)]
        for _ in range(random.randint(3, 14)):
            self.maps.append(self.step(random.choice(self.maps[-3:])))
        used = {t for operator in b.operators for t in operator.inputs}
        ends = [t for t in self.maps if t not in used][-3:]
        if random.random() < 0.3 and self.maps[0] not in ends:
            ends.insert(0, self.maps[0])
        return [self.end(t) for t in ends]

    def step(self, x: int) -> int:
        b, random = self.b, self.random
        _, rows, columns, channels = b.shape(x)
        kernel = (random.choice([1, 2, 3, 5]), random.choice([1, 2, 3, 5]))
        stride = (random.choice([1, 1, 1, 2]), random.choice([1, 1, 1, 2]))
        same = random.random() < 0.7 or kernel[0] > rows or kernel[1] > columns
        choice = random.randrange(14)
        if choice < 3:
            return b.conv(x, random.randint(1, 16), kernel, stride, same=same, relu=RELU)
        if choice < 5:
            multiplier = random.choice([1, 1, 1, 2])
            return b.depthwise(x, kernel, stride, same=same, multiplier=multiplier)
        if choice == 5:
            return b.pool(x, kernel, stride, same=same, largest=random.random() < 0.5)
        if choice == 6:
            sides = [(random.randint(0, 2), random.randint(0, 2)) for _ in range(2)]
            return b.pad(x, *sides)
        if choice == 7:
            return b.resize(x, random.randint(1, 2) * rows, random.randint(1, 2) * columns)
        if choice == 8:
            return b.mul(x, b.logistic(b.conv(b.mean(x, keep=True), channels, (1, 1))))
        if choice == 9:
            return random.choice([b.relu, b.logistic, b.transpose])(x)
        if choice == 10:
            return b.requantize(x, b.any_quantisation())
        return self.join(x)

    def join(self, x: int) -> int:
        """Residual or concatenation with a map as large, or with an own branch."""
        b, random = self.b, self.random
        alike = [t for t in self.maps if t != x and b.shape(t)[1:3] == b.shape(x)[1:3]]
        other = random.choice(alike) if alike else b.conv(x, b.shape(x)[3])
        if random.random() < 0.5:
            return b.concat([x, other, *([x] if random.random() < 0.2 else [])])
        if b.shape(other) != b.shape(x):
            other = b.conv(other, b.shape(x)[3], (1, 1))
        return random.choice([b.add, b.mul])(x, other)

    def end(self, x: int) -> int:
        b, random = self.b, self.random
        choice = random.randrange(5)
        if choice == 0:
            x = b.softmax(b.fully_connected(b.mean(x), random.randint(2, 12)))
        elif choice == 1:
            elements = b.shape(x)[1] * b.shape(x)[2] * b.shape(x)[3]
            x = b.fully_connected(b.reshape(x, (1, elements)), random.randint(2, 12))
        elif choice == 2:
            x = b.fully_connected(x, random.randint(2, 12))
        return b.dequantize(x) if random.random() < 0.4 else x


def by_hand(network: Callable[[TfliteBuilder], list[int]]) -> bytes:
    builder = TfliteBuilder(len(network.__name__))
    return builder.build(network(builder))


def drawn(seed: int) -> bytes:
    builder = TfliteBuilder(seed)
    return builder.build(RandomNetwork(builder).draw())
