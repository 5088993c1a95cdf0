"""What the model cards of the shipped supernets say, measured again on the real images."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import FASHION_MNIST, ROOT, SHARED
from support.refusal import refused

CARDS = sorted(ROOT.glob("supernets/*/MODEL_CARD.md"))
NAMES = [card.parent.name for card in CARDS]


def data_of(name: str) -> Path:
    # All but the first are data that we may not ship.
    path = FASHION_MNIST if name == "fashion-mnist" else SHARED / "data" / name
    if not path.is_dir():
        pytest.skip(f"{path} is not there")
    return path


@pytest.mark.parametrize("card", CARDS, ids=NAMES)
def test_accuracy_of_the_card(card: Path, cli_json: Callable[..., Any]) -> None:
    name, text = card.parent.name, card.read_text()
    written = re.search(r"^\| smallest \| ([\d.]+) \| ([\d,]+) \|", text, re.MULTILINE)
    assert written
    options = ("--subnet", "smallest", "--space", name, "--data", data_of(name), "--split", "test")
    measured = cli_json("eval", *options)
    # Other processors round otherwise: an image or two of ten thousand.
    assert 100 * measured["accuracy"] == pytest.approx(float(written[1]), abs=0.05)
    assert measured["macs"] == int(written[2].replace(",", ""))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "fashion-mnist"])
def test_data_that_the_reader_brings_are_asked_for(executable: Path, name: str) -> None:
    error = refused(executable, "search", "--space", name, "--mcu", "stm32f746")
    for said in ("--data is needed", name, "train/CLASS"):
        assert said in error
