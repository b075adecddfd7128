// A depthwise convolution between two 1x1 convolutions, or before one, without maps between them: a task takes some rows
// of the result strip by strip, and what a strip needs stays in the cache.
//
// Rows of the depthwise convolution's input are kept in a buffer [panel of 32 channels][row][column][32], zeros
// standing for the padding; what the next strip sees again is moved to the front. With `expands` the rows are made by
// the first 1x1 convolution, else copied from x.

IRLAS_INLINE struct irlas_conv irlas_separable_depthwise(const struct irlas_separable *d) {
  return (struct irlas_conv){.batch = d->batch, .height = d->height, .width = d->width, .channels = d->channels,
                             .out_height = d->out_height, .out_width = d->out_width, .outputs = d->channels,
                             .kernel_height = d->kernel_height, .kernel_width = d->kernel_width, .groups = d->channels};
}

// How the rows are cut, and what the buffers hold.
struct irlas_strips {
  ptrdiff_t bands;          // tasks of an image
  ptrdiff_t rows;           // results of a strip
  ptrdiff_t reach, columns; // rows and columns of the buffer
  ptrdiff_t panels, panel;  // panels of 32 channels, floats of each
};
IRLAS_INLINE struct irlas_strips irlas_separable_strips(const struct irlas_separable *d) {
  struct irlas_strips s;
  // Bands of one image make the rows between them twice, so they are few.
  s.bands = irlas_max(1, irlas_min(irlas_ceil_div(8, d->batch), d->out_height / 4));
  s.rows = irlas_max(1, irlas_min(irlas_min(256 / d->out_width, 8), irlas_ceil_div(d->out_height, s.bands)));
  s.reach = irlas_reach(s.rows, d->stride_height, d->kernel_height, d->dilation_height);
  s.columns = irlas_reach(d->out_width, d->stride_width, d->kernel_width, d->dilation_width);
  s.panels = irlas_ceil_div(d->channels, irlas_dense_panel);
  s.panel = s.reach * s.columns * irlas_dense_panel + 16;
  return s;
}

// Whether a strip stays small.
IRLAS_INLINE int irlas_separable_fits(const struct irlas_separable *d) {
  return d->out_width <= 256 && d->kernel_height <= 7;
}

// Whether that is faster than one after the other: where the maps between leave the cache and the weights, which every strip reads,
// stay in it. An estimate from the sizes alone.
IRLAS_INLINE int irlas_separable_pays(const struct irlas_separable *d) {
  const ptrdiff_t places = irlas_max(d->height * d->width, d->out_height * d->out_width);
  const ptrdiff_t weights = d->channels * (d->kernel_height * d->kernel_width + d->outputs + d->expands * d->inputs);
  return d->batch * places * d->channels >= 3 << 17 && weights <= 1 << 17;
}

IRLAS_INLINE int irlas_separable_tasks(const struct irlas_separable *d) {
  return (int)(d->batch * irlas_separable_strips(d).bands);
}
IRLAS_INLINE ptrdiff_t irlas_separable_scratch(const struct irlas_separable *d) {
  const struct irlas_strips s = irlas_separable_strips(d);
  return s.panels * s.panel + irlas_round_up(s.rows * d->out_width * d->channels, 16) +
         (irlas_max(d->inputs, d->channels) + d->kernel_height * d->kernel_width) * irlas_dense_panel + 64 +
         (d->pairs ? irlas_max(s.reach * d->width * irlas_words(d->inputs),
                               s.rows * d->out_width * irlas_words(d->channels)) + 16 : 0);
}

