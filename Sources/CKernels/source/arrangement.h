// Kernels that only move data.

IRLAS_INLINE int irlas_copy_tasks(const struct irlas_copy *d) { return (int)d->batch; }
IRLAS_INLINE ptrdiff_t irlas_copy_scratch(const struct irlas_copy *d) { return (void)d, 0; }
// p: to - from
IRLAS_INLINE void irlas_copy(const struct irlas_copy *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  float *to = p[0] + d->to_offset + task * d->to_batch;
  const float *from = p[1] + d->from_offset + task * d->from_batch;
  const int adjacent = d->from_column == d->channels && d->to_column == d->channels;
  for (ptrdiff_t r = 0; r < d->rows; r++) {
    float *t = to + r * d->to_row;
    const float *f = from + r * d->from_row;
    if (adjacent) irlas_copy_floats(t, f, d->columns * d->channels);
    else
      for (ptrdiff_t c = 0; c < d->columns; c++)
        irlas_copy_floats(t + c * d->to_column, f + c * d->from_column, d->channels);
  }
}

// What several copies would do in one go through the whole: every cache line of it is touched once.
enum { irlas_most_parts = 8 };
#define IRLAS_FOR_PARTS(d, row, task, tasks, part, start, count)                                                    \
  const ptrdiff_t ends_[irlas_most_parts + 1] = {0,         (d)->end0, (d)->end1, (d)->end2, (d)->end3,             \
                                                 (d)->end4, (d)->end5, (d)->end6, (d)->end7};                       \
  const ptrdiff_t last_ = irlas_part((d)->rows, (task) + 1, tasks);                                                 \
  for (ptrdiff_t row = irlas_part((d)->rows, task, tasks); row < last_; row++)                                      \
    IRLAS_UNROLL for (int part = 0; part < irlas_most_parts; part++)                                                \
      for (ptrdiff_t start = ends_[part], count = ends_[part + 1] - start, once_ = part < (d)->parts; once_; once_ = 0)

// The pitches of up to eight operands.
#define IRLAS_PITCHES(d)                                                                                            \
  const ptrdiff_t pitches[irlas_most_parts] = {(d)->pitch0, (d)->pitch1, (d)->pitch2, (d)->pitch3,                  \
                                               (d)->pitch4, (d)->pitch5, (d)->pitch6, (d)->pitch7}

IRLAS_INLINE ptrdiff_t irlas_joined_length(const struct irlas_join *d) {
  const ptrdiff_t ends[irlas_most_parts] = {d->end0, d->end1, d->end2, d->end3, d->end4, d->end5, d->end6, d->end7};
  return ends[d->parts - 1];
}

IRLAS_INLINE int irlas_concat_tasks(const struct irlas_join *d) {
  return (int)irlas_min(irlas_stream_tasks(d->rows * irlas_joined_length(d)), d->rows);
}
IRLAS_INLINE ptrdiff_t irlas_concat_scratch(const struct irlas_join *d) { return (void)d, 0; }
// p: y - x0, x1, ...
IRLAS_INLINE void irlas_concat(const struct irlas_join *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  IRLAS_PITCHES(d);
  IRLAS_FOR_PARTS(d, row, task, irlas_concat_tasks(d), part, start, count)
  irlas_copy_floats(p[0] + row * d->pitch + start, p[1 + part] + row * pitches[part], count);
}

IRLAS_INLINE int irlas_split_tasks(const struct irlas_join *d) { return irlas_concat_tasks(d); }
IRLAS_INLINE ptrdiff_t irlas_split_scratch(const struct irlas_join *d) { return (void)d, 0; }
// p: y0, y1, ... - x
IRLAS_INLINE void irlas_split(const struct irlas_join *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  IRLAS_PITCHES(d);
  IRLAS_FOR_PARTS(d, row, task, irlas_concat_tasks(d), part, start, count)
  irlas_copy_floats(p[part] + row * pitches[part], p[d->parts] + row * d->pitch + start, count);
}

IRLAS_INLINE int irlas_transpose_tasks(const struct irlas_transpose *d) { return (int)d->batch; }
IRLAS_INLINE ptrdiff_t irlas_transpose_scratch(const struct irlas_transpose *d) { return (void)d, 0; }
// p: y - x. In squares, so that both sides stay in the cache.
IRLAS_INLINE void irlas_transpose(const struct irlas_transpose *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  const ptrdiff_t side = 16;
  float *y = p[0] + task * d->rows * d->columns;
  const float *x = p[1] + task * d->rows * d->columns;
  for (ptrdiff_t r0 = 0; r0 < d->rows; r0 += side)
    for (ptrdiff_t c0 = 0; c0 < d->columns; c0 += side)
      for (ptrdiff_t c = c0; c < irlas_min(c0 + side, d->columns); c++)
        for (ptrdiff_t r = r0; r < irlas_min(r0 + side, d->rows); r++) y[c * d->rows + r] = x[r * d->columns + c];
}

