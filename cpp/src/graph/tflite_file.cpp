#include "graph/tflite_file.h"

#include <algorithm>
#include <cstring>

#include "graph/model_metadata.h"
#include "graph/op_fault.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

/// Larger files hold no network for a microcontroller; the format's own limit is 2 GiB.
constexpr std::size_t kMaxFileBytes = std::size_t{512} << 20;

/// A file may name one list a million times, so what is copied from it has a limit.
constexpr std::size_t kMaxAxes = 8;
constexpr std::size_t kMaxOperands = 1024;
constexpr std::size_t kMaxNameBytes = 40;

/// Bytes of an element; 0 for types of no fixed or no whole size.
std::int64_t type_bytes(tflite::TensorType type) {
  switch (type) {
    case tflite::TensorType_FLOAT32:
    case tflite::TensorType_INT32:
    case tflite::TensorType_UINT32:
      return 4;
    case tflite::TensorType_UINT8:
    case tflite::TensorType_INT8:
    case tflite::TensorType_BOOL:
      return 1;
    case tflite::TensorType_INT16:
    case tflite::TensorType_UINT16:
    case tflite::TensorType_FLOAT16:
    case tflite::TensorType_BFLOAT16:
      return 2;
    case tflite::TensorType_INT64:
    case tflite::TensorType_UINT64:
    case tflite::TensorType_FLOAT64:
      return 8;
    default:
      return 0;
  }
}

/// By bytes: flatbuffers does not verify that a list of 64-bit numbers is aligned.
template <typename T>
std::vector<T> copied(const flatbuffers::Vector<T>* from) {
  std::vector<T> values(from == nullptr ? 0 : from->size());
  if (!values.empty()) std::memcpy(values.data(), from->Data(), values.size() * sizeof(T));
  return values;
}

class TfliteOpener {
 public:
  TfliteOpener(std::string_view content, const std::string& path)
      : content_(content), path_(path) {}

  TfliteFile open() {
    verify();
    file_.model = tflite::GetModel(content_.data());
    if (file_.model->version() != 3) {
      fail("version " + std::to_string(file_.model->version()) +
           " of the TensorFlow Lite format; version 3 is read");
    }
    const auto* subgraphs = file_.model->subgraphs();
    if (subgraphs == nullptr || subgraphs->size() == 0) fail("it holds no network");
    if (subgraphs->size() != 1) {
      throw Error(ExitCode::kUnsupportedOperator,
                  path_ + ": it holds " + std::to_string(subgraphs->size()) +
                      " subgraphs (control flow); networks of one are planned");
    }
    const tflite::SubGraph& subgraph = *subgraphs->Get(0);
    read_tensors(subgraph);
    read_operators(subgraph);
    read_offline_plan();
    read_preprocessing();
    file_.inputs = ends(subgraph.inputs(), "inputs");
    file_.outputs = ends(subgraph.outputs(), "outputs");
    return std::move(file_);
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    throw BadInput(path_ + ": " + message);
  }

