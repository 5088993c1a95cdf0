"""Generated C on the host, byte for byte as TensorFlow Lite's reference kernels: the plain kernels
and those for cores with the DSP extension, its instructions emulated, under sanitizers that see
reads beyond rows and weights."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from firmware.litert import run_litert
from support.tflite_models import TfliteBuilder
from support.tflite_networks import BY_HAND, by_hand, drawn, uint8_ends
from support.wide_networks import wide

ROOT = Path(__file__).resolve().parents[2]
KERNELS = ROOT / "cpp" / "src" / "codegen" / "kernels"
MAIN = ROOT / "tests" / "support" / "generated_c_main.c"
VARIANTS = {"plain": [], "dsp": ["-DTN_EMULATE_DSP"]}
FLAGS = ["-std=c99", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g1"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
# Beside the defaults, inputs that the arena does not hold, and patches.
MODES = ["resident", "external", "rows", "patches"]


def compile_c(*arguments: str | Path) -> None:
    command = ["gcc", *FLAGS, *SANITIZERS, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def is_of_network(source: Path) -> bool:
    """Of the shipped files: what knows the model, or of which a network has one of several."""
    return source.name == "tinynas_driver.c" or source.name.startswith("invoke_")


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """Object files of all kernels, by variant."""
    objects: dict[str, list[Path]] = {}
    for variant, defines in VARIANTS.items():
        folder = tmp_path_factory.mktemp(variant)
        sources = sorted(KERNELS.glob("*.c"))
        sources = [source for source in sources if not is_of_network(source)]
        for source in sources:
            compile_c(*defines, "-c", source, "-o", folder / f"{source.stem}.o")
        objects[variant] = sorted(folder.glob("*.o"))
    return objects


def export(executable: Path, model: Path, folder: Path, mode: str, rows: str) -> None:
    options = ["--input", "external" if mode == "patches" else mode, "--depthwise-rows", rows]
    if mode == "patches":
        # A budget that nothing meets takes the smallest plan there is.
        options += ["--mcu", "stm32f746", "--sram", "3200"]
    command = [str(executable), "export", str(model), "--out", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Checker:
    def __init__(self, executable: Path, kernels: dict[str, list[Path]], folder: Path) -> None:
        self.executable, self.kernels, self.folder = executable, kernels, folder

    def check(
        self, content: bytes, mode: str, what: str, images: int = 2, rows: str = "int8"
    ) -> Path:
        """The generated folder, whose outputs are those of the reference kernels."""
        model = self.folder / "model.tflite"
        model.write_bytes(content)
        source = self.folder / "c"
        export(self.executable, model, source, mode, rows)
        header = (source / "model.h").read_text()
        size = int(header.split("TINYNAS_INPUT_BYTES ")[1].split()[0])
        inputs = np.random.default_rng(images).integers(-128, 128, (images, size), np.int8)
        expected = run_litert(content, header, inputs)
        (self.folder / "images.bin").write_bytes(inputs.tobytes())
        network, weights = self.folder / "network.o", self.folder / "weights.o"
        sources = [source / "model.c"]
        sources += [path for path in sorted(source.glob("*.c")) if is_of_network(path)]
        compile_c(f"-I{source}", "-r", *sources, MAIN, "-o", network)
        for variant, defines in VARIANTS.items():
            program, outputs = self.folder / variant, self.folder / "outputs.bin"
            compile_c(*defines, "-c", source / "weights.c", "-o", weights)
            compile_c(network, weights, *self.kernels[variant], "-o", program)
            done = subprocess.run(
                [str(program), str(self.folder / "images.bin"), str(outputs)],
                capture_output=True,
                text=True,
                check=False,
                timeout=20,
            )
            assert done.returncode == 0, (what, variant, mode, done.stderr[:3000])
            got = np.frombuffer(outputs.read_bytes(), np.int8).reshape(expected.shape)
            wrong = np.flatnonzero(got != expected)
            assert wrong.size == 0, (what, variant, mode, wrong[:10], wrong.size)
        return source


@pytest.fixture
def checker(executable: Path, kernels: dict[str, list[Path]], tmp_path: Path) -> Checker:
    return Checker(executable, kernels, tmp_path)


def random_layer(seed: int) -> tuple[bytes, str]:
    """One or two layers with what makes kernels err: odd channels, maps of one row or column, long
    kernels, one-sided padding, strides."""
    builder = TfliteBuilder(seed)
    draw = random.Random(seed)
    kind = ["conv", "depthwise", "pointwise", "dense", "add"][seed % 5]
    rows, columns = draw.choice([1, 3, 5, 8, 13]), draw.choice([1, 2, 5, 7, 12, 17])
    channels = draw.choice([1, 2, 3, 4, 5, 8, 9, 16, 21])
    kernel = draw.choice([(1, 3), (3, 1), (3, 3), (5, 5), (7, 7), (10, 4), (2, 2), (4, 4), (9, 9)])
    stride = draw.choice([(1, 1), (1, 1), (2, 2), (2, 1), (1, 2), (3, 3)])
    relu = draw.choice([0, 1, 3])
    x = builder.input((1, rows, columns, channels))
    text = f"{seed} {kind} {rows}x{columns}x{channels} {kernel} {stride}"
    if kind == "pointwise":
        out = builder.conv(x, draw.randint(1, 19), (1, 1), relu=relu)
    elif kind == "dense":
        out = builder.fully_connected(x, draw.randint(1, 11))
    elif kind == "add":
        out = builder.add(builder.conv(x, channels, (1, 1)), x, relu=relu)
    else:
        if draw.random() < 0.4:
            sides = [(draw.randint(0, 2), draw.randint(0, 2)) for _ in range(2)]
            x = builder.pad(x, *sides)
        height, width = builder.shape(x)[1:3]
        same = draw.random() < 0.6 or kernel[0] > height or kernel[1] > width
        if kind == "conv":
            out = builder.conv(x, draw.randint(1, 9), kernel, stride, same=same, relu=relu)
        else:
            many = draw.choice([1, 1, 1, 2, 3])
            out = builder.depthwise(x, kernel, stride, same=same, relu=relu, multiplier=many)
    return builder.build([out]), text


@pytest.mark.parametrize("seed", range(30))
def test_layer(checker: Checker, seed: int) -> None:
    content, what = random_layer(seed)
    checker.check(content, MODES[seed % 3], what)


@pytest.mark.parametrize("channels", ["extreme", "pruned"])
@pytest.mark.parametrize("kind", ["conv", "pointwise", "depthwise"])
def test_extreme_channels(checker: Checker, kind: str, channels: str) -> None:
    """Weights of -128, which quads of weights cannot hold; biases and factors beyond what the fast
    requantising takes; factors so small that outputs do not depend on the image. Or channels
    without weights, as MLPerf Tiny's person detection has them."""
    builder = TfliteBuilder(7)
    builder.extreme, builder.pruned = channels == "extreme", channels == "pruned"
    x = builder.input((1, 7, 9, 13))
    if kind == "depthwise":
        out = builder.depthwise(builder.depthwise(x, (5, 5), (2, 2)), (3, 3))
    else:
        out = builder.conv(x, 21, (3, 3) if kind == "conv" else (1, 1))
    checker.check(builder.build([out]), "resident", f"{kind}-{channels}")


