#include "cli/subnet_option.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

#include "base/files.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

/// The gene's choice that `value` spells.
std::uint8_t choice_of(const Gene& gene, const std::string& value) {
  double number = 0;
  const char* end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, number);
  const bool whole = read.ec == std::errc{} && read.ptr == end;
  const auto at = std::find(gene.choices.begin(), gene.choices.end(), number);
  if (whole && at != gene.choices.end())
    return static_cast<std::uint8_t>(at - gene.choices.begin());
  std::ostringstream choices;
  const char* comma = "";
  for (const double choice : gene.choices) {
    choices << comma << choice;
    comma = ", ";
  }
  throw BadInput("--subnet: " + gene.name + "=" + value + ": choices are " + choices.str());
}

Genotype of_genes(const SearchSpace& space, const std::string& text) {
  std::map<std::string, std::string> wanted;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos)
      throw BadInput("--subnet: '" + word + "' is no gene=choice, and no such file is there");
    wanted[word.substr(0, equals)] = word.substr(equals + 1);
  }
  std::vector<std::string> names;
  Genotype genotype = space.smallest();
  for (std::size_t i = 0; i < genotype.size(); ++i) {
    const Gene& gene = space.genes()[i];
    names.push_back(gene.name);
    const auto at = wanted.find(gene.name);
    if (at != wanted.end()) {
      genotype[i] = choice_of(gene, at->second);
      wanted.erase(at);
    } else if (space.is_active(genotype, i)) {  // a depth precedes the genes that it wakes
      throw BadInput("--subnet: gene " + gene.name + " of space '" + space.name() + "' is missing");
    }
  }
  if (!wanted.empty()) {
    const std::string& name = wanted.begin()->first;
    throw BadInput("--subnet: '" + name + "' is no gene of space '" + space.name() + "'" +
                   did_you_mean(name, names));
  }
  return space.canonical(genotype);
}

}  // namespace

Genotype chosen_genotype(const SearchSpace& space, const std::string& subnet) {
  if (subnet == "largest") return space.largest();
  if (subnet == "smallest") return space.smallest();
  if (subnet.find('=') != std::string::npos) return of_genes(space, subnet);
  return read_subnet_file(space, subnet);
}

}  // namespace tinynas
