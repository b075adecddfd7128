// Element-wise kernels, optimiser updates included. A result may take the place of an input.

#define IRLAS_FOR_ELEMENTS(count, task, i, lanes)                                                              \
  for (ptrdiff_t i = irlas_stream_start(count, task, irlas_stream_tasks(count)),                               \
                 end_ = irlas_stream_start(count, (task) + 1, irlas_stream_tasks(count)), lanes = end_ - i;    \
       i < end_; i += irlas_lanes, lanes -= irlas_lanes)

// Maps are cut into tasks by rows, a single row along it.
IRLAS_INLINE int irlas_pixel_tasks(ptrdiff_t rows, ptrdiff_t channels) {
  const int tasks = irlas_stream_tasks(rows * channels);
  return rows == 1 ? tasks : (int)irlas_min(tasks, rows);
}
IRLAS_INLINE int irlas_maps_tasks(const struct irlas_maps *d) { return irlas_pixel_tasks(d->rows, d->channels); }
#define IRLAS_FOR_ROW_ELEMENTS(d, task, row, i, lanes)                                                         \
  const int tasks_ = irlas_pixel_tasks((d)->rows, (d)->channels);                                              \
  const ptrdiff_t from_ = (d)->rows == 1 ? irlas_stream_start((d)->channels, task, tasks_) : 0;                \
  const ptrdiff_t until_ =                                                                                     \
      (d)->rows == 1 ? irlas_stream_start((d)->channels, (task) + 1, tasks_) : (d)->channels;                  \
  const ptrdiff_t last_ = (d)->rows == 1 ? 1 : irlas_part((d)->rows, (task) + 1, tasks_);                      \
  for (ptrdiff_t row = (d)->rows == 1 ? 0 : irlas_part((d)->rows, task, tasks_); row < last_; row++)           \
    for (ptrdiff_t i = from_, lanes = until_ - from_; i < until_; i += irlas_lanes, lanes -= irlas_lanes)

IRLAS_INLINE int irlas_activation_tasks(const struct irlas_maps *d) { return irlas_maps_tasks(d); }
IRLAS_INLINE ptrdiff_t irlas_activation_scratch(const struct irlas_maps *d) { return (void)d, 0; }
// p: y - x
IRLAS_INLINE void irlas_activation(const struct irlas_maps *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  IRLAS_FOR_ROW_ELEMENTS(d, task, row, i, lanes)
  irlas_store_up_to(p[0] + row * d->y_pitch + i,
                    irlas_activate(d->option, irlas_load_up_to(p[1] + row * d->pitch0 + i, lanes)), lanes);
}

IRLAS_INLINE int irlas_activation_gradient_tasks(const struct irlas_gradients *d) {
  return irlas_pixel_tasks(d->rows, d->channels);
}
IRLAS_INLINE ptrdiff_t irlas_activation_gradient_scratch(const struct irlas_gradients *d) { return (void)d, 0; }
// p: dx - saved, dy0, ..., added0, ...
IRLAS_INLINE void irlas_activation_gradient(const struct irlas_gradients *d, float *const *p, float *scratch,
                                            int task) {
  (void)scratch;
  const ptrdiff_t pitches[8] = {d->pitch0, d->pitch1, d->pitch2, d->pitch3, d->pitch4, d->pitch5, d->pitch6, d->pitch7};
#define IRLAS_OPERAND(k) irlas_load_up_to(p[1 + (k)] + row * (d->rows == 1 ? 0 : pitches[k]) + i, lanes)
  IRLAS_FOR_ROW_ELEMENTS(d, task, row, i, lanes) {
    irlas_vec dy = IRLAS_OPERAND(1);
    for (ptrdiff_t k = 1; k < d->gradients; k++) dy += IRLAS_OPERAND(1 + k);
    irlas_vec dx = irlas_activate_gradient(d->activation, IRLAS_OPERAND(0), dy);
    for (ptrdiff_t k = 0; k < d->added; k++) dx += IRLAS_OPERAND(1 + d->gradients + k);
    irlas_store_up_to(p[0] + row * d->y_pitch + i, dx, lanes);
  }
#undef IRLAS_OPERAND
}

IRLAS_INLINE int irlas_add_tasks(const struct irlas_maps *d) { return irlas_maps_tasks(d); }
IRLAS_INLINE ptrdiff_t irlas_add_scratch(const struct irlas_maps *d) { return (void)d, 0; }
// p: y - x0, x1, ...
IRLAS_INLINE void irlas_add(const struct irlas_maps *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  const ptrdiff_t pitches[8] = {d->pitch0, d->pitch1, d->pitch2, d->pitch3, d->pitch4, d->pitch5, d->pitch6, d->pitch7};
  IRLAS_FOR_ROW_ELEMENTS(d, task, row, i, lanes) {
    irlas_vec sum = irlas_load_up_to(p[1] + row * d->pitch0 + i, lanes);
    for (ptrdiff_t k = 1; k < d->option; k++)
      sum += irlas_load_up_to(p[1 + k] + row * (d->rows == 1 ? 0 : pitches[k]) + i, lanes);
    irlas_store_up_to(p[0] + row * d->y_pitch + i, sum, lanes);
  }
}

IRLAS_INLINE int irlas_fill_tasks(const struct irlas_elements *d) { return irlas_stream_tasks(d->count); }
IRLAS_INLINE ptrdiff_t irlas_fill_scratch(const struct irlas_elements *d) { return (void)d, 0; }
// p: y -
IRLAS_INLINE void irlas_fill(const struct irlas_elements *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  IRLAS_FOR_ELEMENTS(d->count, task, i, lanes) irlas_store_up_to(p[0] + i, irlas_splat(d->value), lanes);
}

