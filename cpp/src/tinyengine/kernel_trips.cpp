#include "tinyengine/kernel_trips.h"

#include <algorithm>

namespace tinynas {
namespace {

std::int64_t length(const TileRange& range) { return std::max(range.end - range.begin, 0); }

class KernelTrips {
 public:
  KernelTrips(const Graph& graph, const Op& op, const OpVisits& visits, TripList& trips)
      : graph_(graph),
        op_(op),
        in_(graph.in_shape(op)),
        out_(graph.out_shape(op)),
        visits_(visits),
        trips_(trips) {
    for (const TileRange& range : visits.rows) rows_ += length(range);
    for (const TileRange& range : visits.columns) columns_ += length(range);
    calls_ = rows_ * static_cast<double>(visits.columns.size());
    pixels_ = rows_ * columns_;
  }

  void count(bool accumulates) {
    switch (op_.kind) {
      case OpKind::kConv2d:
        op_is_pixelwise(graph_, op_) ? pointwise() : convolution();
        break;
      case OpKind::kDepthwiseConv2d:
        depthwise();
        break;
      case OpKind::kAveragePool2d:
      case OpKind::kMean:
        accumulates ? pool_sums() : pool();
        break;
      case OpKind::kMaxPool2d:
        maxpool();
        break;
      case OpKind::kAdd:
        pair(Trip::add_call);
        break;
      case OpKind::kMul:
        pair(Trip::mul_call);
        break;
      case OpKind::kRelu:
      case OpKind::kLogistic:
      case OpKind::kQuantize:
      case OpKind::kDequantize:
        trips_.add(Trip::look_up_call, calls_);
        trips_.add(Trip::look_up_value, pixels_ * out_.c);
        break;
      case OpKind::kSoftmax:
        trips_.add(Trip::softmax_call, calls_);
        trips_.add(Trip::softmax_pixel, pixels_);
        trips_.add(Trip::softmax_channel, pixels_ * out_.c);
        break;
      case OpKind::kConcat:
        op_.axis == 2 ? concat() : join();
        break;
      case OpKind::kFullyConnected:
        fully_connected();
        break;
      default:
        data_movement();
    }
  }

 private:
  /// What rows of the output see of the input's rows.
  struct Windows {
    double rows = 0;     ///< within the input, summed over rows of the output
    double padding = 0;  ///< of padding
    double padded = 0;   ///< runs of padding, above or below
  };
  Windows windows() const {
    Windows all;
    for (const TileRange& range : visits_.rows) {
      for (std::int32_t row = range.begin; row < range.end; ++row) {
        const std::int32_t top = row * op_.stride_h - op_.pad_top;
        const std::int32_t above = std::max(-top, 0);
        const std::int32_t below = std::max(top + op_.kernel_h - in_.h, 0);
        all.rows += op_.kernel_h - above - below;
        all.padding += above + below;
        all.padded += (above > 0) + (below > 0);
      }
    }
    return all;
  }

  /// Columns of the input that windows hold, summed over columns of the output.
  double columns_inside() const {
    double sum = 0;
    for (const TileRange& range : visits_.columns) {
      for (std::int32_t x = range.begin; x < range.end; ++x) {
        const std::int32_t first = x * op_.stride_w - op_.pad_left;
        sum += std::min<std::int32_t>(first + op_.kernel_w, in_.w) - std::max(first, 0);
      }
    }
    return sum;
  }

  /// Loops of up to three passes are unrolled: each number of them has a trip of its own.
  void add_left(Trip one, std::int64_t left, double count) {
    if (left > 0) trips_.add(static_cast<Trip>(static_cast<std::int64_t>(one) + left - 1), count);
  }

  void clamp(double runs, double values) {
    if (op_.constants < 0 || graph_.constants == nullptr) return;
    const OpConstants& constants = graph_.constants_of(op_);
    if (constants.output_min > -128 || constants.output_max < 127) {
      trips_.add(Trip::clamp_run, runs);
      trips_.add(Trip::clamp_value, values);
    }
  }

  void multiply_columns(std::int64_t depth) {
    double pairs = 0, singles = 0;
    for (const TileRange& range : visits_.columns) {
      pairs += static_cast<double>(length(range) / 2);
      singles += static_cast<double>(length(range) % 2);
    }
    pairs *= rows_;
    singles *= rows_;
    multiply(Trip::multiply_columns_pair, pairs, depth);
    multiply(Trip::multiply_columns_single, singles, depth);
    clamp(calls_, pixels_ * out_.c);
  }

