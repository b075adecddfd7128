// Dense 3x3 convolutions of stride 2 by minimal filtering of their phases: 25 products where four outputs of 3x3 taps
// need 36.
//
// In a line the middle tap meets pixels of one parity, the outer two those of the other, where they are a convolution of two taps and
// stride 1, of which F(2, 2) makes two outputs with three products instead of four:
//
//   y0 = (x0 - x2) w0 + x2 (w0 + w2) + x1 w1
//   y1 = (x4 - x2) w2 + x2 (w0 + w2) + x3 w1
//
// Columns likewise. So a tile of 2x2 outputs has 5x5 points, of 4x4 different weights, and every product that several outputs share
// adds up first, in registers. All factors are sums: numbers stay of one size, and whole numbers exact. A transformed weight is
// [panel][16][channels][pitch] as that of stride 1.
//
// Maps of an odd height or width end in tiles of one row or column, which have fewer points. Tiles are counted through all images,
// kind by kind. A task takes a block of tiles of one kind, and some panels.

enum {
  irlas_strided_points = 25,
  irlas_strided_factors = 16,
  irlas_strided_kinds = 4,  // of one column: 1, of one row: 2
};

// y = G x: three taps in a line.
IRLAS_INLINE void irlas_strided_taps(irlas_vec *y, const irlas_vec *x) {
  y[0] = x[0];
  y[1] = x[0] + x[2];
  y[2] = x[2];
  y[3] = x[1];
}

// How the work is cut.
struct irlas_strided {
  ptrdiff_t rows[irlas_strided_kinds], columns[irlas_strided_kinds];   // tiles of an image
  ptrdiff_t tiles[irlas_strided_kinds], blocks[irlas_strided_kinds];  // of all images
  ptrdiff_t block;         // the most tiles of a task
  ptrdiff_t all, chunks;   // blocks of all kinds
  ptrdiff_t pitch, plane;  // points: floats from tile to tile and from point to point
};
IRLAS_INLINE struct irlas_strided irlas_strided_cut(const struct irlas_conv *d) {
  struct irlas_strided c;
  c.block = c.all = 0;
  for (int kind = 0; kind < irlas_strided_kinds; kind++) {
    c.rows[kind] = kind & 2 ? d->out_height % 2 : d->out_height / 2;
    c.columns[kind] = kind & 1 ? d->out_width % 2 : d->out_width / 2;
    c.tiles[kind] = d->batch * c.rows[kind] * c.columns[kind];
    c.blocks[kind] = irlas_ceil_div(c.tiles[kind], irlas_winograd_block);
    if (c.blocks[kind]) c.block = irlas_max(c.block, irlas_ceil_div(c.tiles[kind], c.blocks[kind]));
    c.all += c.blocks[kind];
  }
  c.chunks = irlas_min(irlas_ceil_div(irlas_winograd_tasks, c.all), irlas_ceil_div(d->outputs, irlas_dense_panel));
  c.pitch = irlas_round_up(d->channels, 16) | 16;
  c.plane = ((c.block + irlas_winograd_slack) * c.pitch) | 16;
  return c;
}

// The points of one tile's inputs, all channels, to planes of `to`. `zeros` is a pixel of the padding.
IRLAS_INLINE void irlas_strided_gather(const struct irlas_conv *d, float *to, ptrdiff_t plane, const float *image,
                                       ptrdiff_t row, ptrdiff_t column, const float *zeros) {
  const float *pixels[5][5];
  IRLAS_UNROLL for (int i = 0; i < 5; i++)
    IRLAS_UNROLL for (int j = 0; j < 5; j++)
      pixels[i][j] = (size_t)(row + i) < (size_t)d->height && (size_t)(column + j) < (size_t)d->width
                         ? image + ((row + i) * d->width + column + j) * d->x_pitch
                         : zeros;
  for (ptrdiff_t channel = 0; channel < d->channels; channel += irlas_lanes) {
    irlas_vec lines[5][5];
    IRLAS_UNROLL for (int j = 0; j < 5; j++) {
      irlas_vec line[5];
      IRLAS_UNROLL for (int i = 0; i < 5; i++)
        line[i] = irlas_load_up_to(pixels[i][j] + channel, d->channels - channel);
      lines[0][j] = line[0] - line[2];
      lines[1][j] = line[2];
      lines[2][j] = line[4] - line[2];
      lines[3][j] = line[1];
      lines[4][j] = line[3];
    }
    IRLAS_UNROLL for (int i = 0; i < 5; i++) {
      float *at = to + i * 5 * plane + channel;
      irlas_store(at, lines[i][0] - lines[i][2]);
      irlas_store(at + plane, lines[i][2]);
      irlas_store(at + 2 * plane, lines[i][4] - lines[i][2]);
      irlas_store(at + 3 * plane, lines[i][1]);
      irlas_store(at + 4 * plane, lines[i][3]);
    }
  }
}