IRLAS_INLINE int irlas_multiply_tasks(const struct irlas_places *d) {
  if (d->gate == 0) return irlas_stream_tasks(d->batch * d->places * d->channels);
  return (int)d->batch;
}
IRLAS_INLINE ptrdiff_t irlas_multiply_scratch(const struct irlas_places *d) { return (void)d, 0; }
// p: y - x, gate
IRLAS_INLINE void irlas_multiply(const struct irlas_places *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  if (d->gate == 0) {
    IRLAS_FOR_ELEMENTS(d->batch * d->places * d->channels, task, i, lanes)
    irlas_store_up_to(p[0] + i, irlas_load_up_to(p[1] + i, lanes) * irlas_load_up_to(p[2] + i, lanes), lanes);
    return;
  }
  const ptrdiff_t size = d->places * d->channels;
  const float *x = p[1] + task * size;
  float *y = p[0] + task * size;
  if (d->gate == 2) {
    const irlas_vec gate = irlas_splat(p[2][task]);
    for (ptrdiff_t i = 0; i < size; i += irlas_lanes)
      irlas_store_up_to(y + i, irlas_load_up_to(x + i, size - i) * gate, size - i);
    return;
  }
  for (ptrdiff_t place = 0; place < d->places; place++)
    for (ptrdiff_t c = 0; c < d->channels; c += irlas_lanes) {
      const ptrdiff_t at = place * d->channels + c, lanes = d->channels - c;
      irlas_store_up_to(y + at, irlas_load_up_to(x + at, lanes) * irlas_load_up_to(p[2] + task * d->channels + c, lanes),
                        lanes);
    }
}

IRLAS_INLINE int irlas_row_tasks(const struct irlas_row *d) { return (void)d, 1; }
IRLAS_INLINE ptrdiff_t irlas_row_scratch(const struct irlas_row *d) { return (void)d, 0; }
// p: y - matrix
IRLAS_INLINE void irlas_row(const struct irlas_row *d, float *const *p, float *scratch, int task) {
  (void)scratch, (void)task;
  irlas_copy_floats(p[0], p[1] + d->index * d->channels, d->channels);
}

IRLAS_INLINE int irlas_running_mean_tasks(const struct irlas_running *d) { return (void)d, 1; }
IRLAS_INLINE ptrdiff_t irlas_running_mean_scratch(const struct irlas_running *d) { return (void)d, 0; }
// p: new running mean - running, statistics
IRLAS_INLINE void irlas_running_mean(const struct irlas_running *d, float *const *p, float *scratch, int task) {
  (void)scratch, (void)task;
  for (ptrdiff_t c = 0; c < d->channels; c++) p[0][c] = (1 - d->momentum) * p[1][c] + d->momentum * p[2][c];
}

IRLAS_INLINE int irlas_running_variance_tasks(const struct irlas_running *d) { return (void)d, 1; }
IRLAS_INLINE ptrdiff_t irlas_running_variance_scratch(const struct irlas_running *d) { return (void)d, 0; }
// p: new running variance - running, statistics
IRLAS_INLINE void irlas_running_variance(const struct irlas_running *d, float *const *p, float *scratch, int task) {
  (void)scratch, (void)task;
  for (ptrdiff_t c = 0; c < d->channels; c++)
    p[0][c] = (1 - d->momentum) * p[1][c] + d->momentum * (p[2][d->channels + c] * d->unbias);
}

IRLAS_INLINE int irlas_sgd_velocity_tasks(const struct irlas_sgd *d) { return irlas_stream_tasks(d->count); }
IRLAS_INLINE ptrdiff_t irlas_sgd_velocity_scratch(const struct irlas_sgd *d) { return (void)d, 0; }
// p: new velocity - parameter, gradient, velocity
IRLAS_INLINE void irlas_sgd_velocity(const struct irlas_sgd *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  IRLAS_FOR_ELEMENTS(d->count, task, i, lanes) {
    irlas_vec gradient = irlas_load_up_to(p[2] + i, lanes) + d->decay * irlas_load_up_to(p[1] + i, lanes);
    irlas_store_up_to(p[0] + i, d->momentum * irlas_load_up_to(p[3] + i, lanes) + gradient, lanes);
  }
}

IRLAS_INLINE int irlas_sgd_step_tasks(const struct irlas_sgd *d) { return irlas_stream_tasks(d->count); }
IRLAS_INLINE ptrdiff_t irlas_sgd_step_scratch(const struct irlas_sgd *d) { return (void)d, 0; }
// p: new parameter - parameter, gradient, learning rate [, new velocity]
IRLAS_INLINE void irlas_sgd_step(const struct irlas_sgd *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  const irlas_vec rate = irlas_splat(p[3][0]);
  IRLAS_FOR_ELEMENTS(d->count, task, i, lanes) {
    irlas_vec parameter = irlas_load_up_to(p[1] + i, lanes), step;
    if (d->has_velocity && !d->nesterov) {
      step = irlas_load_up_to(p[4] + i, lanes);
    } else {
      step = irlas_load_up_to(p[2] + i, lanes) + d->decay * parameter;
      if (d->has_velocity) step += d->momentum * irlas_load_up_to(p[4] + i, lanes);
    }
    irlas_store_up_to(p[0] + i, parameter - rate * step, lanes);
  }
}
