"""`tinynas plan` on published `.tflite` files: verdicts, JSON, exit codes, offline plans."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.tflite_models import TfliteBuilder

# MACs and weights of the networks, which no schedule changes; the least memory of layer-by-layer
# plans in which only depthwise convolutions run in place (the reference's README).
PUBLISHED = {
    "mcunet-vww1-float-io": {"macs": 11_578_816, "weights": 420_520, "layer_by_layer": 89_600},
    "mcunet-in0": {"macs": 6_364_224, "weights": 735_176, "layer_by_layer": 46_080},
    "mlperf-tiny-resnet8": {"macs": 12_501_632, "weights": 77_360, "layer_by_layer": 49_152},
    "mlperf-tiny-kws": {"macs": 2_656_768, "weights": 22_016, "layer_by_layer": 16_000},
}
# The same networks as layer tables.
TABLES = {"mcunet-vww1-float-io": "mcunet-vww1", "mcunet-in0": "mcunet-in0"}


def run(executable: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(executable), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def assert_one_line(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, (done.returncode, done.stderr)
    assert done.stdout == ""
    assert done.stderr.startswith("tinynas: error: ") and done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr


def check_schema(document: Any) -> None:
    """Names and types that other programs rely on (design.md)."""
    assert document["schema_version"] == 1
    integers = {
        "": ["peak_sram_bytes", "lower_bound_bytes", "flash_bytes", "macs"],
        "sram": ["activation_bytes", "scratch_bytes", "runtime_bytes", "stack_bytes"],
        "flash": [
            "weight_bytes",
            "bias_bytes",
            "quantisation_bytes",
            "descriptor_bytes",
            "code_bytes",
        ],
        "mcu": ["sram_budget_bytes", "flash_budget_bytes"],
    }
    for table, names in integers.items():
        fields = document[table] if table else document
        for name in names:
            assert type(fields[name]) is int, (table, name)
    assert document["flash_bytes"] == sum(document["flash"][name] for name in integers["flash"])
    arena = document["sram"]["activation_bytes"] + document["sram"]["scratch_bytes"]
    assert document["lower_bound_bytes"] <= document["peak_sram_bytes"] == arena
    assert [row["index"] for row in document["operators"]] == list(
        range(len(document["operators"]))
    )
    for row in document["operators"]:
        assert isinstance(row["name"], str) and isinstance(row["kind"], str)
        for name in ("live_bytes", "scratch_bytes", "macs", "weight_bytes"):
            assert type(row[name]) is int
    for name, total in (
        ("macs", document["macs"]),
        ("weight_bytes", document["flash"]["weight_bytes"]),
    ):
        assert sum(row[name] for row in document["operators"]) == total


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_models_under_each_runtime(
    name: str, shared_tflite: dict[str, Path], cli_json: Callable[..., Any]
) -> None:
    known = PUBLISHED[name]
    peaks = {}
    for runtime in ("tinynas", "tinyengine", "tflm"):
        document = cli_json("plan", shared_tflite[name], "--runtime", runtime, "--mcu", "stm32h743")
        check_schema(document)
        assert document["runtime"] == runtime
        assert document["fits"] is True
        assert document["macs"] == known["macs"]
        assert document["flash"]["weight_bytes"] == known["weights"]
        peaks[runtime] = document["peak_sram_bytes"]
        if runtime == "tinyengine":
            assert document["sram"]["activation_bytes"] == known["layer_by_layer"]
    print(f"{name}: {peaks}")
    assert peaks["tinynas"] < known["layer_by_layer"] < peaks["tflm"]


@pytest.mark.parametrize("name", TABLES)
def test_a_model_is_planned_as_its_layer_table(
    name: str,
    shared_tflite: dict[str, Path],
    shared_networks: list[Path],
    cli_json: Callable[..., Any],
) -> None:
    [table] = [path for path in shared_networks if path.stem == TABLES[name]]
    of_file, of_table = cli_json("plan", shared_tflite[name]), cli_json("plan", table)
    assert of_file["peak_sram_bytes"] == of_table["peak_sram_bytes"]


def test_verdicts_for_people(shared_tflite: dict[str, Path], executable: Path) -> None:
    resnet8 = shared_tflite["mlperf-tiny-resnet8"]
    fits = run(executable, "plan", resnet8, "--mcu", "stm32f103rb")
    assert fits.returncode == 0 and fits.stderr == ""
    assert fits.stdout.startswith("mlperf-tiny-resnet8 fits stm32f103rb\n")
    too_large = run(executable, "plan", resnet8, "--mcu", "stm32f103rb", "--runtime", "tflm")
    assert too_large.returncode == 3
    assert too_large.stdout.startswith("mlperf-tiny-resnet8 does not fit stm32f103rb\n")
    assert re.search(r"head.*49,152", too_large.stdout)
    vww = run(executable, "plan", shared_tflite["mcunet-vww1-float-io"])
    assert "QUANTIZE at the input" in vww.stdout
    assert "DEQUANTIZE at the output" in vww.stdout
    in0 = run(executable, "plan", shared_tflite["mcunet-in0"])
    assert re.search(r"\d+ PAD \(folded\)", in0.stdout)


def test_what_does_not_fit_says_by_how_much(
    shared_tflite: dict[str, Path], cli_json: Callable[..., Any]
) -> None:
    document = cli_json(
        "plan", shared_tflite["mcunet-in0"], "--mcu", "stm32g031k8", "--flash", "2MiB", expect=3
    )
    assert document["fits"] is False
    allowed = document["mcu"]["sram_budget_bytes"]
    assert document["excess"]["sram_bytes"] == document["peak_sram_bytes"] - allowed > 0


def test_operators_without_a_kernel(executable: Path, tmp_path: Path) -> None:
    builder = TfliteBuilder(1)
    x = builder.conv(builder.input((1, 8, 8, 3)), 4)
    for code in (28, 11):  # TANH, L2_NORMALIZATION
        x = builder.conv(builder.relu(x, code), 4)
    path = tmp_path / "tanh.tflite"
    path.write_bytes(builder.build([x]))
    for flags in ([], ["--json"]):
        done = run(executable, "plan", path, *flags)
        assert_one_line(done, 4, str(path), "no kernel for 2 operators", "1 TANH")
        assert "3 L2_NORMALIZATION" in done.stderr


def test_float_models_say_what_to_do(executable: Path, tmp_path: Path) -> None:
    builder = TfliteBuilder(1)
    x = builder.input((1, 10), is_float=True)
    path = tmp_path / "float.tflite"
    path.write_bytes(builder.build([builder.softmax(x)]))
    assert_one_line(run(executable, "plan", path), 4, "0 SOFTMAX", "quantise the model to int8")


def test_damaged_files(shared_tflite: dict[str, Path], executable: Path, tmp_path: Path) -> None:
    whole = shared_tflite["mlperf-tiny-kws"].read_bytes()
    path = tmp_path / "model.tflite"
    for content in (b"", whole[:100], whole[: len(whole) // 2], whole[1:], b"\0" * len(whole)):
        path.write_bytes(content)
        assert_one_line(run(executable, "plan", path, "--json"), 2, str(path))


def test_offline_plan_is_written_beside_the_verdict(
    shared_tflite: dict[str, Path], executable: Path, tmp_path: Path
) -> None:
    target = tmp_path / "planned.tflite"
    for name, path in shared_tflite.items():
        done = run(executable, "plan", path, "--json", "--write-offline-plan", target)
        assert done.returncode == 0
        document = json.loads(done.stdout)
        assert re.fullmatch(
            re.escape(str(target)) + r": the interpreter's arena head takes [\d,]+ bytes, "
            r"[\d,]+ as the interpreter plans it\n",
            done.stderr,
        ), name
        # A plan in the file changes nothing of what is said: runtimes are compared by their rules.
        again = run(executable, "plan", target, "--json")
        assert json.loads(again.stdout) == document


def test_offline_plans_that_cannot_be_written(executable: Path, tmp_path: Path) -> None:
    builder = TfliteBuilder(1)
    model = tmp_path / "model.tflite"
    model.write_bytes(builder.build([builder.softmax(builder.input((1, 10)))]))
    table = tmp_path / "table.json"
    layer = {"op": "conv2d", "k": 1, "stride": 1, "pad": 0, "in": [4, 4, 3], "out": [4, 4, 2]}
    table.write_text(json.dumps({"layers": [{**layer, "inputs": [-1]}]}))
    target = tmp_path / "planned.tflite"
    done = run(executable, "plan", table, "--write-offline-plan", target)
    assert_one_line(done, 2, "--write-offline-plan", "table.json is no .tflite file")
    assert not target.exists()
    lost = table / "planned.tflite"  # a file in place of a folder
    assert_one_line(run(executable, "plan", model, "--write-offline-plan", lost), 2, str(lost))
