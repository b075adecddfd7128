// Batch norm. Per-channel factors repeat along the array with the number of channels; where that is no multiple
// of a vector, 16 copies side by side are, so that every loop runs over whole vectors. Where something lies between
// pixels, a loop runs over one pixel.

IRLAS_INLINE ptrdiff_t irlas_norm_period(ptrdiff_t channels) { return channels % 16 == 0 ? channels : channels * 16; }
IRLAS_INLINE ptrdiff_t irlas_norm_tasks(const struct irlas_norm *d) {
  ptrdiff_t periods = irlas_ceil_div(d->rows * d->channels, irlas_norm_period(d->channels));
  return irlas_max(1, irlas_min(irlas_min(d->rows * d->channels / 8192, 64), periods));
}

// y = (x - mean) * factor + shift [+ residual], then the activation; factors [period] each. y may be x or residual.
IRLAS_INLINE void irlas_normalize(const struct irlas_norm *d, float *y, const float *x, const float *residual,
                                  const float *mean, const float *factor, const float *shift, int task) {
  const ptrdiff_t size = d->rows * d->channels, tasks = irlas_norm_tasks(d);
  const int adjacent = d->x_pitch == d->channels && d->y_pitch == d->channels &&
                       (!d->has_residual || d->residual_pitch == d->channels);
  const ptrdiff_t length = adjacent ? irlas_norm_period(d->channels) : d->channels;
  const ptrdiff_t lines = irlas_ceil_div(size, length);
  const int past = adjacent && y != x && y != residual && irlas_goes_past(y, size);
  for (ptrdiff_t k = irlas_part(lines, task, tasks); k < irlas_part(lines, task + 1, tasks); k++) {
    const float *xp = x + k * (adjacent ? length : d->x_pitch);
    float *yp = y + k * (adjacent ? length : d->y_pitch);
    const float *rp = d->has_residual ? residual + k * (adjacent ? length : d->residual_pitch) : xp;
    const ptrdiff_t count = irlas_min(length, size - k * length);
    for (ptrdiff_t i = 0; i < count; i += irlas_lanes) {
      irlas_vec v = irlas_normalized(irlas_load_up_to(xp + i, count - i), irlas_load(mean + i), irlas_load(factor + i),
                                     irlas_load(shift + i));
      if (d->has_residual) v += irlas_load_up_to(rp + i, count - i);
      irlas_store_result(yp + i, irlas_activate(d->activation, v), count - i, past);
    }
  }
  irlas_fence(past);
}

// Means, factors and shifts, `pitch` floats apart.
IRLAS_INLINE void irlas_norm_factors_of(const struct irlas_norm *d, float *to, ptrdiff_t pitch, const float *mean,
                                        const float *variance, const float *scale, const float *shift) {
  for (ptrdiff_t c = 0; c < d->channels; c += irlas_lanes) {
    const ptrdiff_t lanes = d->channels - c;
    const irlas_vec inverse = irlas_inverse_sqrt(irlas_load_up_to(variance + c, lanes) + d->epsilon);
    irlas_store_up_to(to + c, irlas_load_up_to(mean + c, lanes), lanes);
    irlas_store_up_to(to + pitch + c, irlas_load_up_to(scale + c, lanes) * inverse, lanes);
    irlas_store_up_to(to + 2 * pitch + c, irlas_load_up_to(shift + c, lanes), lanes);
  }
}

IRLAS_INLINE void irlas_normalize_by(const struct irlas_norm *d, float *y, const float *x, const float *residual,
                                     const float *mean, const float *variance, const float *scale, const float *shift,
                                     float *scratch, int task) {
  const ptrdiff_t period = irlas_norm_period(d->channels);
  float *means = scratch, *factors = means + period, *shifts = factors + period;
  irlas_norm_factors_of(d, scratch, period, mean, variance, scale, shift);
  for (ptrdiff_t i = d->channels; i < period; i++) {
    means[i] = means[i - d->channels];
    factors[i] = factors[i - d->channels];
    shifts[i] = shifts[i - d->channels];
  }
  irlas_normalize(d, y, x, residual, means, factors, shifts, task);
}

