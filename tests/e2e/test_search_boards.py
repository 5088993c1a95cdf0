"""One search for several boards, boards added to a run, and why a network was chosen."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tinynas as tn
from support.refusal import refused
from support.small_search import MCU, OPTIONS, Run

Cli = Callable[..., Any]
pytestmark = pytest.mark.skipif(not tn.with_torch, reason="this build has no torch")


@pytest.fixture(scope="module")
def boards(cli_json: Cli, fashion_mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two boards at once, and one that fits nothing."""
    folder = tmp_path_factory.mktemp("boards") / "run"
    tiny = folder.parent / "tiny.toml"
    text = (Path(tn.find_mcu(MCU).source_file)).read_text()
    tiny.write_text(text.replace(f'name = "{MCU}"', 'name = "tiny"').replace("64KiB", "12KiB"))
    mcus = f"{MCU},stm32f103c8,{tiny}"
    effort = ["--measurements", "12", "--further-measurements", "8", "--seed", "1"]
    return Run(folder, cli_json("search", "--mcu", mcus, *effort, "--run-dir", folder))


def footprints(document: dict[str, Any]) -> list[tuple[int, int]]:
    return [
        (network["peak_sram_bytes"], network["flash_bytes"])
        for network in [document["best"], *document["finalists"], *document["pareto"]]
    ]


def test_each_board_has_the_document_of_one(boards: Run, searched_run: Run) -> None:
    assert boards.document["measured"] == 20
    first, second, tiny = boards.document["boards"]
    assert [board["mcu"]["name"] for board in (first, second, tiny)] == [
        MCU,
        "stm32f103c8",
        "tiny",
    ]
    assert set(first) == set(searched_run.document)
    assert tiny["best"] is None and tiny["smallest"]["excess"]["flash_bytes"] > 0
    assert (first["measured"], second["measured"], tiny["measured"]) == (12, 8, 0)
    assert second["known"] > 0
    for board in (first, second):
        budget = board["mcu"]
        for sram, flash in footprints(board):
            assert sram <= budget["sram_budget_bytes"] and flash <= budget["flash_budget_bytes"]
    assert (
        json.loads((boards.folder / "result.json").read_text())["boards"][0]["best"]["id"]
        == (first["best"]["id"])
    )


def test_a_boards_folder_is_a_run(boards: Run, cli_json: Cli, executable: Path) -> None:
    for board in boards.document["boards"][:2]:
        folder = boards.folder / "boards" / board["mcu"]["name"]
        assert board["run_dir"] == str(folder)
        plan = cli_json("plan", folder, "--mcu", board["mcu"]["name"])
        assert plan["peak_sram_bytes"] == board["best"]["peak_sram_bytes"]
        front = cli_json("pareto", folder)
        assert front["measured"] == board["measured"] + board["known"]
    for command in (["plan"], ["pareto"], ["explain"]):
        assert "several boards" in refused(executable, *command, boards.folder)