  /// `first`: of pairs or of singles, which have the same trips in the same order.
  void multiply(Trip first, double times, std::int64_t depth) {
    const auto trip = [first](Trip of_pair) {
      const int index = static_cast<int>(of_pair) - static_cast<int>(Trip::multiply_columns_pair);
      return static_cast<Trip>(static_cast<int>(first) + index);
    };
    const double twos = times * (out_.c / 2), odd = times * (out_.c % 2);
    const auto left = static_cast<double>(depth % 4);
    trips_.add(first, times);
    trips_.add(trip(Trip::multiply_columns_pair_twos), out_.c > 1 ? times : 0);
    trips_.add(trip(Trip::multiply_columns_pair_two), twos);
    trips_.add(trip(Trip::multiply_columns_pair_two_octs), depth >= 8 ? twos : 0);
    trips_.add(trip(Trip::multiply_columns_pair_two_oct), twos * static_cast<double>(depth / 8));
    trips_.add(trip(Trip::multiply_columns_pair_two_quad), depth % 8 >= 4 ? twos : 0);
    trips_.add(trip(Trip::multiply_columns_pair_two_rest), depth % 8 != 0 ? twos : 0);
    trips_.add(trip(Trip::multiply_columns_pair_two_lefts), depth % 4 != 0 ? twos : 0);
    trips_.add(trip(Trip::multiply_columns_pair_two_left), twos * left);
    trips_.add(trip(Trip::multiply_columns_pair_odd), odd);
    trips_.add(trip(Trip::multiply_columns_pair_odd_quad), odd * static_cast<double>(depth / 4));
    add_left(trip(depth < 4 ? Trip::multiply_columns_pair_odd_depth_1
                            : Trip::multiply_columns_pair_odd_left_1),
             depth % 4, odd);
  }

  void pointwise() {
    double with_pairs = 0;
    for (const TileRange& range : visits_.columns) with_pairs += length(range) >= 2;
    trips_.add(Trip::conv2d_1x1_call, calls_);
    trips_.add(Trip::conv2d_1x1_pairs, rows_ * with_pairs);
    trips_.add(Trip::conv2d_1x1_pixel, pixels_);
    trips_.add(Trip::conv2d_1x1_octs, in_.c >= 8 ? pixels_ : 0);
    trips_.add(Trip::conv2d_1x1_oct, pixels_ * (in_.c / 8));
    trips_.add(Trip::conv2d_1x1_quad, pixels_ * (in_.c % 8 / 4));
    trips_.add(Trip::conv2d_1x1_lefts, pixels_ * (in_.c % 4 != 0 ? 1 : 0));
    trips_.add(Trip::conv2d_1x1_left, pixels_ * (in_.c % 4));
    multiply_columns(in_.c);
  }

