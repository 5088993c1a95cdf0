"""A search's winner in every format, on the images that it was tested with."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
import tinynas as tn
from ai_edge_litert.interpreter import OpResolverType
from support import onnx_runtime, tflm_interpreter
from support.litert_reference import reference_outputs
from support.small_search import MCU, Run

# Run by a Python that sees torch and the two exported files alone.
SCRIPT = """
import sys
import numpy as np, torch
sys.path.insert(0, ".")
import model
state = torch.load("state_dict.pt", weights_only=True)
assert all(type(value) is torch.Tensor for value in state.values())
images = torch.from_numpy(np.load(sys.argv[1]))
network = model.load()
with torch.no_grad():
    inputs = model.preprocess(images)
    logits = torch.cat([network(batch) for batch in inputs.split(500)])
np.savez(sys.argv[2], inputs=inputs.numpy(), logits=logits.numpy())
assert "tinynas" not in sys.modules
print(len(model.CLASSES), model.RESOLUTION)
"""


@dataclass
class Exported:
    run: Run
    folder: Path
    inputs: npt.NDArray[np.float32]  # (count, 1, rows, columns), normalised
    logits: npt.NDArray[np.float32]
    labels: npt.NDArray[np.uint8]

    def steps(self, network: tn.Int8Network, count: int) -> npt.NDArray[np.int8]:
        """The first images as the int8 network takes them."""
        images = self.inputs[:count].transpose(0, 2, 3, 1) / np.float32(network.input_scale)
        steps = np.clip(np.rint(images) + network.input_zero_point, -128, 127)
        return np.array(steps, np.int8)


def export(executable: Path, run: Path, name: str, out: Path) -> None:
    command = [str(executable), "export", str(run), "--format", name, "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(f"{out}: ") and done.stderr.count("\n") == 1


@pytest.fixture(scope="module")
def exported(
    executable: Path,
    fashion_mnist: Path,
    searched_run: Run,
    tmp_path_factory: pytest.TempPathFactory,
) -> Exported:
    folder = tmp_path_factory.mktemp("exported")
    targets = {"torch": "torch", "tflite": "m.tflite", "onnx": "m.onnx", "c": "c"}
    for name, out in targets.items():
        export(executable, searched_run.folder, name, folder / out)
    pixels = gzip.decompress((fashion_mnist / "t10k-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress((fashion_mnist / "t10k-labels-idx1-ubyte.gz").read_bytes())[8:]
    images = np.frombuffer(pixels, np.uint8).reshape(-1, 1, 28, 28)
    np.save(folder / "images.npy", images)
    command = [sys.executable, "-I", "-c", SCRIPT]
    command += [str(folder / "images.npy"), str(folder / "torch.npz")]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, cwd=folder / "torch"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["10", str(searched_run.document["best"]["resolution"])]
    arrays = np.load(folder / "torch.npz")
    classes = np.frombuffer(labels, np.uint8)
    return Exported(searched_run, folder, arrays["inputs"], arrays["logits"], classes)


def test_torch_has_the_accuracy_that_the_search_reported(exported: Exported) -> None:
    accuracy = (exported.logits.argmax(1) == exported.labels).mean()
    reported = exported.run.document["best"]["accuracy"]["test"]
    print(f"torch: {accuracy:.4f}, reported {reported:.4f} on {len(exported.labels)} images")
    assert accuracy == pytest.approx(reported, abs=1e-4)  # one image of 10,000
    files = sorted(path.name for path in (exported.folder / "torch").iterdir())
    assert [name for name in files if name != "__pycache__"] == ["model.py", "state_dict.pt"]


def test_tflite_equals_litert_and_tflm_bit_for_bit(exported: Exported) -> None:
    path = exported.folder / "m.tflite"
    content = path.read_bytes()
    assert content == (exported.run.folder / "best" / "model.tflite").read_bytes()
    network = tn.Int8Network(path)
    images = exported.steps(network, 40)
    ours = network.run(images)
    quantisation = (network.input_scale, network.input_zero_point)
    litert = reference_outputs(content, images, quantisation, network.output_quantisations)
    np.testing.assert_array_equal(ours, litert)
    tflm = tflm_interpreter.load(content)
    for image, output in zip(images, ours, strict=True):
        tflm.set_input(image[np.newaxis], 0)
        tflm.invoke()
        np.testing.assert_array_equal(np.ravel(tflm.get_output(0)), output)


def test_tflite_has_the_accuracy_that_the_search_reported(exported: Exported) -> None:
    network = tn.Int8Network(exported.run.folder)  # the run stands for its winner
    outputs = network.run(exported.steps(network, len(exported.labels)))
    accuracy = (outputs.argmax(1) == exported.labels).mean()
    reported = exported.run.document["best"]["accuracy"]["test_int8"]
    print(f"int8: {accuracy:.4f}, reported {reported:.4f}")
    assert accuracy == pytest.approx(reported, abs=2e-4)


def test_onnx_says_how_it_is_fed(exported: Exported) -> None:
    model = onnx.load(exported.folder / "m.onnx")
    onnx.checker.check_model(model, full_check=True)
    known = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert len(known["class_names"]) == 10 and known["class_names"][9] == "Ankle boot"
    assert known["mean"] == pytest.approx([0.286], abs=1e-3)
    assert known["deviation"] == pytest.approx([0.353], abs=1e-3)
    shape = model.graph.input[0].type.tensor_type.shape.dim
    resolution = exported.run.document["best"]["resolution"]
    assert [axis.dim_value for axis in shape[1:]] == [1, resolution, resolution]
    assert shape[0].dim_param == "N"


def test_onnx_agrees_on_real_images(exported: Exported) -> None:
    network = tn.Int8Network(exported.folder / "m.tflite")
    images, labels = exported.steps(network, 2000), exported.labels[:2000]
    ours = network.run(images).astype(np.int64)
    theirs = onnx_runtime.outputs(exported.folder / "m.onnx", network, images)
    same = (ours.argmax(1) == theirs.argmax(1)).mean()
    apart = np.abs(ours - theirs)
    near = (apart <= 1).mean()
    accuracies = [(values.argmax(1) == labels).mean() for values in (ours, theirs)]
    print(
        f"onnx: {100 * same:.2f} % of classes the same, {100 * near:.2f} % of logits within one "
        f"step; accuracy {100 * accuracies[1]:.2f} %, ours {100 * accuracies[0]:.2f} %"
    )
    assert same >= 0.98
    # A step that rounding makes early is several at the end.
    assert near >= 0.7
    assert apart.mean() <= 1.2
    # LiteRT's default kernels round as ONNX does.
    default = reference_outputs(
        (exported.folder / "m.tflite").read_bytes(),
        images[:200],
        (network.input_scale, network.input_zero_point),
        network.output_quantisations,
        kernels=OpResolverType.AUTO,
    )
    near_default = (np.abs(default - theirs[:200]) <= 1).mean()
    print(f"onnx: {100 * near_default:.2f} % of logits within one step of LiteRT's default kernels")
    assert near_default >= 0.93
    assert abs(accuracies[0] - accuracies[1]) <= 0.005


def test_a_run_is_planned_and_exported_as_its_model(
    exported: Exported, executable: Path, tmp_path: Path
) -> None:
    lines = []
    for network in (exported.run.folder, exported.run.folder / "best" / "model.tflite"):
        command = [str(executable), "plan", str(network), "--mcu", MCU]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        lines.append(done.stdout.split("\n", 1))
    assert lines[0][0] == f"{exported.run.folder.name} fits {MCU}"
    assert lines[0][1] == lines[1][1]
    header = (exported.folder / "c" / "model.h").read_text()
    assert re.search(rf"/\* {exported.run.folder.name}: an int8 network", header)


def test_what_is_left_of_a_run_is_said(
    exported: Exported, executable: Path, tmp_path: Path
) -> None:
    """Runs that are unfinished, or of before there were int8 models."""
    broken = tmp_path / "run"
    (broken / "best").mkdir(parents=True)
    for name in ("run.json", "best/subnet.json", "best/model.tflite", "best/weights.pt"):
        (broken / name).write_bytes((exported.run.folder / name).read_bytes())

    def error(name: str) -> str:
        command = [str(executable), "export", str(broken), "--format", name]
        command += ["--out", str(tmp_path / "out")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2, done.stderr
        assert done.stderr.startswith("tinynas: error: ") and done.stderr.count("\n") == 1
        assert not (tmp_path / "out").exists()
        return done.stderr

    weights = broken / "best" / "weights.pt"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert "weights.pt: is not a tinynas file or is damaged" in error("torch")
    weights.unlink()
    assert "weights.pt: cannot be read" in error("torch")
    (broken / "best" / "model.tflite").unlink()
    assert "has no int8 model (best/model.tflite)" in error("tflite")
    (broken / "best" / "subnet.json").unlink()
    assert "the search has not ended" in error("onnx")
