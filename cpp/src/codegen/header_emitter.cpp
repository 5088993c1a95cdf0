#include "codegen/header_emitter.h"

#include "codegen/c_text.h"

namespace tinynas {
namespace {

std::string define(const std::string& name, const std::string& value) {
  return "#define TINYNAS_" + name + " " + value + "\n";
}

std::string number(std::int64_t value) { return std::to_string(value); }

std::string c_type(DType dtype) { return dtype == DType::kUInt8 ? "uint8_t" : "int8_t"; }

std::string input_macros(const Tensor& in) {
  return "/* Input: rows, columns, channels; a real value r is stored as round(r / scale) + zero "
         "point,\n * of type TINYNAS_INPUT_TYPE. Functions take it as bytes. */\n" +
         define("INPUT_TYPE", c_type(in.dtype)) + define("INPUT_HEIGHT", number(in.shape.h)) +
         define("INPUT_WIDTH", number(in.shape.w)) + define("INPUT_CHANNELS", number(in.shape.c)) +
         define("INPUT_BYTES", number(in.bytes())) + define("INPUT_SCALE", c_float(in.scale)) +
         define("INPUT_ZERO_POINT", number(in.zero_point)) + "\n";
}

std::string output_macros(const Graph& graph) {
  std::string text =
      "/* Output: a stored value q, of type TINYNAS_OUTPUT_TYPE, stands for scale * (q - zero "
      "point). */\n";
  std::int64_t bytes = 0, position = 0;
  for (const std::int32_t t : all_outputs(graph)) {
    const Tensor& out = graph.tensors[t];
    const std::string suffix = ++position == 1 ? "" : number(position);
    text += define("OUTPUT" + suffix + "_TYPE", c_type(out.dtype)) +
            define("OUTPUT" + suffix + "_VALUES", number(out.bytes())) +
            define("OUTPUT" + suffix + "_SCALE", c_float(out.scale)) +
            define("OUTPUT" + suffix + "_ZERO_POINT", number(out.zero_point));
    bytes += out.bytes();
  }
  return text + define("OUTPUT_BYTES", number(bytes)) + "\n";
}

/// "{a, b}"
template <typename T, typename Text>
std::string braces(const std::vector<T>& values, Text text_of) {
  std::string text;
  for (const T& value : values) text += (text.empty() ? "{" : ", ") + text_of(value);
  return text + "}";
}

std::string class_macros(const std::vector<std::string>& names) {
  if (names.empty()) return "";
  return "/* Of the values of the output in order: static const char *const names[] = "
         "TINYNAS_CLASS_NAMES; */\n" +
         define("CLASS_COUNT", number(static_cast<std::int64_t>(names.size()))) +
         define("CLASS_NAMES", braces(names, c_string)) + "\n";
}

std::string pixel_table(const Normalisation& normalisation, const Tensor& in) {
  std::string text = "  static const int8_t table[TINYNAS_INPUT_CHANNELS][256] = {\n";
  for (const auto& values : quantised_pixels(normalisation, in)) {
    text += "  {\n" + c_items(c_values(std::span<const std::int8_t>(values))) + "  },\n";
  }
  return text + "  };\n";
}

std::string audio_macros(const std::optional<AudioFrontEnd>& audio) {
  if (!audio) return "";
  return "/* The image is made of sound, see features.h: " + describe(*audio) + ". */\n" +
         define("INPUT_IS_LOG_MEL", "1") + define("INPUT_SAMPLE_RATE", number(audio->sample_rate));
}

std::string preprocessing(const ModelLabels& labels, const Tensor& in) {
  const Normalisation& normalisation = labels.normalisation;
  if (normalisation.mean.empty()) {
    return "/* The model does not say which real value a pixel stands for. */\n" +
           audio_macros(labels.audio) + "\n";
  }
  std::string text;
  if (in.shape.c == 1) text += define("INPUT_CHANNEL_ORDER", "\"grey\"");
  if (in.shape.c == 3) text += define("INPUT_CHANNEL_ORDER", "\"RGB\"");
  return "/* Of an image, pixel by pixel from the top left: a channel of a pixel, 0 to 255, stands "
         "for\n * (pixel / 255 - mean) / deviation of that channel. */\n" +
         text + define("INPUT_MEAN", braces(normalisation.mean, c_double)) +
         define("INPUT_DEVIATION", braces(normalisation.deviation, c_double)) +
         audio_macros(labels.audio) +
         "\n/* The input's values of `count` pixels, TINYNAS_INPUT_CHANNELS bytes each; `to` may "
         "be "
         "where the\n * pixels lie. The table has round((pixel / 255 - mean) / deviation / scale) "
         "+ "
         "zero point. */\n"
         "static inline void tinynas_quantise_pixels(const uint8_t *pixels, int32_t count, int8_t "
         "*to) {\n" +
         pixel_table(normalisation, in) +
         "  for (; count > 0; --count) {\n"
         "    for (int c = 0; c < TINYNAS_INPUT_CHANNELS; ++c) *to++ = table[c][*pixels++];\n"
         "  }\n}\n\n";
}

std::string prototypes(InputMode input) {
  std::string text;
  if (input == InputMode::kRows) {
    text =
        "#define TINYNAS_INPUT_BY_ROWS 1\n"
        "/* Delivers rows of the image in order: writes row `row`, TINYNAS_INPUT_WIDTH *\n"
        " * TINYNAS_INPUT_CHANNELS bytes, to `to`. Returns 0, or another number to stop. */\n"
        "typedef int (*tinynas_row_source)(void *context, int row, int8_t *to);\n\n"
        "/* Runs the network on an image that `source` delivers row by row. Returns 0, or what\n"
        " * `source` returned to stop. Not reentrant. */\n"
        "int tinynas_invoke_rows(tinynas_row_source source, void *context, int8_t *output);\n\n";
  }
  if (input == InputMode::kResident) {
    text =
        "#define TINYNAS_INPUT_IN_ARENA 1\n"
        "/* Where the input lies in the arena: filling it saves a copy. Overwritten by each run. "
        "*/\n"
        "int8_t *tinynas_input(void);\n\n";
  }
  return text +
         "/* Runs the network: TINYNAS_INPUT_BYTES in, TINYNAS_OUTPUT_BYTES out (several outputs "
         "one\n"
         " * after another). Returns 0. Not reentrant. */\n"
         "int tinynas_invoke(const int8_t *input, int8_t *output);\n\n";
}

}  // namespace

std::vector<std::int32_t> all_outputs(const Graph& graph) {
  std::vector<std::int32_t> tensors = {graph.output};
  tensors.insert(tensors.end(), graph.more_outputs.begin(), graph.more_outputs.end());
  return tensors;
}

std::string emit_header(const Graph& graph, const MemoryPlan& plan, const CodeLabels& labels) {
  const Tensor& in = graph.tensors[graph.input];
  return "#ifndef TINYNAS_MODEL_H\n#define TINYNAS_MODEL_H\n\n#include <stdint.h>\n\n"
         "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
         "/* Bytes of the one arena that holds all activations and scratch. */\n"
         "#define TINYNAS_ARENA_BYTES " +
         number(plan.peak_sram_bytes) + "\n\n" + input_macros(in) +
         preprocessing(labels.model, in) + output_macros(graph) +
         class_macros(labels.model.class_names) + prototypes(plan.input) +
         "#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
}

}  // namespace tinynas
