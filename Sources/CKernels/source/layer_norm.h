// Layer norm: each row of channels has a mean and a variance of its own.

// The mean of a row and 1 / sqrt(variance + epsilon).
struct irlas_row_moments {
  irlas_vec mean, inverse;
};
IRLAS_INLINE struct irlas_row_moments irlas_moments(const float *x, ptrdiff_t channels, float epsilon) {
  irlas_vec sum = {0}, squares = {0};
  for (ptrdiff_t c = 0; c < channels; c += irlas_lanes) sum += irlas_load_up_to(x + c, channels - c);
  struct irlas_row_moments m;
  m.mean = irlas_splat(irlas_sum_lanes(sum) / (float)channels);
  ptrdiff_t c = 0;
  for (; c + irlas_lanes <= channels; c += irlas_lanes) {
    const irlas_vec centered = irlas_load(x + c) - m.mean;
    squares += centered * centered;
  }
  float variance = irlas_sum_lanes(squares);
  for (; c < channels; c++) variance += (x[c] - m.mean[0]) * (x[c] - m.mean[0]);
  m.inverse = irlas_inverse_sqrt(irlas_splat(variance / (float)channels + epsilon));
  return m;
}

IRLAS_INLINE int irlas_layer_norm_tasks(const struct irlas_norm *d) {
  return (int)irlas_min(irlas_stream_tasks(d->rows * d->channels), d->rows);
}
IRLAS_INLINE ptrdiff_t irlas_layer_norm_scratch(const struct irlas_norm *d) { return (void)d, 0; }
// p: y - x, scale, shift
IRLAS_INLINE void irlas_layer_norm(const struct irlas_norm *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  const ptrdiff_t tasks = irlas_layer_norm_tasks(d), n = d->channels;
  for (ptrdiff_t r = irlas_part(d->rows, task, tasks); r < irlas_part(d->rows, task + 1, tasks); r++) {
    const float *x = p[1] + r * n;
    const struct irlas_row_moments m = irlas_moments(x, n, d->epsilon);
    for (ptrdiff_t c = 0; c < n; c += irlas_lanes) {
      const irlas_vec xhat = (irlas_load_up_to(x + c, n - c) - m.mean) * m.inverse;
      irlas_store_up_to(p[0] + r * n + c,
                        irlas_load_up_to(p[2] + c, n - c) * xhat + irlas_load_up_to(p[3] + c, n - c), n - c);
    }
  }
}

IRLAS_INLINE int irlas_layer_norm_reduce_partial_tasks(const struct irlas_norm *d) { return (int)d->blocks; }
IRLAS_INLINE ptrdiff_t irlas_layer_norm_reduce_partial_scratch(const struct irlas_norm *d) { return (void)d, 0; }
// p: partials [blocks][2][c] - x, dy: sums of dy and of dy * xhat
IRLAS_INLINE void irlas_layer_norm_reduce_partial(const struct irlas_norm *d, float *const *p, float *scratch,
                                                  int task) {
  (void)scratch;
  const ptrdiff_t n = d->channels;
  float *sum = p[0] + task * 2 * n, *product = sum + n;
  irlas_zero_floats(sum, 2 * n);
  for (ptrdiff_t r = irlas_part(d->rows, task, d->blocks); r < irlas_part(d->rows, task + 1, d->blocks); r++) {
    const float *x = p[1] + r * n, *dy = p[2] + r * n;
    const struct irlas_row_moments m = irlas_moments(x, n, d->epsilon);
    for (ptrdiff_t c = 0; c < n; c += irlas_lanes) {
      const irlas_vec gradient = irlas_load_up_to(dy + c, n - c);
      const irlas_vec xhat = (irlas_load_up_to(x + c, n - c) - m.mean) * m.inverse;
      irlas_store_up_to(sum + c, irlas_load_up_to(sum + c, n - c) + gradient, n - c);
      irlas_store_up_to(product + c, irlas_load_up_to(product + c, n - c) + gradient * xhat, n - c);
    }
  }
}

IRLAS_INLINE int irlas_layer_norm_input_gradient_tasks(const struct irlas_norm *d) { return irlas_layer_norm_tasks(d); }
IRLAS_INLINE ptrdiff_t irlas_layer_norm_input_gradient_scratch(const struct irlas_norm *d) { return (void)d, 0; }
// p: dx - x, dy, scale: with g = scale * dy, dx = (g - mean(g) - xhat * mean(g * xhat)) / sigma
IRLAS_INLINE void irlas_layer_norm_input_gradient(const struct irlas_norm *d, float *const *p, float *scratch,
                                                  int task) {
  (void)scratch;
  const ptrdiff_t tasks = irlas_layer_norm_tasks(d), n = d->channels;
  for (ptrdiff_t r = irlas_part(d->rows, task, tasks); r < irlas_part(d->rows, task + 1, tasks); r++) {
    const float *x = p[1] + r * n, *dy = p[2] + r * n;
    const struct irlas_row_moments m = irlas_moments(x, n, d->epsilon);
    irlas_vec sum = {0}, product = {0};
    for (ptrdiff_t c = 0; c < n; c += irlas_lanes) {
      // Past the end g is zero, so that xhat there does not matter.
      const irlas_vec g = irlas_load_up_to(dy + c, n - c) * irlas_load_up_to(p[3] + c, n - c);
      sum += g;
      product += g * ((irlas_load_up_to(x + c, n - c) - m.mean) * m.inverse);
    }
    const irlas_vec constant = irlas_splat(irlas_sum_lanes(sum) / (float)n);
    const irlas_vec slope = irlas_splat(irlas_sum_lanes(product) / (float)n);
    for (ptrdiff_t c = 0; c < n; c += irlas_lanes) {
      const irlas_vec g = irlas_load_up_to(dy + c, n - c) * irlas_load_up_to(p[3] + c, n - c);
      const irlas_vec xhat = (irlas_load_up_to(x + c, n - c) - m.mean) * m.inverse;
      irlas_store_up_to(p[0] + r * n + c, (g - constant - xhat * slope) * m.inverse, n - c);
    }
  }
}
