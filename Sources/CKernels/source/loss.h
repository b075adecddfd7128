// Softmax cross entropy with label smoothing.

IRLAS_INLINE float irlas_row_maximum(const float *x, ptrdiff_t count) {
  float best = x[0];
  for (ptrdiff_t k = 1; k < count; k++) best = x[k] > best ? x[k] : best;
  return best;
}

// sum of exp(x - best)
IRLAS_INLINE float irlas_row_exponentials(const float *x, ptrdiff_t count, float best) {
  irlas_vec sum = {0};
  ptrdiff_t k = 0;
  for (; k + irlas_lanes <= count; k += irlas_lanes) sum += irlas_exp(irlas_load(x + k) - best);
  float total = irlas_sum_lanes(sum);
  if (k < count) {
    irlas_vec rest = irlas_exp(irlas_load_part(x + k, count - k) - best);
    for (ptrdiff_t lane = 0; lane < count - k; lane++) total += rest[lane];
  }
  return total;
}

// ln x for finite x >= 1.
IRLAS_INLINE float irlas_logarithm(float x) {
  int32_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  const int32_t exponent = (bits >> 23) - 127;
  bits = (bits & 0x7fffff) | 0x3f800000;
  float mantissa;
  __builtin_memcpy(&mantissa, &bits, sizeof mantissa);
  // ln m = 2 artanh((m - 1) / (m + 1)), m in [1, 2): the series in double, far below a float's rounding.
  const double z = ((double)mantissa - 1) / ((double)mantissa + 1), z2 = z * z;
  const double series = z * (2 + z2 * (2.0 / 3 + z2 * (2.0 / 5 + z2 * (2.0 / 7 + z2 * (2.0 / 9 + z2 * (2.0 / 11 + z2 * (2.0 / 13 + z2 * (2.0 / 15))))))));
  return (float)((double)exponent * 0.69314718055994531 + series);
}

IRLAS_INLINE int irlas_softmax_cross_entropy_tasks(const struct irlas_loss *d) { return (void)d, 1; }
IRLAS_INLINE ptrdiff_t irlas_softmax_cross_entropy_scratch(const struct irlas_loss *d) { return (void)d, 0; }
// p: loss [1] - logits, labels: ln sum exp x - (1 - smoothing) x[label] - smoothing * mean x, averaged and weighted.
IRLAS_INLINE void irlas_softmax_cross_entropy(const struct irlas_loss *d, float *const *p, float *scratch, int task) {
  (void)scratch, (void)task;
  double total = 0;
  for (ptrdiff_t n = 0; n < d->batch; n++) {
    const float *x = p[1] + n * d->classes;
    const ptrdiff_t label = (ptrdiff_t)p[2][n];
    const float best = irlas_row_maximum(x, d->classes);
    double mean = 0;
    if (d->smoothing != 0) {
      for (ptrdiff_t k = 0; k < d->classes; k++) mean += (double)(x[k] - best);
      mean /= (double)d->classes;
    }
    const double target = (1 - (double)d->smoothing) * (double)(x[label] - best) + (double)d->smoothing * mean;
    total += (double)irlas_logarithm(irlas_row_exponentials(x, d->classes, best)) - target;
  }
  p[0][0] = (float)(total / (double)d->batch * (double)d->weight);
}

IRLAS_INLINE int irlas_softmax_cross_entropy_gradient_tasks(const struct irlas_loss *d) {
  return (int)irlas_min(irlas_stream_tasks(d->batch * d->classes), d->batch);
}
IRLAS_INLINE ptrdiff_t irlas_softmax_cross_entropy_gradient_scratch(const struct irlas_loss *d) {
  return (void)d, 0;
}
// p: dlogits - logits, labels: weight * (softmax - target) / batch
IRLAS_INLINE void irlas_softmax_cross_entropy_gradient(const struct irlas_loss *d, float *const *p, float *scratch,
                                                       int task) {
  (void)scratch;
  const ptrdiff_t tasks = irlas_softmax_cross_entropy_gradient_tasks(d);
  const float share = d->weight / (float)d->batch, low = d->smoothing / (float)d->classes;
  for (ptrdiff_t n = irlas_part(d->batch, task, tasks); n < irlas_part(d->batch, task + 1, tasks); n++) {
    const float *x = p[1] + n * d->classes;
    float *dx = p[0] + n * d->classes;
    const ptrdiff_t label = (ptrdiff_t)p[2][n];
    const float best = irlas_row_maximum(x, d->classes);
    const float factor = 1.0f / irlas_row_exponentials(x, d->classes, best);
    for (ptrdiff_t k = 0; k < d->classes; k += irlas_lanes) {
      const ptrdiff_t lanes = d->classes - k;
      irlas_vec v = irlas_exp(irlas_load_up_to(x + k, lanes) - best) * factor - low;
      if (label >= k && label < k + irlas_lanes) v[label - k] -= 1 - d->smoothing;
      irlas_store_up_to(dx + k, v * share, lanes);
    }
  }
}
