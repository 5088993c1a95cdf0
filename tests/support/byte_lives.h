#pragma once
// When each byte of a streaming plan is needed: from the first moment that its value may be written
// to the last at which it is read. A plan is sound if no two values share a byte at a time. Says
// the same as the plan's executor, another way: intervals instead of contents. For plans whose
// structure is sound already.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "tinyengine/kernel_costs.h"
#include "tinynas/memory_plan.h"

namespace tinynas::testing {

class ByteLives {
 public:
  ByteLives(const Graph& graph, const MemoryPlan& plan) : graph_(graph), plan_(plan) {
    writer_.assign(graph.tensors.size(), -1);
    std::vector<int> readers(graph.tensors.size(), 0);
    for (std::size_t i = 0; i < graph.ops.size(); ++i) {
      writer_[graph.ops[i].output] = static_cast<std::int32_t>(i);
      for (const std::int32_t t : graph.inputs(graph.ops[i])) ++readers[t];
    }
    rows_.resize(graph.tensors.size());
    columns_.resize(graph.tensors.size());
    next_.resize(graph.tensors.size());
    for (const Tensor& tensor : graph.tensors) {
      lives_.emplace_back(static_cast<std::size_t>(tensor.bytes()));
    }
    start_image();
    for (const Segment& segment : plan.segments) run(segment);
    for (std::size_t t = 0; t < lives_.size(); ++t) {
      const auto tensor = static_cast<std::int32_t>(t);
      const bool kept = graph.is_output(tensor) || (readers[t] == 0 && tensor != graph.input);
      for (Life& life : lives_[t]) {
        if (life.address < 0) continue;
        if (kept) life.end = std::numeric_limits<std::int64_t>::max();
        end(life);
      }
    }
  }

  bool disjoint() {
    std::sort(ended_.begin(), ended_.end(), [](const Life& a, const Life& b) {
      return a.address != b.address ? a.address < b.address : a.start < b.start;
    });
    for (std::size_t i = 1; i < ended_.size(); ++i) {
      Life& life = ended_[i];
      const Life& before = ended_[i - 1];
      if (life.address != before.address) continue;
      if (life.start <= before.end) return false;
    }
    return true;
  }

 private:
  struct Span {
    std::int32_t begin = 0, end = 0;
  };
  struct Life {
    std::int64_t address = -1, start = 0, end = 0;
    bool two_bytes = false;  ///< an int16 element: the next byte too
  };

  bool inner(std::int32_t t) const {
    return writer_[t] >= segment_->first_op && writer_[t] < segment_->end_op - 1;
  }
  /// Whether the tensor, while its rows stream, is held as int16 elements.
  bool wide(std::int32_t t) const {
    const std::int32_t record = plan_.tensor_records[t];
    return segment_ != nullptr && inner(t) && record >= 0 && plan_.placements[record].wide;
  }
  Shape shape(std::int32_t t) const { return graph_.tensors[t].shape; }
  std::int64_t pixel(std::int32_t t) const {
    return shape(t).c * dtype_bytes(graph_.tensors[t].dtype);
  }
  std::int64_t row_bytes(std::int32_t t) const { return shape(t).w * pixel(t); }
  std::int32_t flow(std::int32_t t, std::int32_t row) const {
    return segment_ != nullptr && segment_->bottom_up ? shape(t).h - 1 - row : row;
  }
  static bool windowed(const Op& op) {
    return op.kind == OpKind::kConv2d || op.kind == OpKind::kDepthwiseConv2d ||
           op.kind == OpKind::kAveragePool2d || op.kind == OpKind::kMaxPool2d ||
           op.kind == OpKind::kMean;
  }

