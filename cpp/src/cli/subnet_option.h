#pragma once
// --subnet, for every command that takes one network of a space.

#include <string>

#include "tinynas/search_space.h"

namespace tinynas {

inline constexpr const char* kSubnetHelp =
    "Subnet file, its genes (\"resolution=24 stem.width=0.5 ...\"), or: largest, smallest";

/// `space` with the genes of "gene=choice gene=choice ..." frozen. Throws BadInput naming `flag`
/// and the gene.
SearchSpace frozen_space(const SearchSpace& space, const std::string& genes,
                         const std::string& flag);

/// A subnet file, genes as SearchSpace::print() has them, "largest" or "smallest". Throws BadInput
/// naming the file or the gene.
Genotype chosen_genotype(const SearchSpace& space, const std::string& subnet,
                         const std::string& flag = "--subnet");

}  // namespace tinynas
