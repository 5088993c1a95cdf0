#pragma once
// The memory score: which byte of SRAM holds what, when, and how much flash a network takes, under
// the rules of one runtime. A plan is exact and costs microseconds, so a search plans every
// candidate before it measures any.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tinynas/graph.h"
#include "tinynas/latency.h"
#include "tinynas/mcu.h"
#include "tinynas/preprocessing.h"

namespace tinynas {

/// Whose memory rules apply.
///  - kTinyNas: ours. Ops run in segments that stream rows; exact offsets (see Segment).
///  - kTinyEngine: the published scheduler of 2022, to the byte.
///  - kTflm: TensorFlow Lite Micro's interpreter arena: head by its greedy planner, tail modelled.
enum class RuntimeRules : std::uint8_t { kTinyNas, kTinyEngine, kTflm };

/// Where the network's image comes from. Under kTinyNas only; the others hold it whole.
///  - kResident: the whole image lies in the arena when inference starts. The default.
///  - kRows: a driver (camera) delivers rows in order, on demand; the image is a ring of rows.
///  Where
///    ops read the image that cannot run in one segment, the plan's `input` is kResident again.
///  - kExternal: the image lies in other memory (PSRAM, flash), is read there and never written.
enum class InputMode : std::uint8_t { kResident, kRows, kExternal };
const char* input_mode_name(InputMode mode);  ///< "resident", "rows", "external"
/// The mode of that name. Throws BadInput that names `option`, with the nearest name.
InputMode parse_input_mode(const std::string& name, const std::string& option);

/// Which rows a depthwise kernel with one output channel an input channel reads where its input
/// streams. Under kTinyNas only. Speed against bytes, see tinyengine/kernel_costs.h.
///  - kInt8: int8 rows as its producer left them; it widens kh rows of a channel into scratch for
///    every row of its output. The default.
///  - kInt16: where it alone reads its input, wide rows (Placement::wide), which its producer
///    writes; nothing is widened, no scratch. Elsewhere as kInt8.
enum class DepthwiseRows : std::uint8_t { kInt8, kInt16 };
const char* depthwise_rows_name(DepthwiseRows rows);  ///< "int8", "int16"
/// The rows of that name. Throws BadInput that names `option`, with the nearest name.
DepthwiseRows parse_depthwise_rows(const std::string& name, const std::string& option);

struct KernelTable;  // tinyengine/kernel_table.h

/// The rules of one runtime and its fixed costs, from configs/runtimes/NAME.toml. The rules
/// themselves (live ranges, aliasing, scratch, placement) are code, chosen by the file's `rules`.
struct RuntimeModel {
  std::string name;
  RuntimeRules rules = RuntimeRules::kTinyEngine;
  std::int64_t tensor_alignment_bytes = 4;  ///< of offsets and sizes; a power of two
  /// What our own C kernels take on the core, from configs/kernels. Null under other rules, and
  /// where the file gives `code` and `stack` of its own.
  std::shared_ptr<const KernelTable> kernels;
  /// Of the part that is planned for; nothing: latencies are not predicted.
  std::optional<LatencyModel> latency;
  std::string core;                       ///< that flash and stack are predicted for
  std::int64_t code_bytes = 0;            ///< .text of every network, without `kernels`
  bool code_is_estimate = true;           ///< false: as measured on the core that was asked for
  std::int64_t runtime_bytes = 0;         ///< statics beside the arena, of every network
  std::int64_t tensor_statics_bytes = 0;  ///< and for each tensor of a network
  std::int64_t input_statics_bytes = 0;   ///< and for each input of the op that has most
  /// 0: not predicted. With `kernels` a bound over all networks; MemoryPlan has that of one.
  std::int64_t stack_bytes = 0;
};
inline constexpr const char* kDefaultRuntime = "tinynas";
/// The core whose flash and stack are predicted where no part is named.
inline constexpr const char* kDefaultCore = "Cortex-M7";
/// `name_or_path`: a name of configs/runtimes, or a path that ends in .toml. `core`: as
/// network_core() has it; one without a table of its own takes that of the nearest core, and
/// code_is_estimate stays true. Throws BadInput, with the nearest name for an unknown one, and with
/// file, line and key for a bad file.
RuntimeModel find_runtime(const std::string& name_or_path, const std::string& core = kDefaultCore);
/// Names of the runtimes that are shipped, sorted.
std::vector<std::string> list_runtimes();

/// What a placement holds.
///  - kWhole: a tensor with all its rows; row r at offset + r * row_bytes. Under kTinyEngine one
///    buffer that a chain of in-place ops shares.
///  - kRing: `rows` rows of a tensor that exists only within a segment. Flow row q (see Segment)
///    lies in slot q mod rows, at offset + slot * row_bytes.
///  - kScratch: column buffers of the ops of a segment, one after another in the same bytes.
///  Nothing
///    in it survives from one row of an op to the next.
///  - kAccumulators: int32 sums of a pooling op whose input rows are forgotten once added; they
///    survive from the op's first input row of a window until its output row is written.
enum class PlacementKind : std::uint8_t { kWhole, kRing, kScratch, kAccumulators };

/// A range of bytes of the arena, for a range of ops. Under kTinyNas ranges may overlap in time and
/// space where one op, or one segment, writes its output over input that it has consumed.
struct Placement {
  PlacementKind kind = PlacementKind::kWhole;
  std::int32_t first_tensor = -1;  ///< tensor that created it; kAccumulators: the op's output;
                                   ///< -1: scratch
  std::int32_t first_op = 0;       ///< live in [first_op, end_op), op indices; under kTinyNas these
  std::int32_t end_op = 0;         ///< are borders of segments
  std::int32_t rows = 0;           ///< kRing: slots
  /// kRing under kTinyNas: int16 elements for a depthwise kernel, each its value less the zero
  /// point. A slot holds channel by channel the row's columns, their number rounded up to even, so
  /// that every channel begins at a word and SMLAD loads pairs. Before the first channel and after
  /// each lie as many zeros as the kernel has columns of padding on one side, rounded up to even:
  /// the padding of both neighbours. Up to 8 elements may follow, which the kernel reads in vain.
  bool wide = false;
  std::int64_t row_bytes = 0;  ///< kWhole, kRing under kTinyNas: distance of rows or slots
  /// kTinyEngine only: after this stride-2 depthwise op (-1: none) the record's tail is free for
  /// records that start later; it then counts as shrunk_bytes.
  std::int32_t shrink_op = -1;
  std::int64_t offset_bytes = 0;
  std::int64_t bytes = 0;
  std::int64_t shrunk_bytes = 0;