  /// Of byte 0 of a row of the tensor, were it there whole; of the slot of a row of int16.
  std::int64_t address(std::int32_t t, std::int32_t row) const {
    std::int32_t home = t;
    std::int64_t q = flow(t, row);
    for (; plan_.over_input[home] != 0; home = graph_.inputs(graph_.ops[writer_[home]])[0]) {
      const Op& op = graph_.ops[writer_[home]];
      if (!windowed(op)) continue;
      const std::int32_t in = shape(graph_.inputs(op)[0]).h;
      q = q * op.stride_h - (segment_->bottom_up ? end_padding(in, shape(home).h, op.kernel_h,
                                                               op.stride_h, op.pad_top)
                                                 : op.pad_top);
    }
    const Placement& place = plan_.placements[plan_.tensor_records[home]];
    const std::int64_t column = segment_ != nullptr && inner(t) && !wide(t) ? columns_[t].begin : 0;
    const std::int64_t line = place.kind == PlacementKind::kRing
                                  ? ((q % place.rows) + place.rows) % place.rows
                                  : flow(home, static_cast<std::int32_t>(q));
    return place.offset_bytes + line * place.row_bytes - column * pixel(t);
  }

  /// Of the byte from the slot's begin, or of the first byte of its int16 element: channel by
  /// channel, each with the region's columns, their number rounded up to even, and between zeros
  /// that pad them.
  std::int64_t place_in_row(std::int32_t t, std::int64_t byte) const {
    if (!wide(t)) return byte;
    const std::int64_t columns = columns_[t].end - columns_[t].begin;
    const std::int64_t column = byte / pixel(t) - columns_[t].begin;
    const std::int64_t padding = wide_padding(t);
    return 2 * (padding + byte % pixel(t) * (columns + columns % 2 + padding) + column);
  }

  /// Of the tensor's reader, on the side that has more, rounded up to even.
  std::int64_t wide_padding(std::int32_t t) const {
    for (const Op& op : graph_.ops) {
      if (graph_.inputs(op)[0] != t) continue;
      const std::int32_t right =
          (shape(op.output).w - 1) * op.stride_w + op.kernel_w - op.pad_left - shape(t).w;
      return (std::max<std::int64_t>(op.pad_left, right) + 1) / 2 * 2;
    }
    return 0;
  }

  void write(std::int32_t t, std::int32_t row, std::int64_t byte, std::int64_t time) {
    Life& life = lives_[t][row * row_bytes(t) + byte];
    if (life.address >= 0) end(life);
    life = {address(t, row) + place_in_row(t, byte), time, time, wide(t)};
  }
  void end(Life life) {
    ended_.push_back(life);
    ++life.address;
    if (life.two_bytes) ended_.push_back(life);
  }
  void read(std::int32_t t, std::int32_t row, std::int64_t byte, std::int64_t time) {
    Life& life = lives_[t][row * row_bytes(t) + byte];
    life.end = std::max(life.end, time);
  }
  void occupy(std::int64_t begin, std::int64_t bytes, std::int64_t start, std::int64_t end) {
    for (std::int64_t b = 0; b < bytes; ++b) ended_.push_back({begin + b, start, end, false});
  }

  void start_image() {
    if (plan_.input != InputMode::kResident) return;
    for (std::int32_t row = 0; row < shape(graph_.input).h; ++row) {
      for (std::int64_t b = 0; b < row_bytes(graph_.input); ++b) write(graph_.input, row, b, 0);
    }
  }

  Span needed(const Op& op, std::int32_t t, bool columns, Span out) const {
    const std::int32_t size = columns ? shape(t).w : shape(t).h;
    const std::int32_t made = columns ? shape(op.output).w : shape(op.output).h;
    if (!windowed(op)) return op_streams(graph_, op) && size == made ? out : Span{0, size};
    const std::int32_t stride = columns ? op.stride_w : op.stride_h;
    const std::int32_t pad = columns ? op.pad_left : op.pad_top;
    const std::int32_t kernel = columns ? op.kernel_w : op.kernel_h;
    return {std::max(0, out.begin * stride - pad),
            std::min(size, (out.end - 1) * stride - pad + kernel)};
  }

