// Pooling. Forward kernels own an output row, gradients an image (windows overlap in dx).

// The taps of a window along one axis that lie inside [0, size): a half-open range.
struct irlas_taps {
  ptrdiff_t start, first, last;  // position of tap 0; range of taps
};
IRLAS_INLINE struct irlas_taps irlas_taps(ptrdiff_t output, ptrdiff_t stride, ptrdiff_t dilation, ptrdiff_t pad,
                                          ptrdiff_t kernel, ptrdiff_t size) {
  const ptrdiff_t start = output * stride - pad;
  const ptrdiff_t first = start < 0 ? irlas_ceil_div(-start, dilation) : 0;
  const ptrdiff_t last = size > start ? irlas_min(kernel, irlas_ceil_div(size - start, dilation)) : 0;
  return (struct irlas_taps){start, first, irlas_max(first, last)};
}
IRLAS_INLINE struct irlas_taps irlas_row_taps(const struct irlas_pooling *d, ptrdiff_t row) {
  return irlas_taps(row, d->stride_height, d->dilation_height, d->pad_top, d->kernel_height, d->height);
}
IRLAS_INLINE struct irlas_taps irlas_column_taps(const struct irlas_pooling *d, ptrdiff_t column) {
  return irlas_taps(column, d->stride_width, d->dilation_width, d->pad_left, d->kernel_width, d->width);
}

// What an average is divided by.
IRLAS_INLINE float irlas_window_size(const struct irlas_pooling *d, struct irlas_taps h, struct irlas_taps w) {
  if (!d->counts_padding) return (float)irlas_max((h.last - h.first) * (w.last - w.first), 1);
  const ptrdiff_t rows = irlas_min(d->kernel_height,
                                   irlas_ceil_div(d->height + d->pad_bottom - h.start, d->dilation_height));
  const ptrdiff_t columns = irlas_min(d->kernel_width,
                                      irlas_ceil_div(d->width + d->pad_right - w.start, d->dilation_width));
  return (float)irlas_max(rows * columns, 1);
}

IRLAS_INLINE int irlas_max_pool_tasks(const struct irlas_pooling *d) { return (int)(d->batch * d->out_height); }
IRLAS_INLINE ptrdiff_t irlas_max_pool_scratch(const struct irlas_pooling *d) { return (void)d, 0; }
// p: y - x
IRLAS_INLINE void irlas_max_pool(const struct irlas_pooling *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  const ptrdiff_t image = task / d->out_height, row = task % d->out_height;
  const struct irlas_taps h = irlas_row_taps(d, row);
  for (ptrdiff_t column = 0; column < d->out_width; column++) {
    const struct irlas_taps w = irlas_column_taps(d, column);
    float *y = p[0] + (task * d->out_width + column) * d->y_pitch;
    const float *x = p[1] + image * d->height * d->width * d->x_pitch;
    for (ptrdiff_t c = 0; c < d->channels; c += irlas_lanes) {
      const ptrdiff_t lanes = d->channels - c;
      irlas_vec best = irlas_splat(-__builtin_inff());
      for (ptrdiff_t a = h.first; a < h.last; a++)
        for (ptrdiff_t b = w.first; b < w.last; b++) {
          const ptrdiff_t place = (h.start + a * d->dilation_height) * d->width + w.start + b * d->dilation_width;
          const irlas_vec v = irlas_load_up_to(x + place * d->x_pitch + c, lanes);
          // Not a number wins, as in the gradient.
          best = irlas_select((v > best) | (v != v), v, best);
        }
      irlas_store_up_to(y + c, best, lanes);
    }
  }
}

