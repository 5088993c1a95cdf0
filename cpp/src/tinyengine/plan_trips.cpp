#include "tinyengine/plan_trips.h"

#include <algorithm>

namespace tinynas {
namespace {

/// What the driver does of an op before a row further up its segment can be made: the operators
/// from the last one up to it are asked which of their inputs is missing.
struct Walk {
  double steps = 0, window = 0, pixelwise = 0, outside = 0;
};

class PlanTrips {
 public:
  PlanTrips(const Graph& graph, const MemoryPlan& plan) : graph_(graph), plan_(plan) {
    writers_.assign(graph.tensors.size(), -1);
    for (std::size_t i = 0; i < graph.ops.size(); ++i) {
      writers_[graph.ops[i].output] = static_cast<std::int32_t>(i);
    }
    accumulates_.assign(graph.tensors.size(), 0);
    for (const Placement& place : plan.placements) {
      if (place.kind == PlacementKind::kAccumulators) accumulates_[place.first_tensor] = 1;
    }
    walks_.resize(graph.ops.size());
    depths_.resize(graph.ops.size());
  }

  void count(const TripsFn& each) {
    for (const Segment& segment : plan_.segments) {
      find_visits(segment);
      find_walks(segment);
      for (std::int32_t i = segment.first_op; i < segment.end_op; ++i) {
        trips_.clear();
        const Op& op = graph_.ops[i];
        const bool accumulates = accumulates_[op.output] != 0;
        const OpVisits& visits = visits_[i - segment.first_op];
        count_kernel_trips(graph_, op, visits, accumulates, trips_);
        if (i == segment.first_op) count_segment(segment);
        runs_whole(op) ? count_whole(op) : count_rows(segment, i, visits, accumulates);
        each(i, trips_);
      }
    }
    count_invocation();
    each(-1, trips_);
  }

 private:
  bool is_pixelwise(const Op& op) const {
    return op_is_pixelwise(graph_, op) || op.kind == OpKind::kMul;
  }
  bool runs_whole(const Op& op) const {
    switch (op.kind) {
      case OpKind::kFullyConnected:
      case OpKind::kMeanAxis:
      case OpKind::kPad:
      case OpKind::kReshape:
      case OpKind::kTranspose:
      case OpKind::kResizeNearest:
        return true;
      case OpKind::kConcat:
        return op.axis != 2;
      default:
        return false;
    }
  }
  bool is_camera(std::int32_t tensor) const {
    return tensor == graph_.input && plan_.input == InputMode::kRows;
  }
  bool is_made_in(const Segment& segment, std::int32_t tensor) const {
    if (tensor == graph_.input) return is_camera(tensor);
    return writers_[tensor] >= segment.first_op && writers_[tensor] < segment.end_op;
  }
  bool is_ring(std::int32_t tensor) const {
    const std::int32_t record = plan_.tensor_records[tensor];
    return record >= 0 && plan_.placements[record].kind == PlacementKind::kRing;
  }

  void find_visits(const Segment& segment) {
    const auto ops = static_cast<std::size_t>(segment.end_op - segment.first_op);
    if (visits_.size() < ops) visits_.resize(ops);
    for (std::size_t i = 0; i < ops; ++i) {
      visits_[i].rows.clear();
      visits_[i].columns.clear();
    }
    for (const bool columns : {false, true}) {
      const std::int32_t tiles = columns ? segment.patch_columns : segment.patch_rows;
      for (std::int32_t tile = 0; tile < tiles; ++tile) {
        if (ops > 1) find_tile_ranges(graph_, segment.end_op, columns, tiles, tile, ranges_);
        for (std::size_t i = 0; i < ops; ++i) {
          const Op& op = graph_.ops[segment.first_op + static_cast<int>(i)];
          const Shape& out = graph_.out_shape(op);
          TileRange range = {0, columns ? out.w : out.h};
          if (segment.has_patches()) {
            range = ranges_[op.output];
          } else if (ops > 1 && !columns) {
            // Rows that nobody asks for are made only where rows flow past them.
            (segment.bottom_up ? range.begin : range.end) =
                segment.bottom_up ? ranges_[op.output].begin : ranges_[op.output].end;
          }
          (columns ? visits_[i].columns : visits_[i].rows).push_back(range);
        }
      }
    }
  }

