#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <ostream>

#include "base/files.h"
#include "cli/commands.h"
#include "cli/data_options.h"
#include "cli/space_suggestion.h"
#include "cli/text_table.h"
#include "graph/audio_json.h"
#include "tinynas/bytes.h"
#include "tinynas/dataset.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

/// From here on a class is worth a warning: accuracy hides how the rare classes fare.
constexpr double kImbalanceWarning = 2;
constexpr Split kSplits[] = {Split::kTrain, Split::kCalibration, Split::kValidation, Split::kTest};

struct InspectCommand {
  DatasetOptions options;
  std::string write_space;
  bool json = false;
};

std::size_t images_of(const std::array<std::size_t, 4>& counts, Split split) {
  return counts[static_cast<std::size_t>(split)];
}

std::string count_text(std::size_t count) { return format_count(static_cast<std::int64_t>(count)); }

Json space_json(const SpaceSuggestion& suggestion) {
  Json changes = Json::object();
  for (const auto& [key, value] : suggestion.changes) changes[key] = value;
  return {{"name", suggestion.space},
          {"fits", suggestion.changes.empty()},
          {"changes_in_a_copy", changes}};
}

/// What is known only of data that could be loaded.
Json loaded_json(const DatasetReport& report) {
  const Dataset& data = report.data;
  Json classes = Json::array(), images = Json::object();
  for (std::size_t c = 0; c < data.class_names.size(); ++c) {
    Json entry = {{"name", data.class_names[c]}};
    for (const Split split : kSplits) {
      entry[split_name(split)] = images_of(report.class_images[c], split);
    }
    classes.push_back(entry);
  }
  for (const Split split : kSplits) images[split_name(split)] = data.split(split).count();
  const StoredSizes& sizes = data.sizes;
  return {{"split_hash", data.split_hash},
          {"images", images},
          {"classes", classes},
          {"sizes",
           {{"min_height", sizes.min_height},
            {"max_height", sizes.max_height},
            {"min_width", sizes.min_width},
            {"max_width", sizes.max_width},
            {"median_side", sizes.median_side},
            {"grey", sizes.grey},
            {"colour", sizes.colour},
            {"min_seconds", data.audio ? Json(sizes.min_seconds) : Json()},
            {"max_seconds", data.audio ? Json(sizes.max_seconds) : Json()}}},
          {"audio", data.audio ? front_end_json(*data.audio) : Json()},
          {"height", data.train.height},
          {"width", data.train.width},
          {"channels", data.train.channels},
          {"mean", report.normalisation.mean},
          {"deviation", report.normalisation.deviation},
          {"repeated_images", data.repeated_images},
          {"imbalance", report.imbalance},
          {"decoded_on_demand", data.train.reader != nullptr},
          {"ignored_files", data.ignored},
          {"space", space_json(suggest_space(data))}};
}

Json report_json(const DatasetReport& report, const std::string& path) {
  Json bad = Json::array();
  for (const BadFile& file : report.bad) {
    bad.push_back({{"file", file.file}, {"reason", file.reason}});
  }
  Json document = {
      {"schema_version", 1}, {"path", path},
      {"name", report.name}, {"format", report.format},
      {"bad_files", bad},    {"problem", report.problem.empty() ? Json() : Json(report.problem)}};
  if (report.problem.empty()) document.update(loaded_json(report));
  return document;
}

std::string numbers(const std::vector<double>& values) {
  std::string text;
  char number[32];
  for (const double value : values) {
    std::snprintf(number, sizeof number, "%s%.4f", text.empty() ? "" : " ", value);
    text += number;
  }
  return text;
}

std::string size_text(const StoredSizes& sizes) {
  const auto size = [](int width, int height) {
    return std::to_string(width) + "x" + std::to_string(height);
  };
  const std::string least = size(sizes.min_width, sizes.min_height),
                    most = size(sizes.max_width, sizes.max_height);
  std::string text = least + " px";
  if (least != most) {
    text = least + " to " + most + " px, shorter side " + std::to_string(sizes.median_side) +
           " in the median";
  }
  if (sizes.grey > 0) text += ", " + count_text(sizes.grey) + " grey";
  if (sizes.colour > 0) text += ", " + count_text(sizes.colour) + " colour";
  return text;
}

std::string audio_text(const Dataset& data) {
  if (!data.audio) return "";
  char seconds[64];
  std::snprintf(seconds, sizeof seconds, "%.2f to %.2f s", data.sizes.min_seconds,
                data.sizes.max_seconds);
  return std::string("\n  recordings  ") + seconds + "\n  front end   " + describe(*data.audio);
}

std::string class_table(const DatasetReport& report) {
  std::vector<std::vector<std::string>> rows{
      {"  CLASS", "TRAIN", "CALIBRATION", "VALIDATION", "TEST"}};
  for (std::size_t c = 0; c < report.data.class_names.size(); ++c) {
    rows.push_back({"  " + report.data.class_names[c]});
    for (const Split split : kSplits) {
      rows.back().push_back(count_text(images_of(report.class_images[c], split)));
    }
  }
  rows.push_back({"  all"});
  for (const Split split : kSplits) {
    rows.back().push_back(count_text(report.data.split(split).count()));
  }
  return text_table(rows, {1, 2, 3, 4});
}

