// What the forward convolution and its input gradient share: sweeping a window of taps over a map.
//
// Work is cut into bands of about 256 output pixels. A band's input is copied into scratch, zeros standing for
// the padding, so that the inner loops know no borders; then register tiles of pixels x output channels
// accumulate over taps and input channels. 1x1 windows read the input in place.

// What happens to x as it is copied.
struct irlas_prologue {
  int pairs;             // it is rounded to words, as the weight is (bf16.h)
  int normalizes;        // it is normalised by
  const float *factors;  // [3][channels]
  ptrdiff_t channels, activation;
};
IRLAS_INLINE struct irlas_prologue irlas_prologue(const struct irlas_conv *d, const float *factors) {
  return (struct irlas_prologue){d->pairs != 0, d->normalizes != 0, factors, d->channels,
                                 irlas_max(d->normalizes - 1, 0)};
}
// `count` channels of a pixel from `channel` on.
IRLAS_INLINE void irlas_copy_normalized(float *to, const float *x, ptrdiff_t channel, ptrdiff_t count,
                                        const struct irlas_prologue *p) {
  const float *means = p->factors + channel, *factors = means + p->channels, *shifts = factors + p->channels;
  for (ptrdiff_t i = 0; i < count; i += irlas_lanes) {
    const ptrdiff_t lanes = count - i;
    const irlas_vec value = irlas_normalized(irlas_load_up_to(x + i, lanes), irlas_load_up_to(means + i, lanes),
                                             irlas_load_up_to(factors + i, lanes), irlas_load_up_to(shifts + i, lanes));
    irlas_store_up_to(to + i, irlas_activate(p->activation, value), lanes);
  }
}
IRLAS_INLINE void irlas_copy_pixel(float *to, const float *x, ptrdiff_t channel, ptrdiff_t count,
                                   const struct irlas_prologue *p) {
  if (!p->pairs) {
    if (p->normalizes) irlas_copy_normalized(to, x, channel, count, p);
    else irlas_copy_floats(to, x, count);
    return;
  }
  if (!p->normalizes) {
    irlas_round_floats(to, x, count);
    return;
  }
  float part[32];
  for (ptrdiff_t i = 0; i < count; i += 32) {
    irlas_copy_normalized(part, x + i, channel + i, irlas_min(count - i, 32), p);
    irlas_round_floats(to + i / 2, part, irlas_min(count - i, 32));
  }
}

// y[row, column] = sum over taps (a, b) of x[row * stride_h + a * dilation_h - pad_h, ...] * w[tap(a, b)].
struct irlas_sweep {
  ptrdiff_t batch, height, width, pitch;  // x; pitch: floats from pixel to pixel
  ptrdiff_t rows, columns;                // outputs
  ptrdiff_t y_image, y_row, y_column;     // floats
  ptrdiff_t stride_h, stride_w, dilation_h, dilation_w, pad_h, pad_w;
  ptrdiff_t taps_h, taps_w;               // taps; the weight's number of (a, b) is first + a * step_h + b * step_w
  ptrdiff_t first, step_h, step_w;
  struct irlas_prologue prologue;
  int past;  // y may be written past the caches
  ptrdiff_t residual_pitch;  // floats from pixel to pixel
};

// A 1x1 convolution without stride or padding, and so a linear layer, is a product over all pixels in one row.
IRLAS_INLINE int irlas_is_product(const struct irlas_conv *d) {
  return d->kernel_height * d->kernel_width == 1 && d->stride_height == 1 && d->stride_width == 1 &&
         d->pad_top == 0 && d->pad_left == 0 && d->out_height == d->height && d->out_width == d->width;
}

// Pixels that lie multiples of a way of the first cache (4 KiB) apart displace each other there: a register tile's
// fourteen do not fit its eight ways.
enum { irlas_cache_way = 1024 };
// The distance of copied pixels.
IRLAS_INLINE ptrdiff_t irlas_apart(ptrdiff_t pitch) { return pitch % 256 == 0 ? pitch + 16 : pitch; }