IRLAS_INLINE int irlas_batch_norm_tasks(const struct irlas_norm *d) { return (int)irlas_norm_tasks(d); }
IRLAS_INLINE ptrdiff_t irlas_batch_norm_scratch(const struct irlas_norm *d) {
  return 3 * irlas_norm_period(d->channels);
}
// p: y - x, scale, shift, mean, variance
IRLAS_INLINE void irlas_batch_norm(const struct irlas_norm *d, float *const *p, float *scratch, int task) {
  irlas_normalize_by(d, p[0], p[1], (const float *)0, p[4], p[5], p[2], p[3], scratch, task);
}

IRLAS_INLINE int irlas_batch_normalize_tasks(const struct irlas_norm *d) { return (int)irlas_norm_tasks(d); }
IRLAS_INLINE ptrdiff_t irlas_batch_normalize_scratch(const struct irlas_norm *d) {
  return 3 * irlas_norm_period(d->channels);
}
// p: y - x, statistics, scale, shift [, residual]
IRLAS_INLINE void irlas_batch_normalize(const struct irlas_norm *d, float *const *p, float *scratch, int task) {
  irlas_normalize_by(d, p[0], p[1], d->has_residual ? p[5] : (const float *)0, p[2], p[2] + d->channels, p[3], p[4],
                     scratch, task);
}

IRLAS_INLINE int irlas_norm_factors_tasks(const struct irlas_norm *d) { return (void)d, 1; }
IRLAS_INLINE ptrdiff_t irlas_norm_factors_scratch(const struct irlas_norm *d) { return (void)d, 0; }
// p: factors - statistics, scale, shift
IRLAS_INLINE void irlas_norm_factors(const struct irlas_norm *d, float *const *p, float *scratch, int task) {
  (void)scratch, (void)task;
  irlas_norm_factors_of(d, p[0], d->channels, p[1], p[1] + d->channels, p[2], p[3]);
}

// Sums of dy and of dy * (x - mean); dy times the derivative of the activation where there is one.
IRLAS_INLINE void irlas_reduce_columns(const struct irlas_rows *rows, const float *x, const struct irlas_rows *dy_rows,
                                       const float *dy, const float *means, const float *factors, const float *shifts,
                                       ptrdiff_t activation, float *to, ptrdiff_t c, int vectors, int partial) {
  irlas_vec mean[irlas_columns_together], sum[irlas_columns_together], product[irlas_columns_together];
  irlas_vec factor[irlas_columns_together], shift[irlas_columns_together];
  IRLAS_UNROLL for (int v = 0; v < vectors; v++) {
    mean[v] = irlas_load(means + c + v * irlas_lanes);
    if (activation) {
      factor[v] = irlas_load(factors + c + v * irlas_lanes);
      shift[v] = irlas_load(shifts + c + v * irlas_lanes);
    }
    sum[v] = product[v] = (irlas_vec){0};
  }
  for (ptrdiff_t r = rows->first; r < rows->last; r++)
    IRLAS_UNROLL for (int v = 0; v < vectors; v++) {
      const irlas_vec value = irlas_row_vector(rows, x, r, c, v, partial);
      irlas_vec gradient = irlas_row_vector(dy_rows, dy, r, c, v, partial);
      if (activation)
        gradient = irlas_activate_gradient_at(activation, irlas_normalized(value, mean[v], factor[v], shift[v]), gradient);
      sum[v] += gradient;
      product[v] += gradient * (value - mean[v]);
    }
  float *products = to + rows->channels;
  IRLAS_UNROLL for (int v = 0; v < vectors; v++) {
    irlas_store_column(rows, to, irlas_running_column(rows, to, c, v, partial) + sum[v], c, v, partial);
    irlas_store_column(rows, products, irlas_running_column(rows, products, c, v, partial) + product[v], c, v, partial);
  }
}

