"""What stands in for the parts that a build without torch lacks."""

from __future__ import annotations

from typing import Any, NoReturn

from tinynas.errors import MissingTorchError


def fail_without_torch(what: str) -> NoReturn:
    raise MissingTorchError(
        f"{what} needs torch, and this build of tinynas has none: `pip install torch==2.13.0`, "
        "then build again without -DTINYNAS_WITH_TORCH=OFF"
    )


class Supernet:
    """Only says what is missing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        fail_without_torch("tinynas.Supernet")
