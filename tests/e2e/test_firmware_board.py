"""The emulated board itself: each thing that a network may do wrong there is noticed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from firmware.board import MACHINES, Firmware, Outcome, Toolchain, missing_tools, run_firmware

pytestmark = pytest.mark.skipif(
    missing_tools() != "", reason=f"tools for the board are missing: {missing_tools()}"
)

HEADER = """#include <stdint.h>
#define TINYNAS_INPUT_BYTES 4
#define TINYNAS_OUTPUT_BYTES 4
int tinynas_invoke(const int8_t *input, int8_t *output);
"""
MODEL = """#include "model.h"
static union { int8_t bytes[256]; uint32_t words[1]; } tn_arena;
BEFORE
int tinynas_invoke(const int8_t *input, int8_t *output) {
  int8_t *arena = tn_arena.bytes;
  __asm__ volatile("" : "+r"(arena)); /* the compiler forgets what it knows of the arena */
  (void)input;
  for (int i = 0; i < 4; ++i) output[i] = arena[i];
  BODY
}
"""
INPUTS = np.zeros((2, 4), np.int8)

Link = Callable[..., Firmware]


@pytest.fixture
def link(tmp_path: Path) -> Link:
    """Firmware of a network whose run ends with `body`."""

    def make(body: str, *, core: str = "Cortex-M4", before: str = "", **sizes: int) -> Firmware:
        source = tmp_path / "source"
        source.mkdir(exist_ok=True)
        (source / "model.h").write_text(HEADER)
        (source / "model.c").write_text(MODEL.replace("BEFORE", before).replace("BODY", body))
        toolchain = Toolchain(MACHINES[core], tmp_path / "objects")
        return toolchain.link(source, tmp_path / "build", **sizes)

    return make


def run(firmware: Firmware) -> Outcome:
    return run_firmware(firmware, INPUTS, 4, timeout=60)


@pytest.mark.parametrize("core", MACHINES)
def test_instructions_are_counted(link: Link, core: str) -> None:
    loop = '"1: subs %0, #1\\n\\tbne 1b"'
    body = f"""uint32_t left = 500000;
  __asm__ volatile(".syntax unified\\n" {loop} : "+l"(left) : : "cc");
  return 0;"""
    outcome = run(link(body, core=core))
    for count in outcome.instructions:
        assert 1_000_000 <= count <= 1_000_050  # the rest copies four bytes
    assert outcome.canaries_intact


def test_arena_begins_as_garbage(link: Link) -> None:
    firmware = link("return 0;")
    outcome = run(firmware)
    assert firmware.arena_symbol_bytes == firmware.arena_section_bytes == 256
    assert outcome.outputs.any()
    assert (outcome.outputs[0] != outcome.outputs[1]).any()


@pytest.mark.parametrize("index", [-1, 256, -64, 319])
def test_writes_beside_the_arena(link: Link, index: int) -> None:
    body = f"arena[{index}] = 1;\n  return 0;"
    assert not run(link(body)).canaries_intact
    inside = f"arena[{index % 256}] = 1;\n  return 0;"
    assert run(link(inside)).canaries_intact


def test_stack_is_measured(link: Link) -> None:
    body = "volatile int8_t deep[%d];\n  deep[0] = 1;\n  return deep[0] - 1;"
    shallow, deep = run(link(body % 64)).stack_bytes, run(link(body % 1064)).stack_bytes
    assert deep - shallow == 1000
    assert 64 <= shallow <= 64 + 32


def test_stack_overflow_ends_the_run(link: Link) -> None:
    body = "volatile int8_t deep[4096];\n  deep[0] = 1;\n  return deep[0] - 1;"
    with pytest.raises(RuntimeError, match="exit"):
        run(link(body, stack_bytes=2048))
    assert run(link(body, stack_bytes=8192)).stack_bytes >= 4096


def test_a_run_that_stops(link: Link) -> None:
    with pytest.raises(RuntimeError, match="exit 72"):
        run(link("return 5;"))


def test_statics_are_counted(link: Link) -> None:
    statics = "static uint16_t made[21];\nstatic int32_t table[3] = {1, 2, 3};"
    body = "made[output[0] & 15] += 1;\n  table[output[1] & 1] += made[3];\n  return table[0] * 0;"
    firmware = link(body, before=statics)
    assert (firmware.data_bytes, firmware.bss_bytes) == (12, 42)
    assert run(firmware).canaries_intact


def test_what_does_not_fit_is_not_linked(link: Link) -> None:
    stack, canaries, arena = 1024, 2 * 64, 256
    needed = stack + canaries + arena
    link("return 0;", ram_bytes=needed, stack_bytes=stack)
    with pytest.raises(RuntimeError, match="overflowed by 8 bytes"):
        link("return 0;", ram_bytes=needed - 8, stack_bytes=stack)
    flash = link("return 0;").flash_bytes
    link("return 0;", flash_bytes=flash)
    with pytest.raises(RuntimeError, match="overflowed by 4 bytes"):
        link("return 0;", flash_bytes=flash - 4)