// The same with a row's running results in scratch.
IRLAS_INLINE void irlas_reduce_rows(const struct irlas_rows *rows, const float *x, const struct irlas_rows *dy_rows,
                                    const float *dy, const float *means, const float *factors, const float *shifts,
                                    ptrdiff_t activation, float *to, float *sums) {
  const ptrdiff_t pitch = irlas_round_up(rows->channels, 16);
  float *products = sums + pitch, *to_products = to + rows->channels;
  irlas_zero_floats(sums, 2 * pitch);
  for (ptrdiff_t r = rows->first; r < rows->last; r++) {
#define IRLAS_STEP(c, partial)                                                                                        \
  const irlas_vec value = irlas_row_vector(rows, x, r, c, 0, partial), mean = irlas_load(means + c);                  \
  irlas_vec gradient = irlas_row_vector(dy_rows, dy, r, c, 0, partial);                                                  \
  if (activation)                                                                                                     \
    gradient = irlas_activate_gradient_at(                                                                            \
        activation, irlas_normalized(value, mean, irlas_load(factors + c), irlas_load(shifts + c)), gradient);        \
  irlas_store(sums + c, irlas_load(sums + c) + gradient);                                                             \
  irlas_store(products + c, irlas_load(products + c) + gradient * (value - mean))
    IRLAS_FOR_ROW(rows->channels, IRLAS_STEP);
#undef IRLAS_STEP
  }
#define IRLAS_STEP(c, partial)                                                                                       \
  irlas_store_column(rows, to, irlas_running_column(rows, to, c, 0, partial) + irlas_load(sums + c), c, 0, partial); \
  irlas_store_column(rows, to_products,                                                                              \
                     irlas_running_column(rows, to_products, c, 0, partial) + irlas_load(products + c), c, 0, partial)
  IRLAS_FOR_ROW(rows->channels, IRLAS_STEP);
#undef IRLAS_STEP
}

IRLAS_INLINE int irlas_batch_norm_reduce_partial_tasks(const struct irlas_norm *d) { return (int)d->blocks; }
IRLAS_INLINE ptrdiff_t irlas_batch_norm_reduce_partial_scratch(const struct irlas_norm *d) {
  return (d->activation ? 6 : 4) * irlas_round_up(d->channels, 16);
}
// p: partials [blocks][2][c] - x, dy, statistics [, scale, shift]: sums of dy and of dy * xhat
IRLAS_INLINE void irlas_batch_norm_reduce_partial(const struct irlas_norm *d, float *const *p, float *scratch,
                                                  int task) {
  const ptrdiff_t pitch = irlas_round_up(d->channels, 16);
  float *to = p[0] + task * 2 * d->channels;
  float *means = scratch, *inverses = means + pitch, *sums = inverses + pitch;
  float *factors = sums + 2 * pitch, *shifts = factors + pitch;
  for (ptrdiff_t c = 0; c < d->channels; c += irlas_lanes) {
    const ptrdiff_t lanes = d->channels - c;
    const irlas_vec inverse = irlas_inverse_sqrt(irlas_load_up_to(p[3] + d->channels + c, lanes) + d->epsilon);
    irlas_store(means + c, irlas_load_up_to(p[3] + c, lanes));
    irlas_store(inverses + c, inverse);
    if (d->activation) {
      irlas_store(factors + c, irlas_load_up_to(p[4] + c, lanes) * inverse);
      irlas_store(shifts + c, irlas_load_up_to(p[5] + c, lanes));
    }
  }
  // What the activation needs takes registers from the sums.
  const ptrdiff_t together = d->activation ? irlas_columns_together / 2 : irlas_columns_together;
#define IRLAS_STEP(c, vectors, partial) \
  irlas_reduce_columns(&rows, p[1], &dy_rows, p[2], means, factors, shifts, d->activation, to, c, vectors, partial)
  IRLAS_FOR_ROWS(rows, d->rows, d->channels, d->x_pitch, task, d->blocks) {
    struct irlas_rows dy_rows = rows;
    dy_rows.pitch = d->residual_pitch;
    dy_rows.size = (d->rows - 1) * d->residual_pitch + d->channels;
    if (!irlas_is_narrow(d->channels, together))
      irlas_reduce_rows(&rows, p[1], &dy_rows, p[2], means, factors, shifts, d->activation, to, sums);
    else if (d->activation) IRLAS_FOR_COLUMNS_BY(irlas_columns_together / 2, d->channels, IRLAS_STEP);
    else IRLAS_FOR_COLUMNS(d->channels, IRLAS_STEP);
  }
#undef IRLAS_STEP
  for (ptrdiff_t c = 0; c < d->channels; c += irlas_lanes) {
    const ptrdiff_t lanes = d->channels - c;
    float *product = to + d->channels + c;
    irlas_store_up_to(product, irlas_load_up_to(product, lanes) * irlas_load(inverses + c), lanes);
  }
}

