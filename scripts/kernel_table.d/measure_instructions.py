"""Instructions of each trip (cpp/src/tinyengine/kernel_trips.h) on an emulated core: drawn networks
are run once as they are and once without their kernels, then both are fitted by least squares."""

from __future__ import annotations

import argparse
import json
import math
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "scripts" / "bench.d")]
from drawn_networks import Drawn, draw_networks  # noqa: E402
from kernels import CORES, NANOSECONDS_AN_INSTRUCTION, Core  # noqa: E402

KERNELS = ROOT / "cpp" / "src" / "codegen" / "kernels"
BOARD = ROOT / "scripts" / "bench.d" / "kernels"
INVOKE = "tinynas_invoke"
SHARED = ("driver", "invoke")  # families that are measured without kernels
MARK = "# Instructions of a trip"
# A Cortex-M0 has the instructions of an M0+, and the compiler makes the same code for both.
TABLES = {core: [core, "m0"] if core == "m0plus" else [core] for core in CORES}
CHAIN = "chain"
PART = 64  # networks a file
LATER = ("depthwise_any", "pool_sums")
Counts = dict[str, float]  # trips by name


def export_all(program: Path, networks: list[Drawn], folder: Path) -> dict[str, Counts]:
    """Writes FOLDER/NAME of each network; returns its trips."""
    lines = []
    for network in networks:
        model = folder / f"{network.name}.tflite"
        model.write_bytes(network.model)
        lines.append(
            f"{network.name} {model} {network.input} {network.depthwise_rows} {network.sram_bytes}"
        )
    done = subprocess.run(
        [str(program), str(folder)], input="\n".join(lines), capture_output=True, text=True
    )
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    trips: dict[str, Counts] = json.loads(done.stdout)
    return trips


def kernel_functions() -> list[str]:
    text = (KERNELS / "tinynas_kernels.h").read_text()
    return re.findall(r"^void (tn_\w+)\(const void", text, re.M)


def own_names(exported: Path) -> list[str]:
    """Identifiers that a network's files define and no header knows."""
    headers = [f for f in exported.glob("*.h") if f.name not in ("weights.h", "model.h")]
    known = {name for f in headers for name in re.findall(r"\btn_\w+", f.read_text())}
    text = (exported / "model.c").read_text() + (exported / "weights.c").read_text()
    return sorted(set(re.findall(r"\btn_\w+", text)) - known | {"tn_network"})


def as_one(exported: Path, files: list[str], suffix: str) -> str:
    """Files of a network without includes, its names with a suffix, so that many fit in one."""
    text = "".join((exported / name).read_text() for name in files)
    text = re.sub(r"^#include .*$", "", text, flags=re.M)
    for name, value in re.findall(
        r"^#define (TINYNAS_\w+) (.+)$", (exported / "model.h").read_text(), re.M
    ):
        text = re.sub(rf"\b{name}\b", value, text)
    names = "|".join(own_names(exported))
    text = re.sub(rf"\b({names})\b", rf"\g<1>{suffix}", text)
    return re.sub(r"\b(tinynas_\w+)", rf"\g<1>{suffix}", text)


