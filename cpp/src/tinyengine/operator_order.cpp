// The order of operators that needs the least memory layer by layer: dynamic programming over
// downsets (sets of ops that contain all their predecessors).

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "tinynas/memory_plan.h"

namespace tinynas {
namespace {

/// Beyond this many downsets the order given is kept.
constexpr std::size_t kMostDownsets = 200000;

using OpSet = std::vector<std::uint64_t>;

bool contains(const OpSet& set, std::int32_t op) {
  return (set[static_cast<std::size_t>(op) / 64] >> (op % 64) & 1) != 0;
}

/// A downset as it is best reached.
struct State {
  OpSet done;
  std::int64_t peak = 0, live = 0;  ///< bytes
  std::int32_t op = -1, parent = -1;
  std::int32_t breaks = 0;  ///< ops that do not read what the op before them wrote
};

class OrderSearch {
 public:
  explicit OrderSearch(const Graph& graph) : graph_(graph) {
    writer_.assign(graph.tensors.size(), -1);
    readers_.resize(graph.tensors.size());
    for (std::size_t i = 0; i < graph.ops.size(); ++i) {
      writer_[graph.ops[i].output] = static_cast<std::int32_t>(i);
      for (const std::int32_t t : graph.inputs(graph.ops[i])) {
        readers_[t].push_back(static_cast<std::int32_t>(i));
      }
    }
  }

  /// Whether ops could run in any other order at all.
  bool has_choice() const {
    for (std::size_t i = 1; i < graph_.ops.size(); ++i) {
      const auto inputs = graph_.inputs(graph_.ops[i]);
      const bool follows = std::any_of(inputs.begin(), inputs.end(), [&](std::int32_t t) {
        return writer_[t] == static_cast<std::int32_t>(i) - 1;
      });
      if (!follows) return true;
    }
    return false;
  }

  /// Empty where there are too many downsets.
  std::vector<std::int32_t> best_order() {
    const std::size_t op_count = graph_.ops.size();
    State start;
    start.done.assign((op_count + 63) / 64, 0);
    start.live = start.peak = graph_.tensors[graph_.input].bytes();
    states_.push_back(start);
    std::size_t layer = 0;
    for (std::size_t step = 0; step < op_count; ++step) {
      const std::size_t end = states_.size();
      std::map<OpSet, std::size_t> found;
      for (std::size_t s = layer; s < end; ++s) {
        for (std::int32_t op = 0; op < static_cast<std::int32_t>(op_count); ++op) {
          if (ready(states_[s].done, op)) extend(s, op, found);
        }
        if (states_.size() > kMostDownsets) return {};
      }
      layer = end;
    }
    std::vector<std::int32_t> order;
    for (auto s = static_cast<std::int32_t>(states_.size()) - 1; s > 0; s = states_[s].parent) {
      order.push_back(states_[s].op);
    }
    std::reverse(order.begin(), order.end());
    return order;
  }

 private:
  bool ready(const OpSet& done, std::int32_t op) const {
    if (contains(done, op)) return false;
    const auto inputs = graph_.inputs(graph_.ops[op]);
    return std::all_of(inputs.begin(), inputs.end(), [&](std::int32_t t) {
      return writer_[t] < 0 || contains(done, writer_[t]);
    });
  }

  void extend(std::size_t from, std::int32_t op, std::map<OpSet, std::size_t>& found) {
    State next = states_[from];
    next.done[static_cast<std::size_t>(op) / 64] |= std::uint64_t{1} << (op % 64);
    const auto read = graph_.inputs(graph_.ops[op]);
    const bool follows = next.op >= 0 && std::find(read.begin(), read.end(),
                                                   graph_.ops[next.op].output) != read.end();
    if (!follows) ++next.breaks;
    next.op = op;
    next.parent = static_cast<std::int32_t>(from);
    next.live += graph_.tensors[graph_.ops[op].output].bytes();
    next.peak = std::max(next.peak, next.live);
    for (auto t = read.begin(); t != read.end(); ++t) {
      if (graph_.is_output(*t) || std::find(read.begin(), t, *t) != t) continue;
      const auto& readers = readers_[*t];
      const bool dead = std::all_of(readers.begin(), readers.end(), [&](std::int32_t reader) {
        return contains(next.done, reader);
      });
      if (dead) next.live -= graph_.tensors[*t].bytes();
    }
    const auto [slot, is_new] = found.try_emplace(next.done, states_.size());
    if (is_new) {
      states_.push_back(std::move(next));
      return;
    }
    // Of equal peaks the one with fewer breaks: ops that follow each other can stream rows.
    State& known = states_[slot->second];
    const bool better =
        next.peak != known.peak ? next.peak < known.peak : next.breaks < known.breaks;
    if (better) known = std::move(next);
  }

  const Graph& graph_;
  std::vector<std::int32_t> writer_;
  std::vector<std::vector<std::int32_t>> readers_;
  std::vector<State> states_;
};

std::int64_t layer_peak(const Graph& graph, const std::vector<std::int32_t>& order) {
  std::vector<std::size_t> last(graph.tensors.size(), 0);
  for (std::size_t k = 0; k < order.size(); ++k) {
    for (const std::int32_t t : graph.inputs(graph.ops[order[k]])) last[t] = k + 1;
  }
  std::int64_t live = graph.tensors[graph.input].bytes(), peak = live;
  for (std::size_t k = 0; k < order.size(); ++k) {
    live += graph.tensors[graph.ops[order[k]].output].bytes();
    peak = std::max(peak, live);
    for (std::size_t t = 0; t < last.size(); ++t) {
      const bool dies = last[t] == k + 1 && !graph.is_output(static_cast<std::int32_t>(t));
      if (dies) live -= graph.tensors[t].bytes();
    }
  }
  return peak;
}

}  // namespace

Graph order_operators(const Graph& graph) {
  OrderSearch search(graph);
  if (!search.has_choice()) return graph;
  const std::vector<std::int32_t> order = search.best_order();
  if (order.empty()) return graph;
  std::vector<std::int32_t> given(order.size());
  for (std::size_t i = 0; i < given.size(); ++i) given[i] = static_cast<std::int32_t>(i);
  if (layer_peak(graph, order) >= layer_peak(graph, given)) return graph;
  Graph result = graph;
  for (std::size_t i = 0; i < order.size(); ++i) result.ops[i] = graph.ops[order[i]];
  return result;
}

Graph order_for_streaming(const Graph& graph) {
  Graph ordered = order_operators(graph);
  RuntimeModel runtime;
  runtime.rules = RuntimeRules::kTinyNas;
  const auto peak = [&](const Graph& g) { return plan_memory(g, runtime).peak_sram_bytes; };
  const auto same_op = [](const Op& a, const Op& b) { return a.output == b.output; };
  if (std::equal(graph.ops.begin(), graph.ops.end(), ordered.ops.begin(), same_op)) return graph;
  return peak(ordered) < peak(graph) ? ordered : graph;
}

}  // namespace tinynas
