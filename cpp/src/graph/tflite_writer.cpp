// A file is written anew by putting a new root table before the old bytes: references in a
// flatbuffer lead forward, so the new tables can point at everything that is there, known to our
// schema or not.

#include "graph/tflite_file.h"
#include "tinynas/error.h"
#include "tinynas/tflite.h"

namespace tinynas {
namespace {

constexpr std::size_t kFileAlignment = 16;  // of constants, which the format asks for

class RootWriter {
 public:
  explicit RootWriter(std::string_view content) : content_(content), builder_(1 << 14) {
    builder_.Align(kFileAlignment);
    const std::string padding(-content.size() % kFileAlignment, '\0');
    builder_.PushBytes(reinterpret_cast<const std::uint8_t*>(padding.data()), padding.size());
    builder_.PushBytes(reinterpret_cast<const std::uint8_t*>(content.data()), content.size());
    end_ = builder_.GetSize();
  }

  /// The old object as something that new tables refer to; null stays null.
  template <typename T>
  flatbuffers::Offset<T> old(const T* object) const {
    if (object == nullptr) return 0;
    const auto at = reinterpret_cast<const char*>(object) - content_.data();
    return static_cast<flatbuffers::uoffset_t>(end_ - static_cast<std::size_t>(at));
  }

  template <typename T>
  std::vector<flatbuffers::Offset<T>> items(
      const flatbuffers::Vector<flatbuffers::Offset<T>>* vector) const {
    std::vector<flatbuffers::Offset<T>> offsets;
    if (vector == nullptr) return offsets;
    for (const T* item : *vector) offsets.push_back(old(item));
    return offsets;
  }

  flatbuffers::FlatBufferBuilder& builder() { return builder_; }

 private:
  std::string_view content_;
  flatbuffers::FlatBufferBuilder builder_;
  std::size_t end_ = 0;  ///< distance of the old file's first byte from the new one's end
};

}  // namespace

std::string with_offline_plan(std::string_view content, const std::string& path,
                              const std::vector<std::int32_t>& offset_bytes) {
  const TfliteFile file = open_tflite(content, path);
  const tflite::Model& model = *file.model;
  RootWriter writer(content);
  auto& builder = writer.builder();

  std::vector<std::int32_t> words = {1, 1, static_cast<std::int32_t>(offset_bytes.size())};
  words.insert(words.end(), offset_bytes.begin(), offset_bytes.end());
  builder.ForceVectorAlignment(words.size() * sizeof(std::int32_t), 1, kFileAlignment);
  const auto data = builder.CreateVector(reinterpret_cast<const std::uint8_t*>(words.data()),
                                         words.size() * sizeof(std::int32_t));
  auto buffers = writer.items(model.buffers());
  const auto plan_buffer = static_cast<std::uint32_t>(buffers.size());
  buffers.push_back(tflite::CreateBuffer(builder, data));

  std::vector<flatbuffers::Offset<tflite::Metadata>> metadata;
  if (model.metadata() != nullptr) {
    for (const tflite::Metadata* entry : *model.metadata()) {
      const bool is_plan = entry->name() != nullptr && entry->name()->str() == kOfflinePlanName;
      if (!is_plan) metadata.push_back(writer.old(entry));
    }
  }
  metadata.push_back(
      tflite::CreateMetadata(builder, builder.CreateString(kOfflinePlanName), plan_buffer));

  const auto all_buffers = builder.CreateVector(buffers);
  const auto all_metadata = builder.CreateVector(metadata);
  builder.Finish(tflite::CreateModel(builder, model.version(), writer.old(model.operator_codes()),
                                     writer.old(model.subgraphs()), writer.old(model.description()),
                                     all_buffers, writer.old(model.metadata_buffer()), all_metadata,
                                     writer.old(model.signature_defs()),
                                     writer.old(model.external_buffer_groups()),
                                     writer.old(model.external_buffers())),
                 tflite::ModelIdentifier());
  std::string written(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
  open_tflite(written, path);  // what leaves here is a file that we would read
  return written;
}

}  // namespace tinynas