class Firmware:
    """All networks in one image: each as it is and, `_bare`, without its kernels."""

    def __init__(self, core: Core, folder: Path) -> None:
        self.core, self.folder = core, folder
        folder.mkdir(parents=True, exist_ok=True)

    def compile(self, sources: list[Path], options: list[str], folder: Path) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        command = ["arm-none-eabi-gcc", *self.core.flags, *options, "-c", *map(str, sources)]
        subprocess.run(command, check=True, cwd=folder)
        return [folder / f"{source.stem}.o" for source in sources]

    def part(self, index: int, folders: list[tuple[int, Path]], kind: str) -> list[Path]:
        """Models in one object, what calls them in another."""
        models = self.folder / f"models{kind}{index}.c"
        calls = self.folder / f"calls{kind}{index}.c"
        includes = '#include "tinynas_kernels.h"\n#include "weight_order.h"\n'
        model_text, call_text = includes, includes
        for i, exported in folders:
            suffix = f"{kind}{i}"
            mode = next(f.name for f in exported.glob("invoke_*.c"))
            model_text += as_one(exported, ["weights.c", "model.c"], suffix)
            call_text += f"extern const tn_model tn_network{suffix};\n"
            call_text += re.sub(
                r"\bcopy_row\b", f"copy_row{suffix}", as_one(exported, [mode], suffix)
            )
        models.write_text(model_text)
        calls.write_text(call_text)
        options = [f"-I{KERNELS}", "-Wno-unused"]
        if kind == "_bare":
            options += [f"-D{name}=tn_nothing" for name in kernel_functions()]
        return self.compile([models, calls], options, self.folder)

    def main_source(self, networks: list[Drawn]) -> str:
        names = [f"{INVOKE}{kind}{i}" for i in range(len(networks)) for kind in ("_whole", "_bare")]
        text = '#include "board.h"\n'
        text += "".join(f"int {name}(const int8_t*, int8_t*);\n" for name in names)
        text += "int none(const int8_t*, int8_t*);\n"
        text += "typedef int (*invoke)(const int8_t*, int8_t*);\n"
        text += f"static const invoke all[] = {{none, {', '.join(names)}}};\n"
        text += "static int8_t input[65536], output[65536];\n"
        text += f"static uint32_t ticks[{len(names) + 1}];\n"
        text += (
            "int none(const int8_t* in, int8_t* out) { (void)in; (void)out; return 0; }\n"
            "void tn_nothing(const void* layer, const void* call) { (void)layer; (void)call; }\n"
            "int main(void) {\n"
            "  uint32_t seed = 1;\n"
            "  for (uint32_t i = 0; i < sizeof input; ++i) {\n"
            "    seed = seed * 1664525u + 1013904223u;\n"
            "    input[i] = (int8_t)(seed >> 24);\n"
            "  }\n"
            "  for (uint32_t i = 0; i < sizeof all / sizeof all[0]; ++i) {\n"
            "    board_start_timer();\n"
            "    all[i](input, output);\n"
            "    ticks[i] = board_ticks();\n"
            "  }\n"
            '  board_write_file("ticks.bin", ticks, sizeof ticks);\n'
            "  return 0;\n}\n"
        )
        return text

    def measure(self, networks: list[Drawn], exported: Path) -> dict[str, tuple[float, float]]:
        """Instructions of each network: as it is, and without kernels."""
        (self.folder / "main.c").write_text(self.main_source(networks))
        sources = [*KERNELS.glob("*.c"), BOARD / "board.c", self.folder / "main.c"]
        options = [f"-I{BOARD}", f"-I{KERNELS}", f"-DBOARD_TIMER={self.core.timer:#x}u"]
        objects = self.compile(sources, options, self.folder)
        objects = [path for path in objects if not path.stem.startswith("invoke_")]
        folders = [(i, exported / network.name) for i, network in enumerate(networks)]
        for index in range(0, len(folders), PART):
            for kind in ("_whole", "_bare"):
                objects += self.part(index, folders[index : index + PART], kind)
        (self.folder / "objects").write_text("\n".join(map(str, objects)))
        image = self.folder / "all.elf"
        command = ["arm-none-eabi-gcc", *self.core.flags, "-nostartfiles", "-nodefaultlibs"]
        command += ["-Wl,--gc-sections", f"-Wl,-T,{BOARD / 'board.ld'}", f"@{self.folder}/objects"]
        command += [f"-Wl,--defsym=CODE_ORIGIN={self.core.code:#x}"]
        command += [f"-Wl,--defsym=RAM_ORIGIN={self.core.ram:#x}", "-lgcc", "-o", str(image)]
        subprocess.run(command, check=True)
        emulator = ["qemu-system-arm", "-M", self.core.machine, "-icount", "shift=6", "-nographic"]
        emulator += ["-semihosting-config", "enable=on,target=native", "-kernel", str(image)]
        subprocess.run(emulator, check=True, cwd=self.folder, timeout=600, stdin=subprocess.DEVNULL)
        ticks = np.fromfile(self.folder / "ticks.bin", "<u4").astype(float)
        instructions = (ticks - ticks[0]) * 1000 / self.core.clock_mhz / NANOSECONDS_AN_INSTRUCTION
        pairs = instructions[1:].reshape(-1, 2)
        return {n.name: (pair[0], pair[1]) for n, pair in zip(networks, pairs, strict=True)}


