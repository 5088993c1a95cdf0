"""What tinynas raises on purpose. The C++ library raises these too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinynas._core import Proposal


class TinynasError(Exception):
    """Base of every error of tinynas."""


class BadInputError(TinynasError, ValueError):
    """A file, argument or value is wrong; one line says which and how to mend it."""


class UnsupportedOperatorError(TinynasError):
    """A network has an operator that no kernel implements."""


class StoppedError(TinynasError):
    """Work was stopped after a checkpoint."""


class MissingTorchError(TinynasError, RuntimeError):
    """This build of tinynas has no torch, which measuring needs."""


class InternalError(TinynasError, RuntimeError):
    """A defect of tinynas or of a library below it."""


class NothingFitsError(TinynasError):
    """No network of the space fits the budget.

    `smallest` is what came closest (`peak_sram_bytes`, `excess_sram_bytes`, ...), `document` the
    `tinynas search --json` document, `report` the text for people.
    """

    def __init__(
        self,
        message: str,
        smallest: Proposal | None = None,
        document: dict[str, Any] | None = None,
        report: str = "",
    ) -> None:
        super().__init__(message)
        self.smallest = smallest
        self.document = document
        self.report = report
