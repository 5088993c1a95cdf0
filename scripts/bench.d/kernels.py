"""Instructions of the exported kernels on emulated Cortex-M cores, beside CMSIS-NN where
CMSIS_NN_DIR names a checkout of it; whole networks as planned and layer by layer, and their cycles
on a Cortex-M7, modelled. A figure with ! is of a wrong output."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from firmware.litert import run_litert  # noqa: E402
from support.tflite_models import TfliteBuilder  # noqa: E402

from instruction_classes import (  # noqa: E402
    Classes,
    build_plugin,
    cycles_of,
    plugin_options,
    read_classes,
)

HERE = Path(__file__).resolve().parent / "kernels"
FLAGS = ["-Wl,--gc-sections", "-nostartfiles", "-Wall", "-Wextra"]
NANOSECONDS_AN_INSTRUCTION = 64  # -icount shift=6


@dataclass(frozen=True)
class Core:
    name: str
    machine: str
    code: int = 0
    ram: int = 0x20000000
    timer: int = 0x40000000
    clock_mhz: int = 25  # of the timer

    @property
    def flags(self) -> list[str]:
        """As our kernels were measured."""
        table = ROOT / "configs" / "kernels" / f"cortex-{self.name}.toml"
        return tomllib.loads(table.read_text())["flags"]


CORES = {
    core.name: core
    for core in (
        Core("m7", "mps2-an500"),
        Core("m4", "mps2-an386"),
        Core("m3", "mps2-an385"),
        Core("m0plus", "mps2-an385"),
        Core("m33", "mps2-an505", 0x10000000, 0x38000000, 0x50000000, 20),
    )
}


@dataclass(frozen=True)
class Layer:
    name: str
    kind: str  # CONV, DEPTHWISE, DENSE, ADD
    size: int
    channels: int
    out_channels: int
    kernel: int = 1
    stride: int = 1
    published: str = ""  # least of TinyEngine, CMSIS-NN and a prototype on M7

    @property
    def out_size(self) -> int:
        return -(-self.size // self.stride)

    @property
    def weights(self) -> int:
        per_output = 1 if self.kind == "DEPTHWISE" else self.channels
        return self.kernel * self.kernel * per_output * self.out_channels

    @property
    def macs(self) -> int:
        """Of an addition: its outputs."""
        return self.out_size**2 * (self.out_channels if self.kind == "ADD" else self.weights)


LAYERS = (
    Layer("stem 3x3 s2 3->16 @96", "CONV", 96, 3, 16, 3, 2, "2.79"),
    Layer("1x1 48->24 @20", "CONV", 20, 48, 24, published="1.83"),
    Layer("1x1 24->144 @20", "CONV", 20, 24, 144, published="2.17"),
    Layer("1x1 96->24 @20", "CONV", 20, 96, 24, published="1.63"),
    Layer("dw 3x3 s1 96 @20", "DEPTHWISE", 20, 96, 96, 3, published="4.68"),
    Layer("dw 5x5 s1 96 @20", "DEPTHWISE", 20, 96, 96, 5, published="2.47"),
    Layer("dw 7x7 s1 96 @20", "DEPTHWISE", 20, 96, 96, 7, published="1.88"),
    Layer("dw 3x3 s2 96 @20", "DEPTHWISE", 20, 96, 96, 3, 2, "7.47"),
    Layer("dense 320->1000", "DENSE", 1, 320, 1000, published="2.03"),
    Layer("add 20x20x24, an output", "ADD", 20, 24, 24, published="37"),
    Layer("1x1 96->96 @5", "CONV", 5, 96, 96),
    Layer("dw 5x5 s1 96 @5", "DEPTHWISE", 5, 96, 96, 5),
)


def tflite_of(layer: Layer) -> bytes:
    builder = TfliteBuilder(1)
    x = builder.input((1, layer.size, layer.size, layer.channels))
    square = (layer.kernel, layer.kernel)
    stride = (layer.stride, layer.stride)
    if layer.kind == "CONV":
        out = builder.conv(x, layer.out_channels, square, stride)
    elif layer.kind == "DEPTHWISE":
        out = builder.depthwise(x, square, stride)
    elif layer.kind == "DENSE":
        out = builder.fully_connected(x, layer.out_channels)
    else:
        out = builder.add(x, x)
    return builder.build([out], shuffle=False)


def image_of(core: Core, folder: Path, program: str) -> Path:
    return folder / f"{program}-{core.name}.elf"


def emulate(core: Core, folder: Path, program: str, *options: str) -> int:
    """Instructions of what `program` measures."""
    emulator = ["qemu-system-arm", "-M", core.machine, "-icount", "shift=6", "-nographic", *options]
    emulator += ["-semihosting-config", "enable=on,target=native"]
    emulator += ["-kernel", str(image_of(core, folder, program))]
    subprocess.run(emulator, check=True, cwd=folder, timeout=300, stdin=subprocess.DEVNULL)
    ticks = int.from_bytes((folder / "ticks.bin").read_bytes(), "little")
    return round(ticks * 1000 / core.clock_mhz / NANOSECONDS_AN_INSTRUCTION)


def compile_and_run(
    core: Core, folder: Path, sources: list[Path], options: list[str], program: str
) -> int:
    """Instructions of what `program` measures."""
    command = ["arm-none-eabi-gcc", *FLAGS, *core.flags, *options]
    command += [f"-DBOARD_TIMER={core.timer:#x}u", f"-I{HERE}", str(HERE / "board.c")]
    command += [f"-Wl,--defsym=CODE_ORIGIN={core.code:#x},--defsym=RAM_ORIGIN={core.ram:#x}"]
    command += [*map(str, sources), f"-Wl,-T,{HERE / 'board.ld'}", "-nodefaultlibs", "-lgcc"]
    image = image_of(core, folder, program)
    subprocess.run([*command, "-o", str(image)], check=True)
    return emulate(core, folder, program)


def export(executable: Path, model: Path, folder: Path, *options: str) -> None:
    command = [str(executable), "export", str(model), "--out", str(folder), "--input", "external"]
    subprocess.run([*command, *options], check=True, capture_output=True)


def run_ours(core: Core, exported: Path, *, driver_alone: bool = False) -> int:
    sources = [HERE / "ours.c", *exported.glob("*.c")]
    options = [f"-I{exported}"]
    if driver_alone:
        kernels = set(
            re.findall(
                r"^void (tn_\w+)\(const void", (exported / "tinynas_kernels.h").read_text(), re.M
            )
        )
        options += ["-DNO_KERNELS", *(f"-D{name}=tn_nothing" for name in kernels)]
        sources = [HERE / "ours.c"]
        sources += [exported / name for name in ("model.c", "tinynas_driver.c", "weights.c")]
    return compile_and_run(core, exported, sources, options, "ours")


def write_image(folder: Path, model: Path, random: np.random.Generator) -> bytes:
    """Returns what the reference makes of it."""
    header = (folder / "model.h").read_text()
    size = int(header.split("TINYNAS_INPUT_BYTES ")[1].split()[0])
    image = random.integers(-128, 128, (1, size), np.int8)
    (folder / "image.bin").write_bytes(image.tobytes())
    return run_litert(model.read_bytes(), header, image).tobytes()


def figure(folder: Path, value: float, expected: bytes) -> str:
    """With a mark where the output is wrong."""
    wrong = (folder / "output.bin").read_bytes() != expected
    return f"{value:>8.2f}" + ("!" if wrong else " ")


def build_cmsis_nn(core: Core, checkout: Path, folder: Path) -> list[Path]:
    library = folder / f"cmsis-nn-{core.name}.a"
    if library.is_file():
        return [library]
    objects = folder / f"cmsis-nn-{core.name}"
    objects.mkdir(parents=True, exist_ok=True)
    families = ("Convolution", "FullyConnected", "NNSupport", "BasicMath")
    sources = [
        f for name in families for f in (checkout / "Source" / f"{name}Functions").glob("*s8*.c")
    ]
    sources += [
        f for f in (checkout / "Source" / "NNSupportFunctions").glob("*.c") if f not in sources
    ]
    for source in sources:
        if (
            "_f16" in source.name
            or "_f32" in source.name
            or "s4" in source.name
            or "flt" in source.name
        ):
            continue
        command = ["arm-none-eabi-gcc", *core.flags, "-std=gnu11", "-w", "-c", str(source)]
        command += [f"-I{checkout / 'Include'}", "-o", str(objects / f"{source.stem}.o")]
        subprocess.run(command, check=True)
    subprocess.run(
        ["arm-none-eabi-ar", "rcs", str(library), *map(str, objects.glob("*.o"))], check=True
    )
    return [library]


def run_cmsis_nn(core: Core, checkout: Path, layer: Layer, folder: Path) -> int:
    library = build_cmsis_nn(core, checkout, folder)
    layer_folder = folder / "peer"
    layer_folder.mkdir(exist_ok=True)
    pad = max((layer.out_size - 1) * layer.stride + layer.kernel - layer.size, 0) // 2
    sizes = {
        layer.kind: 1, "HEIGHT": layer.size, "WIDTH": layer.size, "CHANNELS": layer.channels,
        "OUT_HEIGHT": layer.out_size, "OUT_WIDTH": layer.out_size,
        "OUT_CHANNELS": layer.out_channels, "KERNEL": layer.kernel, "STRIDE": layer.stride,
        "PAD": pad, "WEIGHTS": layer.weights,
    }  # fmt: skip
    options = [f"-D{name}={value}" for name, value in sizes.items()]
    options += [f"-I{checkout / 'Include'}", "-Wno-unused-parameter", "-std=gnu11"]
    return compile_and_run(core, layer_folder, [HERE / "cmsis_nn.c", *library], options, "peer")


def count_classes(core: Core, exported: Path, plugin: Path) -> Classes:
    """Of a network that run_ours() has compiled."""
    counts = exported / "counts.txt"
    timed = emulate(core, exported, "ours", *plugin_options(plugin, core.code, counts))
    classes = read_classes(image_of(core, exported, "ours"), counts)
    if abs(classes.instructions - timed) > 100:
        sys.exit(f"the plugin counts {classes.instructions} instructions, the timer {timed}")
    return classes


def macs_of(executable: Path, model: Path) -> int:
    command = [str(executable), "plan", str(model), "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(json.loads(done.stdout)["macs"])


def print_layers(options: argparse.Namespace, cores: list[Core], checkout: str | None) -> None:
    random = np.random.default_rng(0)
    print(f"{'instructions a MAC':26}{'published':>10}", end="")
    for core in cores:
        print(f"{core.name:>9}" + (f"{'cmsis-nn':>9}" if checkout else ""), end="")
    print(flush=True)
    for layer in LAYERS:
        if options.layers not in layer.name:
            continue
        model, folder = options.folder / "layer.tflite", options.folder / "layer"
        model.write_bytes(tflite_of(layer))
        export(options.executable, model, folder)
        expected = write_image(folder, model, random)
        print(f"{layer.name:26}{layer.published:>10}", end="", flush=True)
        for core in cores:
            ours = run_ours(core, folder) / layer.macs
            print(figure(folder, ours, expected), end="", flush=True)
            if checkout:
                peer = run_cmsis_nn(core, Path(checkout), layer, options.folder) / layer.macs
                print(f"{peer:>9.2f}", end="", flush=True)
        print()


def print_networks(options: argparse.Namespace, cores: list[Core]) -> None:
    print("millions of instructions: as planned, of which the driver; layer by layer; difference")
    for model in options.models:
        random = np.random.default_rng(0)
        planned, layers = options.folder / model.stem, options.folder / f"{model.stem}-layers"
        export(options.executable, model, planned)
        export(options.executable, model, layers, "--layer-by-layer")
        expected = write_image(planned, model, random)
        write_image(layers, model, np.random.default_rng(0))
        for core in cores:
            ours = run_ours(core, planned)
            text = figure(planned, ours / 1e6, expected)
            driver = run_ours(core, planned, driver_alone=True) / 1e6
            apart = run_ours(core, layers)
            print(f"{model.stem:26}{core.name:>8}{text}{driver:>8.2f}", end="")
            print(figure(layers, apart / 1e6, expected) + f"{100 * (ours / apart - 1):>7.1f} %")


def print_cycles(options: argparse.Namespace) -> None:
    core, plugin = CORES["m7"], build_plugin(options.folder)
    print("Cortex-M7, modelled: 1.34 ALU + 0.85 MAC + 0.19 load or store; cycles a MAC, functions")
    for model in options.models:
        folder = options.folder / model.stem
        run_ours(core, folder)
        classes, macs = count_classes(core, folder, plugin), macs_of(options.executable, model)
        counts = ", ".join(f"{n / 1e6:.2f} M {name}" for name, n in sorted(classes.total.items()))
        print(f"{model.stem:26}{classes.cycles / macs:6.2f}  {classes.cycles / 1e6:.2f} M ({counts})")
        largest = sorted(classes.functions.items(), key=lambda item: -cycles_of(item[1]))
        for name, counted in largest[:6]:
            print(f"  {name:32}{100 * cycles_of(counted) / classes.cycles:5.1f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("executable", type=Path)
    parser.add_argument("models", type=Path, nargs="*", help="whole networks, .tflite")
    parser.add_argument("--cores", default="m7,m4,m3,m0plus")
    parser.add_argument("--layers", default="", help="only layers whose name holds this")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench-kernels")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    cores = [CORES[name] for name in options.cores.split(",")]
    print_layers(options, cores, os.environ.get("CMSIS_NN_DIR"))
    if options.models:
        print_networks(options, cores)
        print_cycles(options)


if __name__ == "__main__":
    main()
