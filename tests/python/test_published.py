"""Published networks as points of our spaces."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest
import tinynas as tn

ROOT = Path(__file__).resolve().parents[2]


def published() -> ModuleType:
    path = ROOT / "scripts" / "standalone.d" / "published.py"
    spec = importlib.util.spec_from_file_location("published", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_mcunets_have_the_macs_of_their_tables() -> None:
    module = published()
    names = module.published_names()
    if not names:
        pytest.skip("needs ../shared/reference/networks")
    for name in names:
        choices = dict(pair.split("=") for pair in module.published_genes(name).split())
        space = tn.SearchSpace("mcunet")
        genotype = [
            choice_index(gene_choices, choices.get(gene))
            for gene, gene_choices in space.genes.items()
        ]
        table = json.loads((module.TABLES / f"{name}.json").read_text())["computed"]
        subnet = space.with_classes(table["n_classes"]).subnet(genotype)
        assert subnet.macs == table["macs"], name


def choice_index(choices: tuple[float, ...], text: str | None) -> int:
    """0 for a gene that the network does not have."""
    return 0 if text is None else choices.index(float(text))