IRLAS_INLINE int irlas_max_pool_gradient_tasks(const struct irlas_pooling *d) { return (int)d->batch; }
IRLAS_INLINE ptrdiff_t irlas_max_pool_gradient_scratch(const struct irlas_pooling *d) { return (void)d, 0; }
// p: dx - x, dy: the first maximum in row-major order receives the gradient.
IRLAS_INLINE void irlas_max_pool_gradient(const struct irlas_pooling *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  const ptrdiff_t size = d->height * d->width * d->channels;
  float *dx = p[0] + task * size;
  const float *x = p[1] + task * d->height * d->width * d->x_pitch;
  const float *dy = p[2] + task * d->out_height * d->out_width * d->y_pitch;
  irlas_zero_floats(dx, size);
  for (ptrdiff_t row = 0; row < d->out_height; row++) {
    const struct irlas_taps h = irlas_row_taps(d, row);
    for (ptrdiff_t column = 0; column < d->out_width; column++, dy += d->y_pitch) {
      const struct irlas_taps w = irlas_column_taps(d, column);
      for (ptrdiff_t c = 0; c < d->channels; c += irlas_lanes) {
        const ptrdiff_t lanes = d->channels - c;
        irlas_vec best = irlas_splat(-__builtin_inff());
        irlas_mask_vec where = (irlas_mask_vec){0} - 1;
        for (ptrdiff_t a = h.first; a < h.last; a++)
          for (ptrdiff_t b = w.first; b < w.last; b++) {
            const ptrdiff_t place = (h.start + a * d->dilation_height) * d->width + w.start + b * d->dilation_width;
            const irlas_vec v = irlas_load_up_to(x + place * d->x_pitch + c, lanes);
            const irlas_mask_vec better = (v > best) | (where < 0) | ((v != v) & (best == best));
            const irlas_mask_vec here = (irlas_mask_vec){0} + (int32_t)(a * d->kernel_width + b);
            best = irlas_select(better, v, best);
            where = (better & here) | (~better & where);
          }
        const irlas_vec gradient = irlas_load_up_to(dy + c, lanes);
        for (ptrdiff_t a = h.first; a < h.last; a++)
          for (ptrdiff_t b = w.first; b < w.last; b++) {
            const ptrdiff_t place = (h.start + a * d->dilation_height) * d->width + w.start + b * d->dilation_width;
            float *at = dx + place * d->channels + c;
            const irlas_mask_vec hit = where == (int32_t)(a * d->kernel_width + b);
            irlas_store_up_to(at, irlas_load_up_to(at, lanes) + irlas_select(hit, gradient, (irlas_vec){0}), lanes);
          }
      }
    }
  }
}

IRLAS_INLINE int irlas_average_pool_tasks(const struct irlas_pooling *d) { return (int)(d->batch * d->out_height); }
IRLAS_INLINE ptrdiff_t irlas_average_pool_scratch(const struct irlas_pooling *d) { return (void)d, 0; }
// p: y - x
IRLAS_INLINE void irlas_average_pool(const struct irlas_pooling *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  const ptrdiff_t image = task / d->out_height, row = task % d->out_height;
  const struct irlas_taps h = irlas_row_taps(d, row);
  for (ptrdiff_t column = 0; column < d->out_width; column++) {
    const struct irlas_taps w = irlas_column_taps(d, column);
    const float size = irlas_window_size(d, h, w);
    float *y = p[0] + (task * d->out_width + column) * d->y_pitch;
    const float *x = p[1] + image * d->height * d->width * d->x_pitch;
    for (ptrdiff_t c = 0; c < d->channels; c += irlas_lanes) {
      const ptrdiff_t lanes = d->channels - c;
      irlas_vec sum = {0};
      for (ptrdiff_t a = h.first; a < h.last; a++)
        for (ptrdiff_t b = w.first; b < w.last; b++) {
          const ptrdiff_t place = (h.start + a * d->dilation_height) * d->width + w.start + b * d->dilation_width;
          sum += irlas_load_up_to(x + place * d->x_pitch + c, lanes);
        }
      irlas_store_up_to(y + c, sum / size, lanes);
    }
  }
}

