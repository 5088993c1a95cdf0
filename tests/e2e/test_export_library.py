"""`tinynas export --format c` and `--format arduino`: folders that build as they are, and whose
preprocessing, model card and examples say and do what the model's file says."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from firmware.board import MACHINES, missing_tools, run_tool
from firmware.litert import quantisations, run_litert
from support.tflite_models import TfliteBuilder

SUPPORT = Path(__file__).resolve().parents[1] / "support"
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1"]
SIZE = 12
COLOUR: dict[str, Any] = {
    "mean": [0.4914, 1 / 3, 0.25],
    "deviation": [0.2470, 1 / 7, 0.1],
    "class_names": ['cat "Tom"', "??= dog", "b\\ird", "stra\u00dfe", "*/ last"],
}
GREY: dict[str, Any] = {"mean": [0.2860405969887955], "deviation": [0.3530242445149224]}


def network(preprocessing: dict[str, Any] | None, seed: int = 3) -> bytes:
    channels = len(preprocessing["mean"]) if preprocessing else 2
    builder = TfliteBuilder(seed)
    x = builder.conv(builder.input((1, SIZE, SIZE, channels)), 8, (3, 3), (2, 2), relu=1)
    x = builder.conv(builder.depthwise(x, (3, 3), relu=1), 12, (1, 1))
    return builder.build([builder.fully_connected(builder.mean(x), 5)], preprocessing=preprocessing)


def exported(
    executable: Path, folder: Path, content: bytes, *options: str, form: str = "c"
) -> Path:
    model = folder / "pets.tflite"
    model.write_bytes(content)
    run_tool(executable, "export", model, "--format", form, "--out", folder / form, *options)
    return folder / form


def strictly_compiled(source: Path, program: Path, main: Path) -> Path:
    run_tool("gcc", *STRICT, f"-I{source}", *sorted(source.glob("*.c")), main, "-o", program)
    return program


def quantised(pixels: npt.NDArray[np.uint8], header: str, says: dict[str, Any]) -> Any:
    """float32, ties to even: the scheme of the search's own measurements."""
    ((scale, zero),) = quantisations(header, "INPUT")
    mean, deviation = (np.array(says[key], np.float64) for key in ("mean", "deviation"))
    real = ((pixels / 255.0 - mean) / deviation).astype(np.float32)
    steps = np.rint(real / np.float32(scale)) + np.float32(zero)
    return np.clip(steps, -128, 127).astype(np.int8)


@pytest.mark.parametrize("says", [COLOUR, GREY], ids=["colour", "grey"])
def test_every_pixel_value_is_quantised_as_measured(
    executable: Path, tmp_path: Path, says: dict[str, Any]
) -> None:
    source = exported(executable, tmp_path, network(says))
    main = tmp_path / "table.c"
    main.write_text(
        """#include <stdio.h>
#include "model.h"
int main(void) {
  static const double mean[] = TINYNAS_INPUT_MEAN, deviation[] = TINYNAS_INPUT_DEVIATION;
  uint8_t pixels[256 * TINYNAS_INPUT_CHANNELS];
  for (int i = 0; i < 256 * TINYNAS_INPUT_CHANNELS; ++i) {
    pixels[i] = (uint8_t)(i / TINYNAS_INPUT_CHANNELS + 85 * (i % TINYNAS_INPUT_CHANNELS));
  }
  tinynas_quantise_pixels(pixels, 256, (int8_t*)pixels); /* where they lie */
  for (int i = 0; i < 256 * TINYNAS_INPUT_CHANNELS; ++i) printf("%d ", ((int8_t*)pixels)[i]);
  for (int c = 0; c < TINYNAS_INPUT_CHANNELS; ++c) printf("%.17g %.17g ", mean[c], deviation[c]);
  printf("%s", TINYNAS_INPUT_CHANNEL_ORDER);
  return 0;
}
"""
    )
    words = run_tool(strictly_compiled(source, tmp_path / "table", main)).split()
    channels = len(says["mean"])
    pixels = (np.arange(256)[:, None] + 85 * np.arange(channels)).astype(np.uint8)
    wanted = quantised(pixels, (source / "model.h").read_text(), says)
    assert len(np.unique(wanted[:, 0])) > 20  # the table is no constant
    np.testing.assert_array_equal(np.array(words[: wanted.size], np.int64), wanted.ravel())
    reals = [float(word) for word in words[wanted.size : -1]]
    assert reals[::2] == says["mean"] and reals[1::2] == says["deviation"]
    assert words[-1] == {1: "grey", 3: "RGB"}[channels]


def netpbm(pixels: npt.NDArray[np.uint8]) -> bytes:
    height, width, channels = pixels.shape
    head = f"P{6 if channels == 3 else 5}\n# an image\n{width} {height}\n255\n"
    return head.encode() + pixels.tobytes()


def best_of(content: bytes, header: str, pixels: npt.NDArray[np.uint8], says: Any) -> int:
    image = quantised(pixels, header, says)
    return int(np.argmax(run_litert(content, header, image.reshape(1, -1))[0]))


