#pragma once
// How often the loops and branches of the C kernels and of their driver run: the terms of which
// predicted instructions are made. A trip is one pass of such a loop, or one way through such a
// branch; configs/kernels has its instructions on each core, measured by scripts/kernel_table.

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

#include "tinyengine/patches.h"
#include "tinynas/graph.h"

namespace tinynas {

// Each kernel's first trip is a call: a row of the output, or a whole tensor. "pair" and "single":
// two pixels and one pixel of a convolution; "quad", "oct": four and eight values; "left": values
// that are left over of these.
#define TINYNAS_TRIPS(X)                                                                    \
  X(invoke, model)                                                                          \
  X(invoke, input_byte)                                                                     \
  X(invoke, camera_row)                                                                     \
  X(invoke, camera_byte)                                                                    \
  X(invoke, output_byte)                                                                    \
  X(driver, segment)                                                                        \
  X(driver, tile)                                                                           \
  X(driver, tile_op)                                                                        \
  X(driver, row)                                                                            \
  X(driver, window_row)                                                                     \
  X(driver, pixelwise_row)                                                                  \
  X(driver, pixelwise_input)                                                                \
  X(driver, ring)                                                                           \
  X(driver, walk)                                                                           \
  X(driver, wait_window)                                                                    \
  X(driver, wait_pixelwise)                                                                 \
  X(driver, wait_outside)                                                                   \
  X(driver, camera_row)                                                                     \
  X(driver, adder_row)                                                                      \
  X(driver, whole_op)                                                                       \
  X(driver, whole_input)                                                                    \
  X(multiply_columns, pair)                                                                 \
  X(multiply_columns, pair_twos) /* that has any two output channels */                     \
  X(multiply_columns, pair_two)                                                             \
  X(multiply_columns, pair_two_octs) /* of a depth of eight at least */                     \
  X(multiply_columns, pair_two_oct)  /* eight values of the depth */                        \
  X(multiply_columns, pair_two_quad) /* four that are left of eights */                     \
  X(multiply_columns, pair_two_rest) /* any that are */                                     \
  X(multiply_columns, pair_two_lefts)                                                       \
  X(multiply_columns, pair_two_left)                                                        \
  X(multiply_columns, pair_odd) /* the last of an odd number of output channels */          \
  X(multiply_columns, pair_odd_quad)                                                        \
  X(multiply_columns, pair_odd_depth_1) /* less than four deep */                           \
  X(multiply_columns, pair_odd_depth_2)                                                     \
  X(multiply_columns, pair_odd_depth_3)                                                     \
  X(multiply_columns, pair_odd_left_1)                                                      \
  X(multiply_columns, pair_odd_left_2)                                                      \
  X(multiply_columns, pair_odd_left_3)                                                      \
  X(multiply_columns, single)                                                               \
  X(multiply_columns, single_twos)                                                          \
  X(multiply_columns, single_two)                                                           \
  X(multiply_columns, single_two_octs)                                                      \
  X(multiply_columns, single_two_oct)                                                       \
  X(multiply_columns, single_two_quad)                                                      \
  X(multiply_columns, single_two_rest)                                                      \
  X(multiply_columns, single_two_lefts)                                                     \
  X(multiply_columns, single_two_left)                                                      \
  X(multiply_columns, single_odd)                                                           \
  X(multiply_columns, single_odd_quad)                                                      \
  X(multiply_columns, single_odd_depth_1)                                                   \
  X(multiply_columns, single_odd_depth_2)                                                   \
  X(multiply_columns, single_odd_depth_3)                                                   \
  X(multiply_columns, single_odd_left_1)                                                    \
  X(multiply_columns, single_odd_left_2)                                                    \
  X(multiply_columns, single_odd_left_3)                                                    \
  X(clamp, run)                                                                             \
  X(clamp, value)                                                                           \
  X(conv2d_1x1, call)                                                                       \
  X(conv2d_1x1, pairs) /* a row that has any */                                             \
  X(conv2d_1x1, pixel)                                                                      \
  X(conv2d_1x1, octs)                                                                       \
  X(conv2d_1x1, oct)                                                                        \
  X(conv2d_1x1, quad)                                                                       \
  X(conv2d_1x1, lefts) /* a pixel with any */                                               \
  X(conv2d_1x1, left)                                                                       \
  X(conv2d, call)                                                                           \
  X(conv2d, inside) /* a pixel whose window lies within the input's columns */              \
  X(conv2d, inside_row)                                                                     \
  X(conv2d, inside_octs) /* a row that has any */                                           \
  X(conv2d, inside_oct)                                                                     \
  X(conv2d, inside_quads)                                                                   \
  X(conv2d, inside_quad)                                                                    \
  X(conv2d, inside_fews)                                                                    \
  X(conv2d, inside_few) /* values left of a row, less than four in all rows */              \
  X(conv2d, inside_lefts)                                                                   \
  X(conv2d, inside_left) /* more */                                                         \
  X(conv2d, inside_last) /* values left over of fours that such values make */              \
  X(conv2d, padding)     /* above or below the window of such a pixel */                    \
  X(conv2d, padding_quads)                                                                  \
  X(conv2d, padding_quad)                                                                   \
  X(conv2d, padding_left)                                                                   \
  X(conv2d, edge) /* any other pixel, gathered value by value */                            \
  X(conv2d, edge_row)                                                                       \
  X(conv2d, edge_value) /* of the quads */                                                  \
  X(conv2d, edge_left)                                                                      \
  X(conv2d, edge_last)                                                                      \
  X(conv2d, edge_inside)    /* of rows that are no padding */                               \
  X(conv2d, edge_before)    /* and of columns to the left of the input */                   \
  X(conv2d, edge_read)      /* that are no padding */                                       \
  X(depthwise_square, call) /* what kernels of one size share: rows of a channel widened */ \
  X(depthwise_square, window_row)                                                           \
  X(depthwise_square, padding_value)                                                        \
  X(depthwise_square, channel)                                                              \
  X(depthwise_square, channel_row)                                                          \
  X(depthwise_square, row_of_octs)                                                          \
  X(depthwise_square, oct)                                                                  \
  X(depthwise_square, quad)                                                                 \
  X(depthwise_square, left_1) /* a row with one left, two, three */                         \
  X(depthwise_square, left_2)                                                               \
  X(depthwise_square, left_3)                                                               \
  X(depthwise_rows, call) /* the same of those of any size */                               \
  X(depthwise_rows, window_row)                                                             \
  X(depthwise_rows, padding_value)                                                          \
  X(depthwise_rows, channel)                                                                \
  X(depthwise_rows, channel_row)                                                            \
  X(depthwise_rows, row_of_octs)                                                            \
  X(depthwise_rows, oct)                                                                    \
  X(depthwise_rows, quad)                                                                   \
  X(depthwise_rows, left_1)                                                                 \
  X(depthwise_rows, left_2)                                                                 \
  X(depthwise_rows, left_3)                                                                 \
  X(depthwise_3x3, call)                                                                    \
  X(depthwise_3x3, channel) /* stride 1 */                                                  \
  X(depthwise_3x3, quads)   /* a channel that has any */                                    \
  X(depthwise_3x3, quad)    /* four outputs */                                              \
  X(depthwise_3x3, left_1)                                                                  \
  X(depthwise_3x3, left_2)                                                                  \
  X(depthwise_3x3, left_3)                                                                  \
  X(depthwise_3x3, channel_at_2) /* stride 2 */                                             \
  X(depthwise_3x3, quads_at_2)                                                              \
  X(depthwise_3x3, quad_at_2)                                                               \
  X(depthwise_3x3, left_1_at_2)                                                             \
  X(depthwise_3x3, left_2_at_2)                                                             \
  X(depthwise_3x3, left_3_at_2)                                                             \
  X(depthwise_5x5, call)                                                                    \
  X(depthwise_5x5, channel) /* stride 1 */                                                  \
  X(depthwise_5x5, quads)   /* a channel that has any */                                    \
  X(depthwise_5x5, quad)    /* four outputs */                                              \
  X(depthwise_5x5, left_1)                                                                  \
  X(depthwise_5x5, left_2)                                                                  \
  X(depthwise_5x5, left_3)                                                                  \
  X(depthwise_5x5, channel_at_2) /* stride 2 */                                             \
  X(depthwise_5x5, quads_at_2)                                                              \
  X(depthwise_5x5, quad_at_2)                                                               \
  X(depthwise_5x5, left_1_at_2)                                                             \
  X(depthwise_5x5, left_2_at_2)                                                             \
  X(depthwise_5x5, left_3_at_2)                                                             \
  X(depthwise_7x7, call)                                                                    \
  X(depthwise_7x7, channel) /* stride 1 */                                                  \
  X(depthwise_7x7, quads)   /* a channel that has any */                                    \
  X(depthwise_7x7, quad)    /* four outputs */                                              \
  X(depthwise_7x7, left_1)                                                                  \
  X(depthwise_7x7, left_2)                                                                  \
  X(depthwise_7x7, left_3)                                                                  \
  X(depthwise_7x7, channel_at_2) /* stride 2 */                                             \
  X(depthwise_7x7, quads_at_2)                                                              \
  X(depthwise_7x7, quad_at_2)                                                               \
  X(depthwise_7x7, left_1_at_2)                                                             \
  X(depthwise_7x7, left_2_at_2)                                                             \
  X(depthwise_7x7, left_3_at_2)                                                             \
  X(depthwise_any, call) /* windows of any size */                                          \
  X(depthwise_any, channel)                                                                 \
  X(depthwise_any, quads) /* a channel that has any */                                      \
  X(depthwise_any, quad)                                                                    \
  X(depthwise_any, quad_row)                                                                \
  X(depthwise_any, quad_row_fours) /* of four values or more */                             \
  X(depthwise_any, quad_four)      /* values of the window */                               \
  X(depthwise_any, quad_value_1)   /* a row with one left of fours, two, three */           \
  X(depthwise_any, quad_value_2)                                                            \
  X(depthwise_any, quad_value_3)                                                            \
  X(depthwise_any, lefts) /* a channel that has any */                                      \
  X(depthwise_any, left)                                                                    \
  X(depthwise_any, left_row)                                                                \
  X(depthwise_any, left_row_fours)                                                          \
  X(depthwise_any, left_four)                                                               \
  X(depthwise_any, left_value_1)                                                            \
  X(depthwise_any, left_value_2)                                                            \
  X(depthwise_any, left_value_3)                                                            \
  X(pool, call)                                                                             \
  X(pool, pixel)                                                                            \
  X(pool, channel)                                                                          \
  X(pool, row)                                                                              \
  X(pool, column)                                                                           \
  X(pool, value)                                                                            \
  X(avgpool, write)                                                                         \
  X(avgpool, channel)                                                                       \
  X(mean, write)                                                                            \
  X(mean, channel)                                                                          \
  X(pool_sums, call)                                                                        \
  X(pool_sums, pixel)                                                                       \
  X(pool_add_row, call)                                                                     \
  X(pool_add_row, pixel)                                                                    \
  X(pool_add_row, first_pixel)                                                              \
  X(pool_add_row, first_channel)                                                            \
  X(pool_add_row, column)                                                                   \
  X(pool_add_row, value)                                                                    \
  X(maxpool, call)                                                                          \
  X(maxpool, pixel)                                                                         \
  X(maxpool, channel)                                                                       \
  X(maxpool, row)                                                                           \
  X(maxpool, value)                                                                         \
  X(add, call)                                                                              \
  X(add, run)                                                                               \
  X(add, odd_run)                                                                           \
  X(add, value)                                                                             \
  X(mul, call)                                                                              \
  X(mul, run)                                                                               \
  X(mul, odd_run)                                                                           \
  X(mul, value)                                                                             \
  X(look_up, call)                                                                          \
  X(look_up, value)                                                                         \
  X(concat, call)                                                                           \
  X(concat, pixel)                                                                          \
  X(concat, input)                                                                          \
  X(concat, value)                                                                          \
  X(softmax, call)                                                                          \
  X(softmax, pixel)                                                                         \
  X(softmax, channel)                                                                       \
  X(fully_connected, call)                                                                  \
  X(fully_connected, four) /* outputs */                                                    \
  X(fully_connected, four_quad)                                                             \
  X(fully_connected, four_left)                                                             \
  X(fully_connected, output)                                                                \
  X(fully_connected, output_value)                                                          \
  X(mean_axis, call)                                                                        \
  X(mean_axis, outer)                                                                       \
  X(mean_axis, inner)                                                                       \
  X(mean_axis, value)                                                                       \
  X(join, call)                                                                             \
  X(join, outer)                                                                            \
  X(join, run)                                                                              \
  X(join, byte)                                                                             \
  X(pad, call)                                                                              \
  X(pad, fill)                                                                              \
  X(pad, row)                                                                               \
  X(pad, byte)                                                                              \
  X(copy, call)                                                                             \
  X(copy, byte)                                                                             \
  X(transpose, call)                                                                        \
  X(transpose, row)                                                                         \
  X(transpose, column)                                                                      \
  X(transpose, value)                                                                       \
  X(resize, call)                                                                           \
  X(resize, row)                                                                            \
  X(resize, pixel)                                                                          \
  X(resize, byte)

enum class Trip : std::uint16_t {
#define TINYNAS_TRIP(family, name) family##_##name,
  TINYNAS_TRIPS(TINYNAS_TRIP)
#undef TINYNAS_TRIP
};

struct TripName {
  const char* family;  ///< the kernel, or what kernels share: "conv2d"
  const char* name;    ///< "inside_quad"
};
inline constexpr TripName kTripNames[] = {
#define TINYNAS_TRIP(family, name) {#family, #name},
    TINYNAS_TRIPS(TINYNAS_TRIP)
#undef TINYNAS_TRIP
};
inline constexpr std::size_t kTripKinds = std::size(kTripNames);

/// Trips of one operator, or of what belongs to none.
class TripList {
 public:
  struct Entry {
    Trip trip;
    double count;
  };
  void clear() { size_ = 0; }
  void add(Trip trip, double count) {
    if (count > 0) entries_[size_++] = {trip, count};
  }
  const Entry* begin() const { return entries_.data(); }
  const Entry* end() const { return entries_.data() + size_; }

 private:
  std::array<Entry, 64> entries_;
  std::size_t size_ = 0;
};

/// The rows and columns of its output that an operator computes, tile by tile: all rows of
/// `rows` for each of `columns`.
struct OpVisits {
  std::vector<TileRange> rows, columns;
};

/// Trips of the op's kernel. `accumulates`: its input's rows are added up as they come. Factors of
/// requantisation are taken to be less than one half (tn_is_common), as nearly all are; ops without
/// constants, as those of a search, to be of activations that need no clamping.
void count_kernel_trips(const Graph& graph, const Op& op, const OpVisits& visits, bool accumulates,
                        TripList& trips);

}  // namespace tinynas
