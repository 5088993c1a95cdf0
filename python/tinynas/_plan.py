"""tinynas.plan: what a network needs of a part, to the byte."""

from __future__ import annotations

import os

from tinynas._core import Mcu, MemoryPlan, Subnet, plan_file


def plan(
    network: Subnet | str | os.PathLike[str],
    *,
    mcu: str | os.PathLike[str] | Mcu | None = None,
    sram: int | str | None = None,
    flash: int | str | None = None,
    reserve_sram: int | str | None = None,
    reserve_flash: int | str | None = None,
    runtime: str = "tinynas",
    input: str = "resident",
    depthwise_rows: str = "int8",
    latency_ms: float | None = None,
    calibration: str | os.PathLike[str] | None = None,
    allow_uncalibrated: bool = False,
    space: str | os.PathLike[str] | None = None,
) -> MemoryPlan:
    """Plan a subnet, a run's winner, a `.tflite` file, a subnet file or a layer table (JSON).

    `runtime` is "tinynas", "tinyengine" or "tflm"; `input` says how the image comes: "resident",
    "rows" from a camera, or "external" (the last two under "tinynas" only). With an `mcu`, patches
    are planned where the network would not fit otherwise. `depthwise_rows` is "int8" (fewer bytes)
    or "int16" (fewer instructions, where that fits; under "tinynas" only).

    `latency_ms` is the most milliseconds an inference may take; the plan's own `latency_ms` is the
    predicted interval (low, high), or None for a core that nobody measured. `calibration` names
    what `tinynas calibrate` made of your own board; `allow_uncalibrated` takes a limit without any.

    Bytes are ints or texts such as "320KiB". Without `mcu` the plan's `fits` is None. `space` is
    for subnet files whose own name of the space does not find it. Raises BadInputError, and
    UnsupportedOperatorError for an operator that no kernel implements.
    """
    if isinstance(network, Subnet):
        return network.plan(
            mcu=mcu,
            sram=sram,
            flash=flash,
            reserve_sram=reserve_sram,
            reserve_flash=reserve_flash,
            runtime=runtime,
            input=input,
            depthwise_rows=depthwise_rows,
            latency_ms=latency_ms,
            calibration=calibration,
            allow_uncalibrated=allow_uncalibrated,
        )
    return plan_file(
        network,
        mcu=mcu,
        sram=sram,
        flash=flash,
        reserve_sram=reserve_sram,
        reserve_flash=reserve_flash,
        runtime=runtime,
        input=input,
        depthwise_rows=depthwise_rows,
        latency_ms=latency_ms,
        calibration=calibration,
        allow_uncalibrated=allow_uncalibrated,
        space=space,
    )