// Where the results of a block's tiles go: y, bias and residual at the panel's first output, of which there are `width`.
struct irlas_strided_results {
  float *y;
  const float *bias, *residual;  // or NULL
  const ptrdiff_t *pixels;       // of each tile
  ptrdiff_t tiles, width;
  int past;
};
IRLAS_INLINE void irlas_strided_store(const struct irlas_conv *d, const struct irlas_strided_results *r, ptrdiff_t tile,
                                      ptrdiff_t lane, ptrdiff_t pixel, irlas_vec (*sum)[2], int rows, int vectors) {
  irlas_vec results[irlas_wide_tile][2];  // so that sums, which no loop counts through, may stay in registers
  IRLAS_UNROLL for (int i = 0; i < rows; i++)
    IRLAS_UNROLL for (int v = 0; v < vectors; v++) results[i][v] = sum[i][v];
  for (int i = 0; i < rows && tile + i < r->tiles; i++)
    IRLAS_UNROLL for (int v = 0; v < vectors; v++) {
      const ptrdiff_t at = r->pixels[tile + i] + pixel, output = lane + v * irlas_lanes, left = r->width - output;
      irlas_vec result = results[i][v];
      if (left <= 0) break;
      if (r->bias) result += irlas_load_up_to(r->bias + output, left);
      if (r->residual) result += irlas_load_up_to(r->residual + at * d->residual_pitch + output, left);
      irlas_store_result(r->y + at * d->y_pitch + output, irlas_activate(d->activation, result), left, r->past);
    }
}

// `rows` tiles from `tile` on by `vectors` vectors of outputs from `lane` on. What several outputs share is added up first.
IRLAS_INLINE void irlas_strided_tile(const struct irlas_conv *d, const struct irlas_strided *c,
                                     const struct irlas_strided_results *r, const float *x, const float *w, ptrdiff_t pitch,
                                     ptrdiff_t tile, ptrdiff_t lane, int kind, int rows, int vectors) {
  const int one_column = kind & 1, one_row = kind >> 1;
  const ptrdiff_t plane = d->channels * pitch;
  irlas_vec sum[irlas_wide_tile][2], base[irlas_wide_tile][2], lines[2][irlas_wide_tile][2];
  x += tile * c->pitch;
  w += lane;
#define IRLAS_EACH(statement)                 \
  IRLAS_UNROLL for (int i = 0; i < rows; i++) \
    IRLAS_UNROLL for (int v = 0; v < vectors; v++) statement
  // Points 3 and 4 of a line have the middle tap.
#define IRLAS_ADD(row, column)                                                                           \
  irlas_add_products(sum, x + ((row) * 5 + (column)) * c->plane, c->pitch,                               \
                     w + (irlas_min(row, 3) * 4 + irlas_min(column, 3)) * plane, pitch, d->channels, rows, vectors)
  IRLAS_EACH((sum[i][v] = (irlas_vec){0}));
  IRLAS_ADD(1, 1);
  IRLAS_EACH(base[i][v] = sum[i][v]);
  for (int row = 0; row < 2 - one_row; row++) {
    IRLAS_EACH(sum[i][v] = base[i][v]);
    IRLAS_ADD(2 * row, 1);
    IRLAS_ADD(3 + row, 1);
    IRLAS_EACH(lines[row][i][v] = sum[i][v]);
  }
  for (int column = 0; column < 2 - one_column; column++) {
    IRLAS_EACH((sum[i][v] = (irlas_vec){0}));
    IRLAS_ADD(1, 2 * column);
    IRLAS_ADD(1, 3 + column);
    IRLAS_EACH(base[i][v] = sum[i][v]);
    for (int row = 0; row < 2 - one_row; row++) {
      IRLAS_EACH(sum[i][v] = base[i][v] + lines[row][i][v]);
      IRLAS_ADD(2 * row, 2 * column);
      IRLAS_ADD(2 * row, 3 + column);
      IRLAS_ADD(3 + row, 2 * column);
      IRLAS_ADD(3 + row, 3 + column);
      irlas_strided_store(d, r, tile, lane, row * d->out_width + column, sum, rows, vectors);
    }
  }
#undef IRLAS_ADD
#undef IRLAS_EACH
}

