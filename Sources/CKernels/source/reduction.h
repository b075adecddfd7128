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

// Columns are reduced several vectors at a time, which keeps reads of a row together. STEP(c, vectors, partial)
// is called for all columns; `vectors` is a constant, `partial` says that the vector is not whole.
enum { irlas_columns_together = IRLAS_REGISTERS / 4 };
#ifdef IRLAS_PREBUILT
#define IRLAS_REST_OF_COLUMNS(together, c, channels, STEP) \
  for (; c + irlas_lanes <= channels; c += irlas_lanes) STEP(c, 1, 0);
#else
#define IRLAS_REST_OF_COLUMNS(together, c, channels, STEP)                              \
  if ((channels) % ((together) * irlas_lanes) / irlas_lanes) {                          \
    STEP(c, (int)((channels) % ((together) * irlas_lanes) / irlas_lanes), 0);           \
    c += (channels) % ((together) * irlas_lanes) / irlas_lanes * irlas_lanes;           \
  }
#endif
#define IRLAS_FOR_COLUMNS_BY(together, channels, STEP)                                                     \
  do {                                                                                                     \
    ptrdiff_t c_ = 0;                                                                                      \
    for (; c_ + (together) * irlas_lanes <= (channels); c_ += (together) * irlas_lanes) STEP(c_, together, 0); \
    IRLAS_REST_OF_COLUMNS(together, c_, channels, STEP)                                                    \
    if (c_ < (channels)) STEP(c_, 1, 1);                                                                   \
  } while (0)
#define IRLAS_FOR_COLUMNS(channels, STEP) IRLAS_FOR_COLUMNS_BY(irlas_columns_together, channels, STEP)

// All vectors of one row.
#define IRLAS_FOR_ROW(channels, STEP)                                                                        \
  do {                                                                                                       \
    ptrdiff_t c_ = 0;                                                                                        \
    IRLAS_UNROLL4 for (; c_ + irlas_lanes <= (channels); c_ += irlas_lanes) { STEP(c_, 0); }                 \
    if (c_ < (channels)) { STEP(c_, 1); }                                                                    \
  } while (0)

enum { irlas_rows_together = 32 };

// Rows [first, last) of a block that begins at row `begin` of an array [rows][channels]. A block is walked a few
// rows at a time, all columns of those before the next rows: memory is read in order.
struct irlas_rows {
  ptrdiff_t begin, first, last, channels;
  ptrdiff_t pitch;  // floats from row to row
  ptrdiff_t size;   // floats that may be read
};
#define IRLAS_FOR_ROWS(name, count, channels, pitch, block, blocks)                                                 \
  for (struct irlas_rows name = {irlas_part(count, block, blocks), irlas_part(count, block, blocks),                \
                                 irlas_min(irlas_part(count, block, blocks) + irlas_rows_together,                  \
                                           irlas_part(count, (block) + 1, blocks)),                                 \
                                 channels, pitch, ((count) - 1) * (pitch) + (channels)};                            \
       name.first < irlas_part(count, (block) + 1, blocks); name.first = name.last,                                 \
                         name.last = irlas_min(name.last + irlas_rows_together, irlas_part(count, (block) + 1, blocks)))

// Vector v of columns from c on of a row.
IRLAS_INLINE irlas_vec irlas_row_vector(const struct irlas_rows *rows, const float *x, ptrdiff_t r, ptrdiff_t c, int v,
                                        int partial) {
  const ptrdiff_t at = r * rows->pitch + c + v * irlas_lanes, lanes = rows->channels - c;
  return partial ? irlas_load_within(x + at, lanes, irlas_max(rows->size - at, lanes)) : irlas_load(x + at);
}
// A running result of a column: zero at the block's first row.
IRLAS_INLINE irlas_vec irlas_running_column(const struct irlas_rows *rows, const float *from, ptrdiff_t c, int v,
                                            int partial) {
  if (rows->first == rows->begin) return (irlas_vec){0};
  from += c + v * irlas_lanes;
  return partial ? irlas_load_part(from, rows->channels - c) : irlas_load(from);
}
IRLAS_INLINE void irlas_store_column(const struct irlas_rows *rows, float *to, irlas_vec value, ptrdiff_t c, int v,
                                     int partial) {
  to += c + v * irlas_lanes;
  if (partial) irlas_store_part(to, value, rows->channels - c);
  else irlas_store(to, value);
}

IRLAS_INLINE void irlas_sum_columns(const struct irlas_rows *rows, const float *x, float *to, ptrdiff_t c, int vectors,
                                    int partial) {
  irlas_vec sum[irlas_columns_together];
  IRLAS_UNROLL for (int v = 0; v < vectors; v++) sum[v] = (irlas_vec){0};
  for (ptrdiff_t r = rows->first; r < rows->last; r++)
    IRLAS_UNROLL for (int v = 0; v < vectors; v++) sum[v] += irlas_row_vector(rows, x, r, c, v, partial);
  IRLAS_UNROLL for (int v = 0; v < vectors; v++)
    irlas_store_column(rows, to, irlas_running_column(rows, to, c, v, partial) + sum[v], c, v, partial);
}

IRLAS_INLINE int irlas_bias_gradient_partial_tasks(const struct irlas_reduction *d) { return (int)d->blocks; }
IRLAS_INLINE ptrdiff_t irlas_bias_gradient_partial_scratch(const struct irlas_reduction *d) { return (void)d, 0; }
// p: partials [blocks][c] - dy
IRLAS_INLINE void irlas_bias_gradient_partial(const struct irlas_reduction *d, float *const *p, float *scratch,
                                              int task) {
  (void)scratch;
#define IRLAS_STEP(c, vectors, partial) irlas_sum_columns(&rows, p[1], p[0] + task * d->channels, c, vectors, partial)
  IRLAS_FOR_ROWS(rows, d->rows, d->channels, d->pitch, task, d->blocks) IRLAS_FOR_COLUMNS(d->channels, IRLAS_STEP);
#undef IRLAS_STEP
}

// Whether a row's running results fit into registers. Wider rows keep them in scratch and are read from end to end: some
// columns of each row at a time would reach half the memory's bandwidth.
IRLAS_INLINE int irlas_is_narrow(ptrdiff_t channels, ptrdiff_t together) { return channels <= together * irlas_lanes; }