// A 1x1 convolution over `rows` x `columns` places. `t` has its maps, and the weights of all panels; results of panel i go
// to y + i * y_panel. With `pairs` x is rounded first.
IRLAS_INLINE void irlas_pointwise_rows(struct irlas_tile t, ptrdiff_t outputs, ptrdiff_t y_panel, ptrdiff_t rows,
                                       ptrdiff_t columns, int pairs, float *scratch) {
  if (pairs) {
    const ptrdiff_t words = irlas_words(t.inputs);
    for (ptrdiff_t r = 0; r < rows; r++)
      for (ptrdiff_t c = 0; c < columns; c++)
        irlas_round_floats(scratch + (r * columns + c) * words, t.x + r * t.x_row + c * t.x_column, t.inputs);
    t.x = scratch;
    t.x_row = columns * words;
    t.x_column = t.inputs = words;
    scratch += irlas_round_up(rows * columns * words, 16);
  }
  const struct irlas_sweep s = {.rows = rows};
  const struct irlas_band band = {0, rows, 0, columns};
  t.taps_h = t.taps_w = 1;
  const ptrdiff_t whole = outputs / irlas_dense_panel, rest = outputs % irlas_dense_panel;
  for (ptrdiff_t i = 0; i < whole + (rest > 0); i++) {
    const ptrdiff_t start = i * irlas_dense_panel;
    struct irlas_tile panel = t;
    panel.w += start * t.inputs;
    panel.y += i * y_panel;
    if (panel.bias) panel.bias += start;
    if (panel.residual) panel.residual += start;
#define IRLAS_PANEL(width)                                                                                  \
  if (pairs) irlas_dense_panel_over(&s, panel, &band, 0, columns, 1, width, 1, scratch);                     \
  else irlas_dense_panel_over(&s, panel, &band, 0, columns, 1, width, 0, scratch)
    if (i < whole) {
      IRLAS_PANEL(irlas_dense_panel);
    } else {
      IRLAS_PANEL(rest);
    }
#undef IRLAS_PANEL
  }
}

// Fills rows [from, until) of the buffer, of which the first is row `top` of the map.
IRLAS_INLINE void irlas_separable_fill(const struct irlas_separable *d, const struct irlas_strips *s, float *buffer,
                                       const float *x, const float *w, const float *bias, ptrdiff_t top,
                                       ptrdiff_t from, ptrdiff_t until, float *scratch) {
  const ptrdiff_t row = s->columns * irlas_dense_panel;
  const ptrdiff_t columns = irlas_min(d->width, s->columns - d->pad_left);
  const ptrdiff_t first = irlas_max(from, irlas_min(-top, until));
  const ptrdiff_t last = irlas_max(first, irlas_min(until, d->height - top));
  for (ptrdiff_t panel = 0; panel < s->panels; panel++) {
    irlas_zero_floats(buffer + panel * s->panel + from * row, (first - from) * row);
    irlas_zero_floats(buffer + panel * s->panel + last * row, (until - last) * row);
  }
  const ptrdiff_t at = first * row + d->pad_left * irlas_dense_panel;
  if (first == last || columns <= 0) return;
  if (!d->expands) {
    x += (top + first) * d->width * d->x_pitch;
    for (ptrdiff_t panel = 0; panel < s->panels; panel++) {
      const ptrdiff_t channel = panel * irlas_dense_panel;
      const ptrdiff_t count = irlas_min(d->channels - channel, irlas_dense_panel);
      for (ptrdiff_t r = 0; r < last - first; r++)
        for (ptrdiff_t c = 0; c < columns; c++)
          irlas_copy_floats(buffer + panel * s->panel + at + r * row + c * irlas_dense_panel,
                            x + (r * d->width + c) * d->x_pitch + channel, count);
    }
    return;
  }
  const struct irlas_tile t = {.x = x + (top + first) * d->width * d->x_pitch, .w = w, .y = buffer + at, .bias = bias,
                               .x_row = d->width * d->x_pitch, .x_column = d->x_pitch, .y_row = row,
                               .y_column = irlas_dense_panel, .inputs = d->inputs,
                               .activation = d->expand_activation};
  irlas_pointwise_rows(t, d->channels, s->panel, last - first, columns, d->pairs != 0, scratch);
}

