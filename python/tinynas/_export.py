"""tinynas.export: a network as files that other tools and boards run."""

from __future__ import annotations

import os
from pathlib import Path

from tinynas import _core
from tinynas._core import Mcu


def export(
    network: str | os.PathLike[str],
    *,
    format: str,
    out: str | os.PathLike[str],
    mcu: str | os.PathLike[str] | Mcu | None = None,
    sram: int | str | None = None,
    flash: int | str | None = None,
    reserve_sram: int | str | None = None,
    reserve_flash: int | str | None = None,
    input: str = "resident",
) -> Path:
    """Write a run's winner, or an int8 `.tflite` file, as `tinynas export` does; returns `out`.

    `format` is "c" (a folder), "tflite", "onnx" (files) or "torch" (a folder). "tflite" and "torch"
    take run directories only; "onnx" needs the package onnx. `mcu` and the bytes (ints, or texts
    such as "320KiB") are the budget that the C is planned for, `input` how its image comes:
    "resident", "rows", "external". Everything is written or nothing. Raises BadInputError, and
    UnsupportedOperatorError with all operators that no kernel implements.
    """
    _core.run_export(
        network,
        format=format,
        out=out,
        mcu=mcu,
        sram=sram,
        flash=flash,
        reserve_sram=reserve_sram,
        reserve_flash=reserve_flash,
        input=input,
    )
    return Path(out)
