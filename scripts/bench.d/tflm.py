"""TensorFlow Lite Micro on the emulated board, built from checkouts: TFLITE_MICRO_DIR, in which
`make -f tensorflow/lite/micro/tools/make/Makefile third_party_downloads` has run, and CMSIS_NN_DIR
for its optimised kernels."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from ai_edge_litert import schema_py_generated as schema  # noqa: E402
from firmware.board import MIB, SUPPORT, Firmware, Machine, Toolchain, run_firmware  # noqa: E402

HERE = Path(__file__).resolve().parent / "peers"
ARENA_BYTES, STACK_BYTES = MIB, 64 * 1024
FLAGS = ["-O2", "-fno-schedule-insns", "-ffunction-sections", "-fdata-sections", "-w"]
FLAGS += ["-DTF_LITE_STATIC_MEMORY", "-DNDEBUG", "-DTF_LITE_STRIP_ERROR_STRINGS"]
FLAGS += ["-fno-unwind-tables", "-fno-asynchronous-unwind-tables"]
CXX_FLAGS = ["-std=c++17", "-fno-rtti", "-fno-exceptions", "-fno-threadsafe-statics"]
FOLDERS = [
    "tensorflow/lite/micro",
    "tensorflow/lite/micro/arena_allocator",
    "tensorflow/lite/micro/memory_planner",
    "tensorflow/lite/micro/tflite_bridge",
    "tensorflow/lite/core/c",
    "tensorflow/lite/core/api",
    "tensorflow/compiler/mlir/lite/core/api",
    "tensorflow/compiler/mlir/lite/schema",
    "tensorflow/lite/kernels",
    "tensorflow/lite/kernels/internal",
    "tensorflow/lite/kernels/internal/reference",
]
LEFT_OUT = ("test", "mock", "fake", "recording", "hexdump", "debug_log", "micro_time")
KERNELS = [
    "activations", "add", "concatenation", "conv", "depthwise_conv", "dequantize",
    "fully_connected", "kernel_util", "logistic", "mul", "pad", "pooling", "quantize", "reduce",
    "reshape", "resize_nearest_neighbor", "softmax", "transpose",
]  # fmt: skip
METHODS = {
    "ADD": "AddAdd", "AVERAGE_POOL_2D": "AddAveragePool2D", "CONCATENATION": "AddConcatenation",
    "CONV_2D": "AddConv2D", "DEPTHWISE_CONV_2D": "AddDepthwiseConv2D",
    "DEQUANTIZE": "AddDequantize", "FULLY_CONNECTED": "AddFullyConnected",
    "LOGISTIC": "AddLogistic", "MAX_POOL_2D": "AddMaxPool2D", "MEAN": "AddMean", "MUL": "AddMul",
    "PAD": "AddPad", "QUANTIZE": "AddQuantize", "RELU": "AddRelu", "RELU6": "AddRelu6",
    "RESHAPE": "AddReshape", "RESIZE_NEAREST_NEIGHBOR": "AddResizeNearestNeighbor",
    "SOFTMAX": "AddSoftmax", "TRANSPOSE": "AddTranspose",
}  # fmt: skip
NAMES = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}


@dataclass(frozen=True)
class PeerOutcome:
    sram_bytes: int  # the arena that it used, and statics
    flash_bytes: int  # with the model
    stack_bytes: int  # set-up included
    instructions: int  # of an inference
    outputs: npt.NDArray[np.int8]


def operators(model: bytes) -> list[str]:
    read = schema.ModelT.InitFromPackedBuf(model, 0)
    codes = {max(c.builtinCode, c.deprecatedBuiltinCode) for c in read.operatorCodes}
    return sorted(NAMES[code] for code in codes)


class Tflm:
    """TensorFlow Lite Micro for one machine, with its reference kernels or those of CMSIS-NN."""

    def __init__(
        self, machine: Machine, checkout: Path, folder: Path, cmsis_nn: Path | None = None
    ) -> None:
        self.machine, self.checkout, self.cmsis_nn = machine, checkout, cmsis_nn
        self.target = [flag for flag in machine.flags if flag.startswith("-m")]
        kind = "cmsis-nn" if cmsis_nn else "reference"
        self.folder = folder / f"tflm-{kind}-{machine.core}"
        self.objects = folder / f"tflm-objects-{machine.core}"  # both kinds share most of them
        self.toolchain = Toolchain(machine, folder / "board")
        downloads = checkout / "tensorflow/lite/micro/tools/make/downloads"
        self.includes = [checkout, downloads, downloads / "flatbuffers/include"]
        self.includes += [downloads / "gemmlowp", downloads / "ruy"]
        if cmsis_nn:
            self.includes += [cmsis_nn, cmsis_nn / "Include"]

    def sources(self) -> list[Path]:
        files = [
            file
            for name in FOLDERS
            for file in sorted((self.checkout / name).glob("*.cc"))
            if not any(word in file.stem for word in LEFT_OUT)
        ]
        kernels = self.checkout / "tensorflow/lite/micro/kernels"
        for name in KERNELS:
            optimised = kernels / "cmsis_nn" / f"{name}.cc"
            files.append(
                optimised if self.cmsis_nn and optimised.is_file() else kernels / f"{name}.cc"
            )
            common = kernels / f"{name}_common.cc"
            files += [common] if common.is_file() else []
        if self.cmsis_nn:
            skipped = ("_f16", "_f32", "_flt")
            files += [
                file
                for file in sorted((self.cmsis_nn / "Source").glob("*/*.c"))
                if not file.stem.endswith(skipped)
            ]
        return files

    def compile(self, source: Path, target: Path, *options: str) -> Path:
        if target.is_file():
            return target
        cxx = source.suffix == ".cc"
        command = ["arm-none-eabi-g++" if cxx else "arm-none-eabi-gcc", *self.target]
        command += [*FLAGS, *(CXX_FLAGS if cxx else []), *options]
        command += [f"-I{path}" for path in self.includes]
        command += ["-DCMSIS_NN"] if source.parent.name == "cmsis_nn" else []
        subprocess.run([*command, "-c", str(source), "-o", str(target)], check=True)
        return target

    def library(self) -> Path:
        path = self.folder / "libtflm.a"
        if path.is_file():
            return path
        for folder in (self.folder, self.objects):
            folder.mkdir(parents=True, exist_ok=True)

        def build(source: Path) -> Path:
            name = "_".join(source.parts[-4:]).replace(source.suffix, ".o")
            return self.compile(source, self.objects / name)

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            built = list(pool.map(build, self.sources()))
        command = ["arm-none-eabi-ar", "rcs", str(path), *map(str, built)]
        subprocess.run(command, check=True)
        return path

    def unknown_operators(self, model: bytes) -> list[str]:
        """Those whose kernels are not among KERNELS."""
        return [name for name in operators(model) if name not in METHODS]

    def link(self, model: bytes, exported: Path, folder: Path) -> Firmware:
        """`exported`: what `tinynas export --format c` wrote for the model, of which model.h is
        used."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "model.tflite").write_bytes(model)
        names = operators(model)
        calls = " ".join(f"r.{METHODS[name]}();" for name in names)
        (folder / "tflm_operators.h").write_text(
            f"#define TFLM_OPERATORS {len(names)}\n#define TFLM_ADD_OPERATORS(r) {calls}\n"
            f"#define TFLM_ARENA_BYTES {ARENA_BYTES}\n"
        )
        program = folder / "tflm.o"
        program.unlink(missing_ok=True)
        paths = [folder, exported, SUPPORT]
        self.compile(HERE / "tflm.cc", program, *(f"-I{path}" for path in paths), f"-Wa,-I{folder}")
        defines = (f"-DBOARD_COUNTER={self.machine.counter:#x}u",)
        board = [
            self.toolchain.object_of(source, exported, defines)
            for source in sorted(SUPPORT.glob("*.c"))
        ]
        script = folder / "board.ld"
        script.write_text(
            self.toolchain.linker_script(3 * MIB, self.machine.flash_bytes, STACK_BYTES)
        )
        elf = folder / "firmware.elf"
        command: list[str | Path] = ["arm-none-eabi-g++", *self.target, "-nostartfiles"]
        command += ["--specs=nano.specs", "--specs=nosys.specs", "-Wl,--gc-sections", "-T", script]
        command.append("-Wl,--defsym=end=board_bss_end")  # of newlib's heap, which nothing uses
        command += [program, *board, self.library(), "-o", elf]
        subprocess.run([str(word) for word in command], check=True)
        return Firmware(self.machine, elf, 0, 0, 0, 0, 0, -1, STACK_BYTES)

    def run(
        self, model: bytes, exported: Path, inputs: npt.NDArray[np.int8], output_bytes: int
    ) -> PeerOutcome:
        folder = self.folder / "network"
        firmware = self.link(model, exported, folder)
        outcome = run_firmware(firmware, inputs, output_bytes, timeout=1200)
        numbers = {
            name: int.from_bytes((folder / f"tflm_{name}.bin").read_bytes(), "little")
            for name in ("arena", "objects")
        }
        flash, statics = sizes(firmware.elf)
        return PeerOutcome(
            numbers["arena"] + statics - ARENA_BYTES,
            flash,
            outcome.stack_bytes,
            outcome.instructions[-1],  # the first sets up
            outcome.outputs,
        )


def sizes(elf: Path) -> tuple[int, int]:
    """Bytes in flash, and of .data and .bss, without what belongs to the board."""
    text = subprocess.run(
        ["arm-none-eabi-size", "-A", str(elf)], check=True, capture_output=True, text=True
    ).stdout
    rows = [line.split() for line in text.splitlines()]
    found = {row[0]: int(row[1]) for row in rows if len(row) == 3 and row[0].startswith(".")}
    flash = sum(found.get(name, 0) for name in (".text", ".rodata", ".ARM.exidx", ".data"))
    return flash, found.get(".data", 0) + found.get(".bss", 0)