// Whether it saves a tenth of the direct convolution's time, or a fifth while training, where batch norm then needs a pass of its own for
// statistics; as `irlas_winograd_pays`.
IRLAS_INLINE int irlas_strided_pays(const struct irlas_conv *d, int changing) {
  const struct irlas_strided c = irlas_strided_cut(d);
  const double inputs = (double)irlas_ceil_div(d->channels, 16), outputs = (double)irlas_ceil_div(d->outputs, 16);
  const double channels = (double)d->channels, pixels = (double)d->batch * d->out_height * d->out_width;
  const double direct = (9 * pixels + 72) * channels * outputs * (d->pairs ? 0.5 : 1);
  // Blocks of fewer tiles than registers hold read weights more often; as many as half of them cost no more.
  double products = 128 + (changing ? 245 : 0), tiles = 0;
  for (int kind = 0; kind < irlas_strided_kinds; kind++) {
    const int points = (kind & 1 ? 3 : 5) * (kind & 2 ? 3 : 5);
    const ptrdiff_t count = irlas_max(c.tiles[kind], c.blocks[kind] * irlas_winograd_block / 2);
    products += (double)(points * count);
    tiles += (double)c.tiles[kind];
  }
  const double strided = products * channels * outputs + tiles * (80 * inputs * (double)c.chunks + 40 * outputs);
  return strided * 10 <= direct * (changing ? 8 : 9);
}

IRLAS_INLINE int irlas_strided_tasks(const struct irlas_conv *d) {
  const struct irlas_strided c = irlas_strided_cut(d);
  return (int)(c.all * c.chunks);
}
IRLAS_INLINE ptrdiff_t irlas_strided_scratch(const struct irlas_conv *d) {
  const struct irlas_strided c = irlas_strided_cut(d);
  return irlas_strided_points * c.plane + c.pitch;
}
// p: y - x, transformed weight [, bias [, residual]]
IRLAS_INLINE void irlas_strided(const struct irlas_conv *d, float *const *p, float *scratch, int task) {
  const struct irlas_strided c = irlas_strided_cut(d);
#ifdef IRLAS_PREBUILT
  const int rows = irlas_wide_tile < 7 ? 4 : 7;
#else
  const int rows = irlas_tile_columns(c.block, irlas_wide_tile);
#endif
  const ptrdiff_t chunk = task % c.chunks;
  ptrdiff_t block = task / c.chunks;
  int kind = 0;
  for (; block >= c.blocks[kind]; kind++) block -= c.blocks[kind];
  const ptrdiff_t size = irlas_ceil_div(c.tiles[kind], c.blocks[kind]), first = block * size;
  const ptrdiff_t tiles = irlas_min(size, c.tiles[kind] - first);
  float *zeros = scratch + irlas_strided_points * c.plane;
  ptrdiff_t pixels[irlas_winograd_block];
  irlas_zero_floats(zeros, c.pitch);
  for (ptrdiff_t i = 0; i < tiles; i++) {
    const ptrdiff_t image = (first + i) / (c.rows[kind] * c.columns[kind]);
    const ptrdiff_t row = 2 * (kind & 2 ? d->out_height / 2 : (first + i) / c.columns[kind] % c.rows[kind]);
    const ptrdiff_t column = 2 * (kind & 1 ? d->out_width / 2 : (first + i) % c.columns[kind]);
    pixels[i] = (image * d->out_height + row) * d->out_width + column;
    irlas_strided_gather(d, scratch + i * c.pitch, c.plane, p[1] + image * d->height * d->width * d->x_pitch,
                         2 * row - d->pad_top, 2 * column - d->pad_left, zeros);
  }
  const int past =
      d->y_pitch % 16 == 0 && irlas_goes_past(p[0], d->batch * d->out_height * d->out_width * d->outputs);
  const ptrdiff_t panels = irlas_ceil_div(d->outputs, irlas_dense_panel), until = irlas_part(panels, chunk + 1, c.chunks);
  for (ptrdiff_t panel = irlas_part(panels, chunk, c.chunks); panel < until; panel++) {
    const ptrdiff_t start = panel * irlas_dense_panel, width = irlas_min(d->outputs - start, irlas_dense_panel);
    const ptrdiff_t pitch = irlas_round_up(width, irlas_winograd_lanes);
    const float *w = p[2] + irlas_winograd_offset(d, panel, irlas_strided_factors);
    const struct irlas_strided_results results = {
        p[0] + start, d->has_bias ? p[3] + start : (const float *)0,
        d->has_residual ? p[3 + (d->has_bias != 0)] + start : (const float *)0, pixels, tiles, width, past};
    ptrdiff_t lane = 0;
    for (; lane + 2 * irlas_lanes <= pitch; lane += 2 * irlas_lanes)
      for (ptrdiff_t i = 0; i < tiles; i += rows)
        irlas_strided_tile(d, &c, &results, scratch, w, pitch, i, lane, kind, rows, 2);
    for (; lane < pitch; lane += irlas_lanes)
      for (ptrdiff_t i = 0; i < tiles; i += rows)
        irlas_strided_tile(d, &c, &results, scratch, w, pitch, i, lane, kind, rows, 1);
  }
  irlas_fence(past);
}
