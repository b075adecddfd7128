// Conversions of weights.

// Tasks: one panel each.
IRLAS_INLINE int irlas_weight_pack_tasks(const struct irlas_conv *d) {
  struct irlas_panels panels = irlas_forward_panels(d);
  return (int)irlas_panel_count(&panels);
}
IRLAS_INLINE ptrdiff_t irlas_weight_pack_scratch(const struct irlas_conv *d) { return (void)d, 0; }
// p: weight in panels - weight {out, in / groups, kh, kw}
IRLAS_INLINE void irlas_weight_pack(const struct irlas_conv *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  struct irlas_panels panels = irlas_forward_panels(d);
  struct irlas_panel panel = irlas_panel(&panels, task);
  float *to = p[0] + panel.offset;
  for (ptrdiff_t tap = 0; tap < panels.taps; tap++)
    for (ptrdiff_t i = 0; i < panels.inputs; i++)
      for (ptrdiff_t o = 0; o < panel.width; o++)
        *to++ = p[1][((panel.start + o) * panels.inputs + i) * panels.taps + tap];
}

IRLAS_INLINE int irlas_weight_unpack_tasks(const struct irlas_conv *d) { return irlas_weight_pack_tasks(d); }
IRLAS_INLINE ptrdiff_t irlas_weight_unpack_scratch(const struct irlas_conv *d) { return (void)d, 0; }
// p: weight {out, in / groups, kh, kw} - weight in panels
IRLAS_INLINE void irlas_weight_unpack(const struct irlas_conv *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  struct irlas_panels panels = irlas_forward_panels(d);
  struct irlas_panel panel = irlas_panel(&panels, task);
  const float *from = p[1] + panel.offset;
  for (ptrdiff_t tap = 0; tap < panels.taps; tap++)
    for (ptrdiff_t i = 0; i < panels.inputs; i++)
      for (ptrdiff_t o = 0; o < panel.width; o++)
        p[0][((panel.start + o) * panels.inputs + i) * panels.taps + tap] = *from++;
}

IRLAS_INLINE int irlas_weight_transpose_tasks(const struct irlas_conv *d) {
  struct irlas_panels panels = irlas_transposed_panels(d);
  return (int)irlas_panel_count(&panels);
}
IRLAS_INLINE ptrdiff_t irlas_weight_transpose_scratch(const struct irlas_conv *d) { return (void)d, 0; }
// p: transposed weight (panels of input channels, taps in the same order) - weight
IRLAS_INLINE void irlas_weight_transpose(const struct irlas_conv *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  struct irlas_panels forward = irlas_forward_panels(d), transposed = irlas_transposed_panels(d);
  struct irlas_panel panel = irlas_panel(&transposed, task);
  float *to = p[0] + panel.offset;
  if (forward.joined) {
    for (ptrdiff_t tap = 0; tap < forward.taps; tap++)
      for (ptrdiff_t j = 0; j < transposed.inputs; j++)
        for (ptrdiff_t c = 0; c < panel.width; c++) {
          const ptrdiff_t input = panel.start + c, output = input / forward.inputs * forward.outputs + j;
          *to++ = p[1][irlas_weight_at(&forward, output, tap, input % forward.inputs)];
        }
    return;
  }
  // Panel by panel of outputs: both sides of such a square stay in the cache.
  const ptrdiff_t input = panel.start % forward.inputs, per_group = irlas_panels_per_group(&forward);
  for (ptrdiff_t index = 0; index < per_group; index++) {
    const struct irlas_panel outputs = irlas_panel(&forward, panel.group * per_group + index);
    for (ptrdiff_t tap = 0; tap < forward.taps; tap++) {
      const float *from = p[1] + outputs.offset + (tap * forward.inputs + input) * outputs.width;
      float *square = to + (tap * transposed.inputs + index * irlas_dense_panel) * panel.width;
      for (ptrdiff_t j = 0; j < outputs.width; j++)
        for (ptrdiff_t c = 0; c < panel.width; c++) square[j * panel.width + c] = from[c * outputs.width + j];
    }
  }
}

// Words of the rounded weight, 0 where groups are too small for pairs of channels: joined panels multiply floats.
IRLAS_INLINE ptrdiff_t irlas_bf16_weight_count(const struct irlas_conv *d) {
  const struct irlas_panels p = irlas_word_panels(d);
  return p.joined || d->channels == d->groups ? 0 : d->outputs * p.taps * p.inputs;
}