@pytest.mark.parametrize("mode", ["resident", "rows", "external"])
def test_the_example_classifies_images(executable: Path, tmp_path: Path, mode: str) -> None:
    content = network(COLOUR)
    source = exported(executable, tmp_path, content, "--input", mode)
    header = (source / "model.h").read_text()
    classify = strictly_compiled(source, tmp_path / "classify", source / "example" / "main.c")
    image = tmp_path / "image.ppm"
    found = set()
    for seed in range(12):
        random = np.random.default_rng(seed)
        shape = (SIZE, SIZE, 3)
        pixels = (random.random(shape) * random.integers(1, 256, 3)).astype(np.uint8)
        image.write_bytes(netpbm(pixels))
        best = best_of(content, header, pixels, COLOUR)
        name, output = run_tool(classify, image).splitlines()
        assert name == COLOUR["class_names"][best]
        assert output.startswith(f"output {best}: ")
        found.add(best)
    assert len(found) > 1


def test_the_example_on_a_real_image(executable: Path, tmp_path: Path, fashion_mnist: Path) -> None:
    builder = TfliteBuilder(5)
    x = builder.conv(builder.input((1, 28, 28, 1)), 8, (3, 3), (2, 2), relu=1)
    content = builder.build([builder.fully_connected(builder.mean(x), 10)], preprocessing=GREY)
    source = exported(executable, tmp_path, content)
    header = (source / "model.h").read_text()
    classify = strictly_compiled(source, tmp_path / "classify", source / "example" / "main.c")
    packed = next(fashion_mnist.glob("t10k-images*"))
    raw = gzip.decompress(packed.read_bytes()) if packed.suffix == ".gz" else packed.read_bytes()
    images = np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28, 1)
    image = tmp_path / "image.pgm"
    for pixels in images[:8]:
        image.write_bytes(netpbm(pixels))
        best = best_of(content, header, pixels, GREY)
        assert run_tool(classify, image).startswith(f"output {best}: ")