// How a sweep is cut into tasks: batch x bands x chunks of panels.
struct irlas_cut {
  ptrdiff_t bands, chunks;
  int by_columns;  // a single row of pixels is cut along the row
  int whole;       // one band holds all rows
  ptrdiff_t unit;  // parts of a row are whole units of pixels, but for what is left at its end
  ptrdiff_t together;  // panels that stay together
};
// The most pixels of a part of a row.
IRLAS_INLINE ptrdiff_t irlas_most_columns(const struct irlas_cut *cut, ptrdiff_t columns) {
  return irlas_ceil_div(columns / cut->unit, cut->bands) * cut->unit + columns % cut->unit;
}
// The first panel of a chunk.
IRLAS_INLINE ptrdiff_t irlas_first_panel(const struct irlas_cut *cut, ptrdiff_t panels, ptrdiff_t chunk) {
  return irlas_units(panels, cut->together, chunk, cut->chunks);
}
// Bands of `pixels`, fewer where that gives less than `tasks` tasks.
IRLAS_INLINE struct irlas_cut irlas_cut(ptrdiff_t batch, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t panels,
                                        ptrdiff_t pixels, ptrdiff_t tasks) {
  struct irlas_cut cut;
  cut.unit = cut.together = 1;
  cut.by_columns = rows == 1;
  const ptrdiff_t most = cut.by_columns ? irlas_max(columns / 64, 1) : rows;
  const ptrdiff_t wanted = irlas_min(irlas_ceil_div(tasks, batch * panels), rows * columns / 64);
  cut.bands = irlas_max(1, irlas_min(irlas_max(rows * columns / pixels, wanted), most));
  cut.whole = cut.bands == 1;
  cut.chunks = irlas_max(1, irlas_min(irlas_ceil_div(tasks, batch * cut.bands), panels));
  return cut;
}

// A part of the output.
struct irlas_band {
  ptrdiff_t row, rows, column, columns;
};
IRLAS_INLINE struct irlas_band irlas_band(const struct irlas_cut *cut, ptrdiff_t rows, ptrdiff_t columns,
                                          ptrdiff_t index) {
  const ptrdiff_t total = cut->by_columns ? columns : rows;
  const ptrdiff_t start = irlas_units(total, cut->unit, index, cut->bands);
  const ptrdiff_t end = irlas_units(total, cut->unit, index + 1, cut->bands);
  if (cut->by_columns) return (struct irlas_band){0, 1, start, end - start};
  return (struct irlas_band){start, end - start, 0, columns};
}

// Input rows or columns that `outputs` neighbouring outputs see.
IRLAS_INLINE ptrdiff_t irlas_reach(ptrdiff_t outputs, ptrdiff_t stride, ptrdiff_t taps, ptrdiff_t dilation) {
  return irlas_max((outputs - 1) * stride + (taps - 1) * dilation + 1, 0);
}

// Copies channels [channel, channel + count) of `rows` x `columns` places of a map, `step_h` and `step_w` apart,
// zeros outside it, to pixels `to_pitch` floats apart; lanes past `count` become zero.
IRLAS_INLINE void irlas_copy_places(float *to, ptrdiff_t to_pitch, const float *x, ptrdiff_t height, ptrdiff_t width,
                                    ptrdiff_t pitch, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t step_h,
                                    ptrdiff_t column, ptrdiff_t columns, ptrdiff_t step_w, ptrdiff_t channel,
                                    ptrdiff_t count, const struct irlas_prologue *prologue) {
  const ptrdiff_t from = column < 0 ? irlas_min(irlas_ceil_div(-column, step_w), columns) : 0;
  const ptrdiff_t inside = width > column ? irlas_min(irlas_ceil_div(width - column, step_w), columns) : 0;
  const ptrdiff_t until = irlas_max(inside, from);
  for (ptrdiff_t r = 0; r < rows; r++, to += columns * to_pitch) {
    const ptrdiff_t h = row + r * step_h;
    if (h < 0 || h >= height) {
      irlas_zero_floats(to, columns * to_pitch);
      continue;
    }
    irlas_zero_floats(to, from * to_pitch);
    irlas_zero_floats(to + until * to_pitch, (columns - until) * to_pitch);
    const float *source = x + (h * width + column) * pitch + channel;
    for (ptrdiff_t c = from; c < until; c++) {
      irlas_copy_pixel(to + c * to_pitch, source + c * step_w * pitch, channel, count, prologue);
      for (ptrdiff_t lane = prologue->pairs ? to_pitch : count; lane < to_pitch; lane++) to[c * to_pitch + lane] = 0;
    }
  }
}

