"""The published MCUNets as points of search_spaces/mcunet.toml, read from their layer tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tomli

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT.parent / "shared" / "reference" / "networks"
SPACE = "mcunet"


def published_names() -> list[str]:
    """Empty where the tables are not at hand."""
    return sorted(path.stem for path in TABLES.glob("mcunet-*.json"))


def rounded(channels: float, divisor: int) -> int:
    """MobileNetV2's rule, as search_spaces/README.md has it."""
    nearest = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < 0.9 * channels else nearest


def blocks_of(layers: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Kernel, expand ratio and output channels of each block, stage by stage.

    All but the first of a stage have a shortcut."""
    with_shortcut = {layer["block"] for layer in layers if layer["op"] == "add"}
    stages: list[list[dict[str, Any]]] = []
    kernel = 0
    for layer in layers:
        if layer.get("role") == "depthwise":
            kernel = layer["k"]
        if layer.get("role") != "project":
            continue
        block = {"kernel": kernel, "expand": layer["expand"], "channels": layer["out"][2]}
        if layer["block"] not in with_shortcut:
            stages.append([])
        stages[-1].append(block)
    return stages


def published_genes(name: str) -> str:
    """As `tinynas train --subnet` takes them.

    Raises ValueError where the network is no point of the space."""
    table = json.loads((TABLES / f"{name}.json").read_text())
    space = tomli.loads((ROOT / "search_spaces" / f"{SPACE}.toml").read_text())
    divisor, stages = space["channel_divisor"], blocks_of(table["layers"])
    if len(stages) != len(space["stage"]):
        raise ValueError(f"{name}: has {len(stages)} stages, the space has {len(space['stage'])}")

    def width(choices: list[float], pairs: list[tuple[int, int]]) -> float:
        for choice in choices:
            if all(rounded(full * choice, divisor) == has for full, has in pairs):
                return choice
        raise ValueError(f"{name}: no width of the space gives {pairs}")

    stem = next(layer for layer in table["layers"] if layer.get("role") == "stem")["out"][2]
    shared = [
        (of["channels"], blocks[0]["channels"])
        for of, blocks in zip(space["stage"], stages, strict=True)
        if "width" not in of
    ]
    genes = {"resolution": table["resolution"], "width": width(space["width"], shared)}
    genes["stem.width"] = width(space["stem"]["width"], [(space["stem"]["channels"], stem)])
    for s, (of, blocks) in enumerate(zip(space["stage"], stages, strict=True)):
        if "width" in of:
            genes[f"stage{s}.width"] = width(of["width"], [(of["channels"], blocks[0]["channels"])])
        if len(of["depth"]) > 1:
            genes[f"stage{s}.depth"] = len(blocks)
        for b, block in enumerate(blocks):
            for axis in ("kernel", "expand"):
                if len(of[axis]) > 1:
                    genes[f"stage{s}.block{b}.{axis}"] = block[axis]
    genes["head.width"] = 0
    return " ".join(f"{gene}={choice:g}" for gene, choice in genes.items())