  void convolution() {
    const std::int32_t width = op_.kernel_w * in_.c;
    double inside = 0, edge = 0, edge_before = 0, edge_read = 0;
    for (const TileRange& range : visits_.columns) {
      for (std::int32_t x = range.begin; x < range.end; ++x) {
        const std::int32_t first = x * op_.stride_w - op_.pad_left, last = first + op_.kernel_w;
        if (first >= 0 && last <= in_.w) {
          ++inside;
        } else {
          ++edge;
          edge_before += std::max(-first, 0);
          edge_read += std::min(last, in_.w) - std::max(first, 0);
        }
      }
    }
    const Windows seen = windows();
    const double quads = width / 4, left = width % 4, any_quads = width >= 4 ? 1 : 0;
    const double any_left = width % 4 != 0 ? 1 : 0, last = op_.kernel_h * width % 4;
    const bool few = op_.kernel_h * (width % 4) < 4;
    const double inside_rows = seen.rows * inside, edge_rows = rows_ * edge * op_.kernel_h;
    trips_.add(Trip::conv2d_call, calls_);
    trips_.add(Trip::conv2d_inside, rows_ * inside);
    trips_.add(Trip::conv2d_inside_row, inside_rows);
    trips_.add(Trip::conv2d_inside_quads, inside_rows * any_quads);
    trips_.add(Trip::conv2d_inside_octs, width >= 8 ? inside_rows : 0);
    trips_.add(Trip::conv2d_inside_oct, inside_rows * (width / 8));
    trips_.add(Trip::conv2d_inside_quad, inside_rows * (width % 8 / 4));
    trips_.add(few ? Trip::conv2d_inside_fews : Trip::conv2d_inside_lefts, inside_rows * any_left);
    trips_.add(few ? Trip::conv2d_inside_few : Trip::conv2d_inside_left, inside_rows * left);
    trips_.add(Trip::conv2d_inside_last, few ? 0 : rows_ * inside * last);
    trips_.add(Trip::conv2d_padding, seen.padded * inside);
    trips_.add(Trip::conv2d_padding_quads, seen.padded * inside * any_quads);
    trips_.add(Trip::conv2d_padding_quad, seen.padding * inside * quads);
    trips_.add(Trip::conv2d_padding_left, seen.padding * inside * left);
    trips_.add(Trip::conv2d_edge, rows_ * edge);
    trips_.add(Trip::conv2d_edge_row, edge_rows);
    trips_.add(Trip::conv2d_edge_value, edge_rows * quads * 4);
    trips_.add(Trip::conv2d_edge_left, edge_rows * left);
    trips_.add(Trip::conv2d_edge_last, rows_ * edge * last);
    trips_.add(Trip::conv2d_edge_inside, seen.rows * edge * width);
    trips_.add(Trip::conv2d_edge_before, seen.rows * edge_before * in_.c);
    trips_.add(Trip::conv2d_edge_read, seen.rows * edge_read * in_.c);
    multiply_columns(std::int64_t{op_.kernel_h} * width);
  }

  /// Rows of a channel widened to int16, whatever the window.
  /// `call`: the first trip of a family with those of depthwise_rows, in their order.
  void widen(Trip call) {
    const auto trip = [call](Trip of_rows) {
      const int index = static_cast<int>(of_rows) - static_cast<int>(Trip::depthwise_rows_call);
      return static_cast<Trip>(static_cast<int>(call) + index);
    };
    const Windows seen = windows();
    double octs = 0, quads = 0, with_octs = 0, inside = 0, pitches = 0;
    for (const TileRange& range : visits_.columns) {
      const std::int32_t first = range.begin * op_.stride_w - op_.pad_left;
      const std::int32_t last = (range.end - 1) * op_.stride_w - op_.pad_left + op_.kernel_w;
      const std::int32_t columns = std::max(std::min(last, in_.w) - std::max(first, 0), 0);
      octs += columns / 8;
      quads += columns % 8 / 4;
      with_octs += columns >= 8;
      add_left(trip(Trip::depthwise_rows_left_1), columns % 4, seen.rows * in_.c);
      inside += columns;
      pitches += (last - first + 2) & ~1;
    }
    const double channels = in_.c;
    trips_.add(trip(Trip::depthwise_rows_call), calls_);
    trips_.add(trip(Trip::depthwise_rows_window_row), calls_ * op_.kernel_h);
    trips_.add(trip(Trip::depthwise_rows_padding_value),
               rows_ * op_.kernel_h * pitches - seen.rows * inside);
    trips_.add(trip(Trip::depthwise_rows_channel), calls_ * channels);
    trips_.add(trip(Trip::depthwise_rows_channel_row),
               seen.rows * channels * static_cast<double>(visits_.columns.size()));
    trips_.add(trip(Trip::depthwise_rows_row_of_octs), seen.rows * channels * with_octs);
    trips_.add(trip(Trip::depthwise_rows_oct), seen.rows * channels * octs);
    trips_.add(trip(Trip::depthwise_rows_quad), seen.rows * channels * quads);
  }

  void depthwise() {
    const int size = op_.kernel_h;
    const bool known = size == op_.kernel_w && (size == 3 || size == 5 || size == 7);
    const bool square = known && in_.c == out_.c && op_.stride_w <= 2;
    widen(square ? Trip::depthwise_square_call : Trip::depthwise_rows_call);
    square ? depthwise_square() : depthwise_any();
    clamp(calls_, pixels_ * out_.c);
  }

