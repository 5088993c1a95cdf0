// Trips and predicted instructions of plans.

#include "tinyengine/instructions.h"

#include <map>
#include <string>

#include "catch.h"
#include "random_branching.h"
#include "tinyengine/kernel_table.h"
#include "tinyengine/plan_trips.h"

using namespace tinynas;
using namespace tinynas::testing;

namespace {

double count_of(const TripList& trips, Trip wanted) {
  double sum = 0;
  for (const auto& [trip, count] : trips) sum += trip == wanted ? count : 0;
  return sum;
}

TripList trips_of(const Graph& graph, std::vector<TileRange> rows, std::vector<TileRange> columns) {
  TripList trips;
  count_kernel_trips(graph, graph.ops[0], {std::move(rows), std::move(columns)}, false, trips);
  return trips;
}

Graph one_op(Op op, Shape in, Shape out) {
  Graph graph;
  const std::int32_t image = graph.add_tensor(in);
  graph.input = image;
  graph.output = graph.add_op(op, std::span(&image, 1), out);
  return graph;
}

}  // namespace

TEST_CASE("trips of a pointwise convolution follow its loops") {
  const Graph graph = one_op({}, {4, 5, 13}, {4, 5, 7});
  const TripList trips = trips_of(graph, {{0, 4}}, {{0, 5}});
  CHECK(count_of(trips, Trip::conv2d_1x1_call) == 4);
  CHECK(count_of(trips, Trip::conv2d_1x1_pixel) == 20);
  CHECK(count_of(trips, Trip::conv2d_1x1_left) == 20);            // 13 = 3 x 4 + 1
  CHECK(count_of(trips, Trip::multiply_columns_pair) == 8);       // two a row
  CHECK(count_of(trips, Trip::multiply_columns_single) == 4);     // and one left
  CHECK(count_of(trips, Trip::multiply_columns_pair_two) == 24);  // 7 = 3 x 2 + 1
  CHECK(count_of(trips, Trip::multiply_columns_pair_odd) == 8);
  CHECK(count_of(trips, Trip::multiply_columns_pair_two_oct) == 24);
  CHECK(count_of(trips, Trip::multiply_columns_pair_two_quad) == 24);
}

TEST_CASE("pixels at an edge are gathered value by value, others by rows") {
  Op op;
  op.kernel_h = op.kernel_w = 3;
  op.pad_top = op.pad_left = 1;
  const Graph graph = one_op(op, {6, 8, 4}, {6, 8, 2});
  const TripList trips = trips_of(graph, {{0, 6}}, {{0, 8}});
  CHECK(count_of(trips, Trip::conv2d_inside) == 36);
  CHECK(count_of(trips, Trip::conv2d_edge) == 12);
  CHECK(count_of(trips, Trip::conv2d_inside_row) == 6 * (3 * 6 - 2));
  CHECK(count_of(trips, Trip::conv2d_padding) == 12);
  CHECK(count_of(trips, Trip::conv2d_edge_read) == (3 * 6 - 2) * 2 * 2 * 4);
  CHECK(count_of(trips, Trip::multiply_columns_pair) == 24);
}

TEST_CASE("tiles that overlap count what is computed again") {
  Op op;
  op.kind = OpKind::kDepthwiseConv2d;
  op.kernel_h = op.kernel_w = 5;
  op.pad_top = op.pad_left = 2;
  const Graph graph = one_op(op, {9, 11, 6}, {9, 11, 6});
  const TripList whole = trips_of(graph, {{0, 9}}, {{0, 11}});
  const TripList tiles = trips_of(graph, {{0, 5}, {4, 9}}, {{0, 6}, {5, 11}});
  CHECK(count_of(whole, Trip::depthwise_5x5_call) == 9);
  CHECK(count_of(tiles, Trip::depthwise_5x5_call) == 10 * 2);
  CHECK(count_of(whole, Trip::depthwise_5x5_channel) == 9 * 6);
  CHECK(count_of(tiles, Trip::depthwise_5x5_channel) == 10 * 2 * 6);
  CHECK(count_of(whole, Trip::depthwise_5x5_quad) == 9 * 6 * 2);
  CHECK(count_of(tiles, Trip::depthwise_5x5_quad) == 10 * 6 * 2);
}

TEST_CASE("a plan's instructions are those of its operators and of the call") {
  PlanOptions options;
  options.predict_instructions = true;
  const RuntimeModel runtime = find_runtime("tinynas");
  REQUIRE_FALSE(runtime.kernels->instructions.empty());
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Graph graph = random_branching(Rng(71, seed));
    options.input = seed % 2 == 0 ? InputMode::kResident : InputMode::kRows;
    const MemoryPlan plan = plan_memory(graph, runtime, options);
    std::int64_t sum = 0;
    for (const OpPlan& op : plan.per_op) sum += op.instructions;
    CHECK(plan.instructions > plan.macs / 2);
    CHECK(sum < plan.instructions);
    CHECK(plan.instruction_error > 0);
    CHECK_FALSE(plan.latency_ms);  // no part was named
  }
}

TEST_CASE("nothing is predicted of other runtimes, cores that were not measured, wide rings") {
  const Graph graph = random_branching(Rng(71, 3));
  PlanOptions options;
  options.predict_instructions = true;
  CHECK(plan_memory(graph, find_runtime("tinyengine"), options).instructions == 0);
  CHECK(plan_memory(graph, find_runtime("tflm"), options).instructions == 0);
  CHECK(plan_memory(graph, find_runtime("tinynas", "Cortex-M55"), options).instructions == 0);
  CHECK(plan_memory(graph, find_runtime("tinynas", "Cortex-M23"), options).instructions == 0);
  CHECK(plan_memory(graph, find_runtime("tinynas", "Cortex-M4"), options).instructions > 0);
  options.predict_instructions = false;
  CHECK(plan_memory(graph, find_runtime("tinynas"), options).instructions == 0);
}
