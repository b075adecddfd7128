// Convolution: forward and input gradient.

// Whether dense panels see one tap that never leaves the map.
IRLAS_INLINE int irlas_is_one_place(const struct irlas_sweep *s, const struct irlas_panels *panels) {
  return !panels->joined && s->taps_h * s->taps_w == 1 && s->pad_h <= 0 && s->pad_w <= 0 &&
         (s->rows - 1) * s->stride_h - s->pad_h < s->height && (s->columns - 1) * s->stride_w - s->pad_w < s->width;
}
// Whether a sweep reads x in place.
IRLAS_INLINE int irlas_reads_in_place(const struct irlas_sweep *s, const struct irlas_panels *panels) {
  if (panels->joined || s->prologue.pairs || s->prologue.normalizes) return 0;
  return s->taps_h * s->taps_w == 0 || (irlas_is_one_place(s, panels) && s->stride_w * s->pitch % irlas_cache_way != 0);
}

enum { irlas_band_pixels = 256, irlas_least_tasks = 32, irlas_least_copying_tasks = 8 };

// A product's tasks over the same pixels copy them anew each, if they do.
IRLAS_INLINE struct irlas_cut irlas_sweep_cut(const struct irlas_sweep *s, const struct irlas_panels *panels) {
  const int copies = irlas_is_one_place(s, panels) && !irlas_reads_in_place(s, panels);
  return irlas_cut(s->batch, s->rows, s->columns, irlas_panel_count(panels), irlas_band_pixels,
                   copies ? irlas_least_copying_tasks : irlas_least_tasks);
}

// One task of a sweep: panels [from, until) over one band of one image. `least` is the width of the narrowest
// band, `neighbours` as in `irlas_joined_tile`; y is the map or, `alone`, the band.
IRLAS_INLINE void irlas_sweep_band(const struct irlas_sweep *s, const struct irlas_panels *panels,
                                   const struct irlas_cut *cut, ptrdiff_t image, ptrdiff_t band_index,
                                   ptrdiff_t from, ptrdiff_t until, ptrdiff_t least, int neighbours, float *y,
                                   const float *x, const float *w, const float *bias, const float *residual,
                                   ptrdiff_t activation, int alone, float *scratch) {
  const struct irlas_band band = irlas_band(cut, s->rows, s->columns, band_index);
  if (band.rows <= 0 || band.columns <= 0) return;
  const int in_place = irlas_reads_in_place(s, panels);
  // Of a single tap only the places it reads are copied.
  const int thins = !in_place && irlas_is_one_place(s, panels);
  const ptrdiff_t step_h = thins ? s->stride_h : 1, step_w = thins ? s->stride_w : 1;
  const ptrdiff_t stride_h = thins ? 1 : s->stride_h, stride_w = thins ? 1 : s->stride_w;
  const ptrdiff_t channels = s->prologue.pairs ? s->prologue.channels / panels->groups : panels->inputs;  // of a group
  const ptrdiff_t pitch = panels->joined ? irlas_joined_panel : in_place ? s->pitch : irlas_apart(panels->inputs);
  const ptrdiff_t x_rows = irlas_reach(band.rows, stride_h, s->taps_h, s->dilation_h);
  const ptrdiff_t x_columns = irlas_reach(band.columns, stride_w, s->taps_w, s->dilation_w);
  const ptrdiff_t row_pitch = (in_place ? s->width : x_columns) * pitch;
  const ptrdiff_t row = band.row * s->stride_h - s->pad_h, column = band.column * s->stride_w - s->pad_w;
  float *copy = scratch;
  if (!in_place) scratch += irlas_round_up(x_rows * x_columns * pitch, 16);
  x += image * s->height * s->width * s->pitch;
  if (!alone) y += image * s->y_image + band.row * s->y_row + band.column * s->y_column;
  const ptrdiff_t residual_row = s->columns * s->residual_pitch;
  if (residual) residual += (image * s->rows + band.row) * residual_row + band.column * s->residual_pitch;

  struct irlas_tile t = {0};
  t.x_row = stride_h * row_pitch;
  t.x_column = stride_w * pitch;
  t.x_tap_h = s->dilation_h * row_pitch;
  t.x_tap_w = s->dilation_w * pitch;
  t.y_row = s->y_row;
  t.y_column = s->y_column;
  t.residual_row = residual_row;
  t.residual_column = s->residual_pitch;
  t.taps_h = s->taps_h;
  t.taps_w = s->taps_w;
  t.inputs = panels->inputs;
  t.activation = activation;
  t.past = s->past && (uintptr_t)y % 64 == 0 && s->y_column % 16 == 0 && s->y_row % 16 == 0;
  t.ahead = in_place && s->rows == 1 && s->stride_w == 1;
#define IRLAS_DENSE_PANEL(width)                                                                   \
  if (s->prologue.pairs)                                                                                    \
    irlas_dense_panel_over(s, t, &band, cut->whole, least, panels->taps, width, 1, scratch);       \
  else                                                                                             \
    irlas_dense_panel_over(s, t, &band, cut->whole, least, panels->taps, width, 0, scratch)
  ptrdiff_t copied = -1;
  for (ptrdiff_t index = from; index < until; index++) {
    struct irlas_panel panel = irlas_panel(panels, index);
    ptrdiff_t source = panels->joined ? index : panel.group;
    ptrdiff_t channel = panels->joined ? panel.start : panel.group * channels;
    t.x = copy;
    if (in_place) {
      t.x = s->taps_h * s->taps_w > 0 ? x + (row * s->width + column) * s->pitch + channel : x;
    } else if (copied != source) {
      irlas_copy_places(copy, pitch, x, s->height, s->width, s->pitch, row, x_rows, step_h, column, x_columns, step_w, channel,
                        panels->joined ? panel.width : channels, &s->prologue);
      copied = source;
    }
    t.w = w + panel.offset;
    t.y = y + panel.start;
    t.bias = bias ? bias + panel.start : (const float *)0;
    t.residual = residual ? residual + panel.start : (const float *)0;
    if (panels->joined) {
      if (panel.width == irlas_joined_panel)
        irlas_joined_panel_over(s, t, &band, least, panels->taps, irlas_joined_panel, neighbours, scratch);
      else
        irlas_joined_panel_over(s, t, &band, least, panels->taps, panel.width, neighbours, scratch);
    } else if (panels->outputs >= irlas_dense_panel && panel.width == irlas_dense_panel) {
      IRLAS_DENSE_PANEL(irlas_dense_panel);
    } else if (panels->outputs % irlas_dense_panel) {
      IRLAS_DENSE_PANEL(panels->outputs % irlas_dense_panel);
    }
  }
}

