#include "cli/subnet_option.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

#include "base/files.h"
#include "tinynas/error.h"

namespace tinynas {
namespace {

Genotype of_genes(const SearchSpace& space, const std::string& text, const std::string& flag) {
  std::map<std::string, double> wanted;
  for (const auto& [name, value] : gene_choices(text, flag)) wanted[name] = value;
  Genotype genotype = space.smallest();
  std::vector<std::string> names;
  for (std::size_t i = 0; i < genotype.size(); ++i) {
    const Gene& gene = space.genes()[i];
    names.push_back(gene.name);
    const auto at = wanted.find(gene.name);
    if (at != wanted.end()) {
      const auto choice = std::find(gene.choices.begin(), gene.choices.end(), at->second);
      if (choice == gene.choices.end()) {
        std::string choices;
        for (const double known : gene.choices) {
          choices += (choices.empty() ? "" : ", ") + format_number(known);
        }
        throw BadInput(flag + ": " + gene.name + "=" + format_number(at->second) +
                       ": choices are " + choices);
      }
      genotype[i] = static_cast<std::uint8_t>(choice - gene.choices.begin());
      wanted.erase(at);
    } else if (space.is_active(genotype, i)) {  // a depth precedes the genes that it wakes
      throw BadInput(flag + ": gene " + gene.name + " of space '" + space.name() + "' is missing");
    }
  }
  if (!wanted.empty()) {
    const std::string& name = wanted.begin()->first;
    throw BadInput(flag + ": '" + name + "' is no gene of space '" + space.name() + "'" +
                   did_you_mean(name, names));
  }
  return space.canonical(genotype);
}

}  // namespace

std::vector<std::pair<std::string, double>> gene_choices(const std::string& text,
                                                         const std::string& flag) {
  std::vector<std::pair<std::string, double>> choices;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const std::size_t equals = std::min(word.find('='), word.size());
    double value = 0;
    const char* begin = word.data() + std::min(equals + 1, word.size());
    const char* end = word.data() + word.size();
    const auto read = std::from_chars(begin, end, value);
    if (equals == 0 || read.ec != std::errc{} || read.ptr != end) {
      throw BadInput(flag + ": '" + word + "' is no gene=choice, and no such file is there");
    }
    choices.emplace_back(word.substr(0, equals), value);
  }
  return choices;
}

Genotype chosen_genotype(const SearchSpace& space, const std::string& subnet,
                         const std::string& flag) {
  if (subnet == "largest") return space.largest();
  if (subnet == "smallest") return space.smallest();
  if (subnet.find('=') != std::string::npos) return of_genes(space, subnet, flag);
  return read_subnet_file(space, subnet);
}

}  // namespace tinynas
