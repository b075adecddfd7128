// Convolution: weight gradient, dw[tap][i][o] = sum over pixels of x[pixel moved by tap][i] * dy[pixel][o].
//
// A task owns up to 16 input channels x one panel for all taps and walks over images in bands of about 128
// pixels; within a band the products of input channels x outputs stay in registers, band sums are then added
// to the task's totals in scratch (two levels of summation: long sums keep their precision).

enum { irlas_gradient_inputs = 16, irlas_gradient_pixels = 128 };

struct irlas_gradient_cut {
  ptrdiff_t images, rows, columns;  // a product is one image of one row
  ptrdiff_t blocks, panels, splits;
  struct irlas_cut cut;
};
IRLAS_INLINE struct irlas_gradient_cut irlas_weight_gradient_cut(const struct irlas_conv *d) {
  struct irlas_panels panels = irlas_forward_panels(d);
  struct irlas_gradient_cut g;
  int product = irlas_is_product(d);
  g.images = product ? 1 : d->batch;
  g.rows = product ? 1 : d->out_height;
  g.columns = product ? d->batch * d->height * d->width : d->out_width;
  g.blocks = panels.joined ? 1 : irlas_ceil_div(panels.inputs, irlas_gradient_inputs);
  g.panels = irlas_panel_count(&panels);
  g.splits = irlas_max(d->splits, 1);
  g.cut = irlas_cut(1, g.rows, g.columns, 1, irlas_gradient_pixels);
  return g;
}

IRLAS_INLINE int irlas_conv_weight_gradient_tasks(const struct irlas_conv *d) {
  struct irlas_gradient_cut g = irlas_weight_gradient_cut(d);
  return (int)(g.splits * g.panels * g.blocks);
}
IRLAS_INLINE ptrdiff_t irlas_conv_weight_gradient_splits(const struct irlas_conv *d) {
  struct irlas_gradient_cut g = irlas_weight_gradient_cut(d);
  return irlas_max(1, irlas_min(16 / (g.panels * g.blocks), g.images * g.cut.bands));
}
IRLAS_INLINE ptrdiff_t irlas_conv_weight_gradient_scratch(const struct irlas_conv *d) {
  struct irlas_gradient_cut g = irlas_weight_gradient_cut(d);
  struct irlas_panels panels = irlas_forward_panels(d);
  ptrdiff_t rows = g.cut.by_columns ? 1 : irlas_ceil_div(g.rows, g.cut.bands);
  ptrdiff_t columns = g.cut.by_columns ? irlas_ceil_div(g.columns, g.cut.bands) : g.columns;
  ptrdiff_t x = irlas_reach(rows, d->stride_height, d->kernel_height, d->dilation_height) *
                (irlas_reach(columns, d->stride_width, d->kernel_width, d->dilation_width) + 2) * irlas_gradient_inputs;
  ptrdiff_t dy = rows * (columns + 2 * d->kernel_width + 2) * irlas_dense_panel;
  ptrdiff_t total = panels.taps * irlas_gradient_inputs * irlas_dense_panel;
  return x + dy + total + 64;
}

// Sums of one band for `inputs` x `vectors`: x and dy at the first pixel.
IRLAS_INLINE void irlas_gradient_tile(float *total, ptrdiff_t total_pitch, const float *x, ptrdiff_t x_row,
                                      ptrdiff_t x_column, const float *dy, ptrdiff_t dy_row, ptrdiff_t dy_column,
                                      ptrdiff_t rows, ptrdiff_t columns, int inputs, int vectors) {
  irlas_vec sum[16][2];
  IRLAS_UNROLL for (int i = 0; i < inputs; i++)
    IRLAS_UNROLL for (int v = 0; v < vectors; v++) sum[i][v] = (irlas_vec){0};
  for (ptrdiff_t r = 0; r < rows; r++) {
    const float *xp = x + r * x_row, *dp = dy + r * dy_row;
    for (ptrdiff_t c = 0; c < columns; c++, xp += x_column, dp += dy_column) {
      irlas_vec gradient[2];
      IRLAS_UNROLL for (int v = 0; v < vectors; v++) gradient[v] = irlas_load(dp + v * irlas_lanes);
      IRLAS_UNROLL for (int i = 0; i < inputs; i++) {
        irlas_vec value = irlas_splat(xp[i]);
        IRLAS_UNROLL for (int v = 0; v < vectors; v++) sum[i][v] += value * gradient[v];
      }
    }
  }
  IRLAS_UNROLL for (int i = 0; i < inputs; i++)
    IRLAS_UNROLL for (int v = 0; v < vectors; v++) {
      float *at = total + i * total_pitch + v * irlas_lanes;
      irlas_store(at, irlas_load(at) + sum[i][v]);
    }
}