#undef IRLAS_DENSE_PANEL

// Scratch for a sweep whose bands see x_rows * x_columns pixels: the copy, and one panel with whole rows.
IRLAS_INLINE ptrdiff_t irlas_sweep_scratch(const struct irlas_panels *panels, ptrdiff_t x_rows,
                                           ptrdiff_t x_columns) {
  ptrdiff_t pitch = panels->joined ? irlas_joined_panel : irlas_apart(panels->inputs);
  return irlas_round_up(x_rows * x_columns * pitch, 16) + panels->taps * panels->inputs * irlas_dense_panel + 64;
}

IRLAS_INLINE struct irlas_sweep irlas_forward_sweep(const struct irlas_conv *d, const float *factors, int past) {
  if (irlas_is_product(d)) {
    ptrdiff_t pixels = d->batch * d->height * d->width;
    return (struct irlas_sweep){1, 1, pixels, d->x_pitch, 1, pixels, 0, 0, d->y_pitch, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0,
                                irlas_prologue(d, factors), past, d->residual_pitch};
  }
  return (struct irlas_sweep){
      d->batch, d->height, d->width, d->x_pitch, d->out_height, d->out_width,
      d->out_height * d->out_width * d->y_pitch, d->out_width * d->y_pitch, d->y_pitch,
      d->stride_height, d->stride_width, d->dilation_height, d->dilation_width, d->pad_top, d->pad_left,
      d->kernel_height, d->kernel_width, 0, d->kernel_width, 1, irlas_prologue(d, factors), past, d->residual_pitch};
}

IRLAS_INLINE struct irlas_cut irlas_forward_cut(const struct irlas_conv *d, const struct irlas_sweep *s,
                                                const struct irlas_panels *panels) {
  return d->strassen ? irlas_strassen_cut(d) : irlas_sweep_cut(s, panels);
}

