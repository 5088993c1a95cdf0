"""Reads a sweep file (configs/batch/README.md) and checks all of it before anything is run."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tinynas as tn
from tinynas.batch.slurm_options import read_slurm_options
from tinynas.batch.sweep import Cell, Sweep
from tinynas.batch.toml_table import TomlTable, is_integer
from tinynas.errors import BadInputError

MOST_CELLS = 100_000
ENGINES = ("tinynas", "evolution", "regularized", "nsga2", "random")
DEFAULT_SPACE = "fashion-mnist"
SHIPPED_BOARD = "stm32f746"
# Flags of `tinynas search` that a budget may set, in the order of a cell's name.
BUDGET_BYTES = ("sram", "flash", "reserve_sram", "reserve_flash")


@dataclass(frozen=True)
class _Space:
    name: str
    spelled: str  # as --space takes it
    settings: dict[str, str]  # supernet, data: absolute
    found: tn.SearchSpace

    @property
    def smallest(self) -> tn.Subnet:
        return self.found.smallest()


@dataclass(frozen=True)
class _Board:
    name: str
    spelled: str  # as --mcu takes it
    mcu: tn.Mcu


def load_sweep(path: Path) -> Sweep:
    """Raises BadInputError, one line with file, field and mend. Relative paths in the file are
    taken from the file's folder."""
    return _SweepReader(path).read()


