/* Executes a plan: segments of operators that stream rows through rings, whole tensors, patches. */
#include <stddef.h>

#include "tinynas_runtime.h"

/* What calls a kernel has a frame of its own: so the deepest stack is a sum that a plan knows. What
 * is done before has one too: inlined, it would widen the frames that kernels run upon. */
#define TN_NOINLINE __attribute__((noinline))

typedef struct {
  const tn_model* model;
  const tn_segment* segment;
  const tn_range *rows, *columns; /* of the running tile, by tensor; null: all */
  const int8_t* image;
  tn_row_source source;
  void* context;
} tn_run_state;

static uint16_t row_begin(const tn_run_state* run, uint16_t t) {
  return run->rows != NULL ? run->rows[t].begin : 0;
}
static uint16_t row_end(const tn_run_state* run, uint16_t t) {
  return run->rows != NULL ? run->rows[t].end : run->model->tensors[t].height;
}
static uint16_t column_begin(const tn_run_state* run, uint16_t t) {
  return run->columns != NULL ? run->columns[t].begin : 0;
}
static uint16_t column_end(const tn_run_state* run, uint16_t t) {
  return run->columns != NULL ? run->columns[t].end : run->model->tensors[t].width;
}

static int is_camera(const tn_model* model, uint16_t t) {
  return t == model->image && model->image_mode == TN_ROWS;
}

/* Whether the running segment writes the tensor, row by row. */
static int is_made_here(const tn_run_state* run, uint16_t t) {
  const uint16_t writer = run->model->writers[t];
  if (t == run->model->image) return is_camera(run->model, t);
  return writer >= run->segment->first_op && writer < run->segment->end_op;
}

static const int8_t* base_of(const tn_run_state* run, uint16_t t) {
  if (t == run->model->image && run->model->image_mode == TN_EXTERNAL) return run->image;
  return run->model->arena + run->model->tensors[t].offset;
}

static uint16_t slot_of(const tn_tensor* tensor, uint32_t flow_row) {
  return (uint16_t)((flow_row * tensor->slot_stride + tensor->slot_shift) % tensor->slots);
}

/* The column that the first pixel of a row or slot is. */
static uint16_t first_column(const tn_run_state* run, uint16_t t) {
  const int whole_rows = run->model->tensors[t].slots == 0 || is_camera(run->model, t);
  return whole_rows ? 0 : column_begin(run, t);
}

/* Flow row q of tensor t, from column x on. */
static int8_t* row_at(const tn_run_state* run, uint16_t t, uint16_t q, uint16_t x) {
  const tn_tensor* tensor = &run->model->tensors[t];
  int8_t* base = (int8_t*)base_of(run, t);
  base += (uint32_t)(x - first_column(run, t)) * tensor->channels;
  if (tensor->slots != 0) return base + slot_of(tensor, q) * tensor->row_bytes;
  const uint16_t row = run->segment->bottom_up ? (uint16_t)(tensor->height - 1 - q) : q;
  return base + row * tensor->row_bytes;
}

/* Rows of its first input that flow row q of an operator reads: flow rows [begin, end). */
static void flow_window(const tn_run_state* run, const tn_op* op, uint16_t q, int32_t* begin,
                        int32_t* end) {
  const tn_tensor* in = &run->model->tensors[run->model->input_lists[op->first_input]];
  *begin = (int32_t)q * op->stride_h - op->pad;
  *end = *begin + op->kernel_h;
  if (*begin < 0) *begin = 0;
  if (*end > in->height) *end = in->height;
}

TN_NOINLINE static void set_window(const tn_run_state* run, const tn_op* op, uint16_t q,
                                   tn_window* window) {
  const tn_model* model = run->model;
  const uint16_t t = model->input_lists[op->first_input];
  const tn_tensor* in = &model->tensors[t];
  const int bottom_up = run->segment->bottom_up;
  int32_t begin, end;
  flow_window(run, op, q, &begin, &end);
  const uint16_t row = bottom_up ? (uint16_t)(model->tensors[op->output].height - 1 - q) : q;
  const int32_t top = (int32_t)row * op->stride_h - op->pad_top;
  window->rows = (uint16_t)(end > begin ? end - begin : 0);
  window->skipped = (uint16_t)(top < 0 ? -top : 0);
  window->base = base_of(run, t);
  window->row_bytes = in->row_bytes;
  window->slots = in->slots;
  if (in->slots != 0) {
    window->step = bottom_up ? -1 : 1;
    window->slot = slot_of(in, (uint32_t)(bottom_up ? end - 1 : begin));
  } else {
    window->step = 1;
    window->slot = (uint16_t)(bottom_up ? in->height - end : begin);
  }
}

static void set_call(const tn_run_state* run, const tn_op* op, tn_call* call) {
  call->x = column_begin(run, op->output);
  call->columns = (uint16_t)(column_end(run, op->output) - call->x);
  const uint16_t in = run->model->input_lists[op->first_input];
  call->in_x = first_column(run, in);
  call->in_columns = (uint16_t)(column_end(run, in) - column_begin(run, in));
  call->in_gap = run->model->tensors[in].gap;
  call->out_gap = run->model->tensors[op->output].gap;
  call->scratch =
      run->model->arena +
      ((op->flags & TN_ACCUMULATES) != 0 ? op->sums_offset : run->segment->scratch_offset);
}