  void run(const Segment& segment) {
    segment_ = &segment;
    const std::int32_t output = graph_.ops[segment.end_op - 1].output;
    const Shape out = shape(output);
    for (std::int32_t i = 0; i < segment.patch_rows; ++i) {
      for (std::int32_t j = 0; j < segment.patch_columns; ++j) {
        set_regions({i * out.h / segment.patch_rows, (i + 1) * out.h / segment.patch_rows},
                    {j * out.w / segment.patch_columns, (j + 1) * out.w / segment.patch_columns});
        const std::int32_t count = rows_[output].end - rows_[output].begin;
        for (std::int32_t k = 0; k < count; ++k) run_row(segment.end_op - 1);
      }
    }
    now_ += 2;
    for (Life& life : lives_[output]) life.end = std::max(life.end, now_);
  }

  void set_regions(Span rows, Span columns) {
    const auto grow = [](Span& span, Span more) {
      if (span.begin == span.end) span = more;
      span = {std::min(span.begin, more.begin), std::max(span.end, more.end)};
    };
    for (std::int32_t i = segment_->first_op; i < segment_->end_op; ++i) {
      for (const std::int32_t t : graph_.inputs(graph_.ops[i])) rows_[t] = columns_[t] = {};
    }
    const std::int32_t output = graph_.ops[segment_->end_op - 1].output;
    rows_[output] = rows;
    columns_[output] = columns;
    for (std::int32_t i = segment_->end_op - 1; i >= segment_->first_op; --i) {
      const Op& op = graph_.ops[i];
      for (const std::int32_t t : graph_.inputs(op)) {
        const bool tiles = segment_->has_patches();
        grow(rows_[t], tiles ? needed(op, t, false, rows_[op.output]) : Span{0, shape(t).h});
        grow(columns_[t], tiles ? needed(op, t, true, columns_[op.output]) : Span{0, shape(t).w});
      }
      next_[op.output] = 0;
    }
  }

  /// Until the row exists, wherever it comes from.
  void make(std::int32_t t, std::int32_t row) {
    if (t == graph_.input && plan_.input == InputMode::kRows) {
      for (; delivered_ <= row; ++delivered_) {
        ++now_;
        for (std::int64_t b = 0; b < row_bytes(t); ++b) write(t, delivered_, b, now_);
      }
    }
    if (!inner(t)) return;
    const std::int32_t place = segment_->bottom_up ? rows_[t].end - 1 - row : row - rows_[t].begin;
    while (next_[t] <= place) run_row(writer_[t]);
  }

  const Placement* find(PlacementKind kind, std::int32_t index) const {
    for (const Placement& place : plan_.placements) {
      const bool here = place.first_op <= index && index < place.end_op;
      const bool its =
          kind == PlacementKind::kScratch || place.first_tensor == graph_.ops[index].output;
      if (place.kind == kind && here && its) return &place;
    }
    return nullptr;
  }
  void use_scratch(std::int32_t index, std::int64_t start, std::int64_t end) {
    const Op& op = graph_.ops[index];
    const Span seen = columns_[graph_.inputs(op)[0]], made = columns_[op.output];
    std::int64_t bytes = 0;
    if (!wide(graph_.inputs(op)[0])) {
      bytes = row_kernel_scratch(graph_, op, seen.end - seen.begin);
    }
    if (wide(op.output)) bytes += wide_row_scratch(graph_, op, made.end - made.begin);
    if (bytes > 0) occupy(find(PlacementKind::kScratch, index)->offset_bytes, bytes, start, end);
  }