def test_the_example_refuses_other_images(executable: Path, tmp_path: Path) -> None:
    source = exported(executable, tmp_path, network(COLOUR))
    classify = strictly_compiled(source, tmp_path / "classify", source / "example" / "main.c")
    good = netpbm(np.zeros((SIZE, SIZE, 3), np.uint8))
    bad = [good[:-1], good.replace(b"P6", b"P5"), good.replace(b"12 12", b"12 13"), b"", b"P6\n#"]
    for content in bad:
        (tmp_path / "image").write_bytes(content)
        done = subprocess.run(
            [classify, tmp_path / "image"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2 and "not an image of 12 x 12 pixels" in done.stderr


def test_a_model_without_preprocessing_says_so(executable: Path, tmp_path: Path) -> None:
    content = network(None)
    source = exported(executable, tmp_path, content)
    header = (source / "model.h").read_text()
    assert "does not say which real value a pixel stands for" in header
    assert "TINYNAS_INPUT_SCALE" in header and "TINYNAS_INPUT_ZERO_POINT" in header
    for absent in ("TINYNAS_INPUT_MEAN", "TINYNAS_CLASS_NAMES", "tinynas_quantise_pixels"):
        assert absent not in header
    card = (source / "MODEL_CARD.md").read_text()
    assert "does not say which real value" in card and "does not name its outputs" in card
    assert "Not known to what exported it" in card
    classify = strictly_compiled(source, tmp_path / "classify", source / "example" / "main.c")
    image = np.random.default_rng(1).integers(-128, 128, (1, SIZE * SIZE * 2), np.int8)
    (tmp_path / "image").write_bytes(image.tobytes())
    best = int(np.argmax(run_litert(content, header, image)[0]))
    assert run_tool(classify, tmp_path / "image").startswith(f"output {best}: ")


def test_the_model_card(executable: Path, tmp_path: Path) -> None:
    source = exported(executable, tmp_path, network(COLOUR))
    card = (source / "MODEL_CARD.md").read_text()
    header = (source / "model.h").read_text()
    arena = re.search(r"TINYNAS_ARENA_BYTES (\d+)", header)
    assert arena and f"| arena: all activations and scratch | {int(arena[1]):,} |" in card
    assert "| input | 12 x 12 x 3 (rows x columns x channels) |" in card
    assert "| green | 0.3333333333333333 | 0.14285714285714285 |" in card
    assert '0. cat "Tom"\n1. ??= dog\n2. b\\\\ird\n3. stra\u00dfe\n4. \\*/ last\n' in card
    ((_, zero),) = quantisations(header, "INPUT")
    assert re.search(rf"\| input \| 12 x 12 x 3 \| [0-9.]+ \| {zero} \|", card)
    notice = (source / "LICENSE.txt").read_text()
    assert "free to use" in notice and "AS IS" in notice
    for file in ("model.h", "model.c", "weights.c", "tinynas_runtime.h", "example/main.c"):
        assert "ree to use" in (source / file).read_text()[:1200], file


def test_accuracies_come_from_the_run(executable: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "best").mkdir(parents=True)
    (run / "best" / "model.tflite").write_bytes(network(GREY))
    (run / "best" / "subnet.json").write_text("{}")
    (run / "run.json").write_text('{"format": "tinynas-run", "format_version": 1}')
    accuracy: dict[str, Any] = {"validation": 0.9238, "test": 0.9187, "validation_int8": 0.9234}
    result = {"best": {"accuracy": {**accuracy, "test_int8": None}}}
    (run / "result.json").write_text(json.dumps(result))
    run_tool(executable, "export", run, "--out", tmp_path / "c")
    card = (tmp_path / "c" / "MODEL_CARD.md").read_text()
    assert card.startswith("# run\n")
    assert "| validation | 92.38 % | 92.34 % |\n| test | 91.87 % | not measured |" in card
    (run / "result.json").write_text('{"best": {"accuracy": {"validation": "high"}}}')
    done = subprocess.run(
        [executable, "export", run, "--out", tmp_path / "d"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (
        done.returncode == 2 and "result.json: field 'validation' must be a number" in done.stderr
    )


def test_a_project_of_ones_own_builds_with_cmake(executable: Path, tmp_path: Path) -> None:
    source = exported(executable, tmp_path, network(COLOUR))
    consumer = tmp_path / "consumer"
    consumer.mkdir()
    (consumer / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(consumer C CXX)\n"
        f"add_subdirectory({source} model)\nadd_executable(app app.cpp)\n"
        "target_compile_options(app PRIVATE -Wall -Wextra -Werror -pedantic)\n"
        "target_link_libraries(app PRIVATE tinynas_model)\n"
    )
    (consumer / "app.cpp").write_text(
        '#include "model.h"\n'
        "static const char* const names[] = TINYNAS_CLASS_NAMES;\n"
        "int main() {\n  int8_t output[TINYNAS_OUTPUT_BYTES];\n"
        "  for (int i = 0; i < TINYNAS_INPUT_BYTES; ++i) tinynas_input()[i] = 1;\n"
        "  return tinynas_invoke(tinynas_input(), output) + (names[0][0] != 'c');\n}\n"
    )
    for folder, build in ((consumer, "build"), (source, "alone")):
        run_tool("cmake", "-S", folder, "-B", tmp_path / build)
        run_tool("cmake", "--build", tmp_path / build)
    run_tool(tmp_path / "build" / "app")
    assert (tmp_path / "alone" / "classify").is_file()  # the example, and only there
    assert not list((tmp_path / "build").rglob("classify"))


@pytest.mark.skipif(missing_tools() != "", reason=missing_tools())
@pytest.mark.parametrize("core", ["Cortex-M0+", "Cortex-M4"])
@pytest.mark.parametrize(
    ("says", "mode"), [(COLOUR, "resident"), (COLOUR, "rows"), (None, "external")]
)
def test_the_sketch_compiles(
    executable: Path, tmp_path: Path, core: str, says: dict[str, Any] | None, mode: str
) -> None:
    library = exported(executable, tmp_path, network(says), "--input", mode, form="arduino")
    properties = dict(
        line.split("=", 1) for line in (library / "library.properties").read_text().splitlines()
    )
    assert properties["name"] == "tinynas_pets" and properties["includes"] == "tinynas_model.h"
    assert (library / "src" / properties["includes"]).is_file()
    sketch = library / "examples" / "classify" / "classify.ino"
    target = [flag for flag in MACHINES[core].flags if flag.startswith("-m")]
    flags = ["-Wall", "-Wextra", "-Werror", f"-I{library / 'src'}", f"-I{SUPPORT}"]
    run_tool(
        *("arm-none-eabi-g++", *target, *flags, "-std=gnu++17", "-Os", "-fno-exceptions"),
        *("-include", SUPPORT / "Arduino.h", "-x", "c++", "-c", sketch, "-o", tmp_path / "ino.o"),
    )
    objects = []
    for source in sorted((library / "src").glob("*.c")):
        objects.append(tmp_path / f"{source.stem}.o")
        run_tool("arm-none-eabi-gcc", *target, *flags, "-Os", "-c", source, "-o", objects[-1])
    whole = tmp_path / "sketch.o"
    run_tool("arm-none-eabi-gcc", *target, "-r", *objects, tmp_path / "ino.o", "-o", whole)
    undefined = {
        line.split()[-1] for line in run_tool("arm-none-eabi-nm", "-u", "-C", whole).splitlines()
    }
    # The network is in the library under C's names; what is missing is Arduino's own.
    assert not [name for name in undefined if name.startswith(("tinynas", "tn_"))], undefined


def test_a_second_export_replaces_the_first(executable: Path, tmp_path: Path) -> None:
    for form, inner in (("c", "example"), ("arduino", "src")):
        folder = exported(executable, tmp_path, network(COLOUR), form=form)
        (folder / inner / "left_over.c").write_text("")
        assert exported(executable, tmp_path, network(GREY), form=form) == folder
        assert not (folder / inner / "left_over.c").exists()
        assert (folder / "MODEL_CARD.md").is_file()
