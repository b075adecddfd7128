// Dense 3x3 convolutions of stride 1 by Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray, "Fast Algorithms
// for Convolutional Neural Networks", 2015): 36 products where sixteen outputs of 3x3 taps need 144.
//
// Outputs are cut into tiles of 4x4, each from 6x6 inputs. A line of six goes to the values of a polynomial at
// 0, a, -a, b, -b and infinity; a = sqrt(1/2), b = sqrt(2) keep the numbers of one size, so that errors are a
// quarter of those of the usual 1 and 2. A transformed weight is [panel][36][channels][pitch]; `pitch` is the
// panel's width rounded up to `irlas_winograd_lanes`, with zeros.
//
// A task takes a block of tiles, counted through all images, and some panels: transform the tiles' inputs, then for
// each panel 36 products [tiles][channels] x [channels][pitch], and the results' transform.

enum {
  irlas_winograd_side = 4,
  irlas_winograd_points = 36,
  irlas_winograd_lanes = 16,  // whatever the target: all tiers read one weight
  irlas_winograd_block = 14,  // tiles: one register tile where registers are 32
  irlas_winograd_slack = 16,  // products run over whole register tiles
  irlas_winograd_tasks = 8,   // at least, where there is work for them: each transforms its tiles anew
};

#define IRLAS_WINOGRAD_A 0.70710678f
#define IRLAS_WINOGRAD_B 1.41421356f

// y = B^T x: six inputs in a line to the six points.
IRLAS_INLINE void irlas_winograd_input(irlas_vec *y, const irlas_vec *x) {
  const irlas_vec even_a = x[4] - 2.0f * x[2], even_b = x[4] - 0.5f * x[2];
  const irlas_vec odd_a = x[3] - 2.0f * x[1], odd_b = x[3] - 0.5f * x[1];
  y[0] = x[0] + (x[4] - 2.5f * x[2]);
  y[1] = even_a + IRLAS_WINOGRAD_A * odd_a;
  y[2] = even_a - IRLAS_WINOGRAD_A * odd_a;
  y[3] = even_b + IRLAS_WINOGRAD_B * odd_b;
  y[4] = even_b - IRLAS_WINOGRAD_B * odd_b;
  y[5] = x[1] + (x[5] - 2.5f * x[3]);
}

// y = A^T x: six points to the four outputs in a line.
IRLAS_INLINE void irlas_winograd_output(irlas_vec *y, const irlas_vec *x) {
  const irlas_vec even_a = x[1] + x[2], odd_a = x[1] - x[2], even_b = x[3] + x[4], odd_b = x[3] - x[4];
  y[0] = x[0] + even_a + even_b;
  y[1] = IRLAS_WINOGRAD_A * odd_a + IRLAS_WINOGRAD_B * odd_b;
  y[2] = 0.5f * even_a + 2.0f * even_b;
  y[3] = x[5] + (0.5f * IRLAS_WINOGRAD_A * odd_a + 2.0f * IRLAS_WINOGRAD_B * odd_b);
}

// y = G x: three taps in a line to the six points.
IRLAS_INLINE void irlas_winograd_taps(irlas_vec *y, const irlas_vec *x) {
  const irlas_vec even_a = (x[0] + 0.5f * x[2]) * (-2.0f / 3), odd_a = x[1] * (-2.0f / 3 * IRLAS_WINOGRAD_A);
  const irlas_vec even_b = (x[0] + 2.0f * x[2]) * (1.0f / 6), odd_b = x[1] * (1.0f / 6 * IRLAS_WINOGRAD_B);
  y[0] = x[0];
  y[1] = even_a + odd_a;
  y[2] = even_a - odd_a;
  y[3] = even_b + odd_b;
  y[4] = even_b - odd_b;
  y[5] = x[2];
}

// Where a panel's transformed weights begin, of `factors` for each channel and output.
IRLAS_INLINE ptrdiff_t irlas_winograd_offset(const struct irlas_conv *d, ptrdiff_t panel, ptrdiff_t factors) {
  return panel * factors * d->channels * irlas_dense_panel;
}

