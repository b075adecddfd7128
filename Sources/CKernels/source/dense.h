// Dense register tiles: every input channel of a group contributes to every output channel of the panel.

// rows x columns pixels by `vectors` (1 or 2) vectors of output channels; `pairs` says that inputs are words of two.
IRLAS_INLINE void irlas_dense_tile(const struct irlas_tile *t, int pairs, int rows, int columns, int vectors) {
  irlas_vec sum[irlas_narrow_tile][2];
  const int pixels = rows * columns;
  IRLAS_UNROLL for (int v = 0; v < vectors; v++) {
    irlas_vec start = t->bias ? irlas_load_up_to(t->bias + v * irlas_lanes, t->lanes - v * irlas_lanes)
                              : (irlas_vec){0};
    IRLAS_UNROLL for (int i = 0; i < pixels; i++)
      sum[i][v] = t->residual ? start + irlas_load_up_to(t->residual + i / columns * t->residual_row +
                                                             i % columns * t->residual_column + v * irlas_lanes,
                                                         t->lanes - v * irlas_lanes)
                              : start;
  }
  for (ptrdiff_t a = 0; a < t->taps_h; a++)
    for (ptrdiff_t b = 0; b < t->taps_w; b++) {
      const float *x = t->x + a * t->x_tap_h + b * t->x_tap_w;
      const float *w = t->w + a * t->w_tap_h + b * t->w_tap_w;
      IRLAS_UNROLL4 for (ptrdiff_t k = 0; k < t->inputs; k++, w += t->w_row) {
        irlas_vec weight[2];
        IRLAS_UNROLL for (int v = 0; v < vectors; v++) weight[v] = irlas_load(w + v * irlas_lanes);
        // Processors do not see that the next tile's pixels follow these.
        if (t->ahead) __builtin_prefetch(t->x + columns * (t->x_column + k));
        IRLAS_UNROLL for (int i = 0; i < pixels; i++) {
          const float *at = x + i / columns * t->x_row + i % columns * t->x_column + k;
          const irlas_vec value = pairs ? irlas_splat_word(at) : irlas_splat(*at);
          IRLAS_UNROLL for (int v = 0; v < vectors; v++)
            sum[i][v] = pairs ? irlas_add_pairs(sum[i][v], value, weight[v]) : sum[i][v] + value * weight[v];
        }
      }
    }
  IRLAS_UNROLL for (int i = 0; i < pixels; i++)
    IRLAS_UNROLL for (int v = 0; v < vectors; v++)
      irlas_store_result(t->y + i / columns * t->y_row + i % columns * t->y_column + v * irlas_lanes,
                         irlas_activate(t->activation, sum[i][v]), t->lanes - v * irlas_lanes, t->past);
}

IRLAS_INLINE void irlas_dense_tile_of(const struct irlas_tile *t, int pairs, int rows, int columns, int vectors) {
#ifdef IRLAS_PREBUILT
  (void)rows;
#define IRLAS_TILE(columns, vectors)                                \
  do {                                                              \
    if (pairs) irlas_dense_tile(t, 1, 1, columns, vectors);         \
    else irlas_dense_tile(t, 0, 1, columns, vectors);               \
    return;                                                         \
  } while (0)
  if (vectors == 2) switch (columns) {
    case 8: IRLAS_TILE((irlas_wide_tile < 8 ? 4 : 8), 2);
    case 4: IRLAS_TILE(4, 2);
    case 2: IRLAS_TILE(2, 2);
    default: IRLAS_TILE(1, 2);
  }
  switch (columns) {
    case 8: IRLAS_TILE(8, 1);
    case 4: IRLAS_TILE(4, 1);
    case 2: IRLAS_TILE(2, 1);
    default: IRLAS_TILE(1, 1);
  }
#undef IRLAS_TILE
#else
  irlas_dense_tile(t, pairs, rows, columns, vectors);
#endif
}

// All tiles of a band for `vectors` vectors of a panel. `t` stands at the band's first pixel. `whole` says that
// the band spans all rows, `least` is the width of the narrowest band.
IRLAS_INLINE void irlas_dense_tiles(const struct irlas_tile *t, const struct irlas_band *band, int whole,
                                    ptrdiff_t all_rows, ptrdiff_t least, int pairs, int vectors) {
  const ptrdiff_t most = vectors == 2 ? irlas_wide_tile : irlas_narrow_tile;
  const int columns = irlas_tile_columns(least, most);
  const int rows = whole ? irlas_tile_rows(all_rows, columns, most) : 1;
  for (ptrdiff_t r = 0; r < band->rows; r += rows)
    for (ptrdiff_t c = 0; c < band->columns; c += columns) {
      ptrdiff_t at = irlas_min(c, band->columns - columns);
      struct irlas_tile tile = *t;
      tile.x += r * t->x_row + at * t->x_column;
      tile.y += r * t->y_row + at * t->y_column;
      if (tile.residual) tile.residual += r * t->residual_row + at * t->residual_column;
      irlas_dense_tile_of(&tile, pairs, rows, columns, vectors);
    }
}

// One panel, `width` outputs, over one band; x at the band's first pixel and the group's first channel.
IRLAS_SHARED void irlas_dense_panel_over(const struct irlas_sweep *s, struct irlas_tile t,
                                         const struct irlas_band *band, int whole, ptrdiff_t least,
                                         ptrdiff_t taps, ptrdiff_t width, int pairs, float *scratch) {
  const ptrdiff_t pitch = irlas_round_up(width, irlas_lanes);
  const float *w = irlas_whole_rows(t.w, taps * t.inputs, width, pitch, scratch);
  t.w_row = pitch;
  t.w_tap_h = s->step_h * t.inputs * pitch;
  t.w_tap_w = s->step_w * t.inputs * pitch;
  w += s->first * t.inputs * pitch;
  ptrdiff_t lane = 0;
  for (; lane + irlas_lanes < width; lane += 2 * irlas_lanes) {
    struct irlas_tile part = t;
    part.w = w + lane;
    part.y += lane;
    if (part.bias) part.bias += lane;
    if (part.residual) part.residual += lane;
    part.lanes = width - lane;
    irlas_dense_tiles(&part, band, whole, s->rows, least, pairs, 2);
  }
  if (lane < width) {
    t.w = w + lane;
    t.y += lane;
    if (t.bias) t.bias += lane;
    if (t.residual) t.residual += lane;
    t.lanes = width - lane;
    irlas_dense_tiles(&t, band, whole, s->rows, least, pairs, 1);
  }
}
