#pragma once
// A search space: which networks may be built. Read from TOML (search_spaces/README.md has the
// schema).

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tinynas/graph.h"
#include "tinynas/rng.h"

namespace tinynas {

/// One inverted bottleneck (MBConv): [1x1 expand] - depthwise k x k - 1x1 project [+ shortcut].
struct Block {
  int stage = 0;  ///< 0-based stage of the space
  int index = 0;  ///< 0-based position in its stage
  int kernel = 3;
  int stride = 1;
  double expand_ratio = 1;  ///< 1: no expand convolution, mid_channels == in_channels
  int in_channels = 0, mid_channels = 0, out_channels = 0;
  bool residual = false;  ///< not the first of its stage, stride 1, in_channels == out_channels
  bool operator==(const Block&) const = default;
};

/// A network of a space, resolved: everything that lowering, the supernet and a printout need.
struct Subnet {
  int resolution = 0;      ///< input height = width in pixels
  int image_channels = 3;  ///< 1 or 3
  int classes = 0;
  int stem_channels = 0, stem_kernel = 3, stem_stride = 2;
  std::vector<Block> blocks;
  int head_channels = 0;  ///< 1x1 convolution before the pooling; 0: none
  bool operator==(const Subnet&) const = default;
};

/// One choice index a gene, in the order of SearchSpace::genes(). Canonical: genes that do not
/// influence the network are 0 and of several indices with the same effect it holds the lowest; so
/// equal networks have equal genotypes.
using Genotype = std::vector<std::uint8_t>;

/// For unordered containers; the same on every platform, but not a candidate's id (see
/// SearchSpace::id).
struct GenotypeHash {
  std::size_t operator()(const Genotype& genotype) const {
    return static_cast<std::size_t>(hash_bytes(genotype.data(), genotype.size()));
  }
};

/// An axis of the space that has a choice; fixed axes are no genes. Stages and blocks count from 0,
/// as in Block.
struct Gene {
  std::string name;  ///< "resolution", "width", "stem.width", "stage2.width", "stage2.depth",
                     ///< "stage2.block1.kernel", "stage2.block1.expand", "head.width"
  std::vector<double> choices;  ///< ascending, 2 to 255; the largest network takes the last of each
};

struct SpaceLayout;  // the space's tables, cpp/src/space/layout.h

/// Immutable after loading; every member function is const and thread-safe; copies share the
/// tables. Every choice list ascends, so the largest network is at least as large as every other in
/// each dimension: channels, mid channels, kernels, depths. Functions that take a genotype throw
/// BadInput when it has another number of genes or a choice out of range; it need not be canonical.
class SearchSpace {
 public:
  /// Reads a file. Throws BadInput with file, line and key.
  static SearchSpace load_file(const std::string& path);
  /// A name of search_spaces/ or a path that ends in .toml; the nearest name is suggested.
  static SearchSpace find(const std::string& name_or_path);
  /// Parses TOML text (a space stored with a supernet); `source` is named in errors.
  static SearchSpace parse(const std::string& toml_text, const std::string& source);
  /// Names of search_spaces/, in alphabetical order.
  static std::vector<std::string> list_names();
  /// The same axes for another number of output classes; another hash. Throws BadInput unless
  /// 2 <= classes <= 100,000.
  SearchSpace with_classes(int classes) const;
  /// The cell of one resolution (pixels) and one width multiplier. `width` takes the place of the
  /// gene `width`; any other width of the space, fixed or a part's own choices, is multiplied by
  /// it. Kernels, ratios and depths are free, frozen or not. Called "mcunet-w0.5-r144". Throws
  /// BadInput, naming what is out of range, where the cell could not be written as a file.
  SearchSpace cell(int resolution, double width) const;

  /// The same space (hash, ids, genes), of which only the networks with these choices are visited:
  /// sample, mutate, crossover, neighbours, enumerate, smallest, largest and cardinality keep them.
  /// A gene's name may hold `*` for any text ("stage*.block*.kernel"); what was frozen before
  /// stays. Throws BadInput naming a gene that the space does not have or a choice that a gene does
  /// not have.
  SearchSpace frozen(const std::vector<std::pair<std::string, double>>& choices) const;
  bool is_frozen(std::size_t gene) const { return frozen_choice(gene) >= 0; }
  /// Frozen genes with their choices, in the order of genes().
  std::vector<std::pair<std::string, double>> frozen_choices() const;
  /// `genotype` with the frozen choices; canonical.
  Genotype held(Genotype genotype) const;

