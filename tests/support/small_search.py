"""The search that tests of a finished run share: on real images, in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

MCU = "stm32g031k8"
OPTIONS = ["--mcu", MCU, "--measurements", "16", "--seed", "1"]


@dataclass
class Run:
    folder: Path
    document: dict[str, Any]

    def files(self) -> dict[str, bytes]:
        """All that must not depend on how the run came about."""
        kept = [self.folder / "trials.jsonl", self.folder / "result.json"]
        kept += sorted((self.folder / "best").iterdir())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in kept}
