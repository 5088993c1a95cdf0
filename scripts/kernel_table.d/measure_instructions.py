"""Instructions of each trip (cpp/src/tinyengine/kernel_trips.h) on an emulated core: drawn networks
are run once as they are and once without their kernels, then both are fitted by least squares."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "scripts" / "bench.d")]
from drawn_networks import Drawn  # noqa: E402
from kernels import NANOSECONDS_AN_INSTRUCTION, Core  # noqa: E402

KERNELS = ROOT / "cpp" / "src" / "codegen" / "kernels"
BOARD = ROOT / "scripts" / "bench.d" / "kernels"
INVOKE = "tinynas_invoke"
SHARED = ("driver", "invoke")  # families that are measured without kernels
CHAIN = "chain"
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

    def join(self, objects: list[Path], to: Path) -> Path:
        """One object whose only symbol is its call, so that networks do not meet."""
        command = ["arm-none-eabi-ld", "-r", *map(str, objects), "-o", str(to)]
        subprocess.run(command, check=True)
        command = ["arm-none-eabi-objcopy", f"--redefine-sym={INVOKE}={to.stem}"]
        command += [f"--keep-global-symbol={to.stem}", str(to)]
        subprocess.run(command, check=True)
        return to

    def network(self, index: int, exported: Path) -> list[Path]:
        folder = self.folder / f"network_{index}"
        nothing = [f"-D{name}=tn_nothing" for name in kernel_functions()]
        model, weights = exported / "model.c", exported / "weights.c"
        include = f"-I{exported}"
        whole = self.compile([model, weights], [include], folder)
        bare = self.compile([model], [include, *nothing], folder / "bare")
        mode = next(f.stem for f in exported.glob("invoke_*.c"))
        invoke = self.folder / f"{mode}.o"
        return [
            self.join([*whole, invoke], folder / f"invoke_{index}.o"),
            self.join([*bare, whole[1], invoke], folder / f"invoke_{index}_bare.o"),
        ]

    def main_source(self, networks: list[Drawn]) -> str:
        names = [f"invoke_{i}{s}" for i in range(len(networks)) for s in ("", "_bare")]
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
        with ThreadPoolExecutor(2) as pool:
            parts = pool.map(
                lambda i: self.network(i, exported / networks[i].name), range(len(networks))
            )
            objects += [part for pair in parts for part in pair]
        (self.folder / "objects").write_text("\n".join(map(str, objects)))
        image = self.folder / "all.elf"
        command = ["arm-none-eabi-gcc", *self.core.flags, "-nostartfiles", "-nodefaultlibs"]
        command += ["-Wl,--gc-sections", f"-Wl,-T,{BOARD / 'board.ld'}", f"@{self.folder}/objects"]
        command += [f"-Wl,--defsym=CODE_ORIGIN={self.core.code:#x}"]
        command += [f"-Wl,--defsym=RAM_ORIGIN={self.core.ram:#x}", "-lgcc", "-o", str(image)]
        subprocess.run(command, check=True)
        emulator = ["qemu-system-arm", "-M", self.core.machine, "-icount", "shift=6", "-nographic"]
        emulator += ["-semihosting-config", "enable=on,target=native", "-kernel", str(image)]
        subprocess.run(
            emulator, check=True, cwd=self.folder, timeout=600, stdin=subprocess.DEVNULL
        )
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


def errors(
    costs: Counts, trips: dict[str, Counts], measured: dict[str, tuple[float, float]]
) -> dict[str, float]:
    """Relative, of whole networks."""
    return {
        name: predict(trips[name], costs) / whole - 1 for name, (whole, _) in measured.items()
    }


if __name__ == "__main__":
    import argparse
    import pickle

    from drawn_networks import draw_networks
    from kernels import CORES

    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=Path, default=ROOT / "build/core-only/scripts/kernel_table.d/export_with_trips")
    parser.add_argument("--cores", default="m7")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/instr"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    networks = draw_networks()
    trips = export_all(options.program, networks, options.folder)
    for core in options.cores.split(","):
        measured = Firmware(CORES[core], options.folder / core).measure(networks, options.folder)
        pickle.dump((trips, measured), open(options.folder / f"{core}.pickle", "wb"))