// All `inputs` (a constant when specialised) of a block.
IRLAS_INLINE void irlas_gradient_tiles(float *total, ptrdiff_t total_pitch, const float *x, ptrdiff_t x_row,
                                       ptrdiff_t x_column, const float *dy, ptrdiff_t dy_row, ptrdiff_t dy_column,
                                       ptrdiff_t rows, ptrdiff_t columns, int inputs, int vectors) {
  const int most = (IRLAS_REGISTERS == 32 ? 16 : 8) / vectors;
  int i = 0;
  for (; i + most <= inputs; i += most)
    irlas_gradient_tile(total + i * total_pitch, total_pitch, x + i, x_row, x_column, dy, dy_row, dy_column, rows,
                        columns, most, vectors);
#ifdef IRLAS_PREBUILT
  for (; i < inputs; i++)
    irlas_gradient_tile(total + i * total_pitch, total_pitch, x + i, x_row, x_column, dy, dy_row, dy_column, rows,
                        columns, 1, vectors);
#else
  if (inputs % most) {
    i = inputs - inputs % most;
    irlas_gradient_tile(total + i * total_pitch, total_pitch, x + i, x_row, x_column, dy, dy_row, dy_column, rows,
                        columns, inputs % most, vectors);
  }
#endif
}

// One band of a dense block: `inputs` input channels, a panel of `width`.
IRLAS_INLINE void irlas_gradient_band(const struct irlas_conv *d, float *total, const float *x, ptrdiff_t x_row,
                                      ptrdiff_t x_column, const float *dy, ptrdiff_t dy_row, ptrdiff_t dy_column,
                                      ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t inputs, ptrdiff_t width) {
  const ptrdiff_t pitch = irlas_round_up(width, irlas_lanes);
  for (ptrdiff_t a = 0; a < d->kernel_height; a++)
    for (ptrdiff_t b = 0; b < d->kernel_width; b++) {
      const float *at = x + a * d->dilation_height * x_row + b * d->dilation_width * x_column;
      float *sums = total + (a * d->kernel_width + b) * inputs * pitch;
      ptrdiff_t lane = 0;
      for (; lane + irlas_lanes < width; lane += 2 * irlas_lanes)
        irlas_gradient_tiles(sums + lane, pitch, at, x_row * d->stride_height, x_column * d->stride_width, dy + lane,
                             dy_row, dy_column, rows, columns, (int)inputs, 2);
      if (lane < width)
        irlas_gradient_tiles(sums + lane, pitch, at, x_row * d->stride_height, x_column * d->stride_width, dy + lane,
                             dy_row, dy_column, rows, columns, (int)inputs, 1);
    }
}

// The joined counterpart. x and dy are copies, one panel to a pixel; before and after each row of dy stand
// kernel_width - 1 zero pixels, and rows of x are even in length, when `neighbours` are shared.
IRLAS_INLINE void irlas_joined_gradient_band(const struct irlas_conv *d, float *total, const float *x,
                                             ptrdiff_t x_row, const float *dy, ptrdiff_t dy_row, ptrdiff_t rows,
                                             ptrdiff_t columns, int size, ptrdiff_t lane, int neighbours) {
  const ptrdiff_t pitch = irlas_joined_panel;
  const int taps = (int)d->kernel_width;
  for (ptrdiff_t a = 0; a < d->kernel_height; a++) {
    const float *xa = x + a * d->dilation_height * x_row;
    float *sums = total + a * taps * size * pitch + lane;
    if (neighbours) {
      irlas_vec sum[2][24];
      IRLAS_UNROLL for (int i = 0; i < 2; i++)
        IRLAS_UNROLL for (int k = 0; k < taps * size; k++) sum[i][k] = (irlas_vec){0};
      const int chains = taps * size <= 12 ? 2 : 1;
      for (ptrdiff_t r = 0; r < rows; r++) {
        const float *xp = xa + r * x_row, *dp = dy + r * dy_row + lane;
        for (ptrdiff_t j = 0; j < columns + taps - 1; j += 2, xp += 2 * pitch, dp += 2 * pitch)
          IRLAS_UNROLL for (int u = 0; u < 2; u++)
            IRLAS_UNROLL for (int i = 0; i < size; i++) {
              irlas_vec value = irlas_spread(xp + u * pitch, lane, size, i);
              IRLAS_UNROLL for (int b = 0; b < taps; b++)
                sum[u % chains][b * size + i] += value * irlas_load(dp + (u - b) * pitch);
            }
      }
      IRLAS_UNROLL for (int k = 0; k < taps * size; k++)
        irlas_store(sums + k * pitch, irlas_load(sums + k * pitch) + (sum[0][k] + sum[1][k]));
    } else {
      for (ptrdiff_t b = 0; b < taps; b++) {
        irlas_vec sum[8];
        IRLAS_UNROLL for (int i = 0; i < size; i++) sum[i] = (irlas_vec){0};
        for (ptrdiff_t r = 0; r < rows; r++)
          for (ptrdiff_t c = 0; c < columns; c++) {
            irlas_vec gradient = irlas_load(dy + r * dy_row + c * pitch + lane);
            const float *xp = xa + r * d->stride_height * x_row +
                              (c * d->stride_width + b * d->dilation_width) * pitch;
            IRLAS_UNROLL for (int i = 0; i < size; i++) sum[i] += irlas_spread(xp, lane, size, i) * gradient;
          }
        IRLAS_UNROLL for (int i = 0; i < size; i++) {
          float *at = sums + (b * size + i) * pitch;
          irlas_store(at, irlas_load(at) + sum[i]);
        }
      }
    }
  }
}