class _SweepReader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = path.resolve().parent
        self.table = TomlTable.load(path)

    def read(self) -> Sweep:
        table = self.table
        boards = self.boards()
        budgets = self.budgets()
        seeds = self.seeds()
        spaces = self.spaces()
        search = self.search(spaces)
        for space in spaces:
            self.require_supernet(space, search)
        slurm = read_slurm_options(table.table("slurm"))
        local = table.table("local")
        jobs = local.integer("jobs", 1, 1024) or 1
        local.finish()
        table.finish()
        self.check_combinations(boards, budgets, spaces, search)

        count = len(boards) * len(budgets) * len(spaces) * len(seeds)
        if count > MOST_CELLS:
            raise BadInputError(
                f"{self.path}: {count:,} cells are more than {MOST_CELLS:,}; split the sweep"
            )
        cells = tuple(
            _cell(board, budget, space, seed, search)
            for board, budget, space, seed in itertools.product(boards, budgets, spaces, seeds)
        )
        axes = {
            "boards": [board.spelled for board in boards],
            "budgets": budgets,
            "spaces": [{"space": space.spelled, **space.settings} for space in spaces],
            "seeds": seeds,
            "search": search,
        }
        return Sweep(_plain(self.path.stem), str(self.path), axes, cells, slurm, jobs)

    def boards(self) -> list[_Board]:
        example = f'["{SHIPPED_BOARD}"]'
        items = self.table.items("boards", example)
        if items is None:
            self.table.fail("boards", f"is missing; write for example boards = {example}")
        boards: list[_Board] = []
        for i, item in enumerate(items):
            place = f"boards[{i}]"
            spelled = self.name_or_file(place, item, SHIPPED_BOARD)
            mcu = self.checked(place, tn.find_mcu, spelled)
            spelled = spelled if spelled.endswith(".toml") else mcu.name
            board = _Board(mcu.name, spelled, mcu)
            self.refuse_twice(place, board.name, [b.name for b in boards])
            boards.append(board)
        return boards

    def budgets(self) -> list[dict[str, Any]]:
        """Each as flags of `tinynas search`."""
        items = self.table.items("budgets", '[{}, { sram = "16KiB" }]')
        budgets: list[dict[str, Any]] = []
        for i, item in enumerate([{}] if items is None else items):
            place = f"budgets[{i}]"
            if not isinstance(item, dict):
                self.table.fail(place, f'{item!r} is no table; write {{}} or {{ sram = "16KiB" }}')
            table = TomlTable(item, str(self.path), place)
            budget: dict[str, Any] = {key: table.bytes(key) for key in BUDGET_BYTES}
            budget["macs"] = self.count(table, "macs")
            budget["latency_ms"] = table.number("latency_ms")
            budget["calibration"] = self.existing(table, "calibration", "my-board.toml")
            budget["allow_uncalibrated"] = table.flag("allow_uncalibrated") or None
            table.finish()
            budget = _without_none(budget)
            self.refuse_twice(place, _budget_name(budget), [_budget_name(b) for b in budgets])
            budgets.append(budget)
        return budgets

    def seeds(self) -> list[int]:
        items = self.table.items("seeds", "[0, 1, 2]")
        seeds: list[int] = []
        for i, item in enumerate([0] if items is None else items):
            place = f"seeds[{i}]"
            if not is_integer(item) or not 0 <= item < 2**63:
                self.table.fail(place, f"{item!r} is no whole number from 0 on")
            self.refuse_twice(place, str(item), [str(seed) for seed in seeds])
            seeds.append(item)
        return seeds

    def spaces(self) -> list[_Space]:
        items = self.table.items("spaces", f'["{DEFAULT_SPACE}"]')
        spaces: list[_Space] = []
        for i, item in enumerate([DEFAULT_SPACE] if items is None else items):
            place = f"spaces[{i}]"
            table = TomlTable(item if isinstance(item, dict) else {}, str(self.path), place)
            spelled = self.name_or_file(
                place, table.get("space") if isinstance(item, dict) else item, DEFAULT_SPACE
            )
            settings = {
                "supernet": self.existing(table, "supernet", "supernet.pt"),
                "data": self.existing(table, "data", "images.zip"),
            }
            table.finish()
            found = self.checked(place, tn.SearchSpace, spelled)
            space = _Space(found.name, spelled, _without_none(settings), found)
            self.refuse_twice(place, space.name, [s.name for s in spaces])
            spaces.append(space)
        return spaces

    def search(self, spaces: list[_Space]) -> dict[str, Any]:
        """Flags of `tinynas search` that all cells have."""
        table = self.table.table("search")
        runtime = table.text("runtime", "tinynas")
        if runtime is not None and runtime.endswith(".toml"):
            runtime = str(self.folder / runtime)
        search: dict[str, Any] = {
            "measurements": table.integer("measurements", 1, 1_000_000),
            "preset": table.text("preset", "default", ("default", "published")),
            "engine": table.text("engine", "tinynas", ENGINES),
            "screen_images": table.integer("screen_images", 10, 1_000_000),
            "patience": table.integer("patience", 1, 1_000_000),
            "minutes": table.number("minutes"),
            "freeze": self.freeze(table, spaces),
            "include": self.include(table),
            "runtime": runtime,
            "input": table.text("input", "resident", ("resident", "rows", "external")),
            "depthwise_rows": table.text("depthwise_rows", "int8", ("int8", "int16")),
            "supernet": self.existing(table, "supernet", "supernet.pt"),
            "data": self.existing(table, "data", "images.zip"),
            "skip_bad_files": table.flag("skip_bad_files") or None,
            "device": table.text("device", "cuda"),
            "threads": table.integer("threads", 0, 4096),
        }
        table.finish()
        if len(spaces) > 1 and search["supernet"]:
            table.fail(
                "supernet",
                "serves one space; with several write "
                'spaces = [{ space = "NAME", supernet = "FILE.pt" }, ...]',
            )
        return _without_none(search)

    def freeze(self, table: TomlTable, spaces: list[_Space]) -> str | None:
        """Genes and the choices that they are held at, in every space."""
        choices = table.table("freeze")
        words = [(gene, choices.number(gene)) for gene in choices.raw()]
        for space in spaces if words else []:
            self.checked("search.freeze", space.found.frozen, dict(words))
        return " ".join(f"{gene}={choice:g}" for gene, choice in words) or None

    def include(self, table: TomlTable) -> list[str] | None:
        """Subnet files, absolute, or genes."""
        items = table.items("include", '["known.json"]')
        networks: list[str] = []
        for i, item in enumerate(items or []):
            if not isinstance(item, str) or not item.strip():
                table.fail(f"include[{i}]", f"{item!r} is neither a subnet file nor genes")
            path = self.folder / item
            if "=" not in item and not path.exists():
                table.fail(f"include[{i}]", f"{path} is not there; correct the path")
            networks.append(item if "=" in item else str(path))
        return networks or None

    def require_supernet(self, space: _Space, search: dict[str, Any]) -> None:
        if "supernet" in space.settings or "supernet" in search:
            return
        # Data files lie where the shipped boards do.
        data = Path(tn.find_mcu(SHIPPED_BOARD).source_file).parents[2]
        if not (data / "supernets" / space.name / "supernet.pt").is_file():
            self.table.fail(
                "spaces",
                f"no supernet is shipped for '{space.name}'; train one (`tinynas train`) and write "
                f'{{ space = "{space.spelled}", supernet = "FILE.pt", data = "PATH" }}',
            )

    def check_combinations(
        self,
        boards: list[_Board],
        budgets: list[dict[str, Any]],
        spaces: list[_Space],
        search: dict[str, Any],
    ) -> None:
        """Plans a network under each budget of each board, as every search will; a limit on MACs
        is the search's alone."""
        rules = {k: search[k] for k in ("runtime", "input", "depthwise_rows") if k in search}
        for space in spaces:
            self.checked("search", space.smallest.plan, **rules)
        smallest = spaces[0].smallest
        for board, (i, budget) in itertools.product(boards, enumerate(budgets)):
            place = f"budgets[{i}] on board {board.name}"
            limits = {key: value for key, value in budget.items() if key != "macs"}
            self.checked(place, smallest.plan, mcu=board.mcu, **limits, **rules)

    def checked(self, place: str, function: Any, *arguments: Any, **options: Any) -> Any:
        """The result of the function; its error names the place in the file."""
        try:
            return function(*arguments, **options)
        except tn.TinynasError as error:
            self.table.fail(place, str(error))

    def name_or_file(self, place: str, item: Any, example: str) -> str:
        if not isinstance(item, str) or not item.strip():
            self.table.fail(place, f'{item!r} is no name; write for example "{example}"')
        return str(self.folder / item) if item.endswith(".toml") else item

    def count(self, table: TomlTable, key: str) -> str | None:
        """As `tinynas search` takes it: "12.5M"; whole numbers as well."""
        value = table.get(key)
        if value is None:
            return None
        text = str(value) if is_integer(value) else value
        found = isinstance(text, str) and re.fullmatch(r"(\d+(?:\.\d+)?)[kKmM]?", text)
        if not found or float(found[1]) <= 0:
            table.fail(key, f'{value!r} is no count; write for example {key} = "12.5M"')
        return str(text)

    def existing(self, table: TomlTable, key: str, example: str) -> str | None:
        """A path that is there, absolute."""
        value = table.text(key, example)
        if value is None:
            return None
        path = self.folder / value
        if not path.exists():
            table.fail(key, f"{path} is not there; correct the path")
        return str(path)

    def refuse_twice(self, place: str, name: str, before: list[str]) -> None:
        if name in before:
            self.table.fail(place, f"'{name}' is there twice; remove one")


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _plain(text: str) -> str:
    """Fit for a file name and for Slurm."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("-.") or "sweep"


def _budget_name(budget: dict[str, Any]) -> str:
    parts = [key.replace("_", "-") + budget[key] for key in BUDGET_BYTES if key in budget]
    if "macs" in budget:
        parts.append("macs" + budget["macs"])
    if "latency_ms" in budget:
        parts.append(f"latency{budget['latency_ms']:g}ms")
    if "calibration" in budget:
        parts.append(Path(budget["calibration"]).stem)
    return _plain("-".join(parts)) if parts else "own"


def _flags(settings: dict[str, Any]) -> list[str]:
    words: list[str] = []
    for key, value in settings.items():
        flag = "--" + key.replace("_", "-")
        for one in value if isinstance(value, list) else [value]:
            words += (
                [flag]
                if one is True
                else [flag, f"{one:g}" if isinstance(one, float) else str(one)]
            )
    return words


def _cell(
    board: _Board, budget: dict[str, Any], space: _Space, seed: int, search: dict[str, Any]
) -> Cell:
    limits = _budget_name(budget)
    names = [board.name, *([limits] if limits != "own" else []), space.name, f"seed{seed}"]
    settings = {
        "mcu": board.spelled,
        **budget,
        "space": space.spelled,
        "seed": seed,
        **search,
        **space.settings,  # its own data come before everybody's
    }
    return Cell(
        _plain("-".join(names)), board.name, limits, space.name, seed, tuple(_flags(settings))
    )
