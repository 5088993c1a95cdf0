"""The MLPerf Tiny keyword model as generated C on an emulated Cortex-M4, on real features."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from firmware.board import MACHINES, Toolchain, missing_tools, run_firmware, run_tool

tinynas = pytest.importorskip("tinynas", reason="the Python extension is not built")
litert = pytest.importorskip("firmware.litert", reason="ai-edge-litert is not installed")

pytestmark = pytest.mark.skipif(
    missing_tools() != "", reason=f"tools for the board are missing: {missing_tools()}"
)


SHARED = Path(os.environ.get("TINYNAS_SHARED_DIR", Path(__file__).resolve().parents[3] / "shared"))


@pytest.fixture(scope="module")
def features() -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int64]]:
    """Images (count, 490) and their classes, in the order of y_labels.csv."""
    path = SHARED / "data" / "kws01" / "kws01.zip"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    with zipfile.ZipFile(path) as archive:
        names = {Path(name).name: name for name in archive.namelist()}
        table = archive.read(names["y_labels.csv"]).decode().split()
        rows = [line.split(",") for line in table]
        images = [np.frombuffer(archive.read(names[row[0]]), np.int8) for row in rows]
    return np.stack(images), np.array([int(row[2]) for row in rows])


@pytest.mark.parametrize(
    "count", [100, pytest.param(1000, marks=pytest.mark.nightly)], ids=["some", "all"]
)
def test_keywords(
    executable: Path,
    shared_tflite: dict[str, Path],
    features: tuple[npt.NDArray[np.int8], npt.NDArray[np.int64]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    count: int,
) -> None:
    images, classes = features[0][:count], features[1][:count]
    assert len(images) == count
    model = shared_tflite["mlperf-tiny-kws"]
    run_tool(executable, "export", model, "--out", tmp_path / "c")
    toolchain = Toolchain(MACHINES["Cortex-M4"], tmp_path / "objects")
    firmware = toolchain.link(tmp_path / "c", tmp_path / "build")
    outcome = run_firmware(firmware, images, 12)
    header = (tmp_path / "c" / "model.h").read_text()
    reference = litert.run_litert(model.read_bytes(), header, images)
    np.testing.assert_array_equal(outcome.outputs, reference)
    assert outcome.canaries_intact
    right = int((outcome.outputs.argmax(1) == classes).sum())
    with capsys.disabled():
        print(f"\nkeywords on an emulated Cortex-M4: {right} of {count} right")
    # Published with the data: 90.1 % of the 1,000.
    assert right == 901 if count == 1000 else right >= 80
