// Softmax over the channels of each row.

IRLAS_INLINE int irlas_softmax_tasks(const struct irlas_reduction *d) {
  return (int)irlas_min(irlas_stream_tasks(d->rows * d->channels), d->rows);
}
IRLAS_INLINE ptrdiff_t irlas_softmax_scratch(const struct irlas_reduction *d) { return (void)d, 0; }
// p: y - x
IRLAS_INLINE void irlas_softmax(const struct irlas_reduction *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  const ptrdiff_t tasks = irlas_softmax_tasks(d), n = d->channels;
  for (ptrdiff_t r = irlas_part(d->rows, task, tasks); r < irlas_part(d->rows, task + 1, tasks); r++) {
    const float *x = p[1] + r * n;
    const float best = irlas_row_maximum(x, n);
    const float factor = 1.0f / irlas_row_exponentials(x, n, best);
    for (ptrdiff_t c = 0; c < n; c += irlas_lanes) {
      irlas_store_up_to(p[0] + r * n + c, irlas_exp(irlas_load_up_to(x + c, n - c) - best) * factor, n - c);
    }
  }
}

IRLAS_INLINE int irlas_softmax_gradient_tasks(const struct irlas_reduction *d) { return irlas_softmax_tasks(d); }
IRLAS_INLINE ptrdiff_t irlas_softmax_gradient_scratch(const struct irlas_reduction *d) { return (void)d, 0; }
// p: dx - y, dy: y * (dy - sum y dy)
IRLAS_INLINE void irlas_softmax_gradient(const struct irlas_reduction *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  const ptrdiff_t tasks = irlas_softmax_gradient_tasks(d), n = d->channels;
  for (ptrdiff_t r = irlas_part(d->rows, task, tasks); r < irlas_part(d->rows, task + 1, tasks); r++) {
    const float *y = p[1] + r * n, *dy = p[2] + r * n;
    // Past the end both are zero.
    irlas_vec sum = {0};
    for (ptrdiff_t c = 0; c < n; c += irlas_lanes) sum += irlas_load_up_to(y + c, n - c) * irlas_load_up_to(dy + c, n - c);
    const irlas_vec dot = irlas_splat(irlas_sum_lanes(sum));
    for (ptrdiff_t c = 0; c < n; c += irlas_lanes) {
      const irlas_vec gradient = irlas_load_up_to(dy + c, n - c) - dot;
      irlas_store_up_to(p[0] + r * n + c, irlas_load_up_to(y + c, n - c) * gradient, n - c);
    }
  }
}