  /// Rows are asked for along the longest way: where ways part, the longer one runs ahead.
  void find_walks(const Segment& segment) {
    for (std::int32_t i = segment.first_op; i < segment.end_op; ++i) depths_[i] = -1;
    depths_[segment.end_op - 1] = 0;
    walks_[segment.end_op - 1] = {};
    camera_depth_ = -1;
    for (std::int32_t j = segment.end_op - 1; j >= segment.first_op; --j) {
      const Op& op = graph_.ops[j];
      Walk walk = walks_[j];
      walk.steps += 1;
      for (const std::int32_t tensor : graph_.inputs(op)) {
        if (!is_made_in(segment, tensor)) {
          walk.outside += 1;
          continue;
        }
        (is_pixelwise(op) ? walk.pixelwise : walk.window) += 1;
        const std::int32_t depth = depths_[j] + 1;
        if (is_camera(tensor)) {
          if (depth <= camera_depth_) continue;
          camera_depth_ = depth;
          camera_walk_ = walk;
        } else if (depth > depths_[writers_[tensor]]) {
          depths_[writers_[tensor]] = depth;
          walks_[writers_[tensor]] = walk;
        }
      }
    }
  }

  void add_walks(const Walk& walk, double rows) {
    trips_.add(Trip::driver_walk, walk.steps * rows);
    trips_.add(Trip::driver_wait_window, walk.window * rows);
    trips_.add(Trip::driver_wait_pixelwise, walk.pixelwise * rows);
    trips_.add(Trip::driver_wait_outside, walk.outside * rows);
  }

  /// Its tiles, and the rows of a camera's image that it asks for.
  void count_segment(const Segment& segment) {
    trips_.add(Trip::driver_segment, 1);
    if (runs_whole(graph_.ops[segment.first_op])) return;
    const double tiles = double{1} * segment.patch_rows * segment.patch_columns;
    trips_.add(Trip::driver_tile, tiles);
    trips_.add(Trip::driver_tile_op, tiles * (segment.end_op - segment.first_op));
    if (camera_depth_ < 0) return;
    const Shape& image = graph_.tensors[graph_.input].shape;
    const double rows = image.h;
    trips_.add(Trip::driver_camera_row, rows);
    trips_.add(Trip::invoke_camera_row, rows);
    trips_.add(Trip::invoke_camera_byte, rows * image.w * image.c);
    add_walks(camera_walk_, rows);
    if (is_ring(graph_.input)) trips_.add(Trip::driver_ring, rows);
  }

  void count_whole(const Op& op) {
    trips_.add(Trip::driver_whole_op, 1);
    trips_.add(Trip::driver_whole_input, op.input_count);
  }

  void count_rows(const Segment& segment, std::int32_t index, const OpVisits& visits,
                  bool accumulates) {
    const Op& op = graph_.ops[index];
    double rows = 0;
    for (const TileRange& range : visits.rows) rows += std::max(range.end - range.begin, 0);
    rows *= static_cast<double>(visits.columns.size());
    Walk walk = walks_[index];
    for (const std::int32_t tensor : graph_.inputs(op)) {
      const bool made = is_made_in(segment, tensor);
      (!made ? walk.outside : is_pixelwise(op) ? walk.pixelwise : walk.window) += 1;
    }
    trips_.add(Trip::driver_row, rows);
    add_walks(walk, rows);
    double rings = is_ring(op.output) ? 1 : 0;
    if (is_pixelwise(op)) {
      trips_.add(Trip::driver_pixelwise_row, rows);
      trips_.add(Trip::driver_pixelwise_input, rows * op.input_count);
      for (const std::int32_t tensor : graph_.inputs(op)) rings += is_ring(tensor) ? 1 : 0;
    } else {
      trips_.add(Trip::driver_window_row, rows);
      rings += is_ring(graph_.inputs(op)[0]) ? 1 : 0;
    }
    trips_.add(Trip::driver_ring, rings * rows);
    if (accumulates) trips_.add(Trip::driver_adder_row, rows * op.kernel_h);
  }

  void count_invocation() {
    trips_.clear();
    trips_.add(Trip::invoke_model, 1);
    if (plan_.input == InputMode::kResident) {
      trips_.add(Trip::invoke_input_byte,
                 static_cast<double>(graph_.tensors[graph_.input].bytes()));
    }
    std::int64_t bytes = graph_.tensors[graph_.output].bytes();
    for (const std::int32_t tensor : graph_.more_outputs) bytes += graph_.tensors[tensor].bytes();
    trips_.add(Trip::invoke_output_byte, static_cast<double>(bytes));
  }

  const Graph& graph_;
  const MemoryPlan& plan_;
  std::vector<std::int32_t> writers_, depths_;
  std::vector<std::uint8_t> accumulates_;  ///< by tensor: its op adds up rows
  std::vector<Walk> walks_;
  std::vector<OpVisits> visits_;  ///< of the running segment
  std::vector<TileRange> ranges_;
  Walk camera_walk_;
  std::int32_t camera_depth_ = -1;
  TripList trips_;
};

}  // namespace

void count_plan_trips(const Graph& graph, const MemoryPlan& plan, const TripsFn& each) {
  PlanTrips(graph, plan).count(each);
}

}  // namespace tinynas