  void verify() const {
    if (content_.size() < 8 || content_.compare(4, 4, tflite::ModelIdentifier()) != 0) {
      fail("not a TensorFlow Lite file: bytes 4 to 7 are not 'TFL3'");
    }
    if (content_.size() > kMaxFileBytes) fail("larger than 512 MiB");
    flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(content_.data()),
                                   content_.size());
    if (!tflite::VerifyModelBuffer(verifier)) {
      fail("damaged: its tables point outside of the file; was it copied whole?");
    }
  }

  std::string_view buffer_data(std::uint32_t index, const std::string& who) const {
    const auto* buffers = file_.model->buffers();
    if (buffers == nullptr || index >= buffers->size()) {
      fail(who + " names buffer " + std::to_string(index) + ", of which there are " +
           std::to_string(buffers == nullptr ? 0 : buffers->size()));
    }
    const tflite::Buffer& buffer = *buffers->Get(index);
    if (buffer.offset() > 1) fail(who + " has its data behind the flatbuffer, which is not read");
    const auto* data = buffer.data();
    if (data == nullptr) return {};
    return {reinterpret_cast<const char*>(data->data()), data->size()};
  }

  void read_tensors(const tflite::SubGraph& subgraph) {
    if (subgraph.tensors() == nullptr) fail("its network has no tensors");
    for (const tflite::Tensor* from : *subgraph.tensors()) {
      const std::string who = "tensor " + std::to_string(file_.tensors.size());
      TfliteTensor& tensor = file_.tensors.emplace_back();
      if (from->shape() != nullptr && from->shape()->size() > kMaxAxes) {
        fail(who + " has " + std::to_string(from->shape()->size()) + " axes; at most 8 are read");
      }
      tensor.shape = copied(from->shape());
      tensor.type = from->type();
      tensor.is_variable = from->is_variable();
      tensor.is_sparse = from->sparsity() != nullptr;
      if (const auto* quantization = from->quantization()) {
        tensor.scale = copied(quantization->scale());
        tensor.zero_point = copied(quantization->zero_point());
        quantization_items_ += tensor.scale.size() + tensor.zero_point.size();
        if (quantization_items_ > content_.size()) {
          fail("its tensors name one list of scales again and again");
        }
      }
      std::int64_t elements = 1;
      for (const std::int32_t length : tensor.shape) {
        if (length < 1) {
          fail(who + " has the length " + std::to_string(length) + " in its shape");
        }
        if (length > kMaxTensorBytes / elements) fail(who + " has over 64 Mi elements");
        elements *= length;
      }
      tensor.data = buffer_data(from->buffer(), who);
      const std::int64_t bytes = type_bytes(tensor.type) * elements;
      if (bytes > 0 && tensor.is_constant() && !tensor.is_sparse &&
          static_cast<std::int64_t>(tensor.data.size()) != bytes) {
        fail(who + " holds " + std::to_string(tensor.data.size()) + " bytes, its shape needs " +
             std::to_string(bytes));
      }
    }
  }

  /// Version, number of networks, number of tensors, then an offset for each.
  void read_offline_plan() {
    if (file_.model->metadata() == nullptr) return;
    for (const tflite::Metadata* entry : *file_.model->metadata()) {
      if (entry->name() == nullptr || entry->name()->str() != kOfflinePlanName) continue;
      const std::string_view data = buffer_data(entry->buffer(), kOfflinePlanName);
      std::vector<std::int32_t> words(data.size() / sizeof(std::int32_t));
      if (!words.empty()) {
        std::memcpy(words.data(), data.data(), words.size() * sizeof(std::int32_t));
      }
      constexpr std::size_t kHead = 3;
      if (words.size() != kHead + file_.tensors.size() ||
          words[2] != static_cast<std::int32_t>(file_.tensors.size())) {
        fail(std::string("its metadata ") + kOfflinePlanName + " is not for its " +
             std::to_string(file_.tensors.size()) + " tensors; remove it or plan the file anew");
      }
      file_.offline_offsets.assign(words.begin() + kHead, words.end());
      for (const std::int32_t offset : file_.offline_offsets) {
        constexpr std::int32_t kOffsetAlignment = 16;  // of the interpreter's tensors
        const bool aligned = offset == -1 || offset % kOffsetAlignment == 0;
        if (aligned && offset >= -1 && offset <= kMaxTensorBytes) continue;
        fail(std::string("its metadata ") + kOfflinePlanName + " has the offset " +
             std::to_string(offset) + ", which is no multiple of 16 within 64 MiB");
      }
    }
  }

  void read_preprocessing() {
    if (file_.model->metadata() == nullptr) return;
    for (const tflite::Metadata* entry : *file_.model->metadata()) {
      if (entry->name() == nullptr || entry->name()->str() != kPreprocessingName) continue;
      file_.preprocessing = buffer_data(entry->buffer(), kPreprocessingName);
    }
  }

  void check_indices(const std::vector<std::int32_t>& tensors, bool optional,
                     const std::string& who) const {
    for (const std::int32_t t : tensors) {
      if (t == -1 && optional) continue;
      if (t < 0 || static_cast<std::size_t>(t) >= file_.tensors.size()) {
        fail(who + " name tensor " + std::to_string(t) + ", of which there are " +
             std::to_string(file_.tensors.size()));
      }
    }
  }

  void read_operators(const tflite::SubGraph& subgraph) {
    const auto* codes = file_.model->operator_codes();
    if (subgraph.operators() == nullptr || subgraph.operators()->size() == 0) {
      fail("its network has no operators");
    }
    if (subgraph.operators()->size() > kMaxOps) {
      fail("more than " + std::to_string(kMaxOps) + " operators");
    }
    for (const tflite::Operator* from : *subgraph.operators()) {
      const std::string who = "operator " + std::to_string(file_.operators.size());
      if (codes == nullptr || from->opcode_index() >= codes->size()) {
        fail(who + " names an operator code that is not there");
      }
      const tflite::OperatorCode& code = *codes->Get(from->opcode_index());
      TfliteOperator& op = file_.operators.emplace_back();
      op.table = from;
      op.code = std::max<std::int32_t>(code.builtin_code(), code.deprecated_builtin_code());
      if (const auto* name = code.custom_code()) {
        op.custom_name.assign(name->c_str(), std::min<std::size_t>(name->size(), kMaxNameBytes));
      }
      for (const auto* operands : {from->inputs(), from->outputs()}) {
        if (operands == nullptr || operands->size() <= kMaxOperands) continue;
        fail(who + " (" + op.name() + ") has " + std::to_string(operands->size()) +
             " inputs or outputs; at most 1024 are read");
      }
      op.inputs = copied(from->inputs());
      op.outputs = copied(from->outputs());
      check_indices(op.inputs, true, who + " (" + op.name() + "): its inputs");
      check_indices(op.outputs, false, who + " (" + op.name() + "): its outputs");
    }
  }

  std::vector<std::int32_t> ends(const flatbuffers::Vector<std::int32_t>* from,
                                 const std::string& what) const {
    std::vector<std::int32_t> tensors = copied(from);
    check_indices(tensors, false, "the network's " + what);
    if (tensors.empty()) fail("the network has no " + what);
    return tensors;
  }

  std::string_view content_;
  const std::string& path_;
  TfliteFile file_;
  std::size_t quantization_items_ = 0;  ///< copied so far; no sound file has more than bytes
};

}  // namespace

std::int64_t TfliteTensor::elements() const {
  std::int64_t count = 1;
  for (const std::int32_t length : shape) count *= length;
  return count;
}

std::string TfliteOperator::name() const {
  if (code == tflite::BuiltinOperator_CUSTOM) {
    // Whatever bytes the file has, a message stays one printable line.
    std::string printable = custom_name;
    for (char& c : printable) c = c >= ' ' && c <= '~' ? c : '?';
    return "custom operator '" + printable + "'";
  }
  if (code < 0 || code > tflite::BuiltinOperator_MAX)
    return "operator code " + std::to_string(code);
  return tflite::EnumNameBuiltinOperator(static_cast<tflite::BuiltinOperator>(code));
}

TfliteFile open_tflite(std::string_view content, const std::string& path) {
  return TfliteOpener(content, path).open();
}

}  // namespace tinynas