// How the work is cut: blocks of tiles and chunks of panels, and how scratch is laid out.
struct irlas_winograd {
  ptrdiff_t tiles_h, tiles_w, tiles;
  ptrdiff_t block, blocks, panels, chunks;
  ptrdiff_t pitch, plane;  // transformed inputs: floats from tile to tile and from point to point
  ptrdiff_t products;      // products: floats from point to point
};
IRLAS_INLINE struct irlas_winograd irlas_winograd_cut(const struct irlas_conv *d) {
  struct irlas_winograd c;
  c.tiles_h = irlas_ceil_div(d->out_height, irlas_winograd_side);
  c.tiles_w = irlas_ceil_div(d->out_width, irlas_winograd_side);
  c.tiles = d->batch * c.tiles_h * c.tiles_w;
  c.panels = irlas_ceil_div(d->outputs, irlas_dense_panel);
  c.block = irlas_ceil_div(c.tiles, irlas_ceil_div(c.tiles, irlas_winograd_block));
  c.blocks = irlas_ceil_div(c.tiles, c.block);
  c.chunks = irlas_min(irlas_ceil_div(irlas_winograd_tasks, c.blocks), c.panels);
  // Odd numbers of cache lines, so that neighbours do not meet in the cache's sets.
  c.pitch = irlas_round_up(d->channels, 16) | 16;
  c.plane = ((c.block + irlas_winograd_slack) * c.pitch) | 16;
  c.products = ((c.block + irlas_winograd_slack) * irlas_dense_panel) | 16;
  return c;
}

// One of `columns` tiles by `vectors` vectors of outputs at one point: x [tiles][channels] by w [channels][pitch].
IRLAS_INLINE void irlas_winograd_tile(float *y, const float *x, ptrdiff_t x_pitch, const float *w, ptrdiff_t pitch,
                                      ptrdiff_t channels, int columns, int vectors) {
  irlas_vec sum[irlas_narrow_tile][2];
  IRLAS_UNROLL for (int i = 0; i < columns; i++)
    IRLAS_UNROLL for (int v = 0; v < vectors; v++) sum[i][v] = (irlas_vec){0};
  IRLAS_UNROLL4 for (ptrdiff_t k = 0; k < channels; k++, w += pitch) {
    irlas_vec weight[2];
    IRLAS_UNROLL for (int v = 0; v < vectors; v++) weight[v] = irlas_load(w + v * irlas_lanes);
    IRLAS_UNROLL for (int i = 0; i < columns; i++) {
      irlas_vec value = irlas_splat(x[i * x_pitch + k]);
      IRLAS_UNROLL for (int v = 0; v < vectors; v++) sum[i][v] += value * weight[v];
    }
  }
  IRLAS_UNROLL for (int i = 0; i < columns; i++)
    IRLAS_UNROLL for (int v = 0; v < vectors; v++) irlas_store(y + i * pitch + v * irlas_lanes, sum[i][v]);
}

// The products of one point for a block of tiles.
IRLAS_INLINE void irlas_winograd_product(float *y, const float *x, ptrdiff_t x_pitch, const float *w,
                                         ptrdiff_t pitch, ptrdiff_t channels, ptrdiff_t block, ptrdiff_t tiles,
                                         int vectors) {
#ifdef IRLAS_PREBUILT
  (void)block;
  const int columns = irlas_wide_tile < 7 ? 4 : 7;
#else
  const int columns = irlas_tile_columns(block, vectors == 2 ? irlas_wide_tile : irlas_narrow_tile);
#endif
  for (ptrdiff_t lane = 0; lane < pitch; lane += vectors * irlas_lanes)
    for (ptrdiff_t i = 0; i < tiles; i += columns)
      irlas_winograd_tile(y + i * pitch + lane, x + i * x_pitch, x_pitch, w + lane, pitch, channels, columns,
                          vectors);
}