  const std::string& name() const;
  const std::string& description() const;
  int image_channels() const;  ///< 1 or 3
  int classes() const;
  /// 16 hex digits over the axes and fixed parts (name, description, comments and spelling do not
  /// matter). Stored in subnet files and supernets.
  const std::string& hash() const;
  /// The space as TOML without comments: parse() of it gives an equal space.
  const std::string& toml_text() const;
  const std::vector<Gene>& genes() const;

  /// Number of distinct networks (canonical genotypes) that are not frozen out, as a double because
  /// billions are usual; exact below 2^53.
  double cardinality() const;

  Genotype smallest() const;
  Genotype largest() const;
  /// Uniform over gene choices (not over networks), canonical.
  Genotype sample(Rng& rng) const;
  /// Each active gene changes to another choice with `probability`; the result is another network
  /// than the parent (unless the space has but one). Genes that a greater depth wakes are drawn
  /// uniformly. Canonical.
  Genotype mutate(const Genotype& parent, double probability, Rng& rng) const;
  /// Each gene from either parent with equal chance, and from the other one where it is inactive.
  /// Canonical.
  Genotype crossover(const Genotype& a, const Genotype& b, Rng& rng) const;
  /// All canonical genotypes that differ in one gene's choice, without duplicates, without
  /// `genotype` itself, in the order of genes and choices.
  std::vector<Genotype> neighbours(const Genotype& genotype) const;
  Genotype canonical(Genotype genotype) const;
  /// False for the kernel and expand ratio of a block beyond its stage's depth.
  bool is_active(const Genotype& genotype, std::size_t gene) const;

  Subnet decode(const Genotype& genotype) const;
  /// The canonical genotype of `subnet`; throws BadInput naming what is not in the space.
  Genotype encode(const Subnet& subnet) const;

  /// 16 hex digits over space hash and canonical genes: the candidate's id.
  std::string id(const Genotype& genotype) const;
  /// "resolution=24 stem.width=0.5 stage0.depth=2 ...": active genes in order.
  std::string print(const Genotype& genotype) const;
  /// Calls visit for every distinct network, each once, in ascending lexicographic order of
  /// canonical genotypes; meant for spaces small enough to enumerate.
  void enumerate(const std::function<void(const Genotype&)>& visit) const;

 private:
  explicit SearchSpace(std::shared_ptr<const SpaceLayout> layout) : layout_(std::move(layout)) {}
  /// -1: free.
  int frozen_choice(std::size_t gene) const {
    return frozen_.empty() ? -1 : static_cast<int>(frozen_[gene]);
  }
  std::shared_ptr<const SpaceLayout> layout_;
  std::vector<std::int16_t> frozen_;  ///< by gene, -1: free; empty: none is frozen
};

/// A subnet file: one JSON with space name, hash and classes and the active genes' choices by name.
/// Throws BadInput with file and field, and when the file's space hash is another's.
Genotype read_subnet_file(const SearchSpace& space, const std::string& path);
/// The text of a subnet file.
std::string subnet_json(const SearchSpace& space, const Genotype& genotype);
/// Written to a temporary file, then renamed.
void write_subnet_file(const SearchSpace& space, const Genotype& genotype, const std::string& path);

/// The shipped space that a subnet file names, with the file's number of classes. Throws BadInput
/// when there is none or its hash is another's.
SearchSpace find_space_of_subnet(const std::string& path);

/// "r24 | stem 8 | s0 k3 e1 c8 | s1 k5 e4 c16, k3 e3 c16 | ..." on one line.
std::string describe(const Subnet& subnet);

/// The int8 deployment graph of a subnet (BN folded, activations fused): stem, blocks with
/// shortcuts, head, pooling, classifier.
Graph lower(const Subnet& subnet);
/// The same into `graph`, whose allocations are kept.
void lower(const Subnet& subnet, Graph& graph);

}  // namespace tinynas
