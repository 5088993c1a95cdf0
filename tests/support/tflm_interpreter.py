"""TensorFlow Lite Micro's own interpreter: what it allocates, and what it computes."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from typing import Any

import numpy as np
from tflite_micro.python.tflite_micro import runtime

ARENA_BYTES = 16 << 20


@dataclass(frozen=True)
class Allocation:
    head: int
    tail: int


def load(content: bytes) -> Any:
    return runtime.Interpreter.from_bytes(content, arena_size=ARENA_BYTES)


def allocation(interpreter: Any) -> Allocation:
    """It prints to file descriptor 2 and returns nothing."""
    with tempfile.TemporaryFile() as captured:
        stderr = os.dup(2)
        try:
            os.dup2(captured.fileno(), 2)
            interpreter.print_allocations()
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
        captured.seek(0)
        text = captured.read().decode()
    found = dict(re.findall(r"Arena allocation (\w+) (\d+) bytes", text))
    return Allocation(int(found["head"]), int(found["tail"]))


def outputs(interpreter: Any, count: int, seed: int) -> list[np.ndarray[Any, Any]]:
    """Of one run on a random input."""
    values = np.random.default_rng(seed)
    details = interpreter.get_input_details(0)
    if details["dtype"] is np.int8:
        image = values.integers(-128, 128, details["shape"], np.int8)
    else:
        image = values.uniform(-6, 6, details["shape"]).astype(np.float32)
    interpreter.set_input(image, 0)
    interpreter.invoke()
    return [np.array(interpreter.get_output(i)) for i in range(count)]