IRLAS_INLINE int irlas_channel_shuffle_tasks(const struct irlas_shuffle *d) {
  return (int)irlas_min(irlas_stream_tasks(d->rows * d->channels), d->rows);
}
IRLAS_INLINE ptrdiff_t irlas_channel_shuffle_scratch(const struct irlas_shuffle *d) { return (void)d, 0; }
// p: y - x
IRLAS_INLINE void irlas_channel_shuffle(const struct irlas_shuffle *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  const ptrdiff_t tasks = irlas_channel_shuffle_tasks(d), size = d->channels / d->groups;
  for (ptrdiff_t r = irlas_part(d->rows, task, tasks); r < irlas_part(d->rows, task + 1, tasks); r++)
    for (ptrdiff_t i = 0; i < d->groups; i++)
      for (ptrdiff_t j = 0; j < size; j++)
        p[0][r * d->channels + j * d->groups + i] = p[1][r * d->pitch + i * size + j];
}

// Neighbouring lanes of a and b, from lane 0 of the first half on, or of the second.
#define IRLAS_ZIP2(h) (h), (h) + IRLAS_LANES
#define IRLAS_ZIP4(h) IRLAS_ZIP2(h), IRLAS_ZIP2((h) + 1)
#define IRLAS_ZIP8(h) IRLAS_ZIP4(h), IRLAS_ZIP4((h) + 2)
#if IRLAS_LANES == 16
#define IRLAS_ZIP(h) IRLAS_ZIP8(h), IRLAS_ZIP8((h) + 4)
#elif IRLAS_LANES == 8
#define IRLAS_ZIP(h) IRLAS_ZIP8(h)
#else
#define IRLAS_ZIP(h) IRLAS_ZIP4(h)
#endif

IRLAS_INLINE int irlas_interleave_tasks(const struct irlas_maps *d) {
  return (int)irlas_min(irlas_stream_tasks(d->rows * d->channels * d->option), d->rows);
}
IRLAS_INLINE ptrdiff_t irlas_interleave_scratch(const struct irlas_maps *d) { return (void)d, 0; }
// p: y - x0, x1, ...
IRLAS_INLINE void irlas_interleave(const struct irlas_maps *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  IRLAS_PITCHES(d);
  const ptrdiff_t tasks = irlas_interleave_tasks(d);
  for (ptrdiff_t r = irlas_part(d->rows, task, tasks); r < irlas_part(d->rows, task + 1, tasks); r++) {
    float *y = p[0] + r * d->y_pitch;
    if (d->option == 2) {
      const float *a = p[1] + r * d->pitch0, *b = p[2] + r * d->pitch1;
      for (ptrdiff_t j = 0; j < d->channels; j += irlas_lanes) {
        const ptrdiff_t lanes = d->channels - j;
        const irlas_vec u = irlas_load_up_to(a + j, lanes), v = irlas_load_up_to(b + j, lanes);
        irlas_store_up_to(y + 2 * j, __builtin_shufflevector(u, v, IRLAS_ZIP(0)), 2 * lanes);
        if (2 * lanes > irlas_lanes)
          irlas_store_up_to(y + 2 * j + irlas_lanes, __builtin_shufflevector(u, v, IRLAS_ZIP(IRLAS_LANES / 2)),
                            2 * lanes - irlas_lanes);
      }
    } else {
      for (ptrdiff_t j = 0; j < d->channels; j++)
        for (ptrdiff_t i = 0; i < d->option; i++) y[j * d->option + i] = p[1 + i][r * pitches[i] + j];
    }
  }
}

IRLAS_INLINE int irlas_upsample_tasks(const struct irlas_upsample *d) { return (int)(d->batch * d->height); }
IRLAS_INLINE ptrdiff_t irlas_upsample_scratch(const struct irlas_upsample *d) { return (void)d, 0; }
// p: y - x
IRLAS_INLINE void irlas_upsample(const struct irlas_upsample *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  const float *x = p[1] + task * d->width * d->channels;
  float *y = p[0] + task * d->factor * d->width * d->factor * d->channels;
  for (ptrdiff_t r = 0; r < d->factor; r++)
    for (ptrdiff_t c = 0; c < d->width; c++)
      for (ptrdiff_t k = 0; k < d->factor; k++, y += d->channels) irlas_copy_floats(y, x + c * d->channels, d->channels);
}

IRLAS_INLINE int irlas_upsample_gradient_tasks(const struct irlas_upsample *d) { return (int)(d->batch * d->height); }
IRLAS_INLINE ptrdiff_t irlas_upsample_gradient_scratch(const struct irlas_upsample *d) { return (void)d, 0; }
// p: dx - dy
IRLAS_INLINE void irlas_upsample_gradient(const struct irlas_upsample *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  float *dx = p[0] + task * d->width * d->channels;
  const ptrdiff_t line = d->width * d->factor * d->channels;
  const float *dy = p[1] + task * d->factor * line;
  for (ptrdiff_t column = 0; column < d->width; column++)
    for (ptrdiff_t c = 0; c < d->channels; c += irlas_lanes) {
      const ptrdiff_t lanes = d->channels - c;
      irlas_vec sum = {0};
      for (ptrdiff_t r = 0; r < d->factor; r++)
        for (ptrdiff_t k = 0; k < d->factor; k++)
          sum += irlas_load_up_to(dy + r * line + (column * d->factor + k) * d->channels + c, lanes);
      irlas_store_up_to(dx + column * d->channels + c, sum, lanes);
    }
}