  void depthwise_square() {
    // Each size has the same trips in the same order, first those of stride 1.
    const Trip call = op_.kernel_h == 3   ? Trip::depthwise_3x3_call
                      : op_.kernel_h == 5 ? Trip::depthwise_5x5_call
                                          : Trip::depthwise_7x7_call;
    const int first = op_.stride_w == 1 ? 1 : 7;
    const auto trip = [&](int index) {
      return static_cast<Trip>(static_cast<int>(call) + first + index);
    };
    double quads = 0, with_quads = 0;
    for (const TileRange& range : visits_.columns) {
      quads += static_cast<double>(length(range) / 4);
      with_quads += length(range) >= 4;
      add_left(trip(3), length(range) % 4, rows_ * out_.c);
    }
    trips_.add(call, calls_);
    trips_.add(trip(0), calls_ * out_.c);
    trips_.add(trip(1), rows_ * out_.c * with_quads);
    trips_.add(trip(2), rows_ * out_.c * quads);
  }

  void depthwise_any() {
    double quads = 0, left = 0, with_quads = 0, with_left = 0;
    for (const TileRange& range : visits_.columns) {
      quads += static_cast<double>(length(range) / 4);
      left += static_cast<double>(length(range) % 4);
      with_quads += length(range) >= 4;
      with_left += length(range) % 4 != 0;
    }
    const double channels = rows_ * out_.c;
    trips_.add(Trip::depthwise_any_call, calls_);
    trips_.add(Trip::depthwise_any_channel, calls_ * out_.c);
    trips_.add(Trip::depthwise_any_quads, channels * with_quads);
    trips_.add(Trip::depthwise_any_lefts, channels * with_left);
    sum_windows(Trip::depthwise_any_quad, channels * quads);
    sum_windows(Trip::depthwise_any_left, channels * left);
  }

  /// `first`: of four outputs or of one, which have the same trips in the same order.
  void sum_windows(Trip first, double times) {
    const auto trip = [first](Trip of_quad) {
      const int index = static_cast<int>(of_quad) - static_cast<int>(Trip::depthwise_any_quad);
      return static_cast<Trip>(static_cast<int>(first) + index);
    };
    const double rows = times * op_.kernel_h;
    trips_.add(first, times);
    trips_.add(trip(Trip::depthwise_any_quad_row), rows);
    trips_.add(trip(Trip::depthwise_any_quad_row_fours), op_.kernel_w >= 4 ? rows : 0);
    trips_.add(trip(Trip::depthwise_any_quad_four), rows * (op_.kernel_w / 4));
    add_left(trip(Trip::depthwise_any_quad_value_1), op_.kernel_w % 4, rows);
  }

  void write_averages() {
    const bool mean = op_.kind == OpKind::kMean;
    trips_.add(mean ? Trip::mean_write : Trip::avgpool_write, pixels_);
    trips_.add(mean ? Trip::mean_channel : Trip::avgpool_channel, pixels_ * out_.c);
  }

  void pool() {
    const double rows = windows().rows, inside = columns_inside();
    trips_.add(Trip::pool_call, calls_);
    trips_.add(Trip::pool_pixel, pixels_);
    trips_.add(Trip::pool_channel, pixels_ * out_.c);
    trips_.add(Trip::pool_row, rows * columns_);
    trips_.add(Trip::pool_column, rows * inside);
    trips_.add(Trip::pool_value, rows * inside * out_.c);
    write_averages();
  }

  void pool_sums() {
    const double rows = windows().rows, inside = columns_inside();
    trips_.add(Trip::pool_add_row_call, rows * static_cast<double>(visits_.columns.size()));
    trips_.add(Trip::pool_add_row_pixel, rows * columns_);
    trips_.add(Trip::pool_add_row_first_pixel, pixels_);
    trips_.add(Trip::pool_add_row_first_channel, pixels_ * out_.c);
    trips_.add(Trip::pool_add_row_column, rows * inside);
    trips_.add(Trip::pool_add_row_value, rows * inside * out_.c);
    trips_.add(Trip::pool_sums_call, calls_);
    trips_.add(Trip::pool_sums_pixel, pixels_);
    write_averages();
  }

  void maxpool() {
    const double rows = windows().rows;
    trips_.add(Trip::maxpool_call, calls_);
    trips_.add(Trip::maxpool_pixel, pixels_);
    trips_.add(Trip::maxpool_channel, pixels_ * out_.c);
    trips_.add(Trip::maxpool_row, rows * columns_ * out_.c);
    trips_.add(Trip::maxpool_value, rows * columns_inside() * out_.c);
  }

