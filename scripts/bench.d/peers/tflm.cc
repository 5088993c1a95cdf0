// A model under TensorFlow Lite Micro with the interface of generated C, so that the emulated board
// runs it as it runs ours. model.h is what `tinynas export` wrote for the same file.

#include <cstdarg>
#include <cstdint>
#include <cstring>

#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/system_setup.h"
#include "tensorflow/lite/schema/schema_generated.h"

extern "C" {
#include "board.h"
#include "model.h"
}
#include "tflm_operators.h"  // TFLM_OPERATORS, TFLM_ADD_OPERATORS(resolver), TFLM_ARENA_BYTES

__asm__(
    ".section .rodata.tflm_model, \"a\"\n"
    ".balign 16\n"
    ".global tflm_model\n"
    "tflm_model:\n"
    ".incbin \"model.tflite\"\n"
    ".text\n");
extern "C" const std::uint8_t tflm_model[];

extern "C" void DebugLog(const char*, va_list) {}
extern "C" int DebugVsnprintf(char*, size_t, const char*, va_list) { return 0; }

namespace {

alignas(16) std::uint8_t arena[TFLM_ARENA_BYTES];
alignas(tflite::MicroInterpreter) std::uint8_t interpreter_bytes[sizeof(tflite::MicroInterpreter)];
using Resolver = tflite::MicroMutableOpResolver<TFLM_OPERATORS>;
alignas(Resolver) std::uint8_t resolver_bytes[sizeof(Resolver)];
tflite::MicroInterpreter* interpreter = nullptr;

void write_number(const char* name, std::uint32_t value) {
  const int file = board_open(name, 1);
  board_write(file, &value, sizeof value);
  board_close(file);
}

bool set_up() {
  tflite::InitializeTarget();
  auto* resolver = new (resolver_bytes) Resolver;
  TFLM_ADD_OPERATORS((*resolver));
  auto* made = new (interpreter_bytes)
      tflite::MicroInterpreter(tflite::GetModel(tflm_model), *resolver, arena, sizeof arena);
  if (made->AllocateTensors() != kTfLiteOk) return false;
  interpreter = made;
  write_number("tflm_arena.bin", static_cast<std::uint32_t>(interpreter->arena_used_bytes()));
  write_number("tflm_objects.bin", sizeof interpreter_bytes + sizeof resolver_bytes);
  return true;
}

// Float ends are quantised and dequantised by the caller, as ours are.
void set_input(const std::int8_t* image) {
  TfLiteTensor* to = interpreter->input(0);
  if (to->type != kTfLiteFloat32) {
    std::memcpy(to->data.data, image, TINYNAS_INPUT_BYTES);
    return;
  }
  for (int i = 0; i < TINYNAS_INPUT_BYTES; ++i) {
    to->data.f[i] = static_cast<float>(image[i] - TINYNAS_INPUT_ZERO_POINT) * TINYNAS_INPUT_SCALE;
  }
}

void get_output(std::int8_t* values) {
  const TfLiteTensor* from = interpreter->output(0);
  if (from->type != kTfLiteFloat32) {
    std::memcpy(values, from->data.data, TINYNAS_OUTPUT_BYTES);
    return;
  }
  for (int i = 0; i < TINYNAS_OUTPUT_BYTES; ++i) {
    const float steps = from->data.f[i] / TINYNAS_OUTPUT_SCALE;
    const int whole = static_cast<int>(steps < 0 ? steps - 0.5F : steps + 0.5F);
    values[i] = static_cast<std::int8_t>(whole + TINYNAS_OUTPUT_ZERO_POINT);
  }
}

}  // namespace

extern "C" int tinynas_invoke(const int8_t* input, int8_t* output) {
  if (interpreter == nullptr && !set_up()) return 1;
  set_input(input);
  if (interpreter->Invoke() != kTfLiteOk) return 2;
  get_output(output);
  return 0;
}