  std::int64_t bytes_at(std::int32_t op) const {
    return shrink_op >= 0 && op > shrink_op ? shrunk_bytes : bytes;
  }
};

/// Ops [first_op, end_op) that run together, row by row. The output of the last op is whole; every
/// other tensor that they write is read within the segment only and has a ring, or lies over its
/// producer's input (MemoryPlan::over_input). A segment of one op is that op, layer by layer.
///
/// Execution. The last op's output is cut into patch_rows x patch_columns tiles: tile (i, j) has
/// the rows [i H / patch_rows, (i + 1) H / patch_rows) (integer division), columns alike. Tiles run
/// row by row from the top left. For one tile each tensor of the segment has a region: what the
/// region of its readers' outputs needs of it, clipped to the tensor; the smallest rectangle when
/// it has several readers. Inner tensors are computed on their region only, and their ring's slot
/// holds the region's columns, the first at the slot's start. With one tile all regions are whole.
///
/// Flow rows number rows in the order of computation: flow row q is row q, or with `bottom_up` row
/// H - 1 - q. Within a tile the rows of the last op are computed in flow order. To compute flow row
/// q of an op: for each input in order, and for each row that its window touches, in flow order,
/// rows of an input written in this segment are computed first, one by one, until that row exists
/// (an image in InputMode::kRows is "written" by the camera in the same way, its ring surviving
/// from a row of tiles to the next). Then the kernel reads its windows and writes the row:
///  - a pixelwise kernel (see op_is_pixelwise) reads pixel x of all inputs, then writes pixel x,
///  for
///    x in ascending order, whichever way rows flow;
///  - a depthwise kernel with one output channel an input channel reads the whole window row of
///    channel c (into scratch), then writes channel c of the row, for c ascending; one that reads a
///    wide ring keeps no such order;
///  - a pooling op with kAccumulators reads each window row as soon as it exists, adding it up, and
///    writes the output row at the end;
///  - any other kernel may write any byte of its output row before it has read its window.
struct Segment {
  std::int32_t first_op = 0, end_op = 0;
  bool bottom_up = false;
  std::int32_t patch_rows = 1, patch_columns = 1;
  std::int64_t bound_bytes = 0;  ///< no placement lets this segment run in less
  bool has_patches() const { return patch_rows > 1 || patch_columns > 1; }
};

/// What op i needs while it runs. Its tensors are MemoryPlan::op_tensors [first_tensor,
/// first_tensor
/// + tensor_count).
struct OpPlan {
  std::int64_t live_bytes = 0;     ///< records live during the op, as the runtime counts them
  std::int64_t scratch_bytes = 0;  ///< column and kernel buffers of this op
  std::int64_t macs = 0;
  std::int64_t weight_bytes = 0;
  std::int64_t instructions = 0;  ///< of its kernel and its share of the driver, see MemoryPlan
  std::int32_t first_tensor = 0, tensor_count = 0;
};
/// One live record during one op. `tensor` is what it holds when the op is done: an in-place op's
/// output, whose input lay at the same offset. `bytes` is what the record counts then, so the sum
/// over an op is its live_bytes.
struct PlannedTensor {
  std::int32_t tensor = -1;
  std::int64_t offset_bytes = 0;
  std::int64_t bytes = 0;
};

/// What is linked of a network: under kTinyNas to the byte as .text + .rodata + .data where
/// code_is_estimate is false.
struct FlashBreakdown {
  std::int64_t weight_bytes = 0, bias_bytes = 0, quantisation_bytes = 0, code_bytes = 0;
  /// kTinyNas: descriptors of layers, tensors, ops and segments, tables of ops, and what rounds
  /// weights up to 4 bytes an op.
  std::int64_t descriptor_bytes = 0;
  bool code_is_estimate = true;
  std::int64_t rodata_bytes() const {
    return weight_bytes + bias_bytes + quantisation_bytes + descriptor_bytes;
  }
  std::int64_t total_bytes() const { return rodata_bytes() + code_bytes; }
};

struct MemoryPlan {
  std::string runtime;
  std::string core;         ///< RuntimeModel::core
  std::string kernel_core;  ///< on which kernels were measured: this or the nearest; "" for none
  std::vector<Placement> placements;         ///< in the order in which execution creates them
  std::vector<std::int32_t> tensor_records;  ///< for each tensor the index of its placement; -1:
                                             ///< an image in InputMode::kExternal
  /// For each tensor 1 where its flow row q has no bytes of its own but lies where flow row
  /// q * stride - p of its producer's first input lies (slots by floor mod; p: the padding where
  /// the flow begins). kTinyNas only.
  std::vector<std::uint8_t> over_input;
  std::vector<Segment> segments;  ///< cover all ops in order; empty under kTinyEngine and kTflm
  InputMode input = InputMode::kResident;
  DepthwiseRows depthwise_rows = DepthwiseRows::kInt8;  ///< as taken, see PlanOptions
  /// int16 elements that depthwise kernels make of int8 rows in one inference: kernel_h x columns
  /// of the input (of its region, in patches) x channels for each row of the output. Rows of
  /// padding count, as they do in MACs. kTinyNas only.
  std::int64_t widened_elements = 0;
  std::vector<OpPlan> per_op;
  std::vector<PlannedTensor> op_tensors;
  std::int64_t activation_bytes = 0;                              ///< arena of the storage records
  std::int64_t column_buffer_bytes = 0, kernel_buffer_bytes = 0;  ///< sbuf and kbuf
  std::int64_t scratch_bytes = 0;                                 ///< column + kernel buffers
  /// Statics beside the arena, and the deepest stack of an inference, that of a camera's driver not
  /// counted.
  std::int64_t runtime_bytes = 0, stack_bytes = 0;
  std::int64_t peak_sram_bytes = 0;  ///< = arena_bytes: activations + scratch
  /// No placement of this schedule needs less. kTinyNas: the largest bound_bytes of a segment;
  /// kTinyEngine: the largest live_bytes plus scratch_bytes, which it reserves for the whole run.
  std::int64_t lower_bound_bytes = 0;
  std::int32_t peak_op = -1;  ///< the first op with the largest live_bytes
  FlashBreakdown flash;
  std::int64_t macs = 0;        ///< with what patches compute again
  std::int64_t extra_macs = 0;  ///< of which computed again
  /// Predicted of one inference on `core`, where PlanOptions::predict_instructions asks for it; 0:
  /// not predicted (other rules, other cores, wide rings, channels off the fast way).
  std::int64_t instructions = 0;
  double instruction_error = 0;  ///< relative; the most on networks that were not fitted
  std::optional<LatencyInterval> latency_ms;  ///< with RuntimeModel::latency
  std::string latency_source;                 ///< LatencyModel::source