std::string imbalance_text(const DatasetReport& report) {
  std::size_t least = 0, most = 0;
  for (std::size_t c = 1; c < report.class_images.size(); ++c) {
    const std::size_t count = images_of(report.class_images[c], Split::kTrain);
    if (count < images_of(report.class_images[least], Split::kTrain)) least = c;
    if (count > images_of(report.class_images[most], Split::kTrain)) most = c;
  }
  char ratio[32];
  std::snprintf(ratio, sizeof ratio, "%.2f", report.imbalance);
  std::string text = ratio;
  if (report.imbalance > 1) {
    text += ", training images of '" + report.data.class_names[most] + "' over '" +
            report.data.class_names[least] + "'";
  }
  if (report.imbalance >= kImbalanceWarning) {
    text += "\n              warning: accuracy says little of the rare classes; add images of them";
  }
  return text;
}

std::string space_text(const Dataset& data) {
  const SpaceSuggestion suggestion = suggest_space(data);
  if (suggestion.changes.empty()) {
    return suggestion.space + " fits: tinynas train --space " + suggestion.space + " --data " +
           data.path + " --out DIR";
  }
  std::string text = "copy search_spaces/" + suggestion.space + ".toml and set";
  const char* comma = " ";
  for (const auto& [key, value] : suggestion.changes) {
    text += comma + key + " = " + value;
    comma = ", ";
  }
  return text + "; or --write-space COPY.toml does; then tinynas train --space COPY.toml --data " +
         data.path + " --out DIR";
}

std::string loaded_text(const DatasetReport& report) {
  const Dataset& data = report.data;
  std::string text =
      "\n" + class_table(report) + "\n  sizes       " + size_text(data.sizes) + audio_text(data) +
      "\n  splits      " + data.split_hash + "\n  mean        " +
      numbers(report.normalisation.mean) + " (of pixel / 255, training images, " +
      std::to_string(data.train.width) + "x" + std::to_string(data.train.height) + " px, " +
      std::to_string(data.train.channels) + (data.train.channels == 1 ? " channel" : " channels") +
      ")\n  deviation   " + numbers(report.normalisation.deviation) + "\n  imbalance   " +
      imbalance_text(report) + "\n  repeated    " + count_text(data.repeated_images) +
      " images that occur elsewhere too, kept out of validation and calibration\n";
  if (data.train.reader) text += "  memory      decoded on demand\n";
  if (!data.ignored.empty()) {
    text += "  ignored     " + count_text(data.ignored.size()) + " files of other kinds:\n";
    for (const std::string& file : data.ignored) text += "    " + file + "\n";
  }
  return text + "  space       " + space_text(data) + "\n";
}

std::string report_text(const DatasetReport& report, const std::string& path) {
  std::string text = report.name + " (" + report.format + ", " + path + ")\n";
  if (report.problem.empty()) text += loaded_text(report);
  if (report.bad.empty()) return text;
  text += "  bad         " + count_text(report.bad.size()) + " files cannot be used:\n";
  for (const BadFile& file : report.bad) text += "    " + file.file + ": " + file.reason + "\n";
  return text;
}

int inspect(CliContext& context, const InspectCommand& command) {
  const std::string& space = command.write_space;
  if (!space.empty() && std::filesystem::exists(space))
    throw BadInput(space + ": is there already; name another file with --write-space");
  const DatasetReport report = inspect_dataset(command.options);
  if (command.json) {
    print_json(context, report_json(report, command.options.path));
  } else {
    context.out << report_text(report, command.options.path);
  }
  if (!report.problem.empty()) throw BadInput(report.problem);
  if (!report.bad.empty() && !command.options.skip_bad_files) {
    throw BadInput(command.options.path + ": " + std::to_string(report.bad.size()) +
                   " files cannot be used; mend or remove them, or go without them: "
                   "--skip-bad-files");
  }
  if (!space.empty()) {
    const std::string name = std::filesystem::path(space).stem().string();
    write_file_atomic(space, suggested_toml(suggest_space(report.data), name));
  }
  return 0;
}

}  // namespace

void add_data_command(CLI::App& app, CliContext& context) {
  auto command = std::make_shared<InspectCommand>();
  CLI::App* data = app.add_subcommand("data", "Data sets: what is in them");
  data->require_subcommand(1);
  CLI::App* inspect_command = data->add_subcommand(
      "inspect", "Splits, classes, sizes, mean and deviation, bad files, which space suits");
  inspect_command->add_option("path", command->options.path, "Folder or zip")
      ->type_name("PATH")
      ->required();
  inspect_command
      ->add_option("--resolution", command->options.resolution,
                   "Pixels that images are resized to (default: as stored; of several sizes the "
                   "shortest side, at most 224)")
      ->check(CLI::Range(0, 1024));
  inspect_command
      ->add_option("--channels", command->options.channels, "1 or 3 (default: as stored)")
      ->check(CLI::IsMember({0, 1, 3}));
  add_skip_bad_files_option(*inspect_command, command->options.skip_bad_files);
  inspect_command
      ->add_option("--write-space", command->write_space,
                   "Write a search space for these images: the shipped one that is nearest, with "
                   "their classes, channels and resolutions")
      ->type_name("FILE.toml")
      ->check([](const std::string& path) {
        return path.ends_with(".toml") ? std::string() : std::string("must end in .toml");
      });
  inspect_command->add_flag("--json", command->json, "One JSON document on stdout");
  inspect_command->footer("Exit codes: 0 usable, 2 a file is bad or the layout is not known.");
  inspect_command->callback([command, &context] {
    context.command = [command, &context] { return inspect(context, *command); };
  });
}

}  // namespace tinynas
