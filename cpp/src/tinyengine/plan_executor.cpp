#include "tinyengine/plan_executor.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tinyengine/kernel_costs.h"

namespace tinynas {
namespace {

struct Span {
  std::int32_t begin = 0, end = 0;
  std::int32_t size() const { return end - begin; }
};

/// Thrown and caught within this file: the first thing that is wrong.
struct Fault {
  std::string text;
};

bool has_window(OpKind kind) {
  return kind == OpKind::kConv2d || kind == OpKind::kDepthwiseConv2d ||
         kind == OpKind::kAveragePool2d || kind == OpKind::kMaxPool2d || kind == OpKind::kMean;
}

/// Marks the second byte of an int16 element's tag.
constexpr std::uint32_t kHighByte = std::uint32_t{1} << 31;

/// How a kernel reads and writes within one row.
enum class RowOrder { kAny, kByPixel, kByChannel };

class Executor {
 public:
  Executor(const Graph& graph, const RuntimeModel& runtime, const MemoryPlan& plan)
      : graph_(graph), runtime_(runtime), plan_(plan) {}
  void run();

 private:
  [[noreturn]] void fail(const std::string& text) const { throw Fault{text}; }
  std::string op_text(std::int32_t op) const {
    return "op " + std::to_string(op) + " (" + op_name(graph_, static_cast<std::size_t>(op)) + ")";
  }
  void check_structure() const;
  void check_placements() const;
  void check_sums() const;
  void start();
  void run_segment(const Segment& segment);
  void run_tile(const Segment& segment, Span rows, Span columns);
  void set_regions(const Segment& segment, Span rows, Span columns);
  Span input_span(const Op& op, std::int32_t input, bool columns, Span out) const;
  void make_row(std::int32_t tensor, std::int32_t flow_row);
  void deliver_image(std::int32_t row);
  void run_row(std::int32_t op, std::int32_t flow_row);
  void run_kernel(std::int32_t op, std::int32_t flow_row);
  void use_scratch(std::int32_t op, bool done);
  void add_up(std::int32_t op, bool first);
  Span window(const Op& op, std::int32_t input, std::int32_t flow_row) const;
  RowOrder row_order(const Op& op) const;
  void check_wide_ring(const Placement& place, std::int32_t tensor) const;
  WideSlot wide_slot_of(std::int32_t tensor, std::int32_t columns) const;
  /// The bytes of a wide row's slot that are zero: gaps, and what makes columns even.
  template <typename Visit>
  void visit_zeros(std::int32_t tensor, std::int32_t flow_row, std::int32_t op,
                   const Visit& visit_byte) {
    if (wide_ring(tensor) == nullptr) return;
    const std::int64_t at = address(tensor, flow_row, op);
    const std::int64_t columns = columns_[tensor].size();
    const WideSlot slot = wide_slot_of(tensor, columns_[tensor].size());
    for (std::int64_t e = 0; e < slot.gap; ++e) visit_element(at + 2 * e, op, visit_byte);
    for (std::int64_t c = 0; c < graph_.tensors[tensor].shape.c; ++c) {
      for (std::int64_t e = columns; e < slot.pitch; ++e) {
        visit_element(at + 2 * (slot.gap + c * slot.pitch + e), op, visit_byte);
      }
    }
  }
  template <typename Visit>
  void visit_element(std::int64_t at, std::int32_t op, const Visit& visit_byte) {
    visit_byte(byte(at, op));
    visit_byte(byte(at + 1, op));
  }
  std::uint32_t zero_tag() const {
    return sum_tag_ + static_cast<std::uint32_t>(graph_.ops.size()) + 1;
  }
  void count_widened(std::int32_t op, std::int64_t rows);

