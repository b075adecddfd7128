// Attention over the places of a map. A task is one head of one sample: it turns the head's keys (and for the
// gradient its values) round, so that the products of one query with all keys run along the lanes. Queries are taken
// four at a time, so that what is loaded is used four times.

enum { irlas_queries = 4 };

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

// rows[i][j] = factor * sum of q[i][t] * turned[t][j] for `count` queries, a constant.
IRLAS_INLINE void irlas_row_products(const struct irlas_attention *d, const float *q, ptrdiff_t stride,
                                     const float *turned, float factor, float *rows, const int count) {
  const ptrdiff_t depth = d->channels / d->heads, width = irlas_attention_width(d);
  for (ptrdiff_t j = 0; j < width; j += irlas_lanes) {
    irlas_vec sum[irlas_queries];
    IRLAS_UNROLL for (int i = 0; i < count; i++) sum[i] = (irlas_vec){0};
    for (ptrdiff_t t = 0; t < depth; t++) {
      const irlas_vec key = irlas_load(turned + t * width + j);
      IRLAS_UNROLL for (int i = 0; i < count; i++) sum[i] += irlas_splat(q[i * stride + t]) * key;
    }
    IRLAS_UNROLL for (int i = 0; i < count; i++) irlas_store(rows + i * width + j, sum[i] * factor);
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

// to[i][t] = sum over j of rows[i][j] * x[j][t]
IRLAS_INLINE void irlas_weighted_rows(const struct irlas_attention *d, const float *rows, const float *x,
                                      ptrdiff_t stride, float *to, ptrdiff_t to_stride, const int count) {
  const ptrdiff_t depth = d->channels / d->heads, width = irlas_attention_width(d);
  for (ptrdiff_t t = 0; t < depth; t += irlas_lanes) {
    irlas_vec sum[irlas_queries];
    IRLAS_UNROLL for (int i = 0; i < count; i++) sum[i] = (irlas_vec){0};
    for (ptrdiff_t j = 0; j < d->places; j++) {
      const irlas_vec value = irlas_load_up_to(x + j * stride + t, depth - t);
      IRLAS_UNROLL for (int i = 0; i < count; i++) sum[i] += irlas_splat(rows[i * width + j]) * value;
    }
    IRLAS_UNROLL for (int i = 0; i < count; i++) irlas_store_up_to(to + i * to_stride + t, sum[i], depth - t);
  }
}

// to[j][t] += sum over i of rows[i][j] * x[i][t] for all j
IRLAS_INLINE void irlas_add_outer(const struct irlas_attention *d, const float *rows, const float *x,
                                  ptrdiff_t x_stride, float *to, ptrdiff_t stride, const int count) {
  const ptrdiff_t depth = d->channels / d->heads, width = irlas_attention_width(d);
  for (ptrdiff_t t = 0; t < depth; t += irlas_lanes) {
    irlas_vec query[irlas_queries];
    IRLAS_UNROLL for (int i = 0; i < count; i++) query[i] = irlas_load_up_to(x + i * x_stride + t, depth - t);
    for (ptrdiff_t j = 0; j < d->places; j++) {
      float *at = to + j * stride + t;
      irlas_vec sum = irlas_load_up_to(at, depth - t);
      IRLAS_UNROLL for (int i = 0; i < count; i++) sum += irlas_splat(rows[i * width + j]) * query[i];
      irlas_store_up_to(at, sum, depth - t);
    }
  }
}

// What `count` queries of a head give; y is the result of the first.
IRLAS_INLINE void irlas_attend(const struct irlas_attention *d, const float *query, const float *turned, float *rows,
                               const float *values, float *y, const int count) {
  const ptrdiff_t stride = 3 * d->channels, width = irlas_attention_width(d);
  irlas_row_products(d, query, stride, turned, d->scale, rows, count);
  for (int i = 0; i < count; i++) irlas_row_softmax(d, rows + i * width);
  irlas_weighted_rows(d, rows, values, stride, y, d->channels, count);
}

IRLAS_INLINE int irlas_attention_tasks(const struct irlas_attention *d) { return (int)(d->batch * d->heads); }
IRLAS_INLINE ptrdiff_t irlas_attention_scratch(const struct irlas_attention *d) {
  return (d->channels / d->heads + irlas_queries) * irlas_attention_width(d);
}
// p: y - x
IRLAS_INLINE void irlas_attention(const struct irlas_attention *d, float *const *p, float *scratch, int task) {
  const ptrdiff_t depth = d->channels / d->heads, stride = 3 * d->channels;
  const ptrdiff_t sample = task / d->heads, first = task % d->heads * depth;
  const float *query = p[1] + sample * d->places * stride + first, *values = query + 2 * d->channels;
  float *y = p[0] + sample * d->places * d->channels + first;
  float *turned = scratch, *rows = turned + depth * irlas_attention_width(d);
  irlas_turn_head(d, query + d->channels, stride, turned);
  ptrdiff_t i = 0;
  for (; i + irlas_queries <= d->places; i += irlas_queries)
    irlas_attend(d, query + i * stride, turned, rows, values, y + i * d->channels, irlas_queries);
  for (; i < d->places; i++) irlas_attend(d, query + i * stride, turned, rows, values, y + i * d->channels, 1);
}

// The gradients that `count` queries give; dquery is that of the first, dkeys and dvalues those of all places.
// With w the softmax of a query's row: dw[j] = dy v[j], ds[j] = w[j] (dw[j] - sum w dw).
IRLAS_INLINE void irlas_attend_gradient(const struct irlas_attention *d, const float *query, const float *keys,
                                        const float *turned, const float *turned_values, const float *dy,
                                        float *rows, float *dquery, float *dkeys, float *dvalues, const int count) {
  const ptrdiff_t stride = 3 * d->channels, width = irlas_attention_width(d);
  float *dscores = rows + irlas_queries * width;
  irlas_row_products(d, query, stride, turned, d->scale, rows, count);
  irlas_row_products(d, dy, d->channels, turned_values, 1, dscores, count);
  for (int i = 0; i < count; i++) {
    float *row = rows + i * width, *dscore = dscores + i * width;
    irlas_row_softmax(d, row);
    irlas_vec sums = {0};
    for (ptrdiff_t j = 0; j < width; j += irlas_lanes) sums += irlas_load(row + j) * irlas_load(dscore + j);
    const irlas_vec mean = irlas_splat(irlas_sum_lanes(sums));
    for (ptrdiff_t j = 0; j < width; j += irlas_lanes)
      irlas_store(dscore + j, irlas_load(row + j) * (irlas_load(dscore + j) - mean) * d->scale);
  }
  irlas_weighted_rows(d, dscores, keys, stride, dquery, stride, count);
  irlas_add_outer(d, dscores, query, stride, dkeys, stride, count);
  irlas_add_outer(d, rows, dy, d->channels, dvalues, stride, count);
}

IRLAS_INLINE int irlas_attention_gradient_tasks(const struct irlas_attention *d) { return irlas_attention_tasks(d); }
IRLAS_INLINE ptrdiff_t irlas_attention_gradient_scratch(const struct irlas_attention *d) {
  return 2 * (d->channels / d->heads + irlas_queries) * irlas_attention_width(d);
}
// p: dx - x, dy
IRLAS_INLINE void irlas_attention_gradient(const struct irlas_attention *d, float *const *p, float *scratch, int task) {
  const ptrdiff_t depth = d->channels / d->heads, stride = 3 * d->channels, width = irlas_attention_width(d);
  const ptrdiff_t sample = task / d->heads, first = task % d->heads * depth;
  const float *query = p[1] + sample * d->places * stride + first, *keys = query + d->channels;
  const float *dy = p[2] + sample * d->places * d->channels + first;
  float *dquery = p[0] + sample * d->places * stride + first, *dkeys = dquery + d->channels;
  float *dvalues = dkeys + d->channels;
  float *turned = scratch, *turned_values = turned + depth * width, *rows = turned_values + depth * width;
  irlas_turn_head(d, keys, stride, turned);
  irlas_turn_head(d, keys + d->channels, stride, turned_values);
  for (ptrdiff_t j = 0; j < d->places; j++) {
    irlas_zero_floats(dkeys + j * stride, depth);
    irlas_zero_floats(dvalues + j * stride, depth);
  }
  ptrdiff_t i = 0;
  for (; i + irlas_queries <= d->places; i += irlas_queries)
    irlas_attend_gradient(d, query + i * stride, keys, turned, turned_values, dy + i * d->channels, rows,
                          dquery + i * stride, dkeys, dvalues, irlas_queries);
  for (; i < d->places; i++)
    irlas_attend_gradient(d, query + i * stride, keys, turned, turned_values, dy + i * d->channels, rows,
                          dquery + i * stride, dkeys, dvalues, 1);
}