def test_flash_beside_several_boards_is_that_of_those_without_their_own(
    executable: Path, fashion_mnist: Path, tmp_path: Path
) -> None:
    said = refused(executable, "search", "--mcu", f"{MCU},rp2040")
    assert "rp2040" in said and "--flash 2MiB" in said
    said = refused(executable, "search", "--mcu", f"{MCU},stm32f103c8", "--flash", "2MiB")
    assert "--flash: is one board's" in said
    mcus = ["--mcu", "stm32f746,stm32f412,rp2040,nrf52840", "--flash", "2MiB"]
    done = subprocess.run(
        [str(executable), "search", *mcus, "--macs", "1000", "--quiet", "--json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 3, done.stderr
    flash = [b["mcu"]["flash_budget_bytes"] for b in json.loads(done.stdout)["boards"]]
    assert flash == [1 << 20, 1 << 20, 2 << 20, 1 << 20]


def test_finding_nothing_for_all_boards_ends_with_3(
    executable: Path, fashion_mnist: Path, tmp_path: Path
) -> None:
    arguments = ["--mcu", f"{MCU},stm32f103c8", "--macs", "1000", "--quiet", "--json"]
    done = subprocess.run(
        [str(executable), "search", *arguments, "--run-dir", str(tmp_path / "run")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert [board["best"] for board in json.loads(done.stdout)["boards"]] == [None, None]


def test_a_board_added_costs_few_measurements_and_moves_the_rest(
    searched_run: Run, cli_json: Cli, executable: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(searched_run.folder, folder)
    before = (folder / "trials.jsonl").read_bytes()
    document = cli_json("search", "--extend", folder, "--mcu", "stm32f103c8")
    own, added = document["boards"]
    assert own["measured"] == searched_run.document["measured"]
    assert added["measured"] == 8  # a quarter of 16, and never fewer than 8
    trials = (folder / "trials.jsonl").read_bytes()
    assert trials.startswith(before)
    new = [json.loads(line) for line in trials[len(before) :].splitlines()]
    assert sum(line["kind"] == "trial" for line in new) == 8
    assert (
        own["best"]["accuracy"]["validation_int8"]
        >= (searched_run.document["best"]["accuracy"]["validation_int8"])
    )
    assert not (folder / "best").exists() and (folder / "boards" / MCU / "best").is_dir()
    # Nothing is left to measure.
    assert cli_json("search", "--extend", folder, "--mcu", "stm32f103c8") == document
    assert (folder / "trials.jsonl").read_bytes() == trials
    assert "other limits" in refused(
        executable, "search", "--extend", folder, "--mcu", "stm32f103c8", "--macs", "1M"
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--mcu", f"{MCU},"], "empty board"),
        (["--mcu", f"{MCU},{MCU}"], "twice"),
        (["--mcu", f"{MCU},stm32f103c8", "--sram", "8KiB"], "--sram"),
        (["--mcu", f"{MCU},nothing"], "nothing"),
        (["--extend", "/nowhere", "--mcu", MCU], "holds no run"),
        (["--extend", "/nowhere", "--mcu", MCU, "--seed", "3"], "--seed"),
        (["--mcu", MCU, "--minutes", "-1"], "--minutes"),
    ],
)
def test_bad_boards_end_in_one_line(
    executable: Path, fashion_mnist: Path, arguments: list[str], text: str, tmp_path: Path
) -> None:
    given = [] if "--extend" in arguments else ["--run-dir", str(tmp_path / "run")]
    assert text in refused(executable, "search", *arguments, *given, "--quiet")
    assert not (tmp_path / "run").exists() or not list((tmp_path / "run").iterdir())


def test_explain_measures_what_more_would_buy(searched_run: Run, cli_json: Cli) -> None:
    before = searched_run.files()
    document = cli_json("explain", searched_run.folder, "--measurements", "4")
    assert searched_run.files() == before
    best = searched_run.document["best"]
    assert document["winner"]["id"] == best["id"]
    assert document["winner"]["validation_int8"] == best["accuracy"]["validation_int8"]
    limits = {limit["limit"]: limit for limit in document["limits"]}
    assert set(limits) == {"SRAM", "flash"}
    assert limits["flash"]["need"] == best["flash_bytes"]
    assert document["binds"] in limits and limits[document["binds"]]["exceeded"] > 0
    as_it_is, sram, flash, board = document["reliefs"]
    budget = searched_run.document["mcu"]
    assert as_it_is["mcu"] == budget
    assert all(relief["measured"] == 4 for relief in document["reliefs"])
    assert sram["mcu"]["sram_budget_bytes"] == budget["sram_budget_bytes"] * 11 // 10
    assert flash["mcu"]["flash_budget_bytes"] == budget["flash_budget_bytes"] * 11 // 10
    for name in ("sram_budget_bytes", "flash_budget_bytes"):
        assert board["mcu"][name] >= budget[name]
    for relief in document["reliefs"]:
        network = relief["network"]
        if network is None:
            assert relief["points"] == 0
            continue
        assert network["images"] == document["winner"]["images"]
        assert network["peak_sram_bytes"] <= relief["mcu"]["sram_budget_bytes"]
        assert network["flash_bytes"] <= relief["mcu"]["flash_budget_bytes"]
        if relief is not as_it_is and as_it_is["network"]:
            assert network["validation_int8"] > as_it_is["network"]["validation_int8"]
        points = 100 * (network["validation_int8"] - document["winner"]["validation_int8"])
        assert relief["points"] == pytest.approx(points)
        assert points > 0


def test_python_searches_and_extends(fashion_mnist: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"seed": 1, "measurements": 2, "progress": False}
    found = tn.search_boards(
        [MCU, tn.find_mcu("stm32f103c8")],
        further_measurements=2,
        run_dir=tmp_path / "run",
        freeze="resolution=28",
        **options,
    )
    assert list(found) == [MCU, "stm32f103c8"]
    assert all(result.measured == 2 for result in found.values())
    assert all(result.best.subnet.choices["resolution"] == 28 for result in found.values())
    more = tn.extend_search(tmp_path / "run", ["stm32f746"], progress=False)
    assert list(more) == [MCU, "stm32f103c8", "stm32f746"]
    assert more["stm32f746"].best.subnet.choices["resolution"] == 28
    with pytest.raises(TypeError, match="no_such_option"):
        tn.search_boards([MCU], no_such_option=1, **options)
    with pytest.raises(tn.BadInputError, match="patience"):
        tn.search(MCU, patience=0, progress=False)
    assert OPTIONS[1] == MCU