IRLAS_INLINE void irlas_joined_gradient_band_of(const struct irlas_conv *d, float *total, const float *x,
                                                ptrdiff_t x_row, const float *dy, ptrdiff_t dy_row, ptrdiff_t rows,
                                                ptrdiff_t columns, int size, ptrdiff_t lane, int neighbours) {
#ifdef IRLAS_PREBUILT
  switch (size) {
    case 1: irlas_joined_gradient_band(d, total, x, x_row, dy, dy_row, rows, columns, 1, lane, 0); return;
    case 2: irlas_joined_gradient_band(d, total, x, x_row, dy, dy_row, rows, columns, 2, lane, 0); return;
    case 4: irlas_joined_gradient_band(d, total, x, x_row, dy, dy_row, rows, columns, 4, lane, 0); return;
    default: irlas_joined_gradient_band(d, total, x, x_row, dy, dy_row, rows, columns, 8, lane, 0); return;
  }
  (void)neighbours;
#else
  irlas_joined_gradient_band(d, total, x, x_row, dy, dy_row, rows, columns, size, lane, neighbours);
#endif
}

// A task: one panel with `inputs` input channels from `input` of its group on; `width` is the panel's.
IRLAS_INLINE void irlas_gradient_block(const struct irlas_conv *d, float *const *p, float *scratch, ptrdiff_t split,
                                       struct irlas_panel panel, ptrdiff_t input, ptrdiff_t inputs, ptrdiff_t width) {
  const struct irlas_gradient_cut g = irlas_weight_gradient_cut(d);
  const struct irlas_panels panels = irlas_forward_panels(d);
  const int product = irlas_is_product(d), joined = panels.joined;
#ifdef IRLAS_PREBUILT
  const int neighbours = 0;
#else
  const int neighbours = joined && d->stride_width == 1 && d->dilation_width == 1 && d->stride_height == 1 &&
                         d->kernel_width * panels.inputs <= 24;
#endif
  const ptrdiff_t margin = neighbours ? d->kernel_width - 1 : 0;
  const ptrdiff_t pitch = joined ? irlas_joined_panel : irlas_round_up(width, irlas_lanes);
  const int dy_in_place = !joined && pitch == width;
  const ptrdiff_t channel = joined ? panel.start : panel.group * panels.inputs + input;
  const ptrdiff_t x_pitch = product && !joined ? d->channels : joined ? irlas_joined_panel : inputs;
  const ptrdiff_t totals = panels.taps * inputs * pitch;
  float *total = scratch;
  irlas_zero_floats(total, totals);
  float *dy_copy = scratch + irlas_round_up(totals, 16);
  const ptrdiff_t units = g.images * g.cut.bands;
  for (ptrdiff_t unit = irlas_part(units, split, g.splits); unit < irlas_part(units, split + 1, g.splits); unit++) {
    const ptrdiff_t image = unit / g.cut.bands;
    const struct irlas_band band = irlas_band(&g.cut, g.rows, g.columns, unit % g.cut.bands);
    const float *dy = p[2] + ((image * g.rows + band.row) * g.columns + band.column) * d->outputs + panel.start;
    ptrdiff_t dy_column = d->outputs, dy_row = g.columns * d->outputs;
    float *x_copy = dy_copy;
    if (!dy_in_place) {
      ptrdiff_t columns = band.columns + 2 * margin + (neighbours ? 2 : 0);
      irlas_copy_rectangle(dy_copy, pitch, p[2] + image * g.rows * g.columns * d->outputs, g.rows, g.columns,
                           d->outputs, band.row, band.rows, band.column, band.columns, panel.start, width);
      if (neighbours) {
        // Spread the rows apart, the last one first, and zero the margins.
        for (ptrdiff_t r = band.rows - 1; r >= 0; r--) {
          float *row = dy_copy + r * columns * pitch;
          const float *from = dy_copy + r * band.columns * pitch;
          for (ptrdiff_t c = band.columns - 1; c >= 0; c--)
            IRLAS_UNROLL for (int lane = irlas_joined_panel - irlas_lanes; lane >= 0; lane -= irlas_lanes)
              irlas_store(row + (c + margin) * pitch + lane, irlas_load(from + c * pitch + lane));
        }
        for (ptrdiff_t r = 0; r < band.rows; r++) {
          float *row = dy_copy + r * columns * pitch;
          irlas_zero_floats(row, margin * pitch);
          irlas_zero_floats(row + (margin + band.columns) * pitch, (columns - margin - band.columns) * pitch);
        }
      }
      dy_column = pitch;
      dy_row = columns * pitch;
      dy = dy_copy + margin * pitch;
      x_copy += irlas_round_up(band.rows * columns * pitch, 16);
    }
    const float *x;
    ptrdiff_t x_row;
    if (product && !joined) {
      x = p[1] + band.column * d->channels + channel;
      x_row = 0;
    } else {
      const ptrdiff_t height = product ? 1 : d->height, line = product ? g.columns : d->width;
      ptrdiff_t columns = irlas_reach(band.columns, d->stride_width, d->kernel_width, d->dilation_width);
      if (neighbours) columns = irlas_round_up(columns, 2);
      irlas_copy_rectangle(x_copy, x_pitch, p[1] + image * height * line * d->channels, height, line, d->channels,
                           band.row * d->stride_height - d->pad_top,
                           irlas_reach(band.rows, d->stride_height, d->kernel_height, d->dilation_height),
                           band.column * d->stride_width - d->pad_left, columns, channel, joined ? width : inputs);
      x = x_copy;
      x_row = columns * x_pitch;
    }
    if (joined)
      for (ptrdiff_t lane = 0; lane < width; lane += irlas_lanes)
        irlas_joined_gradient_band_of(d, total, x, x_row, dy, dy_row, band.rows, band.columns, (int)panels.inputs,
                                      lane, neighbours);
    else
      irlas_gradient_band(d, total, x, x_row, x_pitch, dy, dy_row, dy_column, band.rows, band.columns, inputs, width);
  }
  float *to = p[0] + split * (d->outputs * panels.inputs * panels.taps) + panel.offset;
  for (ptrdiff_t tap = 0; tap < panels.taps; tap++)
    for (ptrdiff_t i = 0; i < inputs; i++)
      irlas_copy_floats(to + (tap * panels.inputs + input + i) * panel.width, total + (tap * inputs + i) * pitch, width);
}

