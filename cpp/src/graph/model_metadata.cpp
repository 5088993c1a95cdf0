#include "graph/model_metadata.h"

#include <cmath>

#include "base/json_io.h"
#include "graph/audio_json.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

constexpr const char* kFormat = "tinynas-preprocessing";
constexpr int kVersion = 1;

class MetadataReader {
 public:
  MetadataReader(std::string_view text, const std::string& path)
      : where_(path + ": metadata " + kPreprocessingName), document_(parse_json(text, where_)) {
    if (!document_.is_object()) throw BadInput(where_ + ": must be an object");
    check_format(document_, kFormat, kVersion, where_);
  }

  /// Absent: empty.
  std::vector<double> numbers(const char* key, std::int32_t count) const {
    std::vector<double> values;
    for (const Json& value : list(key, count)) {
      if (!value.is_number() || !std::isfinite(value.get<double>())) {
        fail(key, "must be a list of numbers");
      }
      values.push_back(value.get<double>());
    }
    return values;
  }

  std::vector<std::string> names(const char* key, std::int64_t count) const {
    std::vector<std::string> values;
    for (const Json& value : list(key, count)) {
      if (!value.is_string()) fail(key, "must be a list of names");
      values.push_back(value.get<std::string>());
    }
    return values;
  }

  /// Absent: none.
  std::optional<AudioFrontEnd> front_end(const Shape& image) const {
    const auto at = document_.find("audio");
    if (at == document_.end()) return std::nullopt;
    const AudioFrontEnd front_end = parse_front_end(*at, where_ + ": field 'audio'");
    if (front_end.frames != image.h || front_end.bands != image.w || image.c != 1) {
      fail("audio", "must have the input's rows as frames and its columns as bands");
    }
    return front_end;
  }

  [[noreturn]] void fail(const char* key, const std::string& message) const {
    throw BadInput(where_ + ": field '" + key + "' " + message);
  }

 private:
  Json list(const char* key, std::int64_t count) const {
    const auto at = document_.find(key);
    if (at == document_.end()) return Json::array();
    if (!at->is_array() || static_cast<std::int64_t>(at->size()) != count) {
      fail(key, "must be a list of " + std::to_string(count));
    }
    return *at;
  }

  std::string where_;
  Json document_;
};

}  // namespace

std::string preprocessing_json(const ModelLabels& labels) {
  Json document = {{"format", kFormat}, {"format_version", kVersion}};
  const Normalisation& normalisation = labels.normalisation;
  if (!normalisation.mean.empty()) {
    document["mean"] = normalisation.mean;
    document["deviation"] = normalisation.deviation;
  }
  if (labels.audio) document["audio"] = front_end_json(*labels.audio);
  if (!labels.class_names.empty()) document["class_names"] = labels.class_names;
  return document.size() > 2 ? document.dump() : "";
}

void read_preprocessing_json(std::string_view text, const std::string& path, const Tensor& input,
                             std::int64_t outputs, ModelLabels& labels) {
  const MetadataReader reader(text, path);
  labels.class_names = reader.names("class_names", outputs);
  Normalisation& normalisation = labels.normalisation;
  normalisation.mean = reader.numbers("mean", input.shape.c);
  normalisation.deviation = reader.numbers("deviation", input.shape.c);
  if (normalisation.mean.size() != normalisation.deviation.size()) {
    reader.fail("deviation", "must stand beside 'mean'");
  }
  for (const double deviation : normalisation.deviation) {
    if (deviation <= 0) reader.fail("deviation", "must be above 0");
  }
  labels.audio = reader.front_end(input.shape);
}

}  // namespace tinynas
