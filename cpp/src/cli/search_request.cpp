#include "cli/search_request.h"

#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "search/run_document.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

namespace fs = std::filesystem;

void check_name(const std::string& flag, const std::string& word,
                const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    if (word == name) return;
    list += (list.empty() ? "" : ", ") + name;
  }
  throw BadInput(flag + ": '" + word + "' is not one of " + list + did_you_mean(word, names));
}

/// A path that names the same file from anywhere; names of shipped things stay as they are.
std::string anywhere(const std::string& typed) {
  std::error_code error;
  if (typed.empty() || !fs::exists(typed, error)) return typed;
  const fs::path absolute = fs::absolute(typed, error);
  return error ? typed : absolute.lexically_normal().string();
}

Json anywhere(const std::vector<std::string>& typed) {
  Json list = Json::array();
  for (const std::string& one : typed) list.push_back(anywhere(one));
  return list;
}

/// Calls visit(name, value) with the text options of a board; `Options` is McuOptions, const or
/// not.
template <typename Options, typename Visit>
void visit_texts(Options& options, Visit visit) {
  visit("mcu", options.mcu);
  visit("sram", options.sram);
  visit("flash", options.flash);
  visit("reserve_sram", options.reserve_sram);
  visit("reserve_flash", options.reserve_flash);
  visit("latency_ms", options.latency_ms);
  visit("calibration", options.calibration);
  visit("macs", options.macs);
}

Json board_json(const McuOptions& board) {
  Json document = Json::object();
  visit_texts(board, [&](const char* name, const std::string& value) {
    if (!value.empty()) document[name] = anywhere(value);
  });
  if (board.allow_uncalibrated) document["allow_uncalibrated"] = true;
  return document;
}

/// The same for the request's own options.
template <typename Request, typename Visit>
void visit_values(Request& request, Visit visit) {
  visit("space", request.space);
  visit("supernet", request.supernet);
  visit("data", request.data);
  visit("skip_bad_files", request.skip_bad_files);
  visit("runtime", request.runtime);
  visit("input", request.input);
  visit("depthwise_rows", request.depthwise_rows);
  visit("preset", request.preset);
  visit("engine", request.engine);
  visit("seed", request.seed);
  visit("measurements", request.measurements);
  visit("further_measurements", request.further_measurements);
  visit("screen_images", request.screen_images);
  visit("patience", request.patience);
  visit("minutes", request.minutes);
  visit("freeze", request.freeze);
  visit("include", request.include);
  visit("device", request.device);
}

template <typename T>
void read_value(const Json& document, const char* name, T& value, const std::string& where) {
  try {
    value = json_at(document, name, where).get<T>();
  } catch (const Json::exception&) {
    throw BadInput(where + ": field 'request." + name + "' is of another type");
  }
}

/// --flash stays that of parts without flash of their own; false: there are none.
bool give_external_flash(std::vector<McuOptions>& boards) {
  bool any = false;
  for (McuOptions& board : boards) {
    if (find_mcu(board.mcu).flash_internal) {
      board.flash.clear();
    } else {
      any = true;
    }
  }
  return any;
}

}  // namespace

SearchOptions search_options(const SearchRequest& request) {
  check_name("--preset", request.preset, {"default", "published"});
  SearchOptions options = request.preset == "published"
                              ? SearchOptions::preset_published(request.seed)
                              : SearchOptions::preset_default(request.seed);
  if (!request.engine.empty()) options.engine.engine = parse_engine(request.engine, "--engine");
  if (request.measurements < 0) throw BadInput("--measurements: must be 1 or more");
  if (request.measurements > 0) options.engine.measurements = request.measurements;
  options.further_measurements = request.further_measurements;
  if (request.screen_images > 0) {
    if (request.preset == "published") {
      throw BadInput("--screen-images: the published loop measures every network on all images");
    }
    options.screening = options.ranking;
    options.screening->images = request.screen_images;
    options.screening->recalibration_images =
        std::min(request.screen_images, options.ranking.recalibration_images);
  }
  options.patience = request.patience;
  options.minutes = request.minutes;
  options.int8 = true;
  return options;
}

std::vector<McuOptions> split_boards(const McuOptions& typed) {
  std::vector<McuOptions> boards;
  std::size_t start = 0;
  while (true) {
    const std::size_t end = typed.mcu.find(',', start);
    boards.push_back(typed);
    boards.back().mcu = typed.mcu.substr(start, end == std::string::npos ? end : end - start);
    if (end == std::string::npos) break;
    start = end + 1;
  }
  if (boards.size() == 1) return boards;
  for (const McuOptions& board : boards) {
    if (board.mcu.empty()) throw BadInput("--mcu: '" + typed.mcu + "' names an empty board");
  }
  const std::string mend =
      ": is one board's; with several in --mcu, give a board its memory in a FILE.toml";
  if (!typed.sram.empty()) throw BadInput("--sram" + mend);
  if (!typed.flash.empty() && !give_external_flash(boards)) throw BadInput("--flash" + mend);
  return boards;
}

Json request_json(const SearchRequest& request) {
  Json document = {{"boards", Json::array()}};
  for (const McuOptions& board : request.boards) document["boards"].push_back(board_json(board));
  visit_values(request, [&](const char* name, const auto& value) { document[name] = value; });
  for (const char* path : {"space", "supernet", "data"}) {
    document[path] = anywhere(document[path].get<std::string>());
  }
  document["include"] = anywhere(request.include);
  return document;
}

SearchRequest read_request(const std::string& directory) {
  const std::string path = directory + "/run.json";
  if (!fs::exists(path)) {
    throw BadInput(directory +
                   ": holds no run (no run.json); name what `tinynas search --run-dir` "
                   "wrote");
  }
  const Json head = read_run_document(path);
  if (!head.contains("request")) {
    throw BadInput(path +
                   ": field 'request' is missing, as in runs of older versions; search "
                   "again in another --run-dir");
  }
  const Json& document = head["request"];
  if (!document.is_object()) throw BadInput(path + ": field 'request' must be an object");
  SearchRequest request;
  visit_values(request,
               [&](const char* name, auto& value) { read_value(document, name, value, path); });
  const Json& boards = json_at(document, "boards", path);
  if (!boards.is_array()) throw BadInput(path + ": field 'request.boards' must be a list");
  for (const Json& entry : boards) {
    if (!entry.is_object()) throw BadInput(path + ": field 'request.boards' must hold objects");
    McuOptions& board = request.boards.emplace_back();
    visit_texts(board, [&](const char* name, std::string& value) {
      if (entry.contains(name)) read_value(entry, name, value, path);
    });
    if (entry.contains("allow_uncalibrated")) {
      read_value(entry, "allow_uncalibrated", board.allow_uncalibrated, path);
    }
  }
  if (request.boards.empty()) throw BadInput(path + ": field 'request.boards' is empty");
  request.run_dir = directory;
  return request;
}

void add_boards(SearchRequest& request, const std::vector<McuOptions>& boards) {
  for (const McuOptions& board : boards) {
    const auto same_part = [&](const McuOptions& other) {
      return anywhere(other.mcu) == anywhere(board.mcu);
    };
    const auto there = std::find_if(request.boards.begin(), request.boards.end(), same_part);
    if (there == request.boards.end()) {
      request.boards.push_back(board);
    } else if (board_json(*there) != board_json(board)) {
      throw BadInput("--extend: " + request.run_dir + " has board '" + board.mcu +
                     "' already, with other limits; search for it in a run of its own");
    }
  }
}

}  // namespace tinynas
