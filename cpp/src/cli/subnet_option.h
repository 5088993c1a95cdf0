#pragma once
// --subnet, for every command that takes one network of a space.

#include <string>
#include <utility>
#include <vector>

#include "tinynas/search_space.h"

namespace tinynas {

inline constexpr const char* kSubnetHelp =
    "Subnet file, its genes (\"resolution=24 stem.width=0.5 ...\"), or: largest, smallest";

/// "gene=choice gene=choice ..."; throws BadInput naming `flag` and the word that is none.
std::vector<std::pair<std::string, double>> gene_choices(const std::string& text,
                                                         const std::string& flag);

/// A subnet file, genes as SearchSpace::print() has them, "largest" or "smallest". Throws BadInput
/// naming the file or the gene.
Genotype chosen_genotype(const SearchSpace& space, const std::string& subnet,
                         const std::string& flag = "--subnet");

}  // namespace tinynas