@pytest.mark.parametrize("network", BY_HAND, ids=lambda network: network.__name__)
def test_network(checker: Checker, network: Callable[[TfliteBuilder], list[int]]) -> None:
    checker.check(by_hand(network), MODES[len(network.__name__) % 4], network.__name__)


@pytest.mark.parametrize("mode", MODES[:3])
def test_uint8_ends(checker: Checker, mode: str) -> None:
    source = checker.check(by_hand(uint8_ends), mode, "uint8_ends", images=3)
    header = (source / "model.h").read_text()
    assert "#define TINYNAS_INPUT_TYPE uint8_t\n" in header
    assert "#define TINYNAS_OUTPUT_TYPE uint8_t\n" in header


@pytest.mark.parametrize("seed", range(8))
def test_drawn_network(checker: Checker, seed: int) -> None:
    checker.check(drawn(seed), MODES[seed % 4], f"drawn {seed}")


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100, 400))
def test_many(checker: Checker, seed: int) -> None:
    content, what = random_layer(seed)
    checker.check(content, MODES[seed % 3], what)
    checker.check(drawn(seed), MODES[seed % 4], f"drawn {seed}")


def check_wide(checker: Checker, seed: int) -> None:
    mode = MODES[seed % 4]
    source = checker.check(wide(seed), mode, f"wide {seed}", rows="int16")
    # The smallest plan of all has int8 rows.
    assert mode == "patches" or "tn_depthwise_wide" in (source / "model.c").read_text()


@pytest.mark.parametrize("seed", range(16))
def test_int16_rows(checker: Checker, seed: int) -> None:
    check_wide(checker, seed)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(16, 400))
def test_many_int16_rows(checker: Checker, seed: int) -> None:
    check_wide(checker, seed)


def test_published(checker: Checker, shared_tflite: dict[str, Path]) -> None:
    """One of them, mcunet-in0, has biases at the ends of int32."""
    for name, path in shared_tflite.items():
        checker.check(path.read_bytes(), "external", name, images=1)