// The points of one tile's inputs, all channels, to planes of `to`. `zeros` is a pixel of the padding.
IRLAS_INLINE void irlas_winograd_gather(const struct irlas_conv *d, float *to, ptrdiff_t plane, const float *image,
                                        ptrdiff_t row, ptrdiff_t column, const float *zeros) {
  const float *pixels[6][6], *corner = image + (row * d->width + column) * d->x_pitch;
  int in_rows[6], in_columns[6];
  IRLAS_UNROLL for (int i = 0; i < 6; i++) {
    in_rows[i] = (size_t)(row + i) < (size_t)d->height;
    in_columns[i] = (size_t)(column + i) < (size_t)d->width;
  }
  IRLAS_UNROLL for (int i = 0; i < 6; i++)
    IRLAS_UNROLL for (int j = 0; j < 6; j++)
      pixels[i][j] = in_rows[i] & in_columns[j] ? corner + (i * d->width + j) * d->x_pitch : zeros;
  for (ptrdiff_t channel = 0; channel < d->channels; channel += irlas_lanes) {
    irlas_vec lines[6][6], line[6], points[6];
    IRLAS_UNROLL for (int j = 0; j < 6; j++) {
      IRLAS_UNROLL for (int i = 0; i < 6; i++)
        line[i] = irlas_load_up_to(pixels[i][j] + channel, d->channels - channel);
      irlas_winograd_input(lines[j], line);
    }
    IRLAS_UNROLL for (int i = 0; i < 6; i++) {
      IRLAS_UNROLL for (int j = 0; j < 6; j++) line[j] = lines[j][i];
      irlas_winograd_input(points, line);
      IRLAS_UNROLL for (int j = 0; j < 6; j++) irlas_store(to + (i * 6 + j) * plane + channel, points[j]);
    }
  }
}

// The results of one tile for `width` outputs of a panel from planes of `from`; y, bias and residual at the panel's
// first output.
IRLAS_INLINE void irlas_winograd_scatter(const struct irlas_conv *d, float *y, const float *from, ptrdiff_t plane,
                                         ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t width, const float *bias,
                                         const float *residual, int past) {
  for (ptrdiff_t lane = 0; lane < width; lane += irlas_lanes) {
    irlas_vec lines[6][4], line[6], results[4];
    const irlas_vec start = bias ? irlas_load_up_to(bias + lane, width - lane) : (irlas_vec){0};
    IRLAS_UNROLL for (int j = 0; j < 6; j++) {
      IRLAS_UNROLL for (int i = 0; i < 6; i++) line[i] = irlas_load(from + (i * 6 + j) * plane + lane);
      irlas_winograd_output(lines[j], line);
    }
    IRLAS_UNROLL for (int i = 0; i < 4; i++) {
      if (i >= rows) break;
      IRLAS_UNROLL for (int j = 0; j < 6; j++) line[j] = lines[j][i];
      irlas_winograd_output(results, line);
      IRLAS_UNROLL for (int j = 0; j < 4; j++)
        if (j < columns) {
          const ptrdiff_t pixel = i * d->out_width + j;
          irlas_vec result = results[j] + start;
          if (residual) result += irlas_load_up_to(residual + pixel * d->residual_pitch + lane, width - lane);
          irlas_store_result(y + pixel * d->y_pitch + lane, irlas_activate(d->activation, result), width - lane, past);
        }
    }
  }
}

// One panel over a block of tiles.
IRLAS_INLINE void irlas_winograd_panel_over(const struct irlas_conv *d, const struct irlas_winograd *c, float *y,
                                            const float *inputs, const float *w, ptrdiff_t width, const float *bias,
                                            const float *residual, ptrdiff_t first, ptrdiff_t tiles, int past,
                                            float *products) {
  const ptrdiff_t pitch = irlas_round_up(width, irlas_winograd_lanes);
  for (int point = 0; point < irlas_winograd_points; point++) {
    float *to = products + point * c->products;
    const float *from = inputs + point * c->plane, *weight = w + point * d->channels * pitch;
    if (pitch % (2 * irlas_lanes) == 0)
      irlas_winograd_product(to, from, c->pitch, weight, pitch, d->channels, c->block, tiles, 2);
    else
      irlas_winograd_product(to, from, c->pitch, weight, pitch, d->channels, c->block, tiles, 1);
  }
  for (ptrdiff_t i = 0; i < tiles; i++) {
    const ptrdiff_t image = (first + i) / (c->tiles_h * c->tiles_w);
    const ptrdiff_t row = (first + i) / c->tiles_w % c->tiles_h * irlas_winograd_side;
    const ptrdiff_t column = (first + i) % c->tiles_w * irlas_winograd_side;
    const ptrdiff_t pixel = (image * d->out_height + row) * d->out_width + column;
    irlas_winograd_scatter(d, y + pixel * d->y_pitch, products + i * pitch, c->products, d->out_height - row,
                           d->out_width - column, width, bias,
                           residual ? residual + pixel * d->residual_pitch : (const float *)0, past);
  }
}