IRLAS_INLINE int irlas_batch_norm_input_gradient_tasks(const struct irlas_norm *d) { return (int)irlas_norm_tasks(d); }
IRLAS_INLINE ptrdiff_t irlas_batch_norm_input_gradient_scratch(const struct irlas_norm *d) {
  return 5 * irlas_norm_period(d->channels);
}
// p: dx - x, dy, statistics, scale, reductions [, shift]; dx may be x or dy:
// dx = scale / sigma * (dy - sum(dy) / n - xhat * sum(dy * xhat) / n)
IRLAS_INLINE void irlas_batch_norm_input_gradient(const struct irlas_norm *d, float *const *p, float *scratch,
                                                  int task) {
  const ptrdiff_t period = irlas_norm_period(d->channels), size = d->rows * d->channels, tasks = irlas_norm_tasks(d);
  float *mean = scratch, *outer = mean + period, *constant = outer + period, *slope = constant + period;
  float *shift = slope + period;
  const float n = (float)d->rows;
  for (ptrdiff_t c = 0; c < d->channels; c += irlas_lanes) {
    const ptrdiff_t lanes = d->channels - c;
    const irlas_vec inverse = irlas_inverse_sqrt(irlas_load_up_to(p[3] + d->channels + c, lanes) + d->epsilon);
    irlas_store_up_to(mean + c, irlas_load_up_to(p[3] + c, lanes), lanes);
    irlas_store_up_to(outer + c, irlas_load_up_to(p[4] + c, lanes) * inverse, lanes);
    irlas_store_up_to(constant + c, irlas_load_up_to(p[5] + c, lanes) / n, lanes);
    irlas_store_up_to(slope + c, inverse * irlas_load_up_to(p[5] + d->channels + c, lanes) / n, lanes);
    if (d->activation) irlas_store_up_to(shift + c, irlas_load_up_to(p[6] + c, lanes), lanes);
  }
  for (ptrdiff_t i = d->channels; i < period; i++) {
    mean[i] = mean[i - d->channels];
    outer[i] = outer[i - d->channels];
    constant[i] = constant[i - d->channels];
    slope[i] = slope[i - d->channels];
    if (d->activation) shift[i] = shift[i - d->channels];
  }
  const int adjacent = d->x_pitch == d->channels && d->y_pitch == d->channels && d->residual_pitch == d->channels;
  const ptrdiff_t length = adjacent ? period : d->channels, lines = irlas_ceil_div(size, length);
  const int past = adjacent && p[0] != p[1] && p[0] != p[2] && irlas_goes_past(p[0], size);
  for (ptrdiff_t k = irlas_part(lines, task, tasks); k < irlas_part(lines, task + 1, tasks); k++) {
    const float *x = p[1] + k * (adjacent ? length : d->x_pitch);
    const float *dy = p[2] + k * (adjacent ? length : d->residual_pitch);
    float *dx = p[0] + k * (adjacent ? length : d->y_pitch);
    const ptrdiff_t count = irlas_min(length, size - k * length);
    for (ptrdiff_t i = 0; i < count; i += irlas_lanes) {
      const irlas_vec value = irlas_load_up_to(x + i, count - i), factor = irlas_load(outer + i);
      irlas_vec gradient = irlas_load_up_to(dy + i, count - i);
      if (d->activation)
        gradient = irlas_activate_gradient_at(
            d->activation, irlas_normalized(value, irlas_load(mean + i), factor, irlas_load(shift + i)), gradient);
      irlas_vec v = gradient - irlas_load(constant + i) - (value - irlas_load(mean + i)) * irlas_load(slope + i);
      irlas_store_result(dx + i, v * factor, count - i, past);
    }
  }
  irlas_fence(past);
}