  bool inner(std::int32_t tensor) const {
    const std::int32_t writer = writer_[tensor];
    return writer >= segment_->first_op && writer < segment_->end_op - 1;
  }
  std::int32_t height(std::int32_t tensor) const { return graph_.tensors[tensor].shape.h; }
  std::int64_t pixel(std::int32_t tensor) const {
    return graph_.tensors[tensor].shape.c * dtype_bytes(graph_.tensors[tensor].dtype);
  }
  std::int32_t actual(std::int32_t tensor, std::int32_t flow_row) const {
    return segment_->bottom_up ? height(tensor) - 1 - flow_row : flow_row;
  }
  Span flow_span(std::int32_t tensor, Span rows) const {
    if (!segment_->bottom_up) return rows;
    return {height(tensor) - rows.end, height(tensor) - rows.begin};
  }
  /// Tag of a row's first column.
  std::uint32_t tag(std::int32_t tensor, std::int32_t flow_row) const {
    return base_[tensor] +
           static_cast<std::uint32_t>(actual(tensor, flow_row) * graph_.tensors[tensor].shape.w *
                                      pixel(tensor));
  }
  /// The wide ring of a tensor of the running segment, or null.
  const Placement* wide_ring(std::int32_t tensor) const {
    const std::int32_t record = plan_.tensor_records[tensor];
    if (record < 0 || !inner(tensor) || !plan_.placements[record].wide) return nullptr;
    return &plan_.placements[record];
  }
  /// Where column 0 of a row would lie (a ring holds the region's columns only).
  std::int64_t address(std::int32_t tensor, std::int32_t flow_row, std::int32_t op) const;
  void expect(std::int32_t tensor, std::int32_t flow_row, std::int32_t op, std::int64_t begin,
              std::int64_t end, std::int64_t step);
  void write(std::int32_t tensor, std::int32_t flow_row, std::int32_t op, std::int64_t begin,
             std::int64_t end, std::int64_t step, bool lose);
  /// All bytes of element `element` of a row (its byte in an int8 row), with the tag of each.
  template <typename Visit>
  void visit(std::int32_t tensor, std::int64_t at, std::uint32_t first, std::int64_t element,
             std::int32_t op, const Visit& visit_byte) {
    const std::uint32_t tag = first + static_cast<std::uint32_t>(element);
    if (wide_ring(tensor) == nullptr) return visit_byte(byte(at + element, op), tag);
    const std::int64_t channels = graph_.tensors[tensor].shape.c;
    const std::int64_t channel = element % channels;
    const std::int64_t column = element / channels - columns_[tensor].begin;
    const WideSlot slot = wide_slot_of(tensor, columns_[tensor].size());
    const std::int64_t low = at + 2 * (slot.gap + channel * slot.pitch + column);
    visit_byte(byte(low, op), tag);
    visit_byte(byte(low + 1, op), tag | kHighByte);
  }
  std::uint32_t& byte(std::int64_t at, std::int32_t op) {
    if (at < 0 || at >= static_cast<std::int64_t>(arena_.size())) {
      fail(op_text(op) + " reaches byte " + std::to_string(at) + " of an arena of " +
           std::to_string(arena_.size()));
    }
    return arena_[static_cast<std::size_t>(at)];
  }