// One panel rounded, its taps in order or in reverse.
IRLAS_INLINE void irlas_round_panel(const struct irlas_conv *d, float *const *p, int task, int reversed) {
  const struct irlas_panels from = irlas_forward_panels(d), to = irlas_word_panels(d);
  const struct irlas_panel source = irlas_panel(&from, task), target = irlas_panel(&to, task);
  for (ptrdiff_t tap = 0; tap < from.taps; tap++)
    for (ptrdiff_t word = 0; word < to.inputs; word++) {
      const ptrdiff_t row = (reversed ? from.taps - 1 - tap : tap) * from.inputs + 2 * word;
      const float *first = p[1] + source.offset + row * source.width, *second = first + source.width;
      const int alone = 2 * word + 1 == from.inputs;
      float *words = p[0] + target.offset + (tap * to.inputs + word) * target.width;
      for (ptrdiff_t lane = 0; lane < source.width; lane++)
        irlas_store_pair(words + lane, first[lane], alone ? 0 : second[lane]);
    }
}
IRLAS_INLINE int irlas_bf16_weight_tasks(const struct irlas_conv *d) {
  const struct irlas_panels p = irlas_forward_panels(d);
  return (int)irlas_panel_count(&p);
}
IRLAS_INLINE ptrdiff_t irlas_bf16_weight_scratch(const struct irlas_conv *d) { return (void)d, 0; }
// p: rounded weight - weight
IRLAS_INLINE void irlas_bf16_weight(const struct irlas_conv *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  irlas_round_panel(d, p, task, 0);
}
IRLAS_INLINE int irlas_bf16_gradient_weight_tasks(const struct irlas_conv *d) { return irlas_bf16_weight_tasks(d); }
IRLAS_INLINE ptrdiff_t irlas_bf16_gradient_weight_scratch(const struct irlas_conv *d) { return (void)d, 0; }
// p: rounded weight - transposed weight. The input gradient is the convolution of dy with the transposed weight, its taps in
// reverse; `d` has the sizes of that convolution.
IRLAS_INLINE void irlas_bf16_gradient_weight(const struct irlas_conv *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  irlas_round_panel(d, p, task, 1);
}

IRLAS_INLINE int irlas_folded_weight_tasks(const struct irlas_fold *d) { return (void)d, 1; }
IRLAS_INLINE ptrdiff_t irlas_folded_weight_scratch(const struct irlas_fold *d) { return (void)d, 0; }
// p: new weight - weight, scale, variance: weight * scale / sqrt(variance + epsilon) by output channel
IRLAS_INLINE void irlas_folded_weight(const struct irlas_fold *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  (void)task;
  struct irlas_conv conv = {.channels = d->channels, .outputs = d->outputs, .groups = d->groups,
                            .kernel_height = 1, .kernel_width = d->taps / (d->channels / d->groups)};
  struct irlas_panels panels = irlas_forward_panels(&conv);
  ptrdiff_t count = irlas_panel_count(&panels);
  for (ptrdiff_t index = 0; index < count; index++) {
    const struct irlas_panel panel = irlas_panel(&panels, index);
    for (ptrdiff_t o = 0; o < panel.width; o += irlas_lanes) {
      const ptrdiff_t lanes = panel.width - o, output = panel.start + o;
      const irlas_vec variance = irlas_load_up_to(p[3] + output, lanes) + d->epsilon;
      const irlas_vec factor = irlas_load_up_to(p[2] + output, lanes) * irlas_inverse_sqrt(variance);
      for (ptrdiff_t row = 0; row < d->taps; row++) {
        const ptrdiff_t at = panel.offset + row * panel.width + o;
        irlas_store_up_to(p[0] + at, irlas_load_up_to(p[1] + at, lanes) * factor, lanes);
      }
    }
  }
}

IRLAS_INLINE int irlas_folded_bias_tasks(const struct irlas_fold *d) { return (void)d, 1; }
IRLAS_INLINE ptrdiff_t irlas_folded_bias_scratch(const struct irlas_fold *d) { return (void)d, 0; }
// p: new bias - scale, shift, mean, variance [, bias]: shift + (bias - mean) * scale / sqrt(variance + epsilon)
IRLAS_INLINE void irlas_folded_bias(const struct irlas_fold *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  (void)task;
  for (ptrdiff_t o = 0; o < d->outputs; o += irlas_lanes) {
    const ptrdiff_t lanes = d->outputs - o;
    const irlas_vec variance = irlas_load_up_to(p[4] + o, lanes) + d->epsilon;
    const irlas_vec factor = irlas_load_up_to(p[1] + o, lanes) * irlas_inverse_sqrt(variance);
    const irlas_vec bias = d->has_bias ? irlas_load_up_to(p[5] + o, lanes) : (irlas_vec){0};
    irlas_vec folded = irlas_load_up_to(p[2] + o, lanes) + (bias - irlas_load_up_to(p[3] + o, lanes)) * factor;
    irlas_store_up_to(p[0] + o, folded, lanes);
  }
}

