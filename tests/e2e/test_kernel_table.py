"""scripts/kernel_table: the shipped tables are what the shipped kernels take."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "kernel_table"

pytestmark = pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None, reason="gcc-arm-none-eabi is not installed"
)


@pytest.fixture
def script() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("kernel_table", str(SCRIPT))
    spec = importlib.util.spec_from_loader("kernel_table", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up; nothing of this one is left behind.
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, "kernel_table", module)
        patch.setattr("sys.dont_write_bytecode", True)
        loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "core",
    [
        "cortex-m7",
        *(
            pytest.param(core, marks=pytest.mark.nightly)
            for core in ("cortex-m0", "cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m33")
        ),
        pytest.param("cortex-m55", marks=pytest.mark.nightly),
    ],
)
def test_tables_are_not_stale(script: ModuleType, core: str) -> None:
    shipped = (ROOT / "configs" / "kernels" / f"{core}.toml").read_text()
    if f'compiler = "{script.compiler_version()}"' not in shipped:
        pytest.skip("the tables are of another compiler")
    (name,) = [name for name in script.CORES if script.file_name(name) == f"{core}.toml"]
    compiled = shipped.partition(script.INSTRUCTIONS_MARK)[0]
    assert script.table_text(name) == compiled, "run scripts/kernel_table"


SMALL = """#include "tinynas_kernels.h"
static int32_t deep(int32_t x) {
  volatile int32_t values[100];
  values[x] = x;
  return values[x] + 1;
}
typedef int32_t (*step)(int32_t);
static int32_t __attribute__((noipa)) twice(step by, int32_t x) { return by(x) + by(x + 1); }
int32_t test_calls(int32_t x);
int32_t test_calls(int32_t x) { return twice(deep, x) + 1; }
int32_t test_jumps(int32_t x);
int32_t test_jumps(int32_t x) { return twice(deep, x); }
int32_t test_chooses(int32_t x);
int32_t test_chooses(int32_t x) {
  static const int32_t table[5] = {3, 1, 4, 1, 5};
  return table[x];
}
"""


def test_calls_tail_calls_pointers_and_constants(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernels = tmp_path / "kernels"
    shutil.copytree(script.KERNELS, kernels)
    (kernels / "small.c").write_text(SMALL)
    monkeypatch.setattr(script, "KERNELS", kernels)
    (tmp_path / "objects").mkdir()
    flags = [*script.CORES["Cortex-M7"], *script.FLAGS]
    program = script.Program(flags, tmp_path / "objects")
    of = program.sections
    deep, twice = of["small.c:deep"], of["small.c:twice"]
    assert deep.frame >= 400 and twice.frame > 0
    assert program.deepest("small.c:deep") == deep.frame
    # A tail call leaves no frame behind; a pointer is what its caller takes the address of.
    assert of["test_jumps"].frame == 0
    assert program.deepest("test_jumps") == twice.frame + deep.frame
    assert of["test_calls"].frame > 0
    assert program.deepest("test_calls") == of["test_calls"].frame + twice.frame + deep.frame
    assert program.closure("test_jumps") == {"test_jumps", "small.c:twice", "small.c:deep"}
    constants = program.closure("test_chooses") - {"test_chooses"}
    assert [(of[name].bytes, of[name].is_text) for name in constants] == [(20, False)]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("int32_t test_state;", "no variables"),
        ("int test_grows(int n);\nint test_grows(int n) {\n  volatile char a[n];\n  a[0] = 1;\n"
         "  return a[0];\n}", "variable size"),
        ("int test_far(int x);\nint elsewhere(int x);\nint test_far(int x) "
         "{ return elsewhere(x) + 1; }", "neither a kernel's nor libgcc's"),
    ],
)  # fmt: skip
def test_what_has_no_bound_is_refused(
    script: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    complaint: str,
) -> None:
    kernels = tmp_path / "kernels"
    kernels.mkdir()
    (kernels / "bad.c").write_text("#include <stdint.h>\n" + source + "\n")
    monkeypatch.setattr(script, "KERNELS", kernels)
    with pytest.raises(SystemExit, match=complaint):
        script.Program([*script.CORES["Cortex-M7"], *script.FLAGS], tmp_path)
