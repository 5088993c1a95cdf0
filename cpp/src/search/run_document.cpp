#include "search/run_document.h"

#include <array>

#include "tinynas/error.h"

namespace tinynas {
namespace {

constexpr const char* kFormat = "tinynas-run";
constexpr int kVersion = 1;

std::string shown(const Json* value) {
  if (value == nullptr) return "missing";
  return value->is_string() ? "'" + value->get<std::string>() + "'" : value->dump();
}

/// The first field in which the run that is there differs from the one that is asked for, as
/// "'search.seed' is 1 there and 2 now"; "" when they are equal.
std::string first_difference(const Json& there, const Json& now, const std::string& prefix) {
  const auto member = [](const Json& object, const std::string& key) -> const Json* {
    const auto at = object.find(key);
    return at == object.end() ? nullptr : &*at;
  };
  const auto compare = [&](const std::string& key) -> std::string {
    const Json* a = member(there, key);
    const Json* b = member(now, key);
    if (a != nullptr && b != nullptr) {
      if (*a == *b) return "";
      if (a->is_object() && b->is_object()) return first_difference(*a, *b, prefix + key + ".");
    }
    return "field '" + prefix + key + "' is " + shown(a) + " there and " + shown(b) + " now";
  };
  for (const Json* object : {&now, &there}) {
    for (const auto& [key, value] : object->items()) {
      if (const std::string difference = compare(key); !difference.empty()) return difference;
    }
  }
  return "";
}

/// The fields that each board has for itself.
constexpr std::array kBoardFields = {"mcu", "runtime", "latency"};

/// With the boards of a run in a list, one or several.
Json with_boards(Json run) {
  if (run.contains("boards")) return run;
  Json board = Json::object();
  for (const char* field : kBoardFields) {
    if (!run.contains(field)) continue;
    board[field] = run[field];
    run.erase(field);
  }
  run["boards"] = Json::array({board});
  return run;
}

}  // namespace

Json read_run_document(const std::string& path) {
  Json document = read_json_file(path);
  if (!document.is_object()) throw BadInput(path + ": must be an object");
  check_format(document, kFormat, kVersion, path);
  return document;
}

void write_run_document(const Json& document, const std::string& path) {
  Json head = {{"format", kFormat}, {"format_version", kVersion}};
  head.update(document);
  write_json_file(head, path);
}

void check_same_run(const std::string& path, const Json& there, const Json& now) {
  const std::string difference = first_difference(there, now, "");
  if (difference.empty()) return;
  throw BadInput(path + ": cannot be resumed with other settings: " + difference +
                 "; use the same settings, or another --run-dir");
}

Json run_of_board(Json run, std::size_t place) {
  const Json board = run.at("boards").at(place);
  run.erase("boards");
  run.update(board);
  return run;
}

void check_extends(const std::string& path, const Json& there, const Json& now) {
  const Json before = with_boards(there);
  Json after = with_boards(now);
  Json& boards = after.at("boards");
  if (boards.size() > before.at("boards").size()) {
    boards.erase(boards.begin() + static_cast<std::ptrdiff_t>(before.at("boards").size()),
                 boards.end());
  }
  check_same_run(path, before, after);
}

}  // namespace tinynas