// p: dweight (splits > 1: [splits][weight]) - x, dy
IRLAS_INLINE void irlas_conv_weight_gradient(const struct irlas_conv *d, float *const *p, float *scratch, int task) {
  const struct irlas_gradient_cut g = irlas_weight_gradient_cut(d);
  const struct irlas_panels panels = irlas_forward_panels(d);
  const ptrdiff_t block = task % g.blocks, index = task / g.blocks % g.panels, split = task / g.blocks / g.panels;
  const struct irlas_panel panel = irlas_panel(&panels, index);
  if (panels.joined) {
    if (panel.width == irlas_joined_panel)
      irlas_gradient_block(d, p, scratch, split, panel, 0, panels.inputs, irlas_joined_panel);
    else
      irlas_gradient_block(d, p, scratch, split, panel, 0, panels.inputs, panel.width);
    return;
  }
  const ptrdiff_t input = block * irlas_gradient_inputs;
  const ptrdiff_t rest = panels.inputs % irlas_gradient_inputs, narrow = panels.outputs % irlas_dense_panel;
  const int whole_block = panels.inputs >= irlas_gradient_inputs && panels.inputs - input >= irlas_gradient_inputs;
  const int whole_panel = panels.outputs >= irlas_dense_panel && panel.width == irlas_dense_panel;
#ifdef IRLAS_PREBUILT
  irlas_gradient_block(d, p, scratch, split, panel, input, whole_block ? irlas_gradient_inputs : rest, panel.width);
  (void)narrow, (void)whole_panel;
#else
  if (whole_block && whole_panel)
    irlas_gradient_block(d, p, scratch, split, panel, input, irlas_gradient_inputs, irlas_dense_panel);
  else if (whole_block && narrow)
    irlas_gradient_block(d, p, scratch, split, panel, input, irlas_gradient_inputs, narrow);
  else if (rest && whole_panel)
    irlas_gradient_block(d, p, scratch, split, panel, input, rest, irlas_dense_panel);
  else if (rest && narrow)
    irlas_gradient_block(d, p, scratch, split, panel, input, rest, narrow);
#endif
}