// Whether it saves a fifth of the direct convolution's time (of `pairs` or not). The estimate counts multiply-adds of sixteen lanes;
// it knows nothing of the processor, so that a plan is the same everywhere. `changing` weights are transformed for every call.
IRLAS_INLINE int irlas_unstrided_pays(const struct irlas_conv *d, int changing) {
  const struct irlas_winograd c = irlas_winograd_cut(d);
  const double inputs = (double)irlas_ceil_div(d->channels, 16), outputs = (double)irlas_ceil_div(d->outputs, 16);
  const double channels = (double)d->channels, pixels = (double)d->batch * d->out_height * d->out_width;
  // Weights are read once, at half a vector in the time of a product; a vector's transforms measured 450 products.
  // Pairs of bfloat16 take half the time.
  const double direct = (9 * pixels + 72) * channels * outputs * (d->pairs ? 0.5 : 1);
  const double winograd =
      (36 * (double)c.tiles + 288 + (changing ? 550 : 0)) * channels * outputs + 450 * c.tiles * (inputs * c.chunks + outputs);
  return winograd * 5 <= direct * 4;
}

IRLAS_INLINE int irlas_unstrided_tasks(const struct irlas_conv *d) {
  const struct irlas_winograd c = irlas_winograd_cut(d);
  return (int)(c.blocks * c.chunks);
}
IRLAS_INLINE ptrdiff_t irlas_unstrided_scratch(const struct irlas_conv *d) {
  const struct irlas_winograd c = irlas_winograd_cut(d);
  return irlas_winograd_points * (c.plane + c.products) + c.pitch;
}
// p: y - x, transformed weight [, bias [, residual]]
IRLAS_INLINE void irlas_unstrided(const struct irlas_conv *d, float *const *p, float *scratch, int task) {
  const struct irlas_winograd c = irlas_winograd_cut(d);
  const ptrdiff_t chunk = task % c.chunks, first = task / c.chunks * c.block;
  const ptrdiff_t tiles = irlas_min(c.block, c.tiles - first);
  float *inputs = scratch, *products = inputs + irlas_winograd_points * c.plane;
  float *zeros = products + irlas_winograd_points * c.products;
  irlas_zero_floats(zeros, c.pitch);
  for (ptrdiff_t i = 0; i < tiles; i++) {
    const ptrdiff_t image = (first + i) / (c.tiles_h * c.tiles_w);
    irlas_winograd_gather(d, inputs + i * c.pitch, c.plane, p[1] + image * d->height * d->width * d->x_pitch,
                          (first + i) / c.tiles_w % c.tiles_h * irlas_winograd_side - d->pad_top,
                          (first + i) % c.tiles_w * irlas_winograd_side - d->pad_left, zeros);
  }
  const ptrdiff_t until = irlas_part(c.panels, chunk + 1, c.chunks);
  const int past =
      d->y_pitch % 16 == 0 && irlas_goes_past(p[0], d->batch * d->out_height * d->out_width * d->outputs);
  for (ptrdiff_t panel = irlas_part(c.panels, chunk, c.chunks); panel < until; panel++) {
    const ptrdiff_t start = panel * irlas_dense_panel;
    const float *w = p[2] + irlas_winograd_offset(d, panel, irlas_winograd_points), *bias = d->has_bias ? p[3] + start : (const float *)0;
    const float *residual = d->has_residual ? p[3 + (d->has_bias != 0)] + start : (const float *)0;
    if (d->outputs - start >= irlas_dense_panel)
      irlas_winograd_panel_over(d, &c, p[0] + start, inputs, w, irlas_dense_panel, bias, residual, first, tiles,
                                past, products);
    else
      irlas_winograd_panel_over(d, &c, p[0] + start, inputs, w, d->outputs % irlas_dense_panel, bias, residual,
                                first, tiles, past, products);
  }
  irlas_fence(past);
}
