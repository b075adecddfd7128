// Linear layers and 1x1 convolutions by a matrix product from outside (OpenBLAS), for machines whose prebuilt
// kernels are the portable ones. Operands and panels are those of the kernels they stand in for.

#include "CKernels.h"
#define IRLAS_PREBUILT
#include "kernel_texts.h"

#include <limits.h>

enum { row_major = 101, no_transpose = 111, transpose = 112, block = 512 };

static irlas_sgemm_fn sgemm;

void irlas_set_sgemm(irlas_sgemm_fn function) { sgemm = function; }

static ptrdiff_t rows(const struct irlas_conv *d) { return d->batch * d->height * d->width; }

static int is_product(const struct irlas_conv *d) {
  return d->groups == 1 && d->kernel_height == 1 && d->kernel_width == 1 && d->stride_height == 1 &&
         d->stride_width == 1 && d->pad_top == 0 && d->pad_left == 0 && d->out_height == d->height &&
         d->out_width == d->width && !d->pairs && !d->normalizes && !d->strassen && rows(d) <= INT_MAX && d->x_pitch <= INT_MAX &&
         d->y_pitch <= INT_MAX;
}

// to [count][columns] = from [count][depth] * the panels of a weight [depth][columns]
static void multiply(const struct irlas_panels *panels, ptrdiff_t count, const float *from, ptrdiff_t from_pitch,
                     const float *weight, float *to, ptrdiff_t to_pitch) {
  for (ptrdiff_t index = 0; index < irlas_panel_count(panels); index++) {
    struct irlas_panel panel = irlas_panel(panels, index);
    sgemm(row_major, no_transpose, no_transpose, (int)count, (int)panel.width, (int)panels->inputs, 1, from,
          (int)from_pitch, weight + panel.offset, (int)panel.width, 0, to + panel.start, (int)to_pitch);
  }
}

static void forward(const void *dims, float *const *p, float *scratch, int task) {
  (void)scratch;
  const struct irlas_conv *d = dims;
  struct irlas_panels panels = irlas_forward_panels(d);
  ptrdiff_t first = (ptrdiff_t)task * block, count = irlas_min(block, rows(d) - first);
  float *y = p[0] + first * d->y_pitch;
  multiply(&panels, count, p[1] + first * d->x_pitch, d->x_pitch, p[2], y, d->y_pitch);
  const float *residual = d->has_residual ? p[3 + (d->has_bias != 0)] + first * d->residual_pitch : NULL;
  for (ptrdiff_t row = 0; row < count; row++, y += d->y_pitch) {
    if (d->has_bias)
      for (ptrdiff_t o = 0; o < d->outputs; o++) y[o] += p[3][o];
    if (residual)
      for (ptrdiff_t o = 0; o < d->outputs; o++) y[o] += residual[row * d->residual_pitch + o];
    for (ptrdiff_t o = 0; d->activation && o < d->outputs; o += irlas_lanes) {
      ptrdiff_t left = d->outputs - o;
      irlas_store_up_to(y + o, irlas_activate(d->activation, irlas_load_up_to(y + o, left)), left);
    }
  }
}

static void input_gradient(const void *dims, float *const *p, float *scratch, int task) {
  (void)scratch;
  const struct irlas_conv *d = dims;
  struct irlas_panels panels = irlas_transposed_panels(d);
  ptrdiff_t first = (ptrdiff_t)task * block, count = irlas_min(block, rows(d) - first);
  multiply(&panels, count, p[1] + first * d->y_pitch, d->y_pitch, p[2], p[0] + first * d->x_pitch, d->x_pitch);
}

// One partial sum a task.
static void weight_gradient(const void *dims, float *const *p, float *scratch, int task) {
  (void)scratch;
  const struct irlas_conv *d = dims;
  struct irlas_panels panels = irlas_forward_panels(d);
  ptrdiff_t splits = d->splits > 1 ? d->splits : 1;
  ptrdiff_t first = rows(d) * task / splits, count = rows(d) * (task + 1) / splits - first;
  float *to = p[0] + task * d->channels * d->outputs;
  for (ptrdiff_t index = 0; index < irlas_panel_count(&panels); index++) {
    struct irlas_panel panel = irlas_panel(&panels, index);
    sgemm(row_major, transpose, no_transpose, (int)d->channels, (int)panel.width, (int)count, 1,
          p[1] + first * d->x_pitch, (int)d->x_pitch, p[2] + first * d->y_pitch + panel.start, (int)d->y_pitch, 0,
          to + panel.offset, (int)panel.width);
  }
}

irlas_run_fn irlas_product(enum irlas_kernel_id id, const void *dims, int *tasks) {
  if (!sgemm) return NULL;
  if (id != IRLAS_CONV_FORWARD && id != IRLAS_CONV_INPUT_GRADIENT && id != IRLAS_CONV_WEIGHT_GRADIENT) return NULL;
  const struct irlas_conv *d = dims;
  if (!is_product(d)) return NULL;
  if (id == IRLAS_CONV_WEIGHT_GRADIENT) {
    *tasks = d->splits > 1 ? (int)d->splits : 1;
    return weight_gradient;
  }
  *tasks = (int)irlas_ceil_div(rows(d), block);
  return id == IRLAS_CONV_FORWARD ? forward : input_gradient;
}