  std::int64_t offset_of(std::int32_t tensor) const {
    return placements[tensor_records[tensor]].offset_bytes;
  }
  bool holds_wide_rows(std::int32_t tensor) const {
    const std::int32_t record = tensor_records[tensor];
    return record >= 0 && over_input[tensor] == 0 && placements[record].wide;
  }
  Footprint footprint() const {
    return {peak_sram_bytes, flash.total_bytes(), macs, latency_ms ? latency_ms->high_ms : 0};
  }
};

struct PlanOptions {
  InputMode input = InputMode::kResident;
  /// kTinyNas: where the plan without extra MACs needs more than this, patches are planned: the
  /// point of the front that fits with the fewest extra MACs, or the smallest if none fits. Less
  /// than 0: no patches.
  std::int64_t sram_budget_bytes = -1;
  /// kTinyNas: the preference. With kInt16 the plan widens as little as it can, within the budget
  /// if there is one, and takes the least bytes at that. Where no such plan fits or none has a wide
  /// ring, plans of both are looked at: of those that fit, fewest extra MACs first, then fewest
  /// widened elements.
  DepthwiseRows depthwise_rows = DepthwiseRows::kInt8;
  /// kTinyNas: every op is a segment of its own, whatever the budget: how other runtimes execute
  /// networks, to compare with.
  bool layer_by_layer = false;
  /// kTinyNas: fill MemoryPlan::instructions and latency_ms.
  bool predict_instructions = false;
};

/// One network as each runtime runs it.
struct Network {
  Graph graph;
  /// Operator by operator what TensorFlow Lite Micro's interpreter runs, where a `.tflite` file
  /// says so; else it runs `graph`.
  std::optional<Graph> interpreter_graph;
  std::vector<std::string> left_out;  ///< of the file by `graph`, for people; see TfliteNetwork
  ModelLabels labels;                 ///< of the file

