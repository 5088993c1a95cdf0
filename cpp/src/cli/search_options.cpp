#include "base/files.h"
#include "cli/search_job.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

void check_name(const std::string& flag, const std::string& word,
                const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    if (word == name) return;
    list += (list.empty() ? "" : ", ") + name;
  }
  throw BadInput(flag + ": '" + word + "' is not one of " + list + did_you_mean(word, names));
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
  options.int8 = true;
  return options;
}

}  // namespace tinynas
