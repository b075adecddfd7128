// Convolution: weight gradient, dw[tap][i][o] = sum over pixels of x[pixel moved by tap][i] * dy[pixel][o].
//
// A task owns blocks of input channels x panels for all taps, as many as totals fit into a cache, and walks over images in
// bands of pixels: large maps are read from memory but once. Within a band the products of a block's input channels x
// outputs stay in registers, band sums are then added to the task's totals in scratch (two levels of summation: long
// sums keep their precision).

struct irlas_gradient_cut {
  ptrdiff_t images, rows, columns;  // a product is one image of one row
  ptrdiff_t inputs;                 // input channels of a block
  ptrdiff_t blocks, panels, splits;
  ptrdiff_t chunks, block_chunks;  // tasks that share the panels, and the blocks
  struct irlas_cut cut;
};
IRLAS_INLINE struct irlas_gradient_cut irlas_weight_gradient_cut(const struct irlas_conv *d) {
  const struct irlas_panels panels = irlas_forward_panels(d);
  const int product = irlas_is_product(d);
  struct irlas_gradient_cut g;
  g.images = product ? 1 : d->batch;
  g.rows = product ? 1 : d->out_height;
  g.columns = product ? d->batch * d->height * d->width : d->out_width;
  g.inputs = panels.joined ? panels.inputs : irlas_min(panels.inputs, panels.taps == 1 ? 64 : 16);
  g.blocks = irlas_ceil_div(panels.inputs, g.inputs);
  g.panels = irlas_panel_count(&panels);
  g.splits = irlas_max(d->splits, 1);
  // The totals of joined panels stay below 64 KiB, others below 256 KiB: a whole block of one panel at least. Products that do
  // not fit take about as many inputs as outputs to a task, so that x and dy are read again equally often.
  const ptrdiff_t total = panels.taps * g.inputs * irlas_dense_panel, room = irlas_max((1 << 16) / total, 1);
  const ptrdiff_t together =
      panels.joined ? irlas_max(1024 / (panels.taps * panels.inputs), 1)
                    : irlas_min(irlas_max(room / irlas_min(g.blocks, panels.taps == 1 ? 4 : g.blocks), 1), g.panels);
  g.chunks = irlas_ceil_div(g.panels, together);
  g.block_chunks = panels.joined ? 1 : irlas_ceil_div(g.blocks, irlas_max(room / together, 1));
  g.cut = irlas_cut(1, g.rows, g.columns, 1, panels.joined ? 256 : panels.taps == 1 ? 64 : 128, 0);
  return g;
}