  const Graph& graph_;
  const RuntimeModel& runtime_;
  const MemoryPlan& plan_;
  const Segment* segment_ = nullptr;
  std::vector<std::uint32_t> arena_;
  std::vector<std::uint32_t> base_;    ///< of each tensor: the tag of its first byte
  std::vector<std::int32_t> writer_;   ///< of each tensor; -1: the image
  std::vector<std::int32_t> readers_;  ///< of each tensor, how many
  std::vector<Span> rows_, columns_;   ///< of each tensor, the current tile's region
  std::vector<std::int32_t> next_;     ///< of each tensor, the flow row that is computed next
  std::vector<std::int32_t> scratch_, sums_;  ///< of each op, its placement or -1
  std::vector<std::int64_t> pixels_;          ///< of each op, computed in patches
  std::int32_t delivered_ = 0;                ///< rows of a camera's image
  std::int64_t widened_ = 0;                  ///< elements, by depthwise kernels
  std::uint32_t sum_tag_ = 0;
};

void Executor::check_placements() const {
  std::int64_t end = 0;
  for (const Placement& place : plan_.placements) {
    if (place.offset_bytes < 0 || place.offset_bytes % runtime_.tensor_alignment_bytes != 0) {
      fail("a placement has the offset " + std::to_string(place.offset_bytes));
    }
    if (place.kind == PlacementKind::kRing &&
        (place.rows < 1 || place.bytes != place.rows * place.row_bytes)) {
      fail("a ring's bytes are not its rows");
    }
    if (place.kind == PlacementKind::kWhole &&
        place.bytes < graph_.tensors[place.first_tensor].bytes()) {
      fail("a tensor does not fit into its placement");
    }
    end = std::max(end, place.offset_bytes + place.bytes);
  }
  if (end != plan_.peak_sram_bytes) {
    fail("the placements end at " + std::to_string(end) + ", the plan says " +
         std::to_string(plan_.peak_sram_bytes));
  }
}

void Executor::check_structure() const {
  const auto op_count = static_cast<std::int32_t>(graph_.ops.size());
  if (plan_.tensor_records.size() != graph_.tensors.size() ||
      plan_.over_input.size() != graph_.tensors.size() ||
      plan_.per_op.size() != graph_.ops.size()) {
    fail("the plan is not of this graph");
  }
  std::int32_t next = 0;
  for (const Segment& segment : plan_.segments) {
    if (segment.first_op != next || segment.end_op <= next) fail("segments do not follow");
    if (segment.patch_rows < 1 || segment.patch_columns < 1) fail("a segment has no tile");
    if (segment.bound_bytes > plan_.lower_bound_bytes) fail("a segment's bound is over the plan's");
    if (segment.has_patches() && segment.bottom_up) fail("patches run bottom-up");
    const Shape& out = graph_.out_shape(graph_.ops[segment.end_op - 1]);
    if (segment.patch_rows > out.h || segment.patch_columns > out.w) fail("a tile is empty");
    next = segment.end_op;
  }
  if (next != op_count) fail("segments do not cover the ops");
  for (std::size_t t = 0; t < graph_.tensors.size(); ++t) {
    const std::int32_t record = plan_.tensor_records[t];
    const bool external =
        plan_.input == InputMode::kExternal && static_cast<std::int32_t>(t) == graph_.input;
    if (external ? record != -1
                 : record < 0 || record >= static_cast<std::int32_t>(plan_.placements.size())) {
      fail(tensor_name(graph_, static_cast<std::int32_t>(t)) + " has no placement");
    }
  }
}

void Executor::check_sums() const {
  if (plan_.lower_bound_bytes > plan_.peak_sram_bytes) fail("the bound is above the peak");
  if (plan_.activation_bytes + plan_.scratch_bytes != plan_.peak_sram_bytes) {
    fail("activations and scratch are not the peak");
  }
  std::int64_t macs = 0, plain = 0;
  for (std::size_t i = 0; i < graph_.ops.size(); ++i) {
    const Op& op = graph_.ops[i];
    const Shape& out = graph_.out_shape(op);
    const std::int64_t whole = std::int64_t{out.h} * out.w;
    // Without patches an op counts whole, though rows that nobody reads are not computed.
    const std::int64_t computed = pixels_[i] > 0 ? pixels_[i] : whole;
    const std::int64_t done = op_macs(graph_, op) / whole * computed;
    if (plan_.per_op[i].macs != done) {
      fail(op_text(static_cast<std::int32_t>(i)) + " computes " + std::to_string(done) +
           " MACs, the plan says " + std::to_string(plan_.per_op[i].macs));
    }
    macs += done;
    plain += op_macs(graph_, op);
  }
  if (plan_.widened_elements != widened_) {
    fail("kernels widen " + std::to_string(widened_) + " elements, the plan says " +
         std::to_string(plan_.widened_elements));
  }
  if (plan_.macs != macs || plan_.extra_macs != macs - plain) fail("MACs are not their sum");
}

void Executor::start() {
  base_.assign(graph_.tensors.size(), 0);
  writer_.assign(graph_.tensors.size(), -1);
  readers_.assign(graph_.tensors.size(), 0);
  std::uint32_t next = 1;
  for (std::size_t t = 0; t < graph_.tensors.size(); ++t) {
    base_[t] = next;
    next += static_cast<std::uint32_t>(graph_.tensors[t].bytes());
  }
  sum_tag_ = next;
  for (std::size_t i = 0; i < graph_.ops.size(); ++i) {
    writer_[graph_.ops[i].output] = static_cast<std::int32_t>(i);
    for (const std::int32_t t : graph_.inputs(graph_.ops[i])) ++readers_[t];
  }
  arena_.assign(static_cast<std::size_t>(plan_.peak_sram_bytes), 0);
  pixels_.assign(graph_.ops.size(), 0);
  rows_.assign(graph_.tensors.size(), {});
  columns_.assign(graph_.tensors.size(), {});
  next_.assign(graph_.tensors.size(), 0);
  scratch_.assign(graph_.ops.size(), -1);
  sums_.assign(graph_.ops.size(), -1);
  for (std::size_t p = 0; p < plan_.placements.size(); ++p) {
    const Placement& place = plan_.placements[p];
    if (place.kind == PlacementKind::kScratch) {
      for (std::int32_t i = std::max(place.first_op, 0);
           i < std::min(place.end_op, static_cast<std::int32_t>(graph_.ops.size())); ++i) {
        scratch_[i] = static_cast<std::int32_t>(p);
      }
    } else if (place.kind == PlacementKind::kAccumulators) {
      sums_[writer_[place.first_tensor]] = static_cast<std::int32_t>(p);
    }
  }
  if (plan_.input != InputMode::kResident) return;
  const Placement& image = plan_.placements[plan_.tensor_records[graph_.input]];
  for (std::int64_t b = 0; b < graph_.tensors[graph_.input].bytes(); ++b) {
    byte(image.offset_bytes + b, 0) = base_[graph_.input] + static_cast<std::uint32_t>(b);
  }
}

WideSlot Executor::wide_slot_of(std::int32_t tensor, std::int32_t columns) const {
  const auto reader = std::find_if(graph_.ops.begin(), graph_.ops.end(),
                                   [&](const Op& op) { return graph_.inputs(op)[0] == tensor; });
  return wide_slot(graph_, *reader, columns);
}

/// Who may use a wide ring: one depthwise kernel reads it, its producer alone writes it.
void Executor::check_wide_ring(const Placement& place, std::int32_t tensor) const {
  const std::string name = tensor_name(graph_, tensor);
  if (place.kind != PlacementKind::kRing || place.first_tensor != tensor) {
    fail(name + " lies in int16 rows of another tensor");
  }
  if (!inner(tensor)) fail(name + " has int16 rows but outlives its segment");
  if (graph_.tensors[tensor].dtype != DType::kInt8 || readers_[tensor] != 1) {
    fail(name + " has int16 rows but is not int8 with one reader");
  }
  for (std::int32_t i = segment_->first_op; i < segment_->end_op; ++i) {
    const Op& op = graph_.ops[i];
    if (graph_.inputs(op)[0] != tensor) continue;
    if (row_order(op) == RowOrder::kByChannel) return;
  }
  fail(name + " has int16 rows but no depthwise reader");
}

std::int64_t Executor::address(std::int32_t tensor, std::int32_t flow_row, std::int32_t op) const {
  std::int32_t home = tensor;
  const std::int32_t first_column = inner(tensor) ? columns_[tensor].begin : 0;
  // Down to the tensor that has bytes of its own.
  while (plan_.over_input[home] != 0) {
    if (!inner(home)) fail(tensor_name(graph_, home) + " lies over an input but outlives it");
    const Op& producer = graph_.ops[writer_[home]];
    const std::int32_t below = graph_.inputs(producer)[0];
    if (has_window(producer.kind)) {
      const std::int32_t past = (height(home) - 1) * producer.stride_h + producer.kernel_h -
                                height(below) - producer.pad_top;
      flow_row = flow_row * producer.stride_h - (segment_->bottom_up ? past : producer.pad_top);
    }
    home = below;
  }
  if (plan_.tensor_records[home] < 0) fail(op_text(op) + " writes over an external image");
  const Placement& place = plan_.placements[plan_.tensor_records[home]];
  if (op < place.first_op || op >= place.end_op) {
    fail(op_text(op) + " uses " + tensor_name(graph_, tensor) + " when its bytes are not held");
  }
  std::int64_t start = place.offset_bytes;
  if (place.wide) check_wide_ring(place, tensor);
  if (place.kind == PlacementKind::kRing) {
    const std::int32_t slot = ((flow_row % place.rows) + place.rows) % place.rows;
    start += slot * place.row_bytes;
    const std::int32_t columns =
        inner(tensor) ? columns_[tensor].size() : graph_.tensors[tensor].shape.w;
    if (place.wide) {
      if (wide_slot_of(tensor, columns).bytes > place.row_bytes)
        fail("a row of int16 is longer than its slot");
      return start;
    }
    if (columns * pixel(tensor) > place.row_bytes) fail("a row is longer than its slot");
  } else if (place.kind == PlacementKind::kWhole) {
    start += std::int64_t{actual(home, flow_row)} * graph_.tensors[home].shape.w * pixel(home);
    if (place.row_bytes != graph_.tensors[home].shape.w * pixel(home)) fail("rows are not dense");
  } else {
    fail(tensor_name(graph_, tensor) + " lies in scratch");
  }
  return start - first_column * pixel(tensor);
}

/// Bytes [begin, end) of a row as int8 holds it, every `step`-th.
void Executor::expect(std::int32_t tensor, std::int32_t flow_row, std::int32_t op,
                      std::int64_t begin, std::int64_t end, std::int64_t step) {
  if (tensor == graph_.input && plan_.input == InputMode::kExternal) return;
  visit_zeros(tensor, flow_row, op, [&](const std::uint32_t& held) {
    if (held != zero_tag()) fail(op_text(op) + " lost the padding of its input");
  });
  const std::int64_t at = address(tensor, flow_row, op);
  const std::uint32_t first = tag(tensor, flow_row);
  for (std::int64_t b = begin; b < end; b += step) {
    visit(tensor, at, first, b, op, [&](const std::uint32_t& held, std::uint32_t expected) {
      if (held == expected) return;
      fail(op_text(op) + " reads row " + std::to_string(actual(tensor, flow_row)) + " of " +
           tensor_name(graph_, tensor) + ", byte " + std::to_string(b) +
           " of which was overwritten or never written");
    });
  }
}

void Executor::write(std::int32_t tensor, std::int32_t flow_row, std::int32_t op,
                     std::int64_t begin, std::int64_t end, std::int64_t step, bool lose) {
  visit_zeros(tensor, flow_row, op, [&](std::uint32_t& held) { held = lose ? 0 : zero_tag(); });
  const std::int64_t at = address(tensor, flow_row, op);
  const std::uint32_t first = tag(tensor, flow_row);
  for (std::int64_t b = begin; b < end; b += step) {
    visit(tensor, at, first, b, op,
          [&](std::uint32_t& held, std::uint32_t tag) { held = lose ? 0 : tag; });
  }
}

/// Rows (columns) of an input that rows (columns) `out` of the output need.
Span Executor::input_span(const Op& op, std::int32_t input, bool columns, Span out) const {
  const Shape& shape = graph_.tensors[graph_.inputs(op)[input]].shape;
  const Shape& out_shape = graph_.out_shape(op);
  const std::int32_t size = columns ? shape.w : shape.h;
  if (has_window(op.kind)) {
    const std::int32_t pad = columns ? op.pad_left : op.pad_top;
    const std::int32_t kernel = columns ? op.kernel_w : op.kernel_h;
    const std::int32_t stride = columns ? op.stride_w : op.stride_h;
    return {std::max(0, out.begin * stride - pad),
            std::min(size, (out.end - 1) * stride - pad + kernel)};
  }
  const bool by_pixel = op_streams(graph_, op) && size == (columns ? out_shape.w : out_shape.h);
  return by_pixel ? out : Span{0, size};
}

void Executor::set_regions(const Segment& segment, Span rows, Span columns) {
  for (std::int32_t i = segment.first_op; i < segment.end_op; ++i) {
    rows_[graph_.ops[i].output] = columns_[graph_.ops[i].output] = {};
    for (const std::int32_t t : graph_.inputs(graph_.ops[i])) rows_[t] = columns_[t] = {};
  }
  rows_[graph_.ops[segment.end_op - 1].output] = rows;
  columns_[graph_.ops[segment.end_op - 1].output] = columns;
  const auto grow = [](Span& span, Span more) {
    if (span.size() == 0) span = more;
    span = {std::min(span.begin, more.begin), std::max(span.end, more.end)};
  };
  for (std::int32_t i = segment.end_op - 1; i >= segment.first_op; --i) {
    const Op& op = graph_.ops[i];
    if (rows_[op.output].size() <= 0) fail(op_text(i) + " computes what its segment does not use");
    for (std::int32_t k = 0; k < op.input_count; ++k) {
      const std::int32_t t = graph_.inputs(op)[k];
      const Shape& shape = graph_.tensors[t].shape;
      const bool tiles = segment.has_patches();
      grow(rows_[t], tiles ? input_span(op, k, false, rows_[op.output]) : Span{0, shape.h});
      grow(columns_[t], tiles ? input_span(op, k, true, columns_[op.output]) : Span{0, shape.w});
    }
    next_[op.output] = flow_span(op.output, rows_[op.output]).begin;
  }
}

Span Executor::window(const Op& op, std::int32_t input, std::int32_t flow_row) const {
  const std::int32_t t = graph_.inputs(op)[input];
  const std::int32_t row = actual(op.output, flow_row);
  return flow_span(t, input_span(op, input, false, {row, row + 1}));
}

void Executor::deliver_image(std::int32_t row) {
  const std::int32_t image = graph_.input;
  for (; delivered_ <= row; ++delivered_) {
    write(image, delivered_, segment_->first_op, 0, graph_.tensors[image].shape.w * pixel(image), 1,
          false);
  }
}

/// Computes rows of a tensor until `flow_row` exists.
void Executor::make_row(std::int32_t tensor, std::int32_t flow_row) {
  if (tensor == graph_.input && plan_.input == InputMode::kRows) {
    if (segment_->bottom_up) fail("a camera does not deliver rows bottom-up");
    deliver_image(flow_row);
    return;
  }
  if (!inner(tensor)) return;
  const Span region = flow_span(tensor, rows_[tensor]);
  if (flow_row < region.begin || flow_row >= region.end) fail("a row outside of its region");
  while (next_[tensor] <= flow_row) {
    const std::int32_t row = next_[tensor];
    run_row(writer_[tensor], row);
    next_[tensor] = row + 1;
  }
}

RowOrder Executor::row_order(const Op& op) const {
  if (op_is_pixelwise(graph_, op)) return RowOrder::kByPixel;
  const bool depthwise = op.kind == OpKind::kDepthwiseConv2d;
  return depthwise && graph_.in_shape(op).c == graph_.out_shape(op).c ? RowOrder::kByChannel
                                                                      : RowOrder::kAny;
}

/// Scratch is filled before a row is computed, and must still be there when the row is done.
void Executor::use_scratch(std::int32_t op_index, bool done) {
  const Op& op = graph_.ops[op_index];
  const std::int32_t in = graph_.inputs(op)[0];
  std::int64_t bytes = 0;
  if (wide_ring(in) == nullptr) bytes = row_kernel_scratch(graph_, op, columns_[in].size());
  if (wide_ring(op.output) != nullptr) {
    bytes += wide_row_scratch(graph_, op, columns_[op.output].size());
  }
  if (bytes == 0) return;
  if (scratch_[op_index] < 0) fail(op_text(op_index) + " has no scratch");
  const Placement& place = plan_.placements[scratch_[op_index]];
  if (place.bytes < bytes) fail(op_text(op_index) + " has too little scratch");
  const std::uint32_t tag = sum_tag_ + static_cast<std::uint32_t>(graph_.ops.size());
  for (std::int64_t b = 0; b < bytes; ++b) {
    std::uint32_t& value = byte(place.offset_bytes + b, op_index);
    if (done && value != tag) fail(op_text(op_index) + " lost its scratch");
    value = tag;
  }
}

void Executor::count_widened(std::int32_t op_index, std::int64_t rows) {
  const Op& op = graph_.ops[op_index];
  const std::int32_t in = graph_.inputs(op)[0];
  if (op.kind != OpKind::kDepthwiseConv2d || wide_ring(in) != nullptr) return;
  widened_ += rows * op.kernel_h * columns_[in].size() * graph_.tensors[in].shape.c;
}

/// One input row goes into the sums, which must still be there.
void Executor::add_up(std::int32_t op_index, bool first) {
  const Op& op = graph_.ops[op_index];
  const Placement& place = plan_.placements[sums_[op_index]];
  if (op_index < place.first_op || op_index >= place.end_op) {
    fail(op_text(op_index) + " uses its sums when their bytes are not held");
  }
  const std::int64_t bytes = 4 * columns_[op.output].size() * graph_.out_shape(op).c;
  if (place.bytes < bytes) fail(op_text(op_index) + " has too few accumulators");
  for (std::int64_t b = 0; b < bytes; ++b) {
    std::uint32_t& sum = byte(place.offset_bytes + b, op_index);
    const std::uint32_t expected = sum_tag_ + static_cast<std::uint32_t>(op_index);
    if (!first && sum != expected) fail(op_text(op_index) + " lost its sums");
    sum = expected;
  }
}

void Executor::run_row(std::int32_t op_index, std::int32_t flow_row) {
  const Op& op = graph_.ops[op_index];
  if (segment_->has_patches()) {
    pixels_[op_index] += columns_[op.output].size();
    count_widened(op_index, 1);
  }
  if (sums_[op_index] >= 0) {
    const std::int32_t in = graph_.inputs(op)[0];
    const Span rows = window(op, 0, flow_row);
    const Span columns = input_span(op, 0, true, columns_[op.output]);
    for (std::int32_t r = rows.begin; r < rows.end; ++r) {
      make_row(in, r);
      use_scratch(op_index, false);
      expect(in, r, op_index, columns.begin * pixel(in), columns.end * pixel(in), 1);
      add_up(op_index, r == rows.begin);
      use_scratch(op_index, true);
    }
    write(op.output, flow_row, op_index, columns_[op.output].begin * pixel(op.output),
          columns_[op.output].end * pixel(op.output), 1, false);
    return;
  }
  for (std::int32_t k = 0; k < op.input_count; ++k) {
    const Span rows = window(op, k, flow_row);
    for (std::int32_t r = rows.begin; r < rows.end; ++r) make_row(graph_.inputs(op)[k], r);
  }
  use_scratch(op_index, false);
  run_kernel(op_index, flow_row);
  use_scratch(op_index, true);
}

void Executor::run_kernel(std::int32_t op_index, std::int32_t flow_row) {
  const Op& op = graph_.ops[op_index];
  const Span out = columns_[op.output];
  const std::int64_t out_pixel = pixel(op.output);
  // A kernel on int16 rows keeps no order.
  const bool wide = wide_ring(graph_.inputs(op)[0]) != nullptr;
  const RowOrder order = wide ? RowOrder::kAny : row_order(op);
  if (order == RowOrder::kByPixel) {
    for (std::int32_t x = out.begin; x < out.end; ++x) {
      for (const std::int32_t t : graph_.inputs(op)) {
        expect(t, flow_row, op_index, x * pixel(t), (x + 1) * pixel(t), 1);
      }
      write(op.output, flow_row, op_index, x * out_pixel, (x + 1) * out_pixel, 1, false);
    }
    return;
  }
  const auto read = [&](std::int64_t channel) {
    for (std::int32_t k = 0; k < op.input_count; ++k) {
      const std::int32_t t = graph_.inputs(op)[k];
      const Span columns = input_span(op, k, true, out);
      const Span rows = window(op, k, flow_row);
      for (std::int32_t r = rows.begin; r < rows.end; ++r) {
        const std::int64_t step = channel < 0 ? 1 : pixel(t);
        expect(t, r, op_index, columns.begin * pixel(t) + std::max<std::int64_t>(channel, 0),
               columns.end * pixel(t), step);
      }
    }
  };
  if (order == RowOrder::kByChannel) {
    for (std::int64_t c = 0; c < out_pixel; ++c) {
      read(c);
      write(op.output, flow_row, op_index, out.begin * out_pixel + c, out.end * out_pixel,
            out_pixel, false);
    }
    return;
  }
  write(op.output, flow_row, op_index, out.begin * out_pixel, out.end * out_pixel, 1, true);
  read(-1);
  write(op.output, flow_row, op_index, out.begin * out_pixel, out.end * out_pixel, 1, false);
}

void Executor::run_tile(const Segment& segment, Span rows, Span columns) {
  set_regions(segment, rows, columns);
  const std::int32_t last = segment.end_op - 1;
  const Span flow = flow_span(graph_.ops[last].output, rows);
  for (std::int32_t r = flow.begin; r < flow.end; ++r) run_row(last, r);
}

void Executor::run_segment(const Segment& segment) {
  segment_ = &segment;
  const std::int32_t output = graph_.ops[segment.end_op - 1].output;
  const Shape& out = graph_.tensors[output].shape;
  for (std::int32_t i = segment.first_op; i < segment.end_op - 1; ++i) {
    if (!op_streams(graph_, graph_.ops[i])) fail(op_text(i) + " cannot stream rows");
  }
  for (std::int32_t i = 0; i < segment.patch_rows; ++i) {
    for (std::int32_t j = 0; j < segment.patch_columns; ++j) {
      run_tile(segment, {i * out.h / segment.patch_rows, (i + 1) * out.h / segment.patch_rows},
               {j * out.w / segment.patch_columns, (j + 1) * out.w / segment.patch_columns});
    }
  }
  for (std::int32_t i = segment.first_op; i < segment.end_op && !segment.has_patches(); ++i) {
    count_widened(i, graph_.out_shape(graph_.ops[i]).h);
  }
  for (std::int32_t r = 0; r < out.h; ++r) {
    expect(output, r, segment.end_op - 1, 0, out.w * pixel(output), 1);
  }
}

void Executor::run() {
  check_structure();
  check_placements();
  start();
  for (const Segment& segment : plan_.segments) run_segment(segment);
  const auto last = static_cast<std::int32_t>(graph_.ops.size()) - 1;
  for (std::size_t t = 0; t < graph_.tensors.size(); ++t) {
    const auto tensor = static_cast<std::int32_t>(t);
    const bool kept = graph_.is_output(tensor) || (readers_[t] == 0 && tensor != graph_.input);
    if (!kept) continue;
    for (std::int32_t r = 0; r < height(tensor); ++r) {
      expect(tensor, r, last, 0, graph_.tensors[t].shape.w * pixel(tensor), 1);
    }
  }
  check_sums();
}

}  // namespace

std::string execute_plan(const Graph& graph, const RuntimeModel& runtime, const MemoryPlan& plan) {
  try {
    Executor(graph, runtime, plan).run();
  } catch (const Fault& fault) {
    return fault.text;
  }
  return "";
}

}  // namespace tinynas
