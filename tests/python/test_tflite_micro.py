"""Arenas and offline plans against TensorFlow Lite Micro's own interpreter."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from support import tflm_interpreter
from support.tflite_models import TfliteBuilder, from_bytes, to_bytes
from support.tflite_networks import BY_HAND, by_hand, drawn

PLAN_NAME = b"OfflineMemoryAllocation"
# The tail's constants were fitted on seeds below 250: these are others.
SEEDS = range(1000, 1060)
MANY_SEEDS = range(1060, 1600)
TAIL_WORST, TAIL_MEAN = 0.05, 0.015


@dataclass
class Case:
    """One model, planned by us and loaded by the interpreter, with and without our plan."""

    content: bytes
    folder: Path
    cli_json: Callable[..., Any]
    document: Any = field(init=False)
    rewritten: bytes = field(init=False)

    def __post_init__(self) -> None:
        source, target = self.folder / "model.tflite", self.folder / "planned.tflite"
        source.write_bytes(self.content)
        self.document = self.cli_json(
            "plan", source, "--runtime", "tflm", "--write-offline-plan", target
        )
        self.rewritten = target.read_bytes()
        self.stock = tflm_interpreter.load(self.content)
        self.planned = tflm_interpreter.load(self.rewritten)

    def check_head(self) -> None:
        head = tflm_interpreter.allocation(self.stock).head
        assert self.document["sram"]["activation_bytes"] == head

    def check_offline_plan(self, runs: int = 2) -> tuple[int, int]:
        """Heads without and with it. The outputs are equal, and not for being constant."""
        theirs = tflm_interpreter.allocation(self.stock).head
        ours = tflm_interpreter.allocation(self.planned).head
        assert ours <= theirs
        count = len(from_bytes(self.content).subgraphs[0].outputs)
        varied = False
        for seed in range(runs):
            expected = tflm_interpreter.outputs(self.stock, count, seed)
            found = tflm_interpreter.outputs(self.planned, count, seed)
            for a, b in zip(expected, found, strict=True):
                np.testing.assert_array_equal(a, b)
                varied = varied or len(np.unique(a)) > 1
        assert varied
        return theirs, ours

    def tail_error(self) -> float:
        tail = tflm_interpreter.allocation(self.stock).tail
        modelled = self.document["sram"]["scratch_bytes"]
        assert self.document["peak_sram_bytes"] == (
            self.document["sram"]["activation_bytes"] + modelled
        )
        return float(modelled - tail) / tail


def offline_offsets(content: bytes) -> list[int]:
    """One a tensor, as the interpreter reads them."""
    model = from_bytes(content)
    [entry] = [entry for entry in model.metadata if entry.name == PLAN_NAME]
    words = np.frombuffer(bytes(model.buffers[entry.buffer].data), np.int32)
    assert words[:2].tolist() == [1, 1]
    assert words[2] == len(model.subgraphs[0].tensors) == len(words) - 3
    return [int(word) for word in words[3:]]


def plain(value: Any) -> Any:
    """Objects of the schema as values that compare."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if hasattr(value, "__dict__"):
        return {type(value).__name__: {k: plain(v) for k, v in vars(value).items()}}
    return value


def check_rest_is_kept(before: bytes, after: bytes) -> None:
    old, new = from_bytes(before), from_bytes(after)
    old_entries = [plain(e) for e in old.metadata or [] if e.name != PLAN_NAME]
    assert [plain(e) for e in new.metadata if e.name != PLAN_NAME] == old_entries
    assert plain(new.buffers[: len(old.buffers)]) == plain(old.buffers)
    assert len(new.buffers) == len(old.buffers) + 1
    for model in (old, new):
        model.metadata = model.buffers = None
    assert plain(new) == plain(old)


@pytest.fixture(scope="module")
def tail_errors() -> Iterator[list[float]]:
    """Of every model that this module looked at."""
    errors: list[float] = []
    yield errors
    if not errors:
        return
    worst, mean = max(errors, key=abs), float(np.mean(np.abs(errors)))
    print(f"\ntail of {len(errors)} models: worst {worst:+.2%}, mean {mean:.2%}")
    assert mean <= TAIL_MEAN


@pytest.fixture
def case(tmp_path: Path, cli_json: Callable[..., Any]) -> Callable[[bytes], Case]:
    return lambda content: Case(content, tmp_path, cli_json)


def check_all(case: Case, tail_errors: list[float]) -> None:
    case.check_head()
    case.check_offline_plan()
    check_rest_is_kept(case.content, case.rewritten)
    error = case.tail_error()
    assert abs(error) <= TAIL_WORST
    tail_errors.append(error)


@pytest.mark.parametrize("network", BY_HAND, ids=lambda network: str(network.__name__))
def test_operators(
    network: Callable[[TfliteBuilder], list[int]],
    case: Callable[[bytes], Case],
    tail_errors: list[float],
) -> None:
    check_all(case(by_hand(network)), tail_errors)


@pytest.mark.parametrize("seed", SEEDS)
def test_drawn_networks(seed: int, case: Callable[[bytes], Case], tail_errors: list[float]) -> None:
    check_all(case(drawn(seed)), tail_errors)


@pytest.mark.nightly
def test_many_drawn_networks(case: Callable[[bytes], Case], tail_errors: list[float]) -> None:
    for seed in MANY_SEEDS:
        print("seed", seed)
        check_all(case(drawn(seed)), tail_errors)


