// Mean and variance of each channel over batch, height and width: blocks of rows leave a mean and a sum of squared
// deviations each, which the update of Chan, Golub and LeVeque (1979) combines in order. Within a few rows
// deviations are measured from the first of them, so that one pass is enough: the sum of squares is then at most
// 1 + rows times what is left of it, and a loss of digits is bounded whatever the values.

// Puts `now` rows with their sum and sum of squares around `center` to the `before` rows of a block so far.
IRLAS_INLINE void irlas_join_statistics(const struct irlas_rows *rows, float *means, float *squares, irlas_vec center,
                                        irlas_vec sum, irlas_vec square, ptrdiff_t c, int v, int partial) {
  const float before = (float)(rows->first - rows->begin), now = (float)(rows->last - rows->first);
  const irlas_vec shift = sum / now, mean = irlas_running_column(rows, means, c, v, partial);
  const irlas_vec delta = center + shift - mean;
  irlas_store_column(rows, means, mean + delta * (now / (before + now)), c, v, partial);
  irlas_store_column(rows, squares,
                     irlas_running_column(rows, squares, c, v, partial) + (square - sum * shift) +
                         delta * delta * (before * now / (before + now)),
                     c, v, partial);
}

IRLAS_INLINE void irlas_column_statistics(const struct irlas_rows *rows, const float *x, float *means, float *squares,
                                          ptrdiff_t c, int vectors, int partial) {
  irlas_vec center[irlas_columns_together], sum[irlas_columns_together], square[irlas_columns_together];
  IRLAS_UNROLL for (int v = 0; v < vectors; v++) {
    center[v] = irlas_row_vector(rows, x, rows->first, c, v, partial);
    sum[v] = square[v] = (irlas_vec){0};
  }
  for (ptrdiff_t r = rows->first + 1; r < rows->last; r++)
    IRLAS_UNROLL for (int v = 0; v < vectors; v++) {
      const irlas_vec difference = irlas_row_vector(rows, x, r, c, v, partial) - center[v];
      sum[v] += difference;
      square[v] += difference * difference;
    }
  IRLAS_UNROLL for (int v = 0; v < vectors; v++)
    irlas_join_statistics(rows, means, squares, center[v], sum[v], square[v], c, v, partial);
}

// The same with a row's running results in scratch.
IRLAS_INLINE void irlas_row_statistics(const struct irlas_rows *rows, const float *x, float *means, float *squares,
                                       float *scratch) {
  const ptrdiff_t pitch = irlas_round_up(rows->channels, 16);
  float *sums = scratch, *square_sums = scratch + pitch;
  irlas_zero_floats(scratch, 2 * pitch);
  for (ptrdiff_t r = rows->first + 1; r < rows->last; r++) {
#define IRLAS_STEP(c, partial)                                                              \
  const irlas_vec difference = irlas_row_vector(rows, x, r, c, 0, partial) -                \
                               irlas_row_vector(rows, x, rows->first, c, 0, partial);       \
  irlas_store(sums + c, irlas_load(sums + c) + difference);                                 \
  irlas_store(square_sums + c, irlas_load(square_sums + c) + difference * difference)
    IRLAS_FOR_ROW(rows->channels, IRLAS_STEP);
#undef IRLAS_STEP
  }
#define IRLAS_STEP(c, partial)                                                                                \
  irlas_join_statistics(rows, means, squares, irlas_row_vector(rows, x, rows->first, c, 0, partial),          \
                        irlas_load(sums + c), irlas_load(square_sums + c), c, 0, partial)
  IRLAS_FOR_ROW(rows->channels, IRLAS_STEP);
#undef IRLAS_STEP
}

IRLAS_INLINE int irlas_batch_statistics_partial_tasks(const struct irlas_reduction *d) { return (int)d->blocks; }
IRLAS_INLINE ptrdiff_t irlas_batch_statistics_partial_scratch(const struct irlas_reduction *d) {
  return 2 * irlas_round_up(d->channels, 16);
}
// p: partials [blocks][2][c] - x
IRLAS_INLINE void irlas_batch_statistics_partial(const struct irlas_reduction *d, float *const *p, float *scratch,
                                                 int task) {
  float *means = p[0] + task * 2 * d->channels, *squares = means + d->channels;
#define IRLAS_STEP(c, vectors, partial) irlas_column_statistics(&rows, p[1], means, squares, c, vectors, partial)
  IRLAS_FOR_ROWS(rows, d->rows, d->channels, d->pitch, task, d->blocks)
    if (irlas_is_narrow(d->channels, irlas_columns_together)) IRLAS_FOR_COLUMNS(d->channels, IRLAS_STEP);
    else irlas_row_statistics(&rows, p[1], means, squares, scratch);
#undef IRLAS_STEP
}

IRLAS_INLINE int irlas_batch_statistics_tasks(const struct irlas_statistics *d) {
  return (int)irlas_max(1, irlas_ceil_div(d->channels, 64));
}
IRLAS_INLINE ptrdiff_t irlas_batch_statistics_scratch(const struct irlas_statistics *d) { return (void)d, 0; }
// p: statistics [2][c] - partials [images * bands][2][c]
IRLAS_INLINE void irlas_batch_statistics(const struct irlas_statistics *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  for (ptrdiff_t c = task * 64; c < irlas_min(task * 64 + 64, d->channels); c += irlas_lanes) {
    const ptrdiff_t lanes = d->channels - c;
    irlas_vec mean = {0}, squares = {0};
    const float *partial = p[1] + c;
    float before = 0;
    for (ptrdiff_t image = 0; image < d->images; image++)
      for (ptrdiff_t band = 0; band < d->bands; band++, partial += 2 * d->channels) {
        const ptrdiff_t rows = irlas_units(d->rows, d->unit, band + 1, d->bands) -
                                irlas_units(d->rows, d->unit, band, d->bands);
        const float now = (float)(rows * d->columns);
        if (now == 0) continue;
        const irlas_vec delta = irlas_load_up_to(partial, lanes) - mean;
        mean += delta * (now / (before + now));
        squares += irlas_load_up_to(partial + d->channels, lanes) + delta * delta * (before * now / (before + now));
        before += now;
      }
    irlas_store_up_to(p[0] + c, mean, lanes);
    irlas_store_up_to(p[0] + d->channels + c, squares / before, lanes);
  }
}
