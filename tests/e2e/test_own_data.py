"""README's recipe for one's own images, word for word, on a small folder."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.shapes import write_shapes

ROOT = Path(__file__).resolve().parents[2]


def recipe() -> list[str]:
    """The commands of the section, comments dropped."""
    readme = (ROOT / "README.md").read_text()
    section = readme.split("## Your own data", 1)[1]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block
    return block[1].strip().splitlines()


def test_readme_recipe(executable: Path, cli_json: Callable[..., Any], tmp_path: Path) -> None:
    write_shapes(tmp_path)
    (tmp_path / "data").rename(tmp_path / "my-images")
    commands = recipe()
    assert [command.split()[1] for command in commands] == [
        "data",
        "train",
        "train",
        "search",
        "train",
        "export",
    ]
    for command in commands:
        words = shlex.split(command, comments=True)
        assert words[0] == "tinynas"
        if words[1] == "train":  # the set is small and its epochs short
            words += ["--epochs", "4", "--batch", "16"]
        done = subprocess.run(
            [executable, *words[1:]],
            capture_output=True,
            text=True,
            timeout=240,
            cwd=tmp_path,
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
    space = (tmp_path / "my-space.toml").read_text()
    assert "classes = 3\n" in space and "image_channels = 1\n" in space
    inspected = cli_json("data", "inspect", tmp_path / "my-images")
    header = (tmp_path / "firmware" / "model.h").read_text()
    recorded = dict(re.findall(r"#define TINYNAS_INPUT_(\w+) \{?([\d.]+)\}?\n", header))
    assert recorded["HEIGHT"] == recorded["WIDTH"]
    resolutions = re.search(r"^resolutions = \[(.*)\]", space, re.MULTILINE)
    assert resolutions and recorded["HEIGHT"] in resolutions[1].split(", ")
    assert int(recorded["CHANNELS"]) == inspected["channels"] == 1
    # Training images after calibration and validation are taken away, resized as the network sees
    # them: near what inspection finds, far from what other pictures have.
    assert float(recorded["MEAN"]) == pytest.approx(inspected["mean"][0], rel=0.1)
    assert float(recorded["DEVIATION"]) == pytest.approx(inspected["deviation"][0], rel=0.2)
    for name in ("across", "cross", "down"):
        assert f'"{name}"' in header
    result = json.loads((tmp_path / "my-run" / "result.json").read_text())
    assert result["best"]["accuracy"]["test_int8"] > 0.4