  /// `call`: of add or of mul, which have the same trips in the same order.
  void pair(Trip call) {
    const auto trip = [call](Trip of_add) {
      const int index = static_cast<int>(of_add) - static_cast<int>(Trip::add_call);
      return static_cast<Trip>(static_cast<int>(call) + index);
    };
    const double values = pixels_ * out_.c;
    const bool pixel = op_.input_count == 2 ? !(graph_.tensors[graph_.inputs(op_)[1]].shape == out_)
                                            : op_.constant_bytes == out_.c;
    const bool one = op_.input_count == 1 && op_.constant_bytes == 1;
    const double runs = one ? values : pixel ? pixels_ : calls_;
    const bool odd = one || (pixel ? out_.c : std::int64_t{out_.w} * out_.c) % 2 != 0;
    trips_.add(call, calls_);
    trips_.add(trip(Trip::add_run), runs);
    trips_.add(trip(Trip::add_odd_run), odd ? runs : 0);
    trips_.add(trip(Trip::add_value), values);
    clamp(calls_, values);
  }

  void concat() {
    trips_.add(Trip::concat_call, calls_);
    trips_.add(Trip::concat_pixel, pixels_);
    trips_.add(Trip::concat_input, pixels_ * op_.input_count);
    trips_.add(Trip::concat_value, pixels_ * out_.c);
  }

  void join() {
    const double outer = op_.axis == 0 ? 1 : out_.h;
    trips_.add(Trip::join_call, 1);
    trips_.add(Trip::join_outer, outer);
    trips_.add(Trip::join_run, outer * op_.input_count);
    trips_.add(Trip::join_byte, static_cast<double>(out_.elements()));
  }

  void fully_connected() {
    const std::int64_t depth = in_.elements(), outputs = out_.elements();
    const auto fours = static_cast<double>(outputs / 4), singles = static_cast<double>(outputs % 4);
    trips_.add(Trip::fully_connected_call, 1);
    trips_.add(Trip::fully_connected_four, fours);
    trips_.add(Trip::fully_connected_four_quad, fours * static_cast<double>(depth / 4));
    trips_.add(Trip::fully_connected_four_left, fours * static_cast<double>(depth % 4));
    trips_.add(Trip::fully_connected_output, singles);
    trips_.add(Trip::fully_connected_output_value, singles * static_cast<double>(depth));
  }

  void data_movement() {
    const auto in_bytes = static_cast<double>(in_.elements());
    const auto out_bytes = static_cast<double>(out_.elements());
    const double rows = out_.h, columns = rows * out_.w;
    switch (op_.kind) {
      case OpKind::kMeanAxis: {
        const double outer = op_.axis == 0 ? 1 : op_.axis == 1 ? in_.h : double{1} * in_.h * in_.w;
        trips_.add(Trip::mean_axis_call, 1);
        trips_.add(Trip::mean_axis_outer, outer);
        trips_.add(Trip::mean_axis_inner, out_bytes);
        trips_.add(Trip::mean_axis_value, in_bytes);
        break;
      }
      case OpKind::kPad:
        trips_.add(Trip::pad_call, 1);
        trips_.add(Trip::pad_fill, out_bytes);
        trips_.add(Trip::pad_row, in_.h);
        trips_.add(Trip::pad_byte, in_bytes);
        break;
      case OpKind::kTranspose:
        trips_.add(Trip::transpose_call, 1);
        trips_.add(Trip::transpose_row, rows);
        trips_.add(Trip::transpose_column, columns);
        trips_.add(Trip::transpose_value, out_bytes);
        break;
      case OpKind::kResizeNearest:
        trips_.add(Trip::resize_call, 1);
        trips_.add(Trip::resize_row, rows);
        trips_.add(Trip::resize_pixel, columns);
        trips_.add(Trip::resize_byte, out_bytes);
        break;
      default:
        trips_.add(Trip::copy_call, 1);
        trips_.add(Trip::copy_byte, out_bytes);
    }
  }

  const Graph& graph_;
  const Op& op_;
  const Shape &in_, &out_;
  const OpVisits& visits_;
  TripList& trips_;
  double rows_ = 0, columns_ = 0;  ///< of the output, summed over tiles of that axis
  double calls_ = 0, pixels_ = 0;
};

}  // namespace

void count_kernel_trips(const Graph& graph, const Op& op, const OpVisits& visits, bool accumulates,
                        TripList& trips) {
  KernelTrips(graph, op, visits, trips).count(accumulates);
}

}  // namespace tinynas
