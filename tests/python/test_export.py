"""`tinynas export`: formats that need no run, and what cannot be exported."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
import tinynas as tn
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from conftest import SHARED
from support import onnx_runtime
from support.litert_reference import reference_outputs
from support.tflite_models import MAP, Quantisation, TfliteBuilder
from support.tflite_networks import BY_HAND, by_hand, drawn

# Shares of outputs that equal ours, or are one step away. TensorFlow Lite's requantisation rounds
# twice, ONNX once, so a few values of a hundred differ by one step; later layers make more of it.
EQUAL, WITHIN_ONE = 0.85, 0.88
MOST_STEPS = 10
DRAWN = range(2000, 2030)


def images_for(network: tn.Int8Network, count: int) -> npt.NDArray[np.int8]:
    shape = (count, *network.input_shape)
    return np.random.default_rng(0).integers(-128, 128, shape, dtype=np.int8)


def steps_apart(model: Path, images: int, folder: Path) -> npt.NDArray[np.int64]:
    network = tn.Int8Network(model)
    target = tn.export(model, format="onnx", out=folder / "model.onnx")
    onnx.checker.check_model(str(target), full_check=True)
    drawn_images = images_for(network, images)
    theirs = onnx_runtime.outputs(target, network, drawn_images)
    return np.array(np.abs(theirs - network.run(drawn_images)), np.int64)


@pytest.mark.parametrize("network", BY_HAND, ids=lambda network: str(network.__name__))
def test_onnx_of_every_operator(network: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(by_hand(network))
    apart = steps_apart(path, 4, tmp_path)
    print(f"{(apart == 0).mean():.3f} equal, {(apart <= 1).mean():.4f} within one step")
    assert (apart == 0).mean() >= EQUAL
    assert (apart <= 1).mean() >= WITHIN_ONE
    assert apart.max() <= MOST_STEPS


@pytest.mark.nightly
@pytest.mark.parametrize("seed", DRAWN)
def test_onnx_of_drawn_networks(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(drawn(seed))
    try:
        tn.Int8Network(path)
    except tn.BadInputError as error:
        pytest.skip(str(error))
    apart = steps_apart(path, 4, tmp_path)
    # Drawn networks make more of a step than trained ones do; a wrong layout is 40 steps away.
    assert apart.mean() < 2.5, f"{apart.mean():.2f} steps apart on average"


def test_onnx_of_published_files(shared_tflite: dict[str, Path], tmp_path: Path) -> None:
    for name, path in shared_tflite.items():
        network = tn.Int8Network(path)
        target = tn.export(path, format="onnx", out=tmp_path / "model.onnx")
        noise = images_for(network, 24)
        theirs = onnx_runtime.outputs(target, network, noise)
        # LiteRT's default kernels round once, as ONNX does.
        image = (network.input_scale, network.input_zero_point)
        default = reference_outputs(
            path.read_bytes(),
            noise,
            image,
            network.output_quantisations,
            kernels=OpResolverType.AUTO,
        )
        apart, from_ours = np.abs(theirs - default), np.abs(theirs - network.run(noise))
        print(
            f"{name}: {100 * (apart <= 1).mean():.1f} % within one step of LiteRT's default "
            f"kernels; {100 * (from_ours <= 1).mean():.1f} % of the reference kernels"
        )
        assert (apart <= 1).mean() >= 0.9, name
        model = onnx.load(target)
        assert model.opset_import[0].version >= 13
        constants = {i.name: i for i in model.graph.initializer}
        makers = {node.output[0]: node for node in model.graph.node}
        convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
        assert len(convolutions) >= 8, name
        for node in convolutions:
            image, weights, bias = (makers[name] for name in node.input)
            assert {n.op_type for n in (image, weights, bias)} == {"DequantizeLinear"}
            stored = constants[weights.input[0]]
            assert stored.data_type == onnx.TensorProto.INT8
            assert list(constants[weights.input[1]].dims) == [stored.dims[0]]
            assert constants[bias.input[0]].data_type == onnx.TensorProto.INT32


def float_to_float(b: TfliteBuilder) -> list[int]:
    return [b.dequantize(b.requantize(b.input((1, 6, 5, 3), is_float=True), MAP))]


def bytes_in(b: TfliteBuilder) -> list[int]:
    b.inputs.append(b.tensor((1, 6, 5, 3), Quantisation(0.05, 120), schema.TensorType.UINT8))
    return [b.dequantize(b.conv(b.requantize(b.inputs[0], MAP), 4))]


@pytest.mark.parametrize("network", [float_to_float, bytes_in])
def test_onnx_of_networks_with_other_ends(network: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(by_hand(network))
    target = tn.export(path, format="onnx", out=tmp_path / "model.onnx")
    litert = Interpreter(
        model_path=str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    litert.allocate_tensors()
    (source,), (made,) = litert.get_input_details(), litert.get_output_details()
    values = np.random.default_rng(0).uniform(0, 6, source["shape"]).astype(np.float32)
    given = values
    if source["dtype"] == np.uint8:
        scale, zero = source["quantization"]
        given = np.rint(values / scale + zero).astype(np.uint8)
    litert.set_tensor(source["index"], given)
    litert.invoke()
    session = onnx_runtime.session(target)
    (output,) = session.run(None, {"input": values.transpose(0, 3, 1, 2)})
    expected = litert.get_tensor(made["index"])
    one_step = MAP.scale + 1e-6
    np.testing.assert_allclose(output.transpose(0, 2, 3, 1), expected, rtol=0, atol=one_step)


def test_onnx_of_the_keyword_model_on_real_inputs(
    shared_tflite: dict[str, Path], tmp_path: Path
) -> None:
    archive = SHARED / "data" / "kws01" / "kws01.zip"
    if not archive.is_file():
        pytest.skip(f"{archive} is not there")
    network = tn.Int8Network(shared_tflite["mlperf-tiny-kws"])
    with zipfile.ZipFile(archive) as entries:
        names = [name for name in sorted(entries.namelist()) if name.endswith(".bin")][:500]
        data = b"".join(entries.read(name) for name in names)
    images = np.frombuffer(data, np.int8).reshape(len(names), *network.input_shape)
    target = tn.export(shared_tflite["mlperf-tiny-kws"], format="onnx", out=tmp_path / "model.onnx")
    ours = network.run(images).astype(np.int64)
    theirs = onnx_runtime.outputs(target, network, images)
    same = (ours.argmax(1) == theirs.argmax(1)).mean()
    near = (np.abs(ours - theirs) <= 1).mean()
    print(f"kws: {100 * same:.2f} % of classes the same, {100 * near:.2f} % within one step")
    assert same >= 0.98
    assert near >= 0.95


# What cannot be exported.


@pytest.fixture
def small(tmp_path: Path) -> Path:
    builder = TfliteBuilder(1)
    path = tmp_path / "small.tflite"
    path.write_bytes(builder.build([builder.conv(builder.input((1, 6, 6, 2)), 4)]))
    return path


@pytest.fixture
def unsupported(tmp_path: Path) -> Path:
    builder = TfliteBuilder(1)
    x = builder.conv(builder.input((1, 8, 8, 3)), 4)
    for code in (28, 11):  # TANH, L2_NORMALIZATION
        x = builder.conv(builder.relu(x, code), 4)
    path = tmp_path / "tanh.tflite"
    path.write_bytes(builder.build([x]))
    return path


def refused(executable: Path, *arguments: str | Path, code: int = 2, **environment: str) -> str:
    """The one line of `tinynas export`, which is the same from Python."""
    lines = []
    for command in ([str(executable)], [sys.executable, "-m", "tinynas"]):
        done = subprocess.run(
            [*command, "export", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, **environment},
        )
        assert done.returncode == code, done.stderr
        assert done.stdout == ""
        assert done.stderr.startswith("tinynas: error: ") and done.stderr.count("\n") == 1
        lines.append(done.stderr)
    assert lines[0] == lines[1]
    return lines[0]


def test_slips_are_told_in_one_line(executable: Path, small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "did you mean 'onnx'?" in refused(executable, small, "--format", "onx", "--out", out)
    missing = refused(executable, tmp_path / "lost", "--format", "onnx", "--out", out)
    assert "there is no such file or run directory" in missing
    no_run = refused(executable, small, "--format", "tflite", "--out", out)
    assert f"{small}: --format tflite writes the winner of a run" in no_run
    if tn.with_torch:
        no_floats = refused(executable, small, "--format", "torch", "--out", out)
        assert f"{small}: --format torch writes the float network of a run" in no_floats
    planned = refused(executable, small, "--format", "onnx", "--out", out, "--mcu", "stm32f746")
    assert "--mcu: --format onnx holds no memory plan" in planned
    folder = tmp_path / "folder"
    folder.mkdir()
    assert "no run directory" in refused(executable, folder, "--format", "c", "--out", out)
    assert not out.exists()


def test_operators_without_a_kernel_are_all_listed(
    executable: Path, unsupported: Path, tmp_path: Path
) -> None:
    for name in ("c", "onnx"):
        out = tmp_path / "out"
        line = refused(executable, unsupported, "--format", name, "--out", out, code=4)
        assert "1 TANH" in line and "3 L2_NORMALIZATION" in line
        with pytest.raises(tn.UnsupportedOperatorError, match="1 TANH"):
            tn.export(unsupported, format=name, out=out)
        assert not out.exists()


def test_without_onnx_the_mend_is_told(executable: Path, small: Path, tmp_path: Path) -> None:
    # As where it is not installed, or not for this Python.
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "onnx.py").write_text("raise ModuleNotFoundError('no onnx', name='onnx')\n")
    paths = os.pathsep.join([str(hidden), os.environ.get("PYTHONPATH", "")])
    out = tmp_path / "new" / "model.onnx"
    line = refused(executable, small, "--format", "onnx", "--out", out, PYTHONPATH=paths)
    assert re.search(r"needs the Python package onnx, .* -m pip install onnx`$", line)
    assert not out.parent.exists()


def test_nothing_is_written_over(executable: Path, small: Path, tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    diary.mkdir()
    (diary / "monday.txt").write_text("rain")
    line = refused(executable, small, "--format", "c", "--out", diary)
    assert "holds other files; choose a new folder" in line
    line = refused(executable, small, "--format", "c", "--out", diary / "monday.txt")
    assert "is a file; this format writes a folder" in line
    line = refused(executable, small, "--format", "onnx", "--out", diary)
    assert f"{diary}: " in line
    assert [path.name for path in diary.iterdir()] == ["monday.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["diary", "small.tflite"]


def test_python_takes_what_the_command_takes(small: Path, tmp_path: Path) -> None:
    folder = tn.export(small, format="c", out=tmp_path / "c", mcu="stm32f746", input="rows")
    assert (folder / "model.h").is_file()
    with pytest.raises(tn.BadInputError, match="input: format onnx holds no memory plan"):
        tn.export(small, format="onnx", out=tmp_path / "m.onnx", input="rows")