IRLAS_INLINE int irlas_conv_forward_tasks(const struct irlas_conv *d) {
  struct irlas_panels panels = irlas_forward_panels(d);
  struct irlas_sweep s = irlas_forward_sweep(d, (const float *)0, 0);
  struct irlas_cut cut = irlas_forward_cut(d, &s, &panels);
  return (int)(s.batch * cut.bands * cut.chunks);
}
IRLAS_INLINE ptrdiff_t irlas_conv_forward_scratch(const struct irlas_conv *d) {
  if (d->strassen) return irlas_strassen_scratch(d);
  struct irlas_panels panels = irlas_forward_panels(d);
  struct irlas_sweep s = irlas_forward_sweep(d, (const float *)0, 0);
  struct irlas_cut cut = irlas_sweep_cut(&s, &panels);
  ptrdiff_t rows = cut.by_columns ? s.rows : irlas_ceil_div(s.rows, cut.bands);
  ptrdiff_t columns = cut.by_columns ? irlas_ceil_div(s.columns, cut.bands) : s.columns;
  return irlas_sweep_scratch(&panels, irlas_reach(rows, s.stride_h, s.taps_h, s.dilation_h),
                             irlas_reach(columns, s.stride_w, s.taps_w, s.dilation_w));
}
// y is the map or, `alone`, what the task makes of it.
IRLAS_SHARED void irlas_convolve(const struct irlas_conv *d, float *y, int alone, const float *x, const float *weight, const float *bias,
                    const float *residual, const float *factors, int past, float *scratch, int task) {
  if (d->strassen) {
    irlas_strassen(d, y, alone, x, weight, bias, residual, factors, past, scratch, task);
    irlas_fence(past);
    return;
  }
  const struct irlas_panels panels = d->pairs ? irlas_word_panels(d) : irlas_forward_panels(d);
  const struct irlas_sweep s = irlas_forward_sweep(d, factors, past);
  const ptrdiff_t count = irlas_panel_count(&panels);
  const struct irlas_cut cut = irlas_sweep_cut(&s, &panels);
  const ptrdiff_t chunk = task % cut.chunks, band = task / cut.chunks % cut.bands;
  const ptrdiff_t image = task / cut.chunks / cut.bands;
  const int neighbours = d->stride_width == 1 && d->dilation_width == 1 && d->kernel_width <= 7;
  irlas_sweep_band(&s, &panels, &cut, image, band, irlas_part(count, chunk, cut.chunks),
                   irlas_part(count, chunk + 1, cut.chunks), cut.by_columns ? s.columns / cut.bands : s.columns,
                   neighbours, y, x, weight, bias, residual, d->activation, alone, scratch);
  irlas_fence(past);
}
// p: y - x, weight [, bias [, residual]] [, factors]
IRLAS_INLINE void irlas_conv_forward(const struct irlas_conv *d, float *const *p, float *scratch, int task) {
  irlas_convolve(d, p[0], 0, p[1], p[2], d->has_bias ? p[3] : (const float *)0,
                 d->has_residual ? p[3 + (d->has_bias != 0)] : (const float *)0,
                 d->normalizes ? p[3 + (d->has_bias != 0) + (d->has_residual != 0)] : (const float *)0,
                 irlas_goes_past(p[0], d->batch * d->out_height * d->out_width * d->outputs), scratch, task);
}

// The taps k of one axis that reach outputs i = phase (mod stride) of the input gradient, largest first:
// i + pad = k * dilation + o * stride.
struct irlas_phase {
  ptrdiff_t count;     // inputs with this remainder
  ptrdiff_t taps, first, step, pad, dilation;
};
IRLAS_INLINE struct irlas_phase irlas_phase(ptrdiff_t phase, ptrdiff_t size, ptrdiff_t kernel, ptrdiff_t stride,
                                            ptrdiff_t dilation, ptrdiff_t pad) {
  struct irlas_phase f = {irlas_ceil_div(size - phase, stride), 0, 0, 1, 0, 1};
  if (stride == 1) {
    f.taps = kernel;
    f.first = kernel - 1;
    f.dilation = dilation;
    f.pad = (kernel - 1) * dilation - pad;
    return f;
  }
  ptrdiff_t previous = -1;
  for (ptrdiff_t k = kernel - 1; k >= 0; k--) {
    ptrdiff_t distance = phase + pad - k * dilation;
    if (distance % stride != 0) continue;
    if (f.taps == 0) {
      f.first = k;
      f.pad = -(distance / stride);
    } else if (f.taps == 1) {
      f.step = previous - k;
      f.dilation = f.step * dilation / stride;
    }
    previous = k;
    f.taps++;
  }
  return f;
}

IRLAS_INLINE struct irlas_cut irlas_gradient_cut(const struct irlas_conv *d, ptrdiff_t panels) {
  ptrdiff_t phases = d->stride_height * d->stride_width;
  struct irlas_cut cut = irlas_cut(d->batch, irlas_ceil_div(d->height, d->stride_height),
                                   irlas_ceil_div(d->width, d->stride_width), panels,
                                   irlas_max(irlas_band_pixels / phases, 16), irlas_least_tasks);
  // With a stride the number of rows differs from phase to phase.
  cut.whole = cut.whole && d->stride_height == 1;
  return cut;
}

IRLAS_INLINE struct irlas_sweep irlas_gradient_product(const struct irlas_conv *d, int past) {
  const ptrdiff_t pixels = d->batch * d->height * d->width;
  return (struct irlas_sweep){1, 1, pixels, d->y_pitch, 1, pixels, 0, 0, d->x_pitch, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0,
                              {0}, past, 0};
}

