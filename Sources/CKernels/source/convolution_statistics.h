// A convolution that leaves the statistics of its result: a task looks at the pixels it made while they are in the cache.

IRLAS_INLINE int irlas_conv_statistics_tasks(const struct irlas_conv *d) { return irlas_conv_forward_tasks(d); }
// Whether a task makes its pixels in scratch, because the map is large: they are looked at there and then written past
// the caches.
IRLAS_INLINE int irlas_statistics_from_scratch(const struct irlas_conv *d, const struct irlas_cut *cut) {
  return d->y_pitch == d->outputs && cut->chunks == 1 && !d->has_residual && d->outputs % 16 == 0 &&
         d->outputs <= 512 && irlas_is_large(d->batch * d->out_height * d->out_width * d->outputs);
}
// Scratch before those pixels: what the convolution needs, then what the statistics of a row do.
IRLAS_INLINE ptrdiff_t irlas_statistics_work(const struct irlas_conv *d) {
  return irlas_round_up(irlas_max(irlas_conv_forward_scratch(d), 2 * irlas_round_up(d->outputs, 16)), 16);
}
IRLAS_INLINE ptrdiff_t irlas_conv_statistics_scratch(const struct irlas_conv *d) {
  const struct irlas_panels panels = irlas_forward_panels(d);
  const struct irlas_sweep s = irlas_forward_sweep(d, (const float *)0, 0);
  const struct irlas_cut cut = irlas_forward_cut(d, &s, &panels);
  const ptrdiff_t pixels = cut.by_columns ? irlas_most_columns(&cut, s.columns)
                                          : irlas_ceil_div(s.rows, cut.bands) * s.columns;
  return irlas_statistics_work(d) + (irlas_statistics_from_scratch(d, &cut) ? pixels * d->outputs : 0);
}

// The blocks whose statistics the tasks leave: one for each band of each image.
IRLAS_INLINE struct irlas_statistics irlas_conv_statistics_blocks(const struct irlas_conv *d) {
  const struct irlas_panels panels = irlas_forward_panels(d);
  const struct irlas_sweep s = irlas_forward_sweep(d, (const float *)0, 0);
  const struct irlas_cut cut = irlas_forward_cut(d, &s, &panels);
  return (struct irlas_statistics){d->outputs, s.batch, cut.bands, cut.by_columns ? s.columns : s.rows,
                                   cut.by_columns ? 1 : s.columns, cut.unit};
}

// p: y, partials [blocks][2][outputs] - x, weight [, bias [, residual]] [, factors]
IRLAS_INLINE void irlas_conv_statistics(const struct irlas_conv *d, float *const *p, float *scratch, int task) {
  const struct irlas_panels panels = irlas_forward_panels(d);
  const float *factors = d->normalizes ? p[4 + (d->has_bias != 0) + (d->has_residual != 0)] : (const float *)0;
  const struct irlas_sweep s = irlas_forward_sweep(d, factors, 0);
  const ptrdiff_t count = irlas_panel_count(&panels);
  const struct irlas_cut cut = irlas_forward_cut(d, &s, &panels);
  const int past = irlas_statistics_from_scratch(d, &cut) && (uintptr_t)p[0] % 64 == 0;
  const ptrdiff_t chunk = task % cut.chunks, block = task / cut.chunks;
  const struct irlas_band band = irlas_band(&cut, s.rows, s.columns, block % cut.bands);
  const struct irlas_panel last = irlas_panel(&panels, irlas_first_panel(&cut, count, chunk + 1) - 1);
  const ptrdiff_t first = cut.chunks == 1 ? 0 : irlas_panel(&panels, irlas_first_panel(&cut, count, chunk)).start;
  const ptrdiff_t channels = cut.chunks == 1 ? d->outputs : last.start + last.width - first;
  const ptrdiff_t pixels = band.rows * band.columns;
  const ptrdiff_t pixel = (block / cut.bands * s.rows + band.row) * s.columns + band.column;
  const float *y = p[0] + pixel * d->y_pitch + first;
  float *between = scratch + irlas_statistics_work(d);
  if (past) y = between;
  irlas_convolve(d, past ? between : p[0], past, p[2], p[3], d->has_bias ? p[4] : (const float *)0,
                 d->has_residual ? p[4 + (d->has_bias != 0)] : (const float *)0, factors, 0, scratch, task);
  float *means = p[1] + block * 2 * d->outputs + first, *squares = means + d->outputs;
  // Nothing but this task's own pixels is read: others are still being made.
  const int reads_on = cut.chunks == 1 && d->y_pitch == d->outputs;
  struct irlas_rows rows = {0, 0, 0, channels, d->y_pitch, reads_on ? pixels * d->outputs : 0};
  for (; rows.first < pixels; rows.first = rows.last) {
    rows.last = irlas_min(rows.first + irlas_rows_together, pixels);
#define IRLAS_STEP(c, vectors, partial) irlas_column_statistics(&rows, y, means, squares, c, vectors, partial)
    if (cut.chunks == 1 && irlas_is_narrow(d->outputs, irlas_columns_together))
      IRLAS_FOR_COLUMNS(d->outputs, IRLAS_STEP);
    else
      irlas_row_statistics(&rows, y, means, squares, scratch);
#undef IRLAS_STEP
  }
  if (!past) return;
  float *to = p[0] + pixel * d->outputs;
  for (ptrdiff_t i = 0; i < pixels * d->outputs; i += irlas_lanes)
    irlas_store_result(to + i, irlas_load(between + i), irlas_lanes, 1);
  irlas_fence(1);
}