IRLAS_INLINE int irlas_conv_weight_gradient_tasks(const struct irlas_conv *d) {
  struct irlas_gradient_cut g = irlas_weight_gradient_cut(d);
  return (int)(g.splits * g.chunks * g.block_chunks);
}
IRLAS_INLINE ptrdiff_t irlas_conv_weight_gradient_splits(const struct irlas_conv *d) {
  struct irlas_gradient_cut g = irlas_weight_gradient_cut(d);
  return irlas_max(1, irlas_min(16 / (g.chunks * g.block_chunks), g.images * g.cut.bands));
}
// The most panels and blocks of a task.
IRLAS_INLINE ptrdiff_t irlas_gradient_panels(const struct irlas_gradient_cut *g) {
  return irlas_ceil_div(g->panels, g->chunks);
}
IRLAS_INLINE ptrdiff_t irlas_gradient_blocks(const struct irlas_gradient_cut *g) {
  return irlas_ceil_div(g->blocks, g->block_chunks);
}
// The room for the totals: joined panels are of 16, others of at most 32.
IRLAS_INLINE ptrdiff_t irlas_gradient_totals(const struct irlas_conv *d, const struct irlas_gradient_cut *g) {
  return d->kernel_height * d->kernel_width * g->inputs * irlas_dense_panel * irlas_gradient_panels(g) *
         irlas_gradient_blocks(g);
}
// Floats of one panel's dy in a band.
IRLAS_INLINE ptrdiff_t irlas_gradient_dy(const struct irlas_conv *d, const struct irlas_gradient_cut *g) {
  const ptrdiff_t rows = g->cut.by_columns ? 1 : irlas_ceil_div(g->rows, g->cut.bands);
  const ptrdiff_t columns = g->cut.by_columns ? irlas_ceil_div(g->columns, g->cut.bands) : g->columns;
  return irlas_round_up(rows * (columns + 2 * d->kernel_width + 2) * irlas_dense_panel, 16);
}
IRLAS_INLINE ptrdiff_t irlas_conv_weight_gradient_scratch(const struct irlas_conv *d) {
  struct irlas_gradient_cut g = irlas_weight_gradient_cut(d);
  ptrdiff_t rows = g.cut.by_columns ? 1 : irlas_ceil_div(g.rows, g.cut.bands);
  ptrdiff_t columns = g.cut.by_columns ? irlas_ceil_div(g.columns, g.cut.bands) : g.columns;
  ptrdiff_t x = irlas_reach(rows, d->stride_height, d->kernel_height, d->dilation_height) *
                (irlas_reach(columns, d->stride_width, d->kernel_width, d->dilation_width) + 2) *
                irlas_max(g.inputs, irlas_joined_panel);
  return irlas_gradient_totals(d, &g) + x + irlas_gradient_dy(d, &g) * irlas_gradient_panels(&g) + 64;
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
IRLAS_SHARED void irlas_gradient_band(const struct irlas_conv *d, float *total, const float *x, ptrdiff_t x_row,
                                      ptrdiff_t x_column, const float *dy, ptrdiff_t dy_row, ptrdiff_t dy_column,
                                      ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t inputs, ptrdiff_t width) {
  const ptrdiff_t pitch = irlas_round_up(width, irlas_lanes);
  // A single tap's copy has only the places it reads.
  const int one_tap = d->kernel_height * d->kernel_width == 1;
  const ptrdiff_t step_h = one_tap ? 1 : d->stride_height, step_w = one_tap ? 1 : d->stride_width;
  for (ptrdiff_t a = 0; a < d->kernel_height; a++)
    for (ptrdiff_t b = 0; b < d->kernel_width; b++) {
      const float *at = x + a * d->dilation_height * x_row + b * d->dilation_width * x_column;
      float *sums = total + (a * d->kernel_width + b) * inputs * pitch;
      ptrdiff_t lane = 0;
      for (; lane + irlas_lanes < width; lane += 2 * irlas_lanes)
        irlas_gradient_tiles(sums + lane, pitch, at, x_row * step_h, x_column * step_w, dy + lane,
                             dy_row, dy_column, rows, columns, (int)inputs, 2);
      if (lane < width)
        irlas_gradient_tiles(sums + lane, pitch, at, x_row * step_h, x_column * step_w, dy + lane,
                             dy_row, dy_column, rows, columns, (int)inputs, 1);
    }
}

// The joined counterpart: each input pixel is read once a row when `neighbours` are shared (see `irlas_gather`).
IRLAS_INLINE void irlas_joined_gradient_band(const struct irlas_conv *d, float *total, const float *x,
                                             ptrdiff_t x_row, const float *dy, ptrdiff_t dy_row, ptrdiff_t rows,
                                             ptrdiff_t columns, int size, ptrdiff_t lane, int neighbours) {
  const ptrdiff_t pitch = irlas_joined_panel;
  const int taps = (int)d->kernel_width, one_tap = d->kernel_height * d->kernel_width == 1;
  const ptrdiff_t step_h = one_tap ? 1 : d->stride_height, step_w = one_tap ? 1 : d->stride_width;
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
            const float *xp = xa + r * step_h * x_row + (c * step_w + b * d->dilation_width) * pitch;
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

// One band's dy of a panel or x of a block, in place or as a compact copy: places of its rows and columns.
struct irlas_operand {
  const float *at;
  ptrdiff_t row, column;
};
// dy of `width` channels from `output` on, `pitch` a pixel. `margin` zero pixels stand before and after each row when
// neighbours are shared (`even`). `joined` panels want `pitch`; without `copies` the copy is there already.
IRLAS_INLINE struct irlas_operand irlas_gather_dy(const struct irlas_conv *d, const struct irlas_gradient_cut *g,
                                                  const float *dy, float *scratch, ptrdiff_t unit, ptrdiff_t output,
                                                  ptrdiff_t width, ptrdiff_t pitch, ptrdiff_t margin, int even,
                                                  int joined, int copies) {
  const struct irlas_band band = irlas_band(&g->cut, g->rows, g->columns, unit % g->cut.bands);
  dy += unit / g->cut.bands * g->rows * g->columns * d->y_pitch;
  if (width == pitch && margin == 0 && (d->y_pitch == pitch || !joined))
    return (struct irlas_operand){dy + (band.row * g->columns + band.column) * d->y_pitch + output,
                                  g->columns * d->y_pitch, d->y_pitch};
  const struct irlas_prologue plain = {0};
  const ptrdiff_t columns = band.columns + 2 * margin + (even ? 2 : 0);
  if (copies)
    irlas_copy_places(scratch, pitch, dy, g->rows, g->columns, d->y_pitch, band.row, band.rows, 1,
                      band.column - margin, columns, 1, output, width, &plain);
  return (struct irlas_operand){scratch + margin * pitch, columns * pitch, pitch};
}
// x of `inputs` channels from `channel` on, `pitch` a pixel; rows are even in length where neighbours are shared.
IRLAS_INLINE struct irlas_operand irlas_gather_x(const struct irlas_conv *d, const struct irlas_gradient_cut *g,
                                                 float *const *p, float *scratch, ptrdiff_t unit, ptrdiff_t channel,
                                                 ptrdiff_t inputs, ptrdiff_t pitch, int even, int joined) {
  const int product = irlas_is_product(d), one_tap = d->kernel_height * d->kernel_width == 1;
  const ptrdiff_t image = unit / g->cut.bands;
  const struct irlas_band band = irlas_band(&g->cut, g->rows, g->columns, unit % g->cut.bands);
  const int lies_well = d->x_pitch == pitch || (!joined && d->x_pitch % irlas_cache_way != 0);
  if (product && !d->normalizes && inputs == pitch && lies_well)
    return (struct irlas_operand){p[1] + band.column * d->x_pitch + channel, 0, d->x_pitch};
  struct irlas_prologue prologue = irlas_prologue(d, d->normalizes ? p[3] : (const float *)0);
  prologue.pairs = 0;
  const ptrdiff_t height = product ? 1 : d->height, line = product ? g->columns : d->width;
  const float *x = p[1] + image * height * line * d->x_pitch;
  const ptrdiff_t row = band.row * d->stride_height - d->pad_top, column = band.column * d->stride_width - d->pad_left;
  ptrdiff_t columns = irlas_reach(band.columns, d->stride_width, d->kernel_width, d->dilation_width);
  if (even) columns = irlas_round_up(columns, 2);
  if (one_tap) {
    columns = band.columns;
    irlas_copy_places(scratch, pitch, x, height, line, d->x_pitch, row, band.rows, d->stride_height, column,
                      columns, d->stride_width, channel, inputs, &prologue);
  } else {
    irlas_copy_places(scratch, pitch, x, height, line, d->x_pitch, row,
                      irlas_reach(band.rows, d->stride_height, d->kernel_height, d->dilation_height), 1, column,
                      columns, 1, channel, inputs, &prologue);
  }
  return (struct irlas_operand){scratch, columns * pitch, pitch};
}

// One panel of `width` and one block of `inputs` input channels; `x` and `dy` are those of the band.
IRLAS_INLINE void irlas_gradient_pair(const struct irlas_conv *d, const struct irlas_band *band, float *total,
                                      const struct irlas_operand *x, const struct irlas_operand *dy, ptrdiff_t inputs,
                                      ptrdiff_t width) {
  irlas_gradient_band(d, total, x->at, x->row, x->column, dy->at, dy->row, dy->column, band->rows, band->columns, inputs,
                      width);
}

// A task: some panels and some blocks.
IRLAS_INLINE void irlas_dense_gradient(const struct irlas_conv *d, float *const *p, float *scratch, ptrdiff_t split,
                                       ptrdiff_t chunk, ptrdiff_t block_chunk) {
  const struct irlas_gradient_cut g = irlas_weight_gradient_cut(d);
  const struct irlas_panels panels = irlas_forward_panels(d);
  const ptrdiff_t first = irlas_part(g.panels, chunk, g.chunks), last = irlas_part(g.panels, chunk + 1, g.chunks);
  const ptrdiff_t from = irlas_part(g.blocks, block_chunk, g.block_chunks);
  const ptrdiff_t blocks = irlas_part(g.blocks, block_chunk + 1, g.block_chunks) - from;
  const ptrdiff_t rest = panels.inputs % g.inputs, narrow = panels.outputs % irlas_dense_panel;
  const ptrdiff_t per_group = irlas_panels_per_group(&panels), units = g.images * g.cut.bands;
  const ptrdiff_t size = panels.taps * g.inputs * irlas_dense_panel, dy_room = irlas_gradient_dy(d, &g);
  float *total = scratch;
  irlas_zero_floats(total, (last - first) * blocks * size);
  float *dy_copies = scratch + irlas_gradient_totals(d, &g), *x_copy = dy_copies + dy_room * irlas_gradient_panels(&g);
  for (ptrdiff_t unit = irlas_part(units, split, g.splits); unit < irlas_part(units, split + 1, g.splits); unit++) {
    const struct irlas_band band = irlas_band(&g.cut, g.rows, g.columns, unit % g.cut.bands);
    for (ptrdiff_t start = first, end; start < last; start = end) {
      const ptrdiff_t group = start / per_group;
      end = irlas_min((group + 1) * per_group, last);
      for (ptrdiff_t block = from; block < from + blocks; block++) {
        const ptrdiff_t input = block * g.inputs;
        const int whole = rest == 0 || panels.inputs - input >= g.inputs;
        const ptrdiff_t channel = group * panels.inputs + input;
        const struct irlas_operand x =
            whole ? irlas_gather_x(d, &g, p, x_copy, unit, channel, g.inputs, g.inputs, 0, 0)
                  : irlas_gather_x(d, &g, p, x_copy, unit, channel, rest, rest, 0, 0);
        for (ptrdiff_t index = start; index < end; index++) {
          const struct irlas_panel panel = irlas_panel(&panels, index);
          float *sums = total + ((index - first) * blocks + block - from) * size;
#define IRLAS_PAIR(inputs, width)                                                                                \
  do {                                                                                                           \
    const struct irlas_operand dy =                                                                              \
        irlas_gather_dy(d, &g, p[2], dy_copies + (index - start) * dy_room, unit, panel.start, width,            \
                        irlas_round_up(width, irlas_lanes), 0, 0, 0, block == from);                                \
    irlas_gradient_pair(d, &band, sums, &x, &dy, inputs, width);                                                 \
  } while (0)
#ifdef IRLAS_PREBUILT
          IRLAS_PAIR((whole ? g.inputs : rest), panel.width);
          (void)narrow;
#else
          if (whole && panels.outputs >= irlas_dense_panel && panel.width == irlas_dense_panel)
            IRLAS_PAIR(g.inputs, irlas_dense_panel);
          else if (whole && narrow)
            IRLAS_PAIR(g.inputs, narrow);
          else if (rest && panels.outputs >= irlas_dense_panel && panel.width == irlas_dense_panel)
            IRLAS_PAIR(rest, irlas_dense_panel);
          else if (rest && narrow)
            IRLAS_PAIR(rest, narrow);
#endif
#undef IRLAS_PAIR
        }
      }
    }
  }
  float *results = p[0] + split * (d->outputs * panels.inputs * panels.taps);
  for (ptrdiff_t index = first; index < last; index++) {
    const struct irlas_panel panel = irlas_panel(&panels, index);
    const ptrdiff_t pitch = irlas_round_up(panel.width, irlas_lanes);
    for (ptrdiff_t block = from; block < from + blocks; block++) {
      const ptrdiff_t input = block * g.inputs, inputs = irlas_min(g.inputs, panels.inputs - input);
      const float *sums = total + ((index - first) * blocks + block - from) * size;
      for (ptrdiff_t tap = 0; tap < panels.taps; tap++)
        for (ptrdiff_t i = 0; i < inputs; i++)
          irlas_copy_floats(results + panel.offset + (tap * panels.inputs + input + i) * panel.width,
                            sums + (tap * inputs + i) * pitch, panel.width);
    }
  }
}

// A task: the joined panels of one chunk.
IRLAS_INLINE void irlas_joined_gradient(const struct irlas_conv *d, float *const *p, float *scratch, ptrdiff_t split,
                                        ptrdiff_t chunk) {
  const struct irlas_gradient_cut g = irlas_weight_gradient_cut(d);
  const struct irlas_panels panels = irlas_forward_panels(d);
#ifdef IRLAS_PREBUILT
  const int neighbours = 0;
#else
  const int neighbours = d->stride_width == 1 && d->dilation_width == 1 && d->stride_height == 1 &&
                         d->kernel_width * panels.inputs <= 24;
#endif
  const ptrdiff_t rows = panels.taps * panels.inputs, totals = rows * irlas_joined_panel;
  const ptrdiff_t first = irlas_part(g.panels, chunk, g.chunks), last = irlas_part(g.panels, chunk + 1, g.chunks);
  const ptrdiff_t units = g.images * g.cut.bands;
  float *total = scratch;
  irlas_zero_floats(total, (last - first) * totals);
  scratch += irlas_gradient_totals(d, &g);
  float *x_copy = scratch + irlas_gradient_dy(d, &g);
  for (ptrdiff_t unit = irlas_part(units, split, g.splits); unit < irlas_part(units, split + 1, g.splits); unit++) {
    const struct irlas_band band = irlas_band(&g.cut, g.rows, g.columns, unit % g.cut.bands);
    for (ptrdiff_t index = first; index < last; index++) {
      const struct irlas_panel panel = irlas_panel(&panels, index);
      const ptrdiff_t margin = neighbours ? d->kernel_width - 1 : 0;
      // Two calls each, so that a whole panel's width is a constant.
      const int whole = panel.width == irlas_joined_panel;
      const struct irlas_operand dy =
          whole ? irlas_gather_dy(d, &g, p[2], scratch, unit, panel.start, irlas_joined_panel, irlas_joined_panel, margin,
                                  neighbours, 1, 1)
                : irlas_gather_dy(d, &g, p[2], scratch, unit, panel.start, panel.width, irlas_joined_panel, margin,
                                  neighbours, 1, 1);
      const struct irlas_operand x =
          whole ? irlas_gather_x(d, &g, p, x_copy, unit, panel.start, irlas_joined_panel, irlas_joined_panel, neighbours, 1)
                : irlas_gather_x(d, &g, p, x_copy, unit, panel.start, panel.width, irlas_joined_panel, neighbours, 1);
      for (ptrdiff_t lane = 0; lane < panel.width; lane += irlas_lanes)
        irlas_joined_gradient_band_of(d, total + (index - first) * totals, x.at, x.row, dy.at, dy.row, band.rows,
                                      band.columns, (int)panels.inputs, lane, neighbours);
    }
  }
  for (ptrdiff_t index = first; index < last; index++) {
    const struct irlas_panel panel = irlas_panel(&panels, index);
    float *to = p[0] + split * d->outputs * rows + panel.offset;
    for (ptrdiff_t row = 0; row < rows; row++)
      irlas_copy_floats(to + row * panel.width, total + (index - first) * totals + row * irlas_joined_panel, panel.width);
  }
}

// p: dweight (splits > 1: [splits][weight]) - x, dy [, factors]
IRLAS_INLINE void irlas_conv_weight_gradient(const struct irlas_conv *d, float *const *p, float *scratch, int task) {
  const struct irlas_gradient_cut g = irlas_weight_gradient_cut(d);
  const struct irlas_panels panels = irlas_forward_panels(d);
  if (panels.joined) {
    irlas_joined_gradient(d, p, scratch, task / g.chunks, task % g.chunks);
    return;
  }
  const ptrdiff_t block_chunk = task % g.block_chunks, rest = task / g.block_chunks;
  irlas_dense_gradient(d, p, scratch, rest / g.chunks, rest % g.chunks, block_chunk);
}