// The second of two 1x1 convolutions, and both of them as one.
IRLAS_INLINE struct irlas_panels irlas_composed_panels(const struct irlas_composition *d, ptrdiff_t inputs) {
  return (struct irlas_panels){1, inputs, d->outputs, 1, 0};
}
IRLAS_INLINE int irlas_composed_weight_tasks(const struct irlas_composition *d) {
  const struct irlas_panels panels = irlas_composed_panels(d, d->middle);
  return (int)irlas_panel_count(&panels);
}
IRLAS_INLINE ptrdiff_t irlas_composed_weight_scratch(const struct irlas_composition *d) { return (void)d, 0; }
// to[i] += x[i][0] w[0] + x[i][1] w[1] + ... for `count` rows, `steps` terms; x has `pitch`, to and w are `width` wide.
IRLAS_INLINE void irlas_add_rows(float *to, const float *x, ptrdiff_t pitch, const float *w, ptrdiff_t width, ptrdiff_t count,
                                 int steps) {
  for (ptrdiff_t lane = 0; lane < width; lane += irlas_lanes) {
    irlas_vec factors[4];
    IRLAS_UNROLL for (int k = 0; k < steps; k++) factors[k] = irlas_load_up_to(w + k * width + lane, width - lane);
    for (ptrdiff_t i = 0; i < count; i++) {
      irlas_vec sum = irlas_load_up_to(to + i * width + lane, width - lane);
      IRLAS_UNROLL for (int k = 0; k < steps; k++) sum += irlas_splat(x[i * pitch + k]) * factors[k];
      irlas_store_up_to(to + i * width + lane, sum, width - lane);
    }
  }
}
// p: weight - weight of the second, weight of the first. One panel: for each output of the first, the inputs of its group.
IRLAS_INLINE void irlas_composed_weight(const struct irlas_composition *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  const struct irlas_conv conv = {.channels = d->inputs, .outputs = d->middle, .groups = d->groups, .kernel_height = 1,
                                  .kernel_width = 1};
  const struct irlas_panels first = irlas_forward_panels(&conv), second = irlas_composed_panels(d, d->middle);
  const struct irlas_panel panel = irlas_panel(&second, task);
  float *to = p[0] + panel.start * d->inputs;
  irlas_zero_floats(to, d->inputs * panel.width);
  for (ptrdiff_t index = 0; index < irlas_panel_count(&first); index++) {
    const struct irlas_panel from = irlas_panel(&first, index);
    for (ptrdiff_t m = 0; m < from.width;) {
      const ptrdiff_t output = from.start + m, group = output / first.outputs;
      const float *x = p[2] + from.offset + m, *w = p[1] + panel.offset + output * panel.width;
      float *rows = to + group * first.inputs * panel.width;
      if (!first.joined && m + 4 <= from.width) {
        irlas_add_rows(rows, x, from.width, w, panel.width, first.inputs, 4);
        m += 4;
      } else {
        irlas_add_rows(rows, x, from.width, w, panel.width, first.inputs, 1);
        m += 1;
      }
    }
  }
}

IRLAS_INLINE int irlas_composed_bias_tasks(const struct irlas_composition *d) { return irlas_composed_weight_tasks(d); }
IRLAS_INLINE ptrdiff_t irlas_composed_bias_scratch(const struct irlas_composition *d) { return (void)d, 0; }
// p: bias - weight of the second, bias of the first [, bias of the second]
IRLAS_INLINE void irlas_composed_bias(const struct irlas_composition *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  const struct irlas_panels second = irlas_composed_panels(d, d->middle);
  const struct irlas_panel panel = irlas_panel(&second, task);
  for (ptrdiff_t lane = 0; lane < panel.width; lane += irlas_lanes) {
    const ptrdiff_t lanes = panel.width - lane, output = panel.start + lane;
    irlas_vec sum = d->has_bias ? irlas_load_up_to(p[3] + output, lanes) : (irlas_vec){0};
    for (ptrdiff_t m = 0; m < d->middle; m++)
      sum += irlas_splat(p[2][m]) * irlas_load_up_to(p[1] + panel.offset + m * panel.width + lane, lanes);
    irlas_store_up_to(p[0] + output, sum, lanes);
  }
}
