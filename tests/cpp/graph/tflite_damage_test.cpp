// `.tflite` files with random damage: they are read, or refused in one line.

#include <cmath>
#include <utility>

#include "catch.h"
#include "tflite_examples.h"
#include "tinynas/error.h"
#include "tinynas/graph.h"
#include "tinynas/rng.h"

using namespace tinynas;
using namespace tinynas::testing;

namespace {

struct Counts {
  int read = 0, refused = 0, unsupported = 0;
};

/// Reads, checks and writes anew. Anything else than success or one line fails the test.
void try_file(const std::string& content, Counts& counts) {
  try {
    const TfliteNetwork network = parse_tflite(content, kPath);
    validate(network.graph, kPath);
    validate(network.interpreter_graph, kPath);
    const auto tensors = static_cast<std::size_t>(network.file_tensor_count);
    with_offline_plan(content, kPath, std::vector<std::int32_t>(tensors, -1));
    ++counts.read;
  } catch (const Error& error) {
    const std::string text = error.what();
    const bool malformed = error.code() == ExitCode::kBadInput;
    REQUIRE((malformed || error.code() == ExitCode::kUnsupportedOperator));
    REQUIRE(text.rfind(kPath + ": ", 0) == 0);
    REQUIRE(text.find_first_of("\n\r") == std::string::npos);
    REQUIRE(text.size() < 2000);
    ++(malformed ? counts.refused : counts.unsupported);
  }
}

std::string damaged(std::string content, Rng& rng) {
  const auto any = [&] { return static_cast<std::size_t>(rng.below(content.size())); };
  switch (rng.below(8)) {
    case 0:
      content.resize(any());
      break;
    case 1:
      content.erase(any(), 1 + rng.below(8));
      break;
    case 2:
      content.insert(any(), std::string(1 + rng.below(8), static_cast<char>(rng.below(256))));
      break;
    default:
      break;
  }
  const std::uint64_t flips = rng.below(4);
  for (std::uint64_t k = 0; k < flips && !content.empty(); ++k) {
    const std::size_t at = any();
    content[at] = static_cast<char>(rng.below(3) == 0 ? 0xff : rng.below(256));
  }
  return content;
}

/// A number that a field may hold by mistake.
std::int32_t odd_number(Rng& rng) {
  const std::vector<std::int32_t> edges = {0, -1, 1, 2, 3, 127, 32767, 32768, INT32_MAX, INT32_MIN};
  if (rng.below(2) == 0) return edges[rng.below(edges.size())];
  return static_cast<std::int32_t>(rng.below(24)) - 2;
}

void change_numbers(std::vector<std::int32_t>& numbers, Rng& rng) {
  switch (numbers.empty() ? 0 : rng.below(4)) {
    case 0:
      numbers.push_back(odd_number(rng));
      break;
    case 1:
      numbers.pop_back();
      break;
    default:
      numbers[rng.below(numbers.size())] = odd_number(rng);
  }
}

void change_tensor(FileTensor& tensor, Rng& rng) {
  switch (rng.below(11)) {
    case 0:
      tensor.type = static_cast<TensorType>(rng.below(24));
      break;
    case 1:
      tensor.data = tensor.data.empty() ? std::string(rng.below(9), '\2') : "";
      break;
    case 2:
      tensor.data.resize(rng.below(64));
      break;
    case 3:
      tensor.zero_point.resize(rng.below(3), odd_number(rng));
      break;
    case 5:
      tensor.zero_point = {rng.below(2) == 0 ? INT64_MIN : INT64_MAX};
      break;
    case 6:
      tensor.scale = {std::vector<float>{0, -1, 1e-45F, 1e38F, INFINITY, NAN}[rng.below(6)]};
      break;
    case 7:
      for (char& byte : tensor.data) byte = static_cast<char>(rng.below(2) == 0 ? 0x7f : 0x80);
      break;
    case 4:
      tensor.buffer = static_cast<std::uint32_t>(odd_number(rng));
      break;
    default:
      change_numbers(tensor.shape, rng);
  }
}

void change_operator(FileOperator& op, Rng& rng) {
  FileOptions& options = op.options;
  switch (rng.below(10)) {
    case 0:
      op.code = static_cast<std::int32_t>(rng.below(130));
      break;
    case 1:
      change_numbers(op.outputs, rng);
      break;
    case 2:
      options.padding = static_cast<tflite::Padding>(rng.below(3));
      break;
    case 3:
      options.stride_h = odd_number(rng);
      break;
    case 4:
      options.kernel_w = odd_number(rng);
      break;
    case 5:
      options.axis = odd_number(rng);
      break;
    case 6:
      options.activation = static_cast<std::int8_t>(odd_number(rng));
      break;
    default:
      change_numbers(op.inputs, rng);
  }
}

void change(TfliteModel& model, Rng& rng) {
  switch (rng.below(8)) {
    case 0:
      change_numbers(rng.below(2) == 0 ? model.inputs : model.outputs, rng);
      break;
    case 1:
      std::swap(model.operators[rng.below(model.operators.size())],
                model.operators[rng.below(model.operators.size())]);
      break;
    case 2:
    case 3:
    case 4:
      change_tensor(model.tensors[rng.below(model.tensors.size())], rng);
      break;
    default:
      change_operator(model.operators[rng.below(model.operators.size())], rng);
  }
}

}  // namespace

TEST_CASE("bytes flipped, cut or moved at random: read, or refused in one line") {
  const std::vector<std::string> wholes = {small_model().bytes(),
                                           model_of_every_operator().bytes()};
  Rng rng(17);
  Counts counts;
  for (int i = 0; i < 20'000; ++i) {
    INFO("case " << i);
    try_file(damaged(wholes[static_cast<std::size_t>(i % 2)], rng), counts);
  }
  INFO(counts.read << " read, " << counts.refused << " refused, " << counts.unsupported
                   << " without a kernel");
  CHECK(counts.read > 1000);
  CHECK(counts.refused > 1000);
  CHECK(counts.unsupported > 100);
}

TEST_CASE("fields changed at random, in files that are well-formed flatbuffers") {
  Rng rng(18);
  Counts counts;
  for (int i = 0; i < 20'000; ++i) {
    TfliteModel model = i % 2 == 0 ? small_model() : model_of_every_operator();
    const std::uint64_t changes = 1 + rng.below(3);
    for (std::uint64_t k = 0; k < changes; ++k) change(model, rng);
    INFO("case " << i);
    try_file(model.bytes(), counts);
  }
  INFO(counts.read << " read, " << counts.refused << " refused, " << counts.unsupported
                   << " without a kernel");
  CHECK(counts.read > 500);
  CHECK(counts.refused > 1000);
  CHECK(counts.unsupported > 1000);
}