  /// The next row of an op, in the order in which rows flow.
  void run_row(std::int32_t index) {
    const Op& op = graph_.ops[index];
    const std::int32_t out = op.output;
    const std::int32_t done = next_[out]++;
    const std::int32_t row =
        segment_->bottom_up ? rows_[out].end - 1 - done : rows_[out].begin + done;
    const Placement* sums = find(PlacementKind::kAccumulators, index);
    std::int64_t sums_start = 0;
    for (const std::int32_t t : graph_.inputs(op)) {
      const Span window = needed(op, t, false, {row, row + 1});
      for (std::int32_t k = 0; k < window.end - window.begin; ++k) {
        const std::int32_t at = segment_->bottom_up ? window.end - 1 - k : window.begin + k;
        make(t, at);
        if (sums == nullptr) continue;
        now_ += 2;
        use_scratch(index, now_, now_);
        if (k == 0) sums_start = now_;
        read_window(op, t, at, now_);
      }
    }
    now_ += 2;
    if (sums == nullptr) {
      const std::int64_t start = now_;
      run_kernel(op, row);
      use_scratch(index, start, now_ - 1);
      return;
    }
    occupy(sums->offset_bytes, accumulated(op), sums_start, now_ - 2);
    for_each_byte(out, [&](std::int64_t b) { write(out, row, b, now_); });
  }
  std::int64_t accumulated(const Op& op) const {
    return 4 * std::int64_t{columns_[op.output].end - columns_[op.output].begin} *
           shape(op.output).c;
  }

  template <typename Visit>
  void for_each_byte(std::int32_t t, const Visit& visit) const {
    for (std::int64_t b = columns_[t].begin * pixel(t); b < columns_[t].end * pixel(t); ++b) {
      visit(b);
    }
  }
  void read_window(const Op& op, std::int32_t t, std::int32_t row, std::int64_t time) {
    if (t == graph_.input && plan_.input == InputMode::kExternal) return;
    const Span seen = needed(op, t, true, columns_[op.output]);
    for (std::int64_t b = seen.begin * pixel(t); b < seen.end * pixel(t); ++b) {
      // A depthwise kernel is done with a channel before it writes that channel.
      read(t, row, b, time + (by_channel(op) ? 2 * (b % pixel(t)) : 0));
    }
  }
  /// A depthwise kernel on int16 rows keeps no order.
  bool by_channel(const Op& op) const {
    return op.kind == OpKind::kDepthwiseConv2d && !wide(graph_.inputs(op)[0]) &&
           shape(graph_.inputs(op)[0]).c == shape(op.output).c;
  }

  void run_kernel(const Op& op, std::int32_t row) {
    const std::int32_t out = op.output;
    const bool by_pixel = op_is_pixelwise(graph_, op);
    // Any other kernel may write any byte before it has read its window.
    const std::int64_t reads = by_pixel || by_channel(op) ? now_ : now_ + 1;
    for_each_byte(out, [&](std::int64_t b) {
      const std::int64_t turn = by_pixel         ? 2 * (b / pixel(out)) + 1
                                : by_channel(op) ? 2 * (b % pixel(out)) + 1
                                                 : 0;
      write(out, row, b, now_ + turn);
    });
    for (const std::int32_t t : graph_.inputs(op)) {
      if (t == graph_.input && plan_.input == InputMode::kExternal) continue;
      if (by_pixel) {
        for (std::int64_t b = columns_[out].begin * pixel(t); b < columns_[out].end * pixel(t);
             ++b) {
          read(t, row, b, reads + 2 * (b / pixel(t)));
        }
        continue;
      }
      const Span window = needed(op, t, false, {row, row + 1});
      for (std::int32_t r = window.begin; r < window.end; ++r) read_window(op, t, r, reads);
    }
    now_ += 2 * (by_pixel ? columns_[out].end : by_channel(op) ? pixel(out) : 1) + 2;
  }

  const Graph& graph_;
  const MemoryPlan& plan_;
  const Segment* segment_ = nullptr;
  std::int64_t now_ = 1;
  std::int32_t delivered_ = 0;
  std::vector<std::int32_t> writer_, next_;
  std::vector<Span> rows_, columns_;
  std::vector<std::vector<Life>> lives_;  ///< of each tensor's bytes, as they are now
  std::vector<Life> ended_;
};

}  // namespace tinynas::testing