IRLAS_INLINE int irlas_average_pool_gradient_tasks(const struct irlas_pooling *d) { return (int)d->batch; }
IRLAS_INLINE ptrdiff_t irlas_average_pool_gradient_scratch(const struct irlas_pooling *d) { return (void)d, 0; }
// p: dx - dy
IRLAS_INLINE void irlas_average_pool_gradient(const struct irlas_pooling *d, float *const *p, float *scratch,
                                              int task) {
  (void)scratch;
  const ptrdiff_t size = d->height * d->width * d->channels;
  float *dx = p[0] + task * size;
  const float *dy = p[1] + task * d->out_height * d->out_width * d->y_pitch;
  irlas_zero_floats(dx, size);
  for (ptrdiff_t row = 0; row < d->out_height; row++) {
    const struct irlas_taps h = irlas_row_taps(d, row);
    for (ptrdiff_t column = 0; column < d->out_width; column++, dy += d->y_pitch) {
      const struct irlas_taps w = irlas_column_taps(d, column);
      const float count = irlas_window_size(d, h, w);
      for (ptrdiff_t a = h.first; a < h.last; a++)
        for (ptrdiff_t b = w.first; b < w.last; b++) {
          const ptrdiff_t place = (h.start + a * d->dilation_height) * d->width + w.start + b * d->dilation_width;
          float *at = dx + place * d->channels;
          for (ptrdiff_t c = 0; c < d->channels; c += irlas_lanes) {
            const ptrdiff_t lanes = d->channels - c;
            irlas_store_up_to(at + c, irlas_load_up_to(at + c, lanes) + irlas_load_up_to(dy + c, lanes) / count, lanes);
          }
        }
    }
  }
}

// Sums over all places divided by `divisor`: y [batch][c]. Four rows of sums keep long sums precise and fast.
IRLAS_INLINE void irlas_sum_places(const struct irlas_places *d, float *const *p, float divisor, int task) {
  const float *x = p[1] + task * d->places * d->channels;
  const ptrdiff_t size = d->places * d->channels;
  for (ptrdiff_t c = 0; c < d->channels; c += irlas_lanes) {
    const ptrdiff_t lanes = d->channels - c;
    irlas_vec sum[4] = {{0}, {0}, {0}, {0}};
    ptrdiff_t place = 0;
    for (; place + 4 <= d->places; place += 4)
      IRLAS_UNROLL for (int k = 0; k < 4; k++) {
        const ptrdiff_t at = (place + k) * d->channels + c;
        sum[k] += irlas_load_within(x + at, lanes, size - at);
      }
    for (; place < d->places; place++) sum[0] += irlas_load_up_to(x + place * d->channels + c, lanes);
    irlas_store_up_to(p[0] + task * d->channels + c, ((sum[0] + sum[1]) + (sum[2] + sum[3])) / divisor, lanes);
  }
}

IRLAS_INLINE int irlas_global_average_pool_tasks(const struct irlas_places *d) { return (int)d->batch; }
IRLAS_INLINE ptrdiff_t irlas_global_average_pool_scratch(const struct irlas_places *d) { return (void)d, 0; }
// p: y [batch][c] - x
IRLAS_INLINE void irlas_global_average_pool(const struct irlas_places *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  irlas_sum_places(d, p, (float)d->places, task);
}

IRLAS_INLINE int irlas_spatial_sum_tasks(const struct irlas_places *d) { return (int)d->batch; }
IRLAS_INLINE ptrdiff_t irlas_spatial_sum_scratch(const struct irlas_places *d) { return (void)d, 0; }
// p: y [batch][c] - x
IRLAS_INLINE void irlas_spatial_sum(const struct irlas_places *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  irlas_sum_places(d, p, 1, task);
}

IRLAS_INLINE int irlas_global_average_pool_gradient_tasks(const struct irlas_places *d) { return (int)d->batch; }
IRLAS_INLINE ptrdiff_t irlas_global_average_pool_gradient_scratch(const struct irlas_places *d) { return (void)d, 0; }
// p: dx - dy [batch][c]
IRLAS_INLINE void irlas_global_average_pool_gradient(const struct irlas_places *d, float *const *p, float *scratch,
                                                     int task) {
  (void)scratch;
  float *dx = p[0] + task * d->places * d->channels;
  for (ptrdiff_t c = 0; c < d->channels; c += irlas_lanes) {
    const ptrdiff_t lanes = d->channels - c;
    const irlas_vec v = irlas_load_up_to(p[1] + task * d->channels + c, lanes) / (float)d->places;
    for (ptrdiff_t place = 0; place < d->places; place++) irlas_store_up_to(dx + place * d->channels + c, v, lanes);
  }
}