// p: y - x [, expanding weight [, bias]], depthwise weight [, bias], weight [, bias] [, residual]
IRLAS_INLINE void irlas_separable(const struct irlas_separable *d, float *const *p, float *scratch, int task) {
  const struct irlas_strips s = irlas_separable_strips(d);
  const ptrdiff_t image = task / s.bands, band = task % s.bands;
  const ptrdiff_t first = irlas_part(d->out_height, band, s.bands);
  const ptrdiff_t last = irlas_part(d->out_height, band + 1, s.bands);
  float *const *operand = p + 2;
  const float *expanding = d->expands ? *operand++ : (const float *)0;
  const float *expanding_bias = d->expands && d->expand_bias ? *operand++ : (const float *)0;
  const float *depthwise = *operand++, *depthwise_bias = d->depthwise_bias ? *operand++ : (const float *)0;
  const float *w = *operand++, *bias = d->has_bias ? *operand++ : (const float *)0;
  const ptrdiff_t y_row = d->out_width * d->y_pitch, residual_row = d->out_width * d->residual_pitch;
  const float *residual = d->has_residual ? *operand + image * d->out_height * residual_row : (const float *)0;
  const float *x = p[1] + image * d->height * d->width * d->x_pitch;
  float *y = p[0] + image * d->out_height * y_row;
  float *buffer = scratch, *between = buffer + s.panels * s.panel;
  scratch = between + irlas_round_up(s.rows * d->out_width * d->channels, 16);
  // Columns of padding stay zero.
  irlas_zero_floats(buffer, s.panels * s.panel);

  const ptrdiff_t row = s.columns * irlas_dense_panel, step = s.rows * d->stride_height;
  const struct irlas_conv conv = irlas_separable_depthwise(d);
  const struct irlas_panels panels = irlas_forward_panels(&conv);
  const struct irlas_sweep taps = {.step_h = d->kernel_width, .step_w = 1};
  const int neighbours = d->stride_width == 1 && d->dilation_width == 1 && d->kernel_width <= 7;
  for (ptrdiff_t r = first; r < last; r += s.rows) {
    const ptrdiff_t rows = irlas_min(s.rows, last - r), top = r * d->stride_height - d->pad_top;
    const ptrdiff_t kept = r == first ? 0 : irlas_max(s.reach - step, 0);
    for (ptrdiff_t panel = 0; kept && panel < s.panels; panel++)
      irlas_copy_floats(buffer + panel * s.panel, buffer + panel * s.panel + step * row, kept * row);
    irlas_separable_fill(d, &s, buffer, x, expanding, expanding_bias, top, kept,
                         irlas_reach(rows, d->stride_height, d->kernel_height, d->dilation_height), scratch);
    const struct irlas_band band = {0, rows, 0, d->out_width};
    for (ptrdiff_t i = 0; i < irlas_panel_count(&panels); i++) {
      const struct irlas_panel panel = irlas_panel(&panels, i);
      const struct irlas_tile t = {
          .x = buffer + panel.start / irlas_dense_panel * s.panel + panel.start % irlas_dense_panel,
          .w = depthwise + panel.offset, .y = between + panel.start,
          .bias = depthwise_bias ? depthwise_bias + panel.start : (const float *)0,
          .x_row = d->stride_height * row, .x_column = d->stride_width * irlas_dense_panel,
          .x_tap_h = d->dilation_height * row, .x_tap_w = d->dilation_width * irlas_dense_panel,
          .y_row = d->out_width * d->channels, .y_column = d->channels, .taps_h = d->kernel_height,
          .taps_w = d->kernel_width, .inputs = 1, .activation = d->depthwise_activation};
      if (panel.width == irlas_joined_panel)
        irlas_joined_panel_over(&taps, t, &band, d->out_width, panels.taps, irlas_joined_panel, neighbours, scratch);
      else
        irlas_joined_panel_over(&taps, t, &band, d->out_width, panels.taps, panel.width, neighbours, scratch);
    }
    const struct irlas_tile t = {.x = between, .w = w, .y = y + r * y_row, .bias = bias,
                                 .residual = residual ? residual + r * residual_row : (const float *)0,
                                 .residual_row = residual_row, .residual_column = d->residual_pitch,
                                 .x_row = d->out_width * d->channels, .x_column = d->channels, .y_row = y_row,
                                 .y_column = d->y_pitch, .inputs = d->channels, .activation = d->activation};
    irlas_pointwise_rows(t, d->outputs, irlas_dense_panel, rows, d->out_width, d->pairs != 0, scratch);
  }
}
