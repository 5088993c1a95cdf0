#include "cli/subnet_option.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "tinynas/error.h"

namespace tinynas {
namespace {

/// "gene=choice gene=choice ..."
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

Genotype of_genes(const SearchSpace& space, const std::string& text, const std::string& flag) {
  const SearchSpace named = frozen_space(space, text, flag);
  const Genotype genotype = named.smallest();
  for (std::size_t i = 0; i < genotype.size(); ++i) {
    if (space.is_active(genotype, i) && !named.is_frozen(i)) {
      throw BadInput(flag + ": gene " + space.genes()[i].name + " of space '" + space.name() +
                     "' is missing");
    }
  }
  return genotype;
}

}  // namespace

SearchSpace frozen_space(const SearchSpace& space, const std::string& genes,
                         const std::string& flag) {
  const auto choices = gene_choices(genes, flag);
  try {
    return space.frozen(choices);
  } catch (const BadInput& error) {
    throw BadInput(flag + ": " + error.what());
  }
}

Genotype chosen_genotype(const SearchSpace& space, const std::string& subnet,
                         const std::string& flag) {
  if (subnet == "largest") return space.largest();
  if (subnet == "smallest") return space.smallest();
  if (subnet.find('=') != std::string::npos) return of_genes(space, subnet, flag);
  return read_subnet_file(space, subnet);
}

}  // namespace tinynas
