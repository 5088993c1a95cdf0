#include "supernet/supernet_file.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/files.h"
#include "graph/audio_json.h"
#include "supernet/augmentation_json.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

constexpr const char* kFormat = "tinynas-supernet";
constexpr int kVersion = 1;

std::string hex(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

}  // namespace

SupernetInfo describe_training_data(const Dataset& data, const Normalisation& normalisation,
                                    const Augmentation& augmentation) {
  SupernetInfo info;
  info.dataset_name = data.name;
  info.split_hash = data.split_hash;
  info.class_names = data.class_names;
  info.image_channels = data.train.channels;
  info.mean = normalisation.mean;
  info.deviation = normalisation.deviation;
  info.split_seed = data.options.split_seed;
  info.calibration_images = static_cast<int>(data.calibration.count());
  info.validation_images = static_cast<int>(data.validation.count());
  info.skip_bad_files = data.options.skip_bad_files;
  info.audio = data.audio;
  info.skipped_files = static_cast<int>(data.skipped.size());
  info.augmentation = augmentation;
  return info;
}

Json data_metadata(const SupernetInfo& info) {
  Json data;
  data["name"] = info.dataset_name;
  data["split_hash"] = info.split_hash;
  data["split_seed"] = info.split_seed;
  data["calibration_images"] = info.calibration_images;
  data["validation_images"] = info.validation_images;
  data["skip_bad_files"] = info.skip_bad_files;
  data["skipped_files"] = info.skipped_files;
  if (info.audio) data["audio"] = front_end_json(*info.audio);
  data["class_names"] = info.class_names;
  data["image_channels"] = info.image_channels;
  data["mean"] = info.mean;
  data["deviation"] = info.deviation;
  data["augmentation"] = augmentation_json(info.augmentation);
  return data;
}

Json supernet_metadata(const SearchSpace& space, const SupernetInfo& info) {
  Json metadata;
  metadata["format"] = kFormat;
  metadata["format_version"] = kVersion;
  metadata["space"] = {{"name", space.name()}, {"hash", space.hash()}, {"toml", space.toml_text()}};
  metadata["data"] = data_metadata(info);
  return metadata;
}

SupernetInfo parse_supernet_metadata(const Json& metadata, const std::string& path) {
  SupernetInfo info;
  info.path = path;
  const Json& space = json_at(metadata, "space", path);
  info.space_name = json_string(space, "name", path);
  info.space_hash = json_string(space, "hash", path);
  info.space_toml = json_string(space, "toml", path);
  const Json& data = json_at(metadata, "data", path);
  info.dataset_name = json_string(data, "name", path);
  info.split_hash = json_string(data, "split_hash", path);
  info.split_seed = static_cast<std::uint64_t>(json_int(data, "split_seed", path));
  info.calibration_images = static_cast<int>(json_int(data, "calibration_images", path));
  info.validation_images = static_cast<int>(json_int(data, "validation_images", path));
  info.image_channels = static_cast<int>(json_int(data, "image_channels", path));
  try {
    info.skip_bad_files = data.value("skip_bad_files", false);  // older files have none
    info.skipped_files = data.value("skipped_files", 0);
    info.class_names = json_at(data, "class_names", path).get<std::vector<std::string>>();
    info.mean = json_at(data, "mean", path).get<std::vector<double>>();
    info.deviation = json_at(data, "deviation", path).get<std::vector<double>>();
  } catch (const nlohmann::json::exception&) {
    throw BadInput(path +
                   ": field 'class_names', 'mean', 'deviation', 'skip_bad_files' or"
                   " 'skipped_files' is of the wrong type");
  }
  if (data.contains("augmentation")) {
    info.augmentation =
        parse_augmentation(data["augmentation"], path + ": field 'data.augmentation'");
  }
  if (data.contains("audio")) {
    info.audio = parse_front_end(data["audio"], path + ": field 'data.audio'");
  }
  return info;
}

void write_supernet(const Supernet& supernet, const SupernetInfo& info, const Json& training,
                    const std::string& path) {
  StateFile state;
  state.metadata = supernet_metadata(supernet.space(), info);
  state.metadata["training"] = training;
  state.tensors = supernet.parameters();
  write_state_file(state, path);
}

void load_parameters(const NamedTensors& parameters, const StateFile& state,
                     const std::string& path) {
  torch::NoGradGuard no_grad;
  for (const auto& [name, parameter] : parameters) {
    parameter.copy_(state.tensor(name, parameter.sizes(), path));
  }
}

LoadedSupernet read_supernet(const std::string& path) {
  const StateFile state = read_state_file(path, kFormat, kVersion);
  SupernetInfo info = parse_supernet_metadata(state.metadata, path);
  const SearchSpace space = SearchSpace::parse(info.space_toml, path + " (its search space)");
  if (space.hash() != info.space_hash) {
    throw BadInput(path +
                   ": field 'space.hash' does not belong to the search space stored with it; the "
                   "file is damaged");
  }
  const bool transforms = std::any_of(
      state.tensors.begin(), state.tensors.end(),
      [](const auto& entry) { return entry.first.find(".transform") != std::string::npos; });
  Supernet supernet(space, 0, transforms);
  load_parameters(supernet.parameters(), state, path);
  info.file_hash = hex(state.file_hash);
  return {std::move(supernet), std::move(info)};
}

SupernetInfo read_supernet_info(const std::string& path) { return read_supernet(path).info; }

std::string shipped_supernet_path(const std::string& space_name) {
  const std::filesystem::path path =
      std::filesystem::path(data_dir()) / "supernets" / space_name / "supernet.pt";
  if (!std::filesystem::exists(path)) {
    throw BadInput("no supernet is shipped for space '" + space_name +
                   "'; train one with `tinynas train --space " + space_name +
                   " --data DIR --out DIR` and name it with --supernet");
  }
  return path.string();
}

void check_same_data(const SupernetInfo& info, const Dataset& data) {
  const std::string mend =
      "; name the data that the supernet was trained on (" + info.dataset_name + ") with --data";
  if (data.class_names != info.class_names)
    throw BadInput(data.path + ": its classes are not those of " + info.path + mend);
  if (data.train.channels != info.image_channels) {
    throw BadInput(data.path + ": its images have " + std::to_string(data.train.channels) +
                   " channels, those of " + info.path + " have " +
                   std::to_string(info.image_channels) + mend);
  }
  if (data.audio != info.audio) {
    const auto told = [](const std::optional<AudioFrontEnd>& audio) {
      return audio ? describe(*audio) : std::string("images");
    };
    throw BadInput(data.path + ": its front end (" + told(data.audio) + ") is not that of " +
                   info.path + " (" + told(info.audio) + ")" + mend);
  }
  if (data.split_hash != info.split_hash) {
    throw BadInput(
        data.path + ": its train / calibration / validation / test splits are not those of " +
        info.path + ", so images it was trained on could be in the validation set" + mend);
  }
}

}  // namespace tinynas
