"""Instructions and milliseconds: --latency-ms, tinynas calibrate, and the same from Python."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tinynas as tn
from support.tflite_models import TfliteBuilder

Cli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def cli(executable: Path) -> Cli:
    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [str(executable), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    return run


def network(folder: Path, channels: int = 12) -> Path:
    builder = TfliteBuilder(5)
    x = builder.conv(builder.input((1, 16, 16, 3)), channels, (3, 3), (2, 2))
    x = builder.conv(builder.depthwise(x), 2 * channels, (1, 1))
    path = folder / f"net-{channels}.tflite"
    path.write_bytes(builder.build([builder.fully_connected(builder.mean(x), 4)]))
    return path


def test_a_plan_tells_instructions_and_an_interval(tmp_path: Path, cli: Cli) -> None:
    path = network(tmp_path)
    done = cli("plan", path, "--mcu", "stm32f746", "--json")
    document = json.loads(done.stdout)
    interval = document["latency_ms"]
    assert 0 < interval["low"] < interval["high"]
    assert "TinyEngine" in interval["source"]
    per_operator = sum(op["instructions"] for op in document["operators"])
    assert 0.8 * document["instructions"] < per_operator < document["instructions"]
    cycles = interval["high"] * 1e-3 * 216e6
    assert cycles == pytest.approx(
        document["instructions"] * (1 + document["instruction_error"]) * 0.956 * 1.045, rel=1e-6
    )
    text = cli("plan", path, "--mcu", "stm32f746").stdout
    assert "instructions an inference" in text
    assert "Latency" in text
    plan = tn.plan(path, mcu="stm32f746")
    assert plan.instructions == document["instructions"]
    assert plan.latency_ms == (interval["low"], interval["high"])
    assert plan.to_dict() == document


def test_nothing_is_made_up(tmp_path: Path, cli: Cli) -> None:
    path = network(tmp_path)
    for options in (["--mcu", "stm32f103rb"], ["--mcu", "stm32f746", "--runtime", "tflm"]):
        assert json.loads(cli("plan", path, "--json", *options).stdout)["latency_ms"] is None
    document = json.loads(
        cli("plan", path, "--mcu", "stm32n657", "--flash", "1MiB", "--json").stdout
    )
    assert document["instructions"] is None
    assert document["latency_ms"] is None


def test_a_limit_fits_or_ends_with_3(tmp_path: Path, cli: Cli) -> None:
    path = network(tmp_path)
    high = tn.plan(path, mcu="stm32f746").latency_ms[1]  # type: ignore[index]
    done = cli("plan", path, "--mcu", "stm32f746", "--latency-ms", f"{high * 1.01:.6f}")
    assert done.returncode == 0
    assert "free" in done.stdout.splitlines()[4]
    done = cli("plan", path, "--mcu", "stm32f746", "--latency-ms", f"{high * 0.5:.6f}", "--json")
    assert done.returncode == 3
    document = json.loads(done.stdout)
    assert document["fits"] is False
    assert document["excess"]["latency_ms"] == pytest.approx(high * 0.5, rel=1e-3)
    assert tn.plan(path, mcu="stm32f746", latency_ms=high / 2).fits is False


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--latency-ms", "5"], "--latency-ms needs --mcu"),
        (["--mcu", "stm32f746", "--latency-ms", "fast"], "'fast' is not a number"),
        (["--mcu", "stm32f746", "--latency-ms", "0"], "'0' is not a number"),
        (["--mcu", "stm32f103rb", "--latency-ms", "5"], "--allow-uncalibrated"),
        (["--mcu", "stm32f746", "--runtime", "tflm", "--latency-ms", "5"], "--runtime tinynas"),
        (
            ["--mcu", "stm32n657", "--flash", "1MiB", "--latency-ms", "5", "--allow-uncalibrated"],
            "not measured on a Cortex-M55",
        ),
        (["--mcu", "stm32f746", "--latency-ms", "5", "--depthwise-rows", "int16"], "int16"),
        (["--mcu", "stm32f746", "--calibration", "missing.toml"], "missing.toml"),
    ],
)
def test_bad_limits_end_in_one_line(
    tmp_path: Path, cli: Cli, options: list[str], words: str
) -> None:
    done = cli("plan", network(tmp_path), *options)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_core_without_rows_takes_a_limit_when_told_to(tmp_path: Path, cli: Cli) -> None:
    path = network(tmp_path)
    options = ["--mcu", "stm32f103rb", "--latency-ms", "500", "--allow-uncalibrated", "--json"]
    done = cli("plan", path, *options)
    assert done.returncode == 0
    assert "uncalibrated" in json.loads(done.stdout)["latency_ms"]["source"]


def test_a_calibration_recovers_the_board_that_made_its_rows(tmp_path: Path, cli: Cli) -> None:
    lines = ["model,measured_ms"]
    for channels in (4, 9, 16, 30):
        path = network(tmp_path, channels)
        instructions = tn.plan(path, mcu="stm32f746").instructions
        assert instructions is not None
        lines.append(f"{path.name},{1e3 * instructions * 0.83 / 216e6:.9f}")
    table = tmp_path / "mine.csv"
    table.write_text("\n".join(lines) + "\n")
    out = tmp_path / "mine.toml"
    done = cli("calibrate", table, "--mcu", "stm32f746", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "0.830 cycles an instruction" in done.stdout
    path = network(tmp_path, 20)
    plan = tn.plan(path, mcu="stm32f746", calibration=out)
    assert plan.latency_ms is not None and plan.instructions is not None
    expected = 1e3 * plan.instructions * 0.83 / 216e6
    assert plan.latency_ms[0] < expected < plan.latency_ms[1]
    assert plan.latency_ms[1] < 1.06 * expected
    assert "4 measurements" in str(plan.latency_source)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no measurements"),
        ("instructions,measured_ms\n", "no measurements"),
        ("instructions,ms\n5,6\n", "column 'ms' is unknown"),
        ("instructions,weight_bytes\n5,6\n", "'measured_ms' is missing"),
        ("measured_ms\n5\n", "'model' or 'instructions' is missing"),
        ("instructions,measured_ms\n5\n", "row 2: has 1 cells, the first line 2"),
        ("instructions,measured_ms\n5,6\nx,6\n", "row 3: column 'instructions': 'x'"),
        ("instructions,measured_ms\n5,-6\n", "row 2: column 'measured_ms': '-6'"),
        ("instructions,measured_ms\n5,nan\n", "row 2: column 'measured_ms': 'nan'"),
        ("model,measured_ms\nnone.tflite,5\n", "row 2: column 'model': there is no file"),
    ],
)
def test_bad_measurements_name_file_row_and_column(
    tmp_path: Path, cli: Cli, content: str, words: str
) -> None:
    table = tmp_path / "mine.csv"
    table.write_text(content)
    out = tmp_path / "mine.toml"
    done = cli("calibrate", table, "--mcu", "stm32f746", "--out", out)
    assert done.returncode == 2
    assert words in done.stderr
    assert "mine.csv" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not out.exists()


def test_a_calibration_of_another_core_is_refused(tmp_path: Path, cli: Cli) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("instructions,measured_ms\n1000000,5\n")
    out = tmp_path / "mine.toml"
    assert cli("calibrate", table, "--mcu", "stm32f746", "--out", out).returncode == 0
    options: list[Any] = ["--mcu", "stm32f405", "--calibration", out]
    done = cli("plan", network(tmp_path), *options)
    assert done.returncode == 2
    assert "of a Cortex-M7" in done.stderr