  const Graph& under(const RuntimeModel& runtime) const {
    const bool interpreted = runtime.rules == RuntimeRules::kTflm && interpreter_graph.has_value();
    return interpreted ? *interpreter_graph : graph;
  }
};

/// Plans `graph`, which must be valid (see validate), under `runtime`. Deterministic, thread-safe.
/// Published scheduler: Lin et al., "MCUNet" (NeurIPS 2020) and its 2022 release; where that
/// release would put two live tensors into one place, the plan differs (see
/// tinyengine/storage_records.h).
MemoryPlan plan_memory(const Graph& graph, const RuntimeModel& runtime,
                       const PlanOptions& options = {});
/// The same into `plan`, whose allocations are kept: for a search that plans thousands a second.
void plan_memory(const Graph& graph, const RuntimeModel& runtime, const PlanOptions& options,
                 MemoryPlan& plan);

/// The same where the peak keeps within options.sram_budget_bytes (not negative). False where it
/// does not, and `plan` is unfinished then: sooner than plan_memory, which goes on to the plan that
/// comes nearest.
bool plan_memory_within(const Graph& graph, const RuntimeModel& runtime, const PlanOptions& options,
                        MemoryPlan& plan);

/// One way to run a network: no other is as good in bytes, MACs and widened elements and better in
/// one.
struct FrontPoint {
  std::int64_t peak_sram_bytes = 0;
  std::int64_t macs = 0;
  std::int32_t patch_end_op = 0;  ///< ops [0, patch_end_op) run in patches; 0: none
  std::int32_t patch_rows = 1, patch_columns = 1;
  DepthwiseRows depthwise_rows = DepthwiseRows::kInt8;
  std::int64_t widened_elements = 0;  ///< as MemoryPlan::widened_elements
};
/// Peak SRAM against MACs and widened elements under kTinyNas: of each kind of depthwise rows the
/// ways with the least of bytes and MACs, without those that a way of the other kind beats. By
/// ascending MACs, then bytes; the first point is without extra MACs, in patches only where that
/// needs less. A plan for a point is made with its peak as PlanOptions::sram_budget_bytes and its
/// depthwise_rows; where int8 rows fit in the peak of an int16 way with fewer MACs, that way is no
/// point. Other rules: one point.
std::vector<FrontPoint> memory_macs_front(const Graph& graph, const RuntimeModel& runtime,
                                          InputMode input = InputMode::kResident);

/// A bound below which no plan under kTinyNas goes, with patches or without, in bytes, in a
/// fraction of a plan's time: rejects hopeless candidates. Other rules: 0.
std::int64_t sram_lower_bound(const Graph& graph, const RuntimeModel& runtime,
                              InputMode input = InputMode::kResident);

/// The same network with its ops in the order that needs the least memory layer by layer: exact by
/// dynamic programming over downsets where their number allows, else the order given. Chains are
/// returned as they are.
Graph order_operators(const Graph& graph);

/// Of the order given and that of order_operators the one whose plan under kTinyNas needs less: the
/// best order layer by layer may take ops apart that would stream rows together. The order given
/// where both need as much.
Graph order_for_streaming(const Graph& graph);

}  // namespace tinynas
