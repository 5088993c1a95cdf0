"""What a search may be told beside the part: frozen genes, known networks, MACs; and its front."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.refusal import refused
from support.small_search import MCU, Run

FAST = ["--mcu", MCU, "--measurements", "6"]
Cli = Callable[..., Any]


@pytest.fixture(scope="module")
def frozen(cli_json: Cli, fashion_mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("frozen") / "run"
    genes = ["--freeze", "resolution=28 stage*.block*.kernel=3", "--freeze", "stage3.depth=1"]
    return Run(folder, cli_json("search", *FAST, *genes, "--run-dir", folder))


def choices(subnet: dict[str, Any]) -> dict[str, float]:
    genes: dict[str, float] = subnet["genes"]
    return genes


def test_frozen_genes_hold_and_belong_to_the_run(frozen: Run, executable: Path) -> None:
    for network in [frozen.document["best"], *frozen.document["pareto"]]:
        genes = choices(network["subnet"])
        assert genes["resolution"] == 28 and genes["stage3.depth"] == 1
        assert {value for name, value in genes.items() if name.endswith("kernel")} == {3}
    assert frozen.document["frozen"]["resolution"] == 28
    assert choices(frozen.document["largest"]["subnet"])["stage3.depth"] == 1
    run = json.loads((frozen.folder / "run.json").read_text())["run"]
    assert run["space"]["frozen"]["stage3.depth"] == 1
    other = ["--freeze", "resolution=24", "--run-dir", str(frozen.folder)]
    assert "space.frozen" in refused(executable, "search", *FAST, "--quiet", *other)


def test_included_networks_are_measured_first(frozen: Run, cli_json: Cli, tmp_path: Path) -> None:
    known = frozen.folder / "best" / "subnet.json"
    folder = tmp_path / "run"
    document = cli_json(
        "search", *FAST, "--include", known, "--include", "largest", "--run-dir", folder
    )
    first = json.loads((folder / "trials.jsonl").read_text().splitlines()[0])
    assert first["id"] == frozen.document["best"]["id"] and first["origin"] == "included"
    assert document["measured"] == 6


def test_a_limit_of_macs_binds(cli_json: Cli, fashion_mnist: Path) -> None:
    document = cli_json("search", *FAST, "--macs", "0.6M")
    assert document["mcu"]["macs_budget"] == 600_000
    assert document["best"]["macs"] <= 600_000 < document["largest"]["macs"]
    assert document["largest"]["excess"]["macs"] == document["largest"]["macs"] - 600_000
    hopeless = cli_json("search", *FAST, "--macs", "1k", expect=3)
    assert hopeless["best"] is None and hopeless["smallest"]["excess"]["macs"] > 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--freeze", "resolution=27"], "--freeze: resolution=27: choices are 20, 24, 28"),
        (["--freeze", "stage2.deph=1"], "did you mean 'stage2.depth'"),
        (["--freeze", "resolution"], "--freeze: 'resolution' is no gene=choice"),
        (["--include", "no-such-file.json"], "no-such-file.json"),
        (["--include", "resolution=28"], "--include: gene stem.width"),
        (["--macs", "many"], "--macs: 'many' is not a count"),
    ],
)
def test_bad_choices_end_in_one_line(
    arguments: list[str], expected: str, executable: Path, fashion_mnist: Path
) -> None:
    assert expected in refused(executable, "search", *FAST, *arguments)


def test_pareto_of_a_run(frozen: Run, cli_json: Cli, executable: Path, tmp_path: Path) -> None:
    table = tmp_path / "front.csv"
    document = cli_json("pareto", frozen.folder, "--csv", table)
    assert document["measured"] == 6
    front = document["pareto"]
    for a in front:
        for b in front:
            beaten = b["accuracy"] >= a["accuracy"] and all(
                b[key] <= a[key] for key in ("peak_sram_bytes", "flash_bytes")
            )
            assert a is b or not beaten
    shares = [point["share"] for point in document["hypervolume"]]
    assert shares == sorted(shares) and 0 < shares[-1] < 1
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert [row["id"] for row in rows] == [network["id"] for network in front]
    assert "run.json" in refused(executable, "pareto", tmp_path)