def least_squares(rows: list[Counts], values: list[float], wholes: list[float]) -> Counts:
    """Of errors relative to `wholes`. Trips that always come together share what they cost."""
    names = sorted({name for row in rows for name in row})
    matrix = np.array([[row.get(name, 0.0) for name in names] for row in rows])
    matrix /= np.array(wholes)[:, None]
    scales = np.linalg.norm(matrix, axis=0)
    right = np.array(values) / np.array(wholes)
    solution = np.linalg.lstsq(matrix / scales, right, rcond=1e-9)[0]
    return dict(zip(names, (float(value) for value in solution / scales), strict=True))


def parts_of(counts: Counts) -> tuple[Counts, Counts]:
    """What is left without kernels, and the kernels."""
    shared = {n: c for n, c in counts.items() if n.split(".")[0] in SHARED}
    return shared, {n: c for n, c in counts.items() if n not in shared}


def predict(counts: Counts, costs: Counts) -> float:
    return sum(count * costs.get(name, 0.0) for name, count in counts.items())


def family_of(name: str) -> str:
    return name.rsplit("-", 1)[0]


def fit(trips: dict[str, Counts], measured: dict[str, tuple[float, float]]) -> Counts:
    """Kernels that share code with others come after these, so that what cannot be told exactly of
    them does not spoil the others. Chains tell what the driver takes, and nothing of kernels."""
    bare = [(parts_of(trips[name])[0], pair[1]) for name, pair in measured.items()]
    values = [value for _, value in bare]
    costs = least_squares([counts for counts, _ in bare], values, values)
    for later in (False, True):
        rows, values, wholes = [], [], []
        for name, (whole, without) in measured.items():
            family = family_of(name)
            if family == CHAIN or (family in LATER) != later:
                continue
            counts = parts_of(trips[name])[1]
            values.append(whole - without - predict(counts, costs))
            rows.append({n: c for n, c in counts.items() if n not in costs})
            wholes.append(whole - without)
        costs = costs | least_squares(rows, values, wholes)
    return costs


def worst_chain(
    costs: Counts, trips: dict[str, Counts], measured: dict[str, tuple[float, float]]
) -> float:
    """The largest relative error of a chain, whose kernels were not fitted."""
    return max(
        abs(predict(trips[name], costs) / whole - 1)
        for name, (whole, _) in measured.items()
        if family_of(name) == CHAIN
    )


def trip_names() -> list[tuple[str, str]]:
    text = (ROOT / "cpp" / "src" / "tinyengine" / "kernel_trips.h").read_text()
    return re.findall(r"^  X\((\w+), (\w+)\)", text, re.M)


def instructions_text(costs: Counts, error: float) -> str:
    text = (
        f"\n{MARK} of cpp/src/tinyengine/kernel_trips.h, by kernel: measured by\n"
        "# `scripts/kernel_table --instructions` on emulated cores and fitted. `error`: the most,\n"
        "# relative, on networks whose kernels were not fitted.\n"
        f"[instructions]\nerror = {math.ceil(error * 1000) / 1000}\n"
    )
    last = ""
    for family, name in trip_names():
        if family != last:
            text += f"\n[instructions.{family}]\n"
            last = family
        text += f"{name} = {costs.get(f'{family}.{name}', 0.0):.4g}\n"
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=Path, help="export_with_trips")
    parser.add_argument("cores", nargs="*", choices=[[], *CORES], metavar="CORE")
    options = parser.parse_args()
    networks = draw_networks()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trips = export_all(options.program, networks, folder)
        for core in options.cores or CORES:
            measured = Firmware(CORES[core], folder / core).measure(networks, folder)
            costs = fit(trips, measured)
            error = worst_chain(costs, trips, measured)
            print(
                f"{core}: {len(networks)} networks, chains within {100 * error:.2f} %", flush=True
            )
            for table in TABLES[core]:
                path = ROOT / "configs" / "kernels" / f"cortex-{table}.toml"
                text = path.read_text().split(f"\n{MARK}")[0] + instructions_text(costs, error)
                partial = path.with_suffix(".partial")
                partial.write_text(text)
                partial.rename(path)


if __name__ == "__main__":
    main()
