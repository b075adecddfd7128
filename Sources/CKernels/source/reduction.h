// Sums over batch, height and width, in two levels: partial results of blocks of rows, then their combination.

IRLAS_INLINE ptrdiff_t irlas_blocks(ptrdiff_t rows, ptrdiff_t channels) {
  (void)channels;
  return irlas_max(1, irlas_min(rows / 32, 64));
}

IRLAS_INLINE int irlas_sum_partials_tasks(const struct irlas_partials *d) { return irlas_stream_tasks(d->count); }
IRLAS_INLINE ptrdiff_t irlas_sum_partials_scratch(const struct irlas_partials *d) { return (void)d, 0; }
// p: sum - partials
IRLAS_INLINE void irlas_sum_partials(const struct irlas_partials *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  const int tasks = irlas_stream_tasks(d->count);
  const ptrdiff_t end = irlas_stream_start(d->count, task + 1, tasks);
  for (ptrdiff_t i = irlas_stream_start(d->count, task, tasks); i < end; i += irlas_lanes) {
    const ptrdiff_t lanes = end - i;
    irlas_vec sum = irlas_load_up_to(p[1] + i, lanes);
    for (ptrdiff_t s = 1; s < d->splits; s++) sum += irlas_load_up_to(p[1] + s * d->count + i, lanes);
    irlas_store_up_to(p[0] + i, sum, lanes);
  }
}

IRLAS_INLINE int irlas_bias_gradient_partial_tasks(const struct irlas_reduction *d) { return (int)d->blocks; }
IRLAS_INLINE ptrdiff_t irlas_bias_gradient_partial_scratch(const struct irlas_reduction *d) { return (void)d, 0; }
// p: partials [blocks][c] - dy
IRLAS_INLINE void irlas_bias_gradient_partial(const struct irlas_reduction *d, float *const *p, float *scratch,
                                              int task) {
  (void)scratch;
  const ptrdiff_t first = irlas_part(d->rows, task, d->blocks), last = irlas_part(d->rows, task + 1, d->blocks);
  const ptrdiff_t size = d->rows * d->channels;
  for (ptrdiff_t c = 0; c < d->channels; c += irlas_lanes) {
    const ptrdiff_t lanes = d->channels - c;
    irlas_vec sum = {0};
    for (ptrdiff_t r = first; r < last; r++) {
      const ptrdiff_t at = r * d->channels + c;
      sum += irlas_load_within(p[1] + at, lanes, size - at);
    }
    irlas_store_up_to(p[0] + task * d->channels + c, sum, lanes);
  }
}

enum { irlas_statistics_rows = 32 };

IRLAS_INLINE int irlas_batch_statistics_partial_tasks(const struct irlas_reduction *d) { return (int)d->blocks; }
IRLAS_INLINE ptrdiff_t irlas_batch_statistics_partial_scratch(const struct irlas_reduction *d) { return (void)d, 0; }
// p: partials [blocks][2][c] - x: mean and sum of squared deviations of each block. Two passes over few rows,
// then the update of Chan, Golub and LeVeque (1979): nothing cancels.
IRLAS_INLINE void irlas_batch_statistics_partial(const struct irlas_reduction *d, float *const *p, float *scratch,
                                                 int task) {
  (void)scratch;
  const ptrdiff_t first = irlas_part(d->rows, task, d->blocks), last = irlas_part(d->rows, task + 1, d->blocks);
  const ptrdiff_t size = d->rows * d->channels;
  for (ptrdiff_t c = 0; c < d->channels; c += irlas_lanes) {
    const ptrdiff_t lanes = d->channels - c;
    irlas_vec mean = {0}, squares = {0};
    for (ptrdiff_t r0 = first; r0 < last; r0 += irlas_statistics_rows) {
      const ptrdiff_t rows = irlas_min(last - r0, irlas_statistics_rows);
      const float *x = p[1] + r0 * d->channels + c;
      const ptrdiff_t room = size - r0 * d->channels - c;
      irlas_vec sum = {0}, deviations = {0};
      for (ptrdiff_t r = 0; r < rows; r++)
        sum += irlas_load_within(x + r * d->channels, lanes, room - r * d->channels);
      const irlas_vec center = sum / (float)rows;
      for (ptrdiff_t r = 0; r < rows; r++) {
        irlas_vec difference = irlas_load_within(x + r * d->channels, lanes, room - r * d->channels) - center;
        deviations += difference * difference;
      }
      const float before = (float)(r0 - first), now = (float)rows;
      const irlas_vec delta = center - mean;
      mean += delta * (now / (before + now));
      squares += deviations + delta * delta * (before * now / (before + now));
    }
    irlas_store_up_to(p[0] + task * 2 * d->channels + c, mean, lanes);
    irlas_store_up_to(p[0] + (task * 2 + 1) * d->channels + c, squares, lanes);
  }
}

IRLAS_INLINE int irlas_batch_statistics_tasks(const struct irlas_reduction *d) { return (void)d, 1; }
IRLAS_INLINE ptrdiff_t irlas_batch_statistics_scratch(const struct irlas_reduction *d) { return (void)d, 0; }
// p: statistics [2][c] - partials [blocks][2][c]
IRLAS_INLINE void irlas_batch_statistics(const struct irlas_reduction *d, float *const *p, float *scratch, int task) {
  (void)scratch, (void)task;
  for (ptrdiff_t c = 0; c < d->channels; c += irlas_lanes) {
    const ptrdiff_t lanes = d->channels - c;
    irlas_vec mean = {0}, squares = {0};
    for (ptrdiff_t block = 0; block < d->blocks; block++) {
      const float before = (float)irlas_part(d->rows, block, d->blocks);
      const float now = (float)irlas_part(d->rows, block + 1, d->blocks) - before;
      if (now == 0) continue;
      const float *partial = p[1] + block * 2 * d->channels + c;
      const irlas_vec delta = irlas_load_up_to(partial, lanes) - mean;
      mean += delta * (now / (before + now));
      squares += irlas_load_up_to(partial + d->channels, lanes) + delta * delta * (before * now / (before + now));
    }
    irlas_store_up_to(p[0] + c, mean, lanes);
    irlas_store_up_to(p[0] + d->channels + c, squares / (float)d->rows, lanes);
  }
}
