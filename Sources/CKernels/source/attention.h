// Attention over the places of a map. A task is one head of one sample: it turns the head's keys (and for the
// gradient its values) round, so that the products of one query with all keys run along the lanes.

// The places, rounded up to whole vectors of any target: scratch is asked for without knowing which.
IRLAS_INLINE ptrdiff_t irlas_attention_width(const struct irlas_attention *d) {
  return irlas_round_up(d->places, 16);
}

// [depth][width] from rows of the given distance; zeros stand past the last place.
IRLAS_INLINE void irlas_turn_head(const struct irlas_attention *d, const float *x, ptrdiff_t stride, float *to) {
  const ptrdiff_t depth = d->channels / d->heads, width = irlas_attention_width(d);
  irlas_zero_floats(to, depth * width);
  for (ptrdiff_t j = 0; j < d->places; j++)
    for (ptrdiff_t t = 0; t < depth; t++) to[t * width + j] = x[j * stride + t];
}

// row[j] = factor * sum of q[t] * turned[t][j]
IRLAS_INLINE void irlas_row_products(const struct irlas_attention *d, const float *q, const float *turned, float factor,
                                     float *row) {
  const ptrdiff_t depth = d->channels / d->heads, width = irlas_attention_width(d);
  for (ptrdiff_t j = 0; j < width; j += irlas_lanes) {
    irlas_vec sum = {0};
    for (ptrdiff_t t = 0; t < depth; t++) sum += irlas_splat(q[t]) * irlas_load(turned + t * width + j);
    irlas_store(row + j, sum * factor);
  }
}

// The softmax of a row; zeros stand past the last place.
IRLAS_INLINE void irlas_row_softmax(const struct irlas_attention *d, float *row) {
  const ptrdiff_t width = irlas_attention_width(d);
  float most = row[0];
  for (ptrdiff_t j = 1; j < d->places; j++) most = row[j] > most ? row[j] : most;
  irlas_vec sums = {0};
  for (ptrdiff_t j = 0; j < width; j += irlas_lanes) {
    irlas_vec power = irlas_exp(irlas_load(row + j) - most);
    if (d->places - j < irlas_lanes) {
      irlas_vec kept = {0};
      for (int lane = 0; lane < irlas_lanes; lane++) kept[lane] = lane < d->places - j ? power[lane] : 0;
      power = kept;
    }
    sums += power;
    irlas_store(row + j, power);
  }
  const irlas_vec factor = irlas_splat(1.0f / irlas_sum_lanes(sums));
  for (ptrdiff_t j = 0; j < width; j += irlas_lanes) irlas_store(row + j, irlas_load(row + j) * factor);
}

// to[t] = sum over j of row[j] * x[j][t]
IRLAS_INLINE void irlas_weighted_rows(const struct irlas_attention *d, const float *row, const float *x,
                                      ptrdiff_t stride, float *to) {
  const ptrdiff_t depth = d->channels / d->heads;
  for (ptrdiff_t t = 0; t < depth; t += irlas_lanes) {
    irlas_vec sum = {0};
    for (ptrdiff_t j = 0; j < d->places; j++) sum += irlas_splat(row[j]) * irlas_load_up_to(x + j * stride + t, depth - t);
    irlas_store_up_to(to + t, sum, depth - t);
  }
}

// to[j][t] += row[j] * x[t] for all j
IRLAS_INLINE void irlas_add_outer(const struct irlas_attention *d, const float *row, const float *x, float *to,
                                  ptrdiff_t stride) {
  const ptrdiff_t depth = d->channels / d->heads;
  for (ptrdiff_t j = 0; j < d->places; j++)
    for (ptrdiff_t t = 0; t < depth; t += irlas_lanes) {
      float *at = to + j * stride + t;
      irlas_store_up_to(at, irlas_load_up_to(at, depth - t) + irlas_splat(row[j]) * irlas_load_up_to(x + t, depth - t),
                        depth - t);
    }
}

IRLAS_INLINE int irlas_attention_tasks(const struct irlas_attention *d) { return (int)(d->batch * d->heads); }
IRLAS_INLINE ptrdiff_t irlas_attention_scratch(const struct irlas_attention *d) {
  return (d->channels / d->heads + 1) * irlas_attention_width(d);
}
// p: y - x
IRLAS_INLINE void irlas_attention(const struct irlas_attention *d, float *const *p, float *scratch, int task) {
  const ptrdiff_t depth = d->channels / d->heads, stride = 3 * d->channels;
  const ptrdiff_t sample = task / d->heads, first = task % d->heads * depth;
  const float *query = p[1] + sample * d->places * stride + first;
  float *turned = scratch, *row = turned + depth * irlas_attention_width(d);
  irlas_turn_head(d, query + d->channels, stride, turned);
  for (ptrdiff_t i = 0; i < d->places; i++) {
    irlas_row_products(d, query + i * stride, turned, d->scale, row);
    irlas_row_softmax(d, row);
    irlas_weighted_rows(d, row, query + 2 * d->channels, stride,
                        p[0] + (sample * d->places + i) * d->channels + first);
  }
}

IRLAS_INLINE int irlas_attention_gradient_tasks(const struct irlas_attention *d) { return irlas_attention_tasks(d); }
IRLAS_INLINE ptrdiff_t irlas_attention_gradient_scratch(const struct irlas_attention *d) {
  return 2 * (d->channels / d->heads + 1) * irlas_attention_width(d);
}
// p: dx - x, dy. With w the softmax of a query's row: dw[j] = dy v[j], ds[j] = w[j] (dw[j] - sum w dw).
IRLAS_INLINE void irlas_attention_gradient(const struct irlas_attention *d, float *const *p, float *scratch, int task) {
  const ptrdiff_t depth = d->channels / d->heads, stride = 3 * d->channels, width = irlas_attention_width(d);
  const ptrdiff_t sample = task / d->heads, first = task % d->heads * depth;
  const float *query = p[1] + sample * d->places * stride + first;
  float *dquery = p[0] + sample * d->places * stride + first;
  float *keys = scratch, *values = keys + depth * width, *row = values + depth * width, *dscore = row + width;
  irlas_turn_head(d, query + d->channels, stride, keys);
  irlas_turn_head(d, query + 2 * d->channels, stride, values);
  for (ptrdiff_t j = 0; j < d->places; j++) {
    irlas_zero_floats(dquery + d->channels + j * stride, depth);
    irlas_zero_floats(dquery + 2 * d->channels + j * stride, depth);
  }
  for (ptrdiff_t i = 0; i < d->places; i++) {
    const float *dy = p[2] + (sample * d->places + i) * d->channels + first;
    irlas_row_products(d, query + i * stride, keys, d->scale, row);
    irlas_row_softmax(d, row);
    irlas_row_products(d, dy, values, 1, dscore);
    irlas_vec sums = {0};
    for (ptrdiff_t j = 0; j < width; j += irlas_lanes) sums += irlas_load(row + j) * irlas_load(dscore + j);
    const irlas_vec mean = irlas_splat(irlas_sum_lanes(sums));
    for (ptrdiff_t j = 0; j < width; j += irlas_lanes)
      irlas_store(dscore + j, irlas_load(row + j) * (irlas_load(dscore + j) - mean) * d->scale);
    irlas_weighted_rows(d, dscore, query + d->channels, stride, dquery + i * stride);
    irlas_add_outer(d, dscore, query + i * stride, dquery + d->channels, stride);
    irlas_add_outer(d, row, dy, dquery + 2 * d->channels, stride);
  }
}
