"""Plans through the bindings are the command line's, to the byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tinynas as tn


def test_published_networks_equal_the_command_line(
    shared_networks: list[Path], cli_json: Callable[..., Any]
) -> None:
    for path in shared_networks[:6]:
        plan = tn.plan(path)
        document = cli_json("plan", path)
        assert plan.to_dict() == document
        assert plan.peak_sram_bytes == plan.activation_bytes + plan.scratch_bytes
        published = tn.plan(path, runtime="tinyengine")
        assert published.scratch_bytes == (
            published.column_buffer_bytes + published.kernel_buffer_bytes
        )
        assert plan.peak_sram_bytes < published.peak_sram_bytes
        assert tn.plan(path, input="rows").peak_sram_bytes < plan.peak_sram_bytes
        assert document["front"][0]["macs"] == plan.macs
        assert plan.extra_macs == 0
        assert plan.fits is None


def test_models_equal_the_command_line(
    shared_tflite: dict[str, Path], cli_json: Callable[..., Any]
) -> None:
    for path in shared_tflite.values():
        for runtime in ("tinynas", "tinyengine", "tflm"):
            plan = tn.plan(path, runtime=runtime)
            assert plan.to_dict() == cli_json("plan", path, "--runtime", runtime)


def test_subnets_equal_the_command_line(tmp_path: Path, cli_json: Callable[..., Any]) -> None:
    space = tn.SearchSpace("fashion-mnist")
    budget = {"mcu": "stm32g031k8", "reserve_sram": "1KiB"}
    flags = ["--mcu", "stm32g031k8", "--reserve-sram", "1KiB"]
    verdicts = set()
    for subnet in [space.smallest(), space.sample(7), space.largest()]:
        path = tmp_path / f"{subnet.id}.json"
        subnet.save(path)
        plan = tn.plan(subnet, mcu=budget["mcu"], reserve_sram=budget["reserve_sram"])
        assert tn.plan(path, mcu="stm32g031k8", reserve_sram=1024).to_dict() == plan.to_dict()
        assert cli_json("plan", path, *flags, expect=0 if plan.fits else 3) == plan.to_dict()
        assert plan.macs == subnet.macs == sum(row.macs for row in plan.per_op)
        assert plan.params == subnet.params
        assert plan.weight_bytes == sum(row.weight_bytes for row in plan.per_op)
        assert plan.peak_operator in [row.name for row in plan.per_op]
        assert plan.lower_bound_bytes <= plan.peak_sram_bytes
        verdicts.add(plan.fits)
    assert verdicts == {True, False}


def test_bad_files_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(tn.BadInputError, match=r"missing\.json"):
        tn.plan(tmp_path / "missing.json")
    damaged = tmp_path / "damaged.json"
    damaged.write_text('{"layers": [')
    with pytest.raises(tn.BadInputError, match=r"damaged\.json") as caught:
        tn.plan(str(damaged))
    assert "\n" not in str(caught.value)
    with pytest.raises(tn.BadInputError, match="mcu"):
        tn.plan(tn.SearchSpace("toy").smallest(), sram="64KiB")
    with pytest.raises(tn.BadInputError, match="did you mean 'rows'"):
        tn.plan(tn.SearchSpace("toy").smallest(), input="row")
    with pytest.raises(tn.BadInputError, match="tinyengin"):
        tn.plan(tn.SearchSpace("toy").smallest(), runtime="tinyengin")


def test_operator_without_a_kernel(tmp_path: Path) -> None:
    layer = {"op": "softmax", "in": [1, 1, 4], "out": [1, 1, 4], "k": 1, "stride": 1, "pad": 0}
    path = tmp_path / "softmax.json"
    path.write_text(json.dumps({"layers": [{**layer, "inputs": [-1]}]}))
    with pytest.raises(tn.UnsupportedOperatorError, match="softmax"):
        tn.plan(path)