// A panel's weights with rows padded to whole vectors: the panel itself where they are, else a copy.
IRLAS_INLINE const float *irlas_whole_rows(const float *w, ptrdiff_t rows, ptrdiff_t width, ptrdiff_t pitch,
                                           float *scratch) {
  if (width == pitch) return w;
  for (ptrdiff_t r = 0; r < rows; r++)
    for (ptrdiff_t i = 0; i < pitch; i++) scratch[r * pitch + i] = i < width ? w[r * width + i] : 0;
  return scratch;
}

enum {
  // Pixels of a register tile two vectors and one vector wide.
  irlas_wide_tile = IRLAS_REGISTERS == 32 ? 14 : 6,
  irlas_narrow_tile = IRLAS_REGISTERS == 32 ? 24 : 12,
};

// The width of tiles for a row of `columns`: as even as possible; the last tile overlaps the one before it.
IRLAS_INLINE int irlas_tile_columns(ptrdiff_t columns, ptrdiff_t most) {
#ifdef IRLAS_PREBUILT
  return (int)(columns >= 8 && most >= 8 ? 8 : columns >= 4 ? 4 : columns >= 2 ? 2 : 1);
#else
  return (int)irlas_ceil_div(columns, irlas_ceil_div(columns, most));
#endif
}
// The number of rows a tile spans: divides `rows`.
IRLAS_INLINE int irlas_tile_rows(ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t most) {
#ifndef IRLAS_PREBUILT
  if (rows % 4 == 0 && columns * 4 <= most) return 4;
  if (rows % 3 == 0 && columns * 3 <= most) return 3;
  if (rows % 2 == 0 && columns * 2 <= most) return 2;
#else
  (void)rows, (void)columns, (void)most;
#endif
  return 1;
}

// What an inner loop needs: pointers at the tile's first pixel, all distances in floats.
struct irlas_tile {
  const float *x, *w;
  float *y;
  ptrdiff_t x_row, x_column, x_tap_h, x_tap_w;
  ptrdiff_t w_tap_h, w_tap_w, w_row;
  ptrdiff_t y_row, y_column;
  ptrdiff_t residual_row, residual_column;
  ptrdiff_t taps_h, taps_w, inputs;
  const float *bias;      // or NULL
  const float *residual;  // at y's pixel, or NULL
  ptrdiff_t lanes;    // outputs to store
  int past;           // y is written past the caches
  int ahead;          // whether x goes on behind the tile without a gap, to be fetched early
  ptrdiff_t activation;
};

// sum += x w over all `inputs`, for `rows` pixels and `vectors` vectors of outputs.
IRLAS_INLINE void irlas_add_products(irlas_vec (*sum)[2], const float *x, ptrdiff_t x_pitch, const float *w, ptrdiff_t w_pitch,
                                     ptrdiff_t inputs, int rows, int vectors) {
  IRLAS_UNROLL2 for (ptrdiff_t k = 0; k < inputs; k++, w += w_pitch) {
    irlas_vec weight[2];
    IRLAS_UNROLL for (int v = 0; v < vectors; v++) weight[v] = irlas_load(w + v * irlas_lanes);
    IRLAS_UNROLL for (int i = 0; i < rows; i++) {
      const irlas_vec value = irlas_splat(x[i * x_pitch + k]);
      IRLAS_UNROLL for (int v = 0; v < vectors; v++) sum[i][v] += value * weight[v];
    }
  }
}
