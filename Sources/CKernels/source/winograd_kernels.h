// The kernels of Winograd's method: of stride 1 (winograd.h) and of stride 2 (winograd_strided.h).

IRLAS_INLINE int irlas_is_strided(const struct irlas_conv *d) { return d->stride_height == 2; }

// Floats of the transformed weight, 0 where the direct convolution is the only one.
IRLAS_INLINE ptrdiff_t irlas_winograd_weight_count(const struct irlas_conv *d) {
  if (d->kernel_height != 3 || d->kernel_width != 3 || d->stride_height != d->stride_width || d->stride_height > 2 ||
      d->dilation_height != 1 || d->dilation_width != 1 || d->groups != 1)
    return 0;
  const ptrdiff_t factors = irlas_is_strided(d) ? irlas_strided_factors : irlas_winograd_points;
  return factors * d->channels * irlas_round_up(d->outputs, irlas_winograd_lanes);
}

// Whether it saves enough of the direct convolution's time. The estimates count multiply-adds of sixteen lanes; they know nothing of
// the processor, so that a plan is the same everywhere. `changing` weights are transformed for every call.
IRLAS_INLINE int irlas_winograd_pays(const struct irlas_conv *d, int changing) {
  return irlas_is_strided(d) ? irlas_strided_pays(d, changing) : irlas_unstrided_pays(d, changing);
}

IRLAS_INLINE int irlas_winograd_weight_tasks(const struct irlas_conv *d) {
  return (int)irlas_ceil_div(d->outputs, irlas_dense_panel);
}
IRLAS_INLINE ptrdiff_t irlas_winograd_weight_scratch(const struct irlas_conv *d) { return (void)d, 0; }
// Three taps in a line to its `side` points.
IRLAS_INLINE void irlas_winograd_line(irlas_vec *y, const irlas_vec *x, int side) {
  if (side == 4) irlas_strided_taps(y, x);
  else irlas_winograd_taps(y, x);
}
// One panel, its taps in order or in reverse.
IRLAS_INLINE void irlas_winograd_transform(const struct irlas_conv *d, float *const *p, int task, int reversed, int side) {
  const struct irlas_panels panels = irlas_forward_panels(d);
  const struct irlas_panel panel = irlas_panel(&panels, task);
  const ptrdiff_t pitch = irlas_round_up(panel.width, irlas_winograd_lanes), plane = d->channels * pitch;
  for (ptrdiff_t channel = 0; channel < d->channels; channel++)
    for (ptrdiff_t lane = 0; lane < pitch; lane += irlas_lanes) {
      irlas_vec taps[3][3], lines[3][6], points[6];
      const ptrdiff_t room = irlas_max(irlas_min(panel.width - lane, irlas_lanes), 0);
      for (int i = 0; i < 9; i++) {
        const ptrdiff_t row = (reversed ? 8 - i : i) * d->channels + channel;
        taps[i % 3][i / 3] =
            irlas_load_up_to(p[1] + panel.offset + row * panel.width + irlas_min(lane, panel.width), room);
      }
      for (int i = 0; i < 3; i++) irlas_winograd_line(lines[i], taps[i], side);
      float *to = p[0] + irlas_winograd_offset(d, task, side * side) + channel * pitch + lane;
      for (int row = 0; row < side; row++) {
        const irlas_vec line[3] = {lines[0][row], lines[1][row], lines[2][row]};
        irlas_winograd_line(points, line, side);
        for (int column = 0; column < side; column++) irlas_store(to + (row * side + column) * plane, points[column]);
      }
    }
}

// p: transformed weight - weight
IRLAS_INLINE void irlas_winograd_weight(const struct irlas_conv *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  irlas_winograd_transform(d, p, task, 0, 6);
}

IRLAS_INLINE int irlas_strided_weight_tasks(const struct irlas_conv *d) { return irlas_winograd_weight_tasks(d); }
IRLAS_INLINE ptrdiff_t irlas_strided_weight_scratch(const struct irlas_conv *d) { return (void)d, 0; }
// p: transformed weight of a convolution of stride 2 - weight
IRLAS_INLINE void irlas_strided_weight(const struct irlas_conv *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  irlas_winograd_transform(d, p, task, 0, 4);
}

IRLAS_INLINE int irlas_winograd_gradient_weight_tasks(const struct irlas_conv *d) {
  return irlas_winograd_weight_tasks(d);
}
IRLAS_INLINE ptrdiff_t irlas_winograd_gradient_weight_scratch(const struct irlas_conv *d) { return (void)d, 0; }
// p: transformed weight - transposed weight. The input gradient is the convolution of dy with the transposed weight, its
// taps in reverse, padded by 2 - the padding; `d` has the sizes of that convolution.
IRLAS_INLINE void irlas_winograd_gradient_weight(const struct irlas_conv *d, float *const *p, float *scratch,
                                                 int task) {
  (void)scratch;
  irlas_winograd_transform(d, p, task, 1, 6);
}

IRLAS_INLINE int irlas_conv_winograd_tasks(const struct irlas_conv *d) {
  return irlas_is_strided(d) ? irlas_strided_tasks(d) : irlas_unstrided_tasks(d);
}
IRLAS_INLINE ptrdiff_t irlas_conv_winograd_scratch(const struct irlas_conv *d) {
  return irlas_is_strided(d) ? irlas_strided_scratch(d) : irlas_unstrided_scratch(d);
}
// p: y - x, transformed weight [, bias [, residual]]
IRLAS_INLINE void irlas_conv_winograd(const struct irlas_conv *d, float *const *p, float *scratch, int task) {
  if (irlas_is_strided(d)) irlas_strided(d, p, scratch, task);
  else irlas_unstrided(d, p, scratch, task);
}
