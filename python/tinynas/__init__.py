"""Neural architecture search for microcontrollers: the most accurate network that fits the board.

>>> import tinynas as tn
>>> result = tn.search(mcu="stm32f746", seed=0)
>>> result.best.accuracy, result.plan.peak_sram_bytes
"""

from __future__ import annotations

from tinynas._core import (
    Budget,
    Candidate,
    Engine,
    Int8Network,
    Mcu,
    Measurement,
    MemoryPlan,
    MemoryRegion,
    OperatorPlan,
    Proposal,
    SearchSpace,
    Subnet,
    __version__,
    find_mcu,
    list_mcus,
    list_spaces,
    load_subnet,
    with_torch,
)
from tinynas._export import export
from tinynas._plan import plan
from tinynas._search import SearchResult, extend_search, search, search_boards
from tinynas.errors import (
    BadInputError,
    InternalError,
    MissingTorchError,
    NothingFitsError,
    StoppedError,
    TinynasError,
    UnsupportedOperatorError,
)

if with_torch:
    from tinynas._core import Supernet
else:
    from tinynas._without_torch import Supernet  # type: ignore[assignment]

__all__ = [
    "BadInputError",
    "Budget",
    "Candidate",
    "Engine",
    "Int8Network",
    "InternalError",
    "Mcu",
    "Measurement",
    "MemoryPlan",
    "MemoryRegion",
    "MissingTorchError",
    "NothingFitsError",
    "OperatorPlan",
    "Proposal",
    "SearchResult",
    "SearchSpace",
    "StoppedError",
    "Subnet",
    "Supernet",
    "TinynasError",
    "UnsupportedOperatorError",
    "__version__",
    "export",
    "extend_search",
    "find_mcu",
    "list_mcus",
    "list_spaces",
    "load_subnet",
    "plan",
    "search",
    "search_boards",
    "with_torch",
]