TN_NOINLINE static void run_row(const tn_run_state* run, const tn_op* op, uint16_t q) {
  const tn_model* model = run->model;
  const uint16_t* inputs = model->input_lists + op->first_input;
  const int8_t** rows = model->inputs;
  tn_call call;
  set_call(run, op, &call);
  call.out = row_at(run, op->output, q, call.x);
  call.row = run->segment->bottom_up ? (uint16_t)(model->tensors[op->output].height - 1 - q) : q;
  call.inputs = rows;
  if ((op->flags & TN_ELEMENTWISE) != 0) {
    for (uint8_t k = 0; k < op->inputs; ++k) {
      const int pixel = k > 0 && (op->flags & TN_BROADCASTS) != 0;
      rows[k] = row_at(run, inputs[k], pixel ? 0 : q, pixel ? 0 : call.x);
    }
  } else {
    set_window(run, op, q, &call.window);
  }
  op->kernel(op->layer, &call);
}

TN_NOINLINE static void run_whole(const tn_run_state* run, const tn_op* op) {
  const tn_model* model = run->model;
  const uint16_t* inputs = model->input_lists + op->first_input;
  const int8_t** tensors = model->inputs;
  tn_call call;
  for (uint8_t k = 0; k < op->inputs; ++k) tensors[k] = base_of(run, inputs[k]);
  call.inputs = tensors;
  call.out = model->arena + model->tensors[op->output].offset;
  call.scratch = model->arena + run->segment->scratch_offset;
  op->kernel(op->layer, &call);
}

/* The tensor whose next row must exist before flow row q of the operator can run, or -1. */
TN_NOINLINE static int32_t missing_input(const tn_run_state* run, const tn_op* op, uint16_t q) {
  const uint16_t* inputs = run->model->input_lists + op->first_input;
  for (uint8_t k = 0; k < op->inputs; ++k) {
    if (!is_made_here(run, inputs[k])) continue;
    int32_t begin = q, end = q + 1;
    if ((op->flags & TN_ELEMENTWISE) == 0) flow_window(run, op, q, &begin, &end);
    if (k > 0 && (op->flags & TN_BROADCASTS) != 0) end = 1;
    if (run->model->made[inputs[k]] < end) return inputs[k];
  }
  return -1;
}

/* Row m of tensor t has just come: the operator that adds up its rows does so. */
TN_NOINLINE static void feed_adder(const tn_run_state* run, uint16_t t, uint16_t m) {
  const tn_tensor* tensor = &run->model->tensors[t];
  if (tensor->adder == TN_NONE) return;
  const tn_op* op = &run->model->ops[tensor->adder];
  const int32_t from_first = (int32_t)m + op->pad;
  const int32_t q = from_first / op->stride_h;
  if (from_first - q * op->stride_h >= (int32_t)op->kernel_h) return;
  if (q < row_begin(run, op->output) || q >= row_end(run, op->output)) return;
  const int32_t first = q * op->stride_h - op->pad;
  tn_call call;
  set_call(run, op, &call);
  call.first = (uint16_t)(m == (first < 0 ? 0 : first));
  call.window.base = row_at(run, t, m, call.in_x);
  op->add_row(op->layer, &call);
}

/* Makes the next row that flow row q of the segment's last operator waits for, or that row. */
static int make_a_row(const tn_run_state* run, uint16_t q) {
  const tn_model* model = run->model;
  const tn_op* op = &model->ops[run->segment->end_op - 1];
  uint16_t row = q;
  for (;;) {
    const int32_t missing = missing_input(run, op, row);
    if (missing < 0) break;
    const uint16_t t = (uint16_t)missing;
    row = model->made[t];
    if (t == model->image) {
      const int stop = run->source(run->context, row, row_at(run, t, row, 0));
      if (stop != 0) return stop;
      model->made[t] = (uint16_t)(row + 1);
      feed_adder(run, t, row);
      return 0;
    }
    op = &model->ops[model->writers[t]];
  }
  run_row(run, op, row);
  model->made[op->output] = (uint16_t)(row + 1);
  feed_adder(run, op->output, row);
  return 0;
}

static int run_tile(const tn_run_state* run) {
  const tn_model* model = run->model;
  const uint16_t last = model->ops[run->segment->end_op - 1].output;
  for (uint16_t i = run->segment->first_op; i < run->segment->end_op; ++i) {
    const uint16_t t = model->ops[i].output;
    model->made[t] = row_begin(run, t);
  }
  for (uint16_t q = row_begin(run, last); q < row_end(run, last); ++q) {
    while (model->made[last] <= q) {
      const int stop = make_a_row(run, q);
      if (stop != 0) return stop;
    }
  }
  return 0;
}

static int run_segment(tn_run_state* run) {
  const tn_segment* segment = run->segment;
  const uint16_t count = run->model->tensor_count;
  const tn_op* first = &run->model->ops[segment->first_op];
  if ((first->flags & TN_WHOLE) != 0) {
    run_whole(run, first);
    return 0;
  }
  for (uint16_t i = 0; i < segment->tile_rows; ++i) {
    run->rows = segment->row_ranges != NULL ? segment->row_ranges + i * count : NULL;
    for (uint16_t j = 0; j < segment->tile_columns; ++j) {
      run->columns = segment->column_ranges != NULL ? segment->column_ranges + j * count : NULL;
      const int stop = run_tile(run);
      if (stop != 0) return stop;
    }
  }
  return 0;
}

int tn_run(const tn_model* model, const int8_t* image, tn_row_source source, void* context) {
  tn_run_state run;
  run.model = model;
  run.image = image;
  run.source = source;
  run.context = context;
  model->made[model->image] = 0;
  for (uint16_t i = 0; i < model->segment_count; ++i) {
    run.segment = &model->segments[i];
    const int stop = run_segment(&run);
    if (stop != 0) return stop;
  }
  return 0;
}

void tn_copy_outputs(const tn_model* model, int8_t* to) {
  for (uint16_t i = 0; i < model->output_count; ++i) {
    const int8_t* from = model->arena + model->outputs[i].offset;
    for (uint32_t k = 0; k < model->outputs[i].bytes; ++k) *to++ = from[k];
  }
}