# Totals and heads on a 64-bit host, from the reference's README.
PUBLISHED = {
    "mcunet-vww1-float-io": (224_976, 161_472),
    "mcunet-in0": (171_168, 87_040),
    "mlperf-tiny-resnet8": (55_984, 49_152),
    "mlperf-tiny-kws": (24_272, 16_000),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_networks(
    name: str,
    shared_tflite: dict[str, Path],
    case: Callable[[bytes], Case],
    tail_errors: list[float],
) -> None:
    content = shared_tflite[name].read_bytes()
    total, head = PUBLISHED[name]
    published = case(content)
    allocation = tflm_interpreter.allocation(published.stock)
    assert (allocation.head + allocation.tail, allocation.head) == (total, head)
    check_all(published, tail_errors)
    peak = published.document["peak_sram_bytes"]
    assert abs(peak - total) <= 0.01 * total
    print(f"{name}: {total:,} bytes, {peak:,} modelled; head {head:,}")


def test_offline_plans_save_memory(case: Callable[[bytes], Case]) -> None:
    """The interpreter takes offsets from the file: its head gets smaller where ours is."""
    heads = [case(drawn(seed)).check_offline_plan(1) for seed in SEEDS]
    saved = [1 - ours / theirs for theirs, ours in heads]
    print(
        f"\noffline plans: smaller head on {sum(s > 0 for s in saved)} of {len(saved)} networks, "
        f"{np.mean(saved):.1%} saved on average, {max(saved):.1%} at most"
    )
    assert sum(s > 0 for s in saved) >= len(saved) // 5
    assert min(saved) >= 0


def test_head_that_is_announced(tmp_path: Path, executable: Path) -> None:
    for seed in SEEDS[:10]:
        (tmp_path / "model.tflite").write_bytes(drawn(seed))
        done = subprocess.run(
            [executable, "plan", "model.tflite", "--write-offline-plan", "planned.tflite"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        content = (tmp_path / "planned.tflite").read_bytes()
        ours = tflm_interpreter.allocation(tflm_interpreter.load(content)).head
        theirs = tflm_interpreter.allocation(tflm_interpreter.load(drawn(seed))).head
        assert done.stderr == (
            f"planned.tflite: the interpreter's arena head takes {ours:,} bytes, "
            f"{theirs:,} as the interpreter plans it\n"
        )


def test_a_plan_that_was_there_is_replaced(case: Callable[[bytes], Case]) -> None:
    """By the same bytes as the first time, however bad the old one was; its rest stays."""
    content = drawn(SEEDS[0])
    first = case(content)
    again = case(first.rewritten)
    assert offline_offsets(again.rewritten) == offline_offsets(first.rewritten)

    model = from_bytes(content)
    other, plan = schema.MetadataT(), schema.MetadataT()
    other.name, other.buffer = b"min_runtime_version", 0
    plan.name, plan.buffer = PLAN_NAME, len(model.buffers)
    buffer = schema.BufferT()
    offsets = offline_offsets(first.rewritten)
    apart = [-1 if offset < 0 else 4096 * i for i, offset in enumerate(offsets)]
    buffer.data = np.array([1, 1, len(apart), *apart], np.int32).view(np.uint8)
    model.buffers.append(buffer)
    model.metadata = [plan, other]
    planned = to_bytes(model)
    assert tflm_interpreter.allocation(tflm_interpreter.load(planned)).head > (
        2 * tflm_interpreter.allocation(first.stock).head
    )
    replaced = case(planned)
    # What the plan says of the network is what the interpreter would do by itself.
    assert replaced.document["sram"] == first.document["sram"]
    assert offline_offsets(replaced.rewritten) == offline_offsets(first.rewritten)
    assert [entry.name for entry in from_bytes(replaced.rewritten).metadata] == [
        b"min_runtime_version",
        PLAN_NAME,
    ]
    replaced.check_offline_plan()
    check_rest_is_kept(planned, replaced.rewritten)


def test_everything_else_is_kept(case: Callable[[bytes], Case]) -> None:
    """Signatures, metadata of other tools, fields that we do not know, buffers of nobody."""
    model = from_bytes(drawn(SEEDS[1]))
    [subgraph] = model.subgraphs
    maps = schema.TensorMapT()
    maps.name, maps.tensorIndex = "image", int(subgraph.inputs[0])
    signature = schema.SignatureDefT()
    signature.inputs, signature.outputs, signature.signatureKey = [maps], [], "serving_default"
    model.signatureDefs = [signature]
    spare = schema.BufferT()
    spare.data = np.arange(50, dtype=np.uint8)
    model.buffers.append(spare)
    other = schema.MetadataT()
    other.name, other.buffer = "TFLITE_METADATA", len(model.buffers) - 1
    model.metadata, model.metadataBuffer = [other], [len(model.buffers) - 1]
    subgraph.name = "main"
    subgraph.operators[0].mutatingVariableInputs = [False, False, True]
    subgraph.tensors[0].shapeSignature = [-1, *subgraph.tensors[0].shape[1:]]
    furnished = case(to_bytes(model))
    check_rest_is_kept(furnished.content, furnished.rewritten)
    kept = from_bytes(furnished.rewritten)
    assert kept.signatureDefs[0].signatureKey == b"serving_default"
    assert list(kept.subgraphs[0].operators[0].mutatingVariableInputs) == [0, 0, 1]
    assert furnished.content in furnished.rewritten  # byte by byte
    furnished.check_head()
    furnished.check_offline_plan()


def test_constants_are_left_to_the_interpreter(case: Callable[[bytes], Case]) -> None:
    for network in BY_HAND:
        content = by_hand(network)
        model = from_bytes(content)
        offsets = offline_offsets(case(content).rewritten)
        for tensor, offset in zip(model.subgraphs[0].tensors, offsets, strict=True):
            assert (offset == -1) == (model.buffers[tensor.buffer].data is not None)
            assert offset == -1 or offset % 16 == 0
