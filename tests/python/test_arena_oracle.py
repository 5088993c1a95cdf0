"""Offsets against a constraint solver: CP-SAT finds no smaller arena than ours."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

cp_model = pytest.importorskip("ortools.sat.python.cp_model")

SPACES = ("mcunet", "mobilenetv2", "proxyless", "fashion-mnist")


@pytest.fixture(scope="module")
def arena_instances(executable: Path) -> Path:
    path = executable.parent / "tests" / "cpp" / "arena_instances"
    if not path.is_file():
        pytest.skip(f"{path} is not built")
    return path


def instances(program: Path, *arguments: str | Path | int) -> Iterator[dict[str, Any]]:
    """Arenas with our offsets, as tests/cpp/tools/arena_instances.cpp prints them."""
    command = [str(program), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    yield from map(json.loads, done.stdout.splitlines())


def distances(arena: dict[str, Any]) -> Iterator[tuple[int, int, int, int]]:
    """Pairs (i, j) that live at once: least offset of i over j, or of j over i, to be sound."""
    apart = {(a, b): above for a, b, above, _ in arena["overlaps"]}
    apart |= {(b, a): above for a, b, _, above in arena["overlaps"]}
    records = arena["records"]
    for i, (bytes_i, first_i, end_i, _) in enumerate(records):
        for j, (bytes_j, first_j, end_j, _) in enumerate(records[:i]):
            if first_i < end_j and first_j < end_i:
                yield i, j, apart.get((i, j), bytes_j), apart.get((j, i), bytes_i)


def check_sound(arena: dict[str, Any]) -> None:
    offsets = [record[3] for record in arena["records"]]
    assert max(record[0] + record[3] for record in arena["records"]) == arena["arena_bytes"]
    assert all(at >= 0 and at % arena["alignment_bytes"] == 0 for at in offsets)
    for i, j, i_above, j_above in distances(arena):
        assert offsets[i] >= offsets[j] + i_above or offsets[j] >= offsets[i] + j_above


def smaller_arena(arena: dict[str, Any], effort: float) -> bool | None:
    """Whether CP-SAT finds offsets in a smaller arena; None when the effort runs out."""
    unit: int = arena["alignment_bytes"]

    def units(amount: int) -> int:
        return -(-amount // unit)

    # Sizes are multiples of the alignment, so the next smaller arena is one unit less.
    sizes = [units(record[0]) for record in arena["records"]]
    assert all(record[0] % unit == 0 for record in arena["records"])
    limit = units(arena["arena_bytes"]) - 1
    if max(sizes) > limit:
        return False
    model = cp_model.CpModel()
    offsets = [model.new_int_var(0, limit - size, "") for size in sizes]
    for i, j, i_above, j_above in distances(arena):
        i_is_above = model.new_bool_var("")
        model.add(offsets[i] >= offsets[j] + units(i_above)).only_enforce_if(i_is_above)
        model.add(offsets[j] >= offsets[i] + units(j_above)).only_enforce_if(~i_is_above)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = effort
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return False
    return None if status == cp_model.UNKNOWN else True


def compare(arenas: list[dict[str, Any]], effort: float) -> Counter[str]:
    """Counts; fails where CP-SAT beats us, or where we claim a proof that it refutes."""
    tally: Counter[str] = Counter()
    for arena in arenas:
        check_sound(arena)
        records = len(arena["records"])
        assert 20 <= records <= 150
        smaller = smaller_arena(arena, effort)
        assert smaller is not True, f"{arena['name']}: a smaller arena than {arena['arena_bytes']}"
        tally["arenas"] += 1
        tally["proven by CP-SAT"] += smaller is False
        tally["proven by us"] += arena["proven"]
        tally["above the bound"] += arena["arena_bytes"] > arena["lower_bound_bytes"]
        tally["largest"] = max(tally["largest"], records)
    return tally


def fitting(arenas: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    return [arena for arena in arenas if 20 <= len(arena["records"]) <= 150]


def test_published_networks(arena_instances: Path, shared_networks: list[Path]) -> None:
    arenas = [a for path in shared_networks for a in instances(arena_instances, "network", path)]
    tally = compare(arenas, effort=5)
    print(f"\npublished networks: {dict(tally)}")
    assert tally["arenas"] == 3 * len(shared_networks)
    assert tally["proven by CP-SAT"] == tally["proven by us"] == tally["arenas"]
    assert tally["above the bound"] == 0


def test_subnets(arena_instances: Path) -> None:
    arenas = [
        arena
        for space in SPACES
        for arena in fitting(instances(arena_instances, "subnets", space, 12))
    ]
    tally = compare(arenas, effort=5)
    print(f"\nsubnets: {dict(tally)}")
    assert tally["arenas"] >= 60
    assert tally["proven by CP-SAT"] == tally["proven by us"] == tally["arenas"]


def test_branching_graphs_above_their_bound(arena_instances: Path) -> None:
    tally = compare(list(instances(arena_instances, "graphs", 60)), effort=2)
    print(f"\nbranching graphs: {dict(tally)}")
    assert tally["arenas"] == tally["above the bound"] == 60
    assert tally["proven by CP-SAT"] >= 55
    assert tally["proven by us"] >= 55


@pytest.mark.parametrize("records", [20, 40, 80, 150])
def test_random_arenas(arena_instances: Path, records: int) -> None:
    tally = compare(list(instances(arena_instances, "random", 15, records)), effort=2)
    print(f"\nrandom arenas of {records} records: {dict(tally)}")
    assert tally["arenas"] == 15
    assert tally["proven by CP-SAT"] >= 12