IRLAS_INLINE int irlas_conv_input_gradient_tasks(const struct irlas_conv *d) {
  struct irlas_panels panels = irlas_transposed_panels(d);
  if (irlas_is_product(d)) {
    const struct irlas_sweep s = irlas_gradient_product(d, 0);
    struct irlas_cut cut = irlas_sweep_cut(&s, &panels);
    return (int)(cut.bands * cut.chunks);
  }
  struct irlas_cut cut = irlas_gradient_cut(d, irlas_panel_count(&panels));
  return (int)(d->batch * cut.bands * cut.chunks);
}
IRLAS_INLINE ptrdiff_t irlas_conv_input_gradient_scratch(const struct irlas_conv *d) {
  struct irlas_panels panels = irlas_transposed_panels(d);
  if (irlas_is_product(d)) {
    const struct irlas_sweep s = irlas_gradient_product(d, 0);
    return irlas_sweep_scratch(&panels, 1, irlas_ceil_div(s.columns, irlas_sweep_cut(&s, &panels).bands));
  }
  struct irlas_cut cut = irlas_gradient_cut(d, irlas_panel_count(&panels));
  // Whatever the phase, a band sees no more than all taps at stride 1.
  ptrdiff_t rows = irlas_ceil_div(d->height, d->stride_height), columns = irlas_ceil_div(d->width, d->stride_width);
  if (cut.by_columns) columns = irlas_ceil_div(columns, cut.bands);
  else rows = irlas_ceil_div(rows, cut.bands);
  return irlas_sweep_scratch(&panels, irlas_reach(rows, 1, d->kernel_height, d->dilation_height),
                             irlas_reach(columns, 1, d->kernel_width, d->dilation_width));
}
// p: dx - dy, transposed weight
IRLAS_INLINE void irlas_conv_input_gradient(const struct irlas_conv *d, float *const *p, float *scratch, int task) {
  const struct irlas_panels panels = irlas_transposed_panels(d);
  const ptrdiff_t count = irlas_panel_count(&panels);
  const int past = irlas_goes_past(p[0], d->batch * d->height * d->width * d->channels);
  if (irlas_is_product(d)) {
    const struct irlas_sweep s = irlas_gradient_product(d, past);
    const struct irlas_cut cut = irlas_sweep_cut(&s, &panels);
    const ptrdiff_t chunk = task % cut.chunks;
    irlas_sweep_band(&s, &panels, &cut, 0, task / cut.chunks, irlas_part(count, chunk, cut.chunks),
                     irlas_part(count, chunk + 1, cut.chunks), s.columns / cut.bands, 0, p[0], p[1], p[2],
                     (const float *)0, (const float *)0, IRLAS_NONE, 0, scratch);
    irlas_fence(past);
    return;
  }
  const struct irlas_cut cut = irlas_gradient_cut(d, count);
  const ptrdiff_t chunk = task % cut.chunks, band = task / cut.chunks % cut.bands;
  const ptrdiff_t image = task / cut.chunks / cut.bands;
  const int neighbours = d->stride_width == 1 && d->dilation_width == 1 && d->kernel_width <= 7;
  for (ptrdiff_t row = 0; row < irlas_min(d->stride_height, d->height); row++)
    for (ptrdiff_t column = 0; column < irlas_min(d->stride_width, d->width); column++) {
      const struct irlas_phase h = irlas_phase(row, d->height, d->kernel_height, d->stride_height,
                                               d->dilation_height, d->pad_top);
      const struct irlas_phase v = irlas_phase(column, d->width, d->kernel_width, d->stride_width,
                                               d->dilation_width, d->pad_left);
      const int reached = h.taps > 0 && v.taps > 0;
      const struct irlas_sweep s = {
          d->batch, d->out_height, d->out_width, d->y_pitch, h.count, v.count,
          d->height * d->width * d->x_pitch, d->stride_height * d->width * d->x_pitch,
          d->stride_width * d->x_pitch, 1, 1, h.dilation, v.dilation, h.pad, v.pad,
          reached ? h.taps : 0, reached ? v.taps : 0,
          h.first * d->kernel_width + v.first, -h.step * d->kernel_width, -v.step, {0}, past, 0};
      irlas_sweep_band(&s, &panels, &cut, image, band, irlas_part(count, chunk, cut.chunks),
                       irlas_part(count, chunk + 1, cut.chunks),
                       irlas_max((cut.by_columns ? d->width / d->stride_width / cut.bands
                                                 : d->width / d->stride_width), 1),
                       neighbours, p[0] + (row * d->width + column) * d->x_pitch, p[1], p[2],
                       (const float *)0, (const float *)0, IRLAS_NONE, 0, scratch);
    }
  irlas_fence(past);
}
