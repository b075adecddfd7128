// Tiles for joined panels: groups of 1 (depthwise), 2, 4 or 8 channels, several to a vector. Input channel i of
// each group is spread over the lanes of its group, so that one vector of weights serves all groups at once.

#define IRLAS_SPREAD_LANE(g, i, l) ((l) / (g) * (g) + (i))
#if IRLAS_LANES == 16
#define IRLAS_SPREAD(x, g, i)                                                                                    \
  __builtin_shufflevector(x, x, IRLAS_SPREAD_LANE(g, i, 0), IRLAS_SPREAD_LANE(g, i, 1),                          \
                          IRLAS_SPREAD_LANE(g, i, 2), IRLAS_SPREAD_LANE(g, i, 3), IRLAS_SPREAD_LANE(g, i, 4),    \
                          IRLAS_SPREAD_LANE(g, i, 5), IRLAS_SPREAD_LANE(g, i, 6), IRLAS_SPREAD_LANE(g, i, 7),    \
                          IRLAS_SPREAD_LANE(g, i, 8), IRLAS_SPREAD_LANE(g, i, 9), IRLAS_SPREAD_LANE(g, i, 10),   \
                          IRLAS_SPREAD_LANE(g, i, 11), IRLAS_SPREAD_LANE(g, i, 12), IRLAS_SPREAD_LANE(g, i, 13), \
                          IRLAS_SPREAD_LANE(g, i, 14), IRLAS_SPREAD_LANE(g, i, 15))
#elif IRLAS_LANES == 8
#define IRLAS_SPREAD(x, g, i)                                                                                 \
  __builtin_shufflevector(x, x, IRLAS_SPREAD_LANE(g, i, 0), IRLAS_SPREAD_LANE(g, i, 1),                       \
                          IRLAS_SPREAD_LANE(g, i, 2), IRLAS_SPREAD_LANE(g, i, 3), IRLAS_SPREAD_LANE(g, i, 4), \
                          IRLAS_SPREAD_LANE(g, i, 5), IRLAS_SPREAD_LANE(g, i, 6), IRLAS_SPREAD_LANE(g, i, 7))
#else
#define IRLAS_SPREAD(x, g, i)                                                           \
  __builtin_shufflevector(x, x, IRLAS_SPREAD_LANE(g, i, 0), IRLAS_SPREAD_LANE(g, i, 1), \
                          IRLAS_SPREAD_LANE(g, i, 2), IRLAS_SPREAD_LANE(g, i, 3))
#endif

// Channel i of each group of `size` channels, for the lanes at x + lane; x is the panel's pixel.
IRLAS_INLINE irlas_vec irlas_spread(const float *x, ptrdiff_t lane, int size, int i) {
  if (size >= irlas_lanes) return irlas_splat(x[lane / size * size + i]);
  irlas_vec v = irlas_load(x + lane);
  switch (size * 8 + i) {
    case 16: return IRLAS_SPREAD(v, 2, 0);
    case 17: return IRLAS_SPREAD(v, 2, 1);
#if IRLAS_LANES >= 8
    case 32: return IRLAS_SPREAD(v, 4, 0);
    case 33: return IRLAS_SPREAD(v, 4, 1);
    case 34: return IRLAS_SPREAD(v, 4, 2);
    case 35: return IRLAS_SPREAD(v, 4, 3);
#endif
#if IRLAS_LANES == 16
    case 64: return IRLAS_SPREAD(v, 8, 0);
    case 65: return IRLAS_SPREAD(v, 8, 1);
    case 66: return IRLAS_SPREAD(v, 8, 2);
    case 67: return IRLAS_SPREAD(v, 8, 3);
    case 68: return IRLAS_SPREAD(v, 8, 4);
    case 69: return IRLAS_SPREAD(v, 8, 5);
    case 70: return IRLAS_SPREAD(v, 8, 6);
    case 71: return IRLAS_SPREAD(v, 8, 7);
#endif
    default: return v;
  }
}

enum { irlas_joined_tile_columns = IRLAS_REGISTERS == 32 ? 14 : 6 };

// `columns` pixels of one row by one vector of output channels, `lane` being its place in the panel. With
// `neighbours` (stride and dilation 1 along the row, taps_w a constant) each input pixel is read once a row.
IRLAS_INLINE void irlas_joined_tile(const struct irlas_tile *t, ptrdiff_t lane, int size, int columns,
                                    int neighbours) {
  irlas_vec sum[irlas_joined_tile_columns];
  irlas_vec start = t->bias ? irlas_load_up_to(t->bias, t->lanes) : (irlas_vec){0};
  IRLAS_UNROLL for (int i = 0; i < columns; i++)
    sum[i] = t->residual ? start + irlas_load_up_to(t->residual + i * t->residual_column, t->lanes) : start;
  for (ptrdiff_t a = 0; a < t->taps_h; a++) {
    const float *x = t->x + a * t->x_tap_h, *w = t->w + a * t->w_tap_h;
    if (neighbours) {
      const int taps = (int)t->taps_w;
      IRLAS_UNROLL for (int j = 0; j < columns + taps - 1; j++)
        IRLAS_UNROLL for (int i = 0; i < size; i++) {
          irlas_vec value = irlas_spread(x + j * t->x_column, lane, size, i);
          IRLAS_UNROLL for (int b = 0; b < taps; b++)
            if (j - b >= 0 && j - b < columns) sum[j - b] += value * irlas_load(w + b * t->w_tap_w + i * t->w_row);
        }
    } else {
      for (ptrdiff_t b = 0; b < t->taps_w; b++)
        IRLAS_UNROLL for (int i = 0; i < size; i++) {
          irlas_vec weight = irlas_load(w + b * t->w_tap_w + i * t->w_row);
          IRLAS_UNROLL for (int c = 0; c < columns; c++)
            sum[c] += irlas_spread(x + c * t->x_column + b * t->x_tap_w, lane, size, i) * weight;
        }
    }
  }
  IRLAS_UNROLL for (int i = 0; i < columns; i++)
    irlas_store_result(t->y + i * t->y_column, irlas_activate(t->activation, sum[i]), t->lanes, t->past);
}

IRLAS_INLINE void irlas_joined_tile_of(const struct irlas_tile *t, ptrdiff_t lane, int size, int columns,
                                       int neighbours) {
#ifdef IRLAS_PREBUILT
  (void)neighbours;
  switch (columns >= 4 ? size : -size) {
    case 1: irlas_joined_tile(t, lane, 1, 4, 0); return;
    case 2: irlas_joined_tile(t, lane, 2, 4, 0); return;
    case 4: irlas_joined_tile(t, lane, 4, 4, 0); return;
    case 8: irlas_joined_tile(t, lane, 8, 4, 0); return;
    case -1: irlas_joined_tile(t, lane, 1, 1, 0); return;
    case -2: irlas_joined_tile(t, lane, 2, 1, 0); return;
    case -4: irlas_joined_tile(t, lane, 4, 1, 0); return;
    default: irlas_joined_tile(t, lane, 8, 1, 0); return;
  }
#else
  irlas_joined_tile(t, lane, size, columns, neighbours);
#endif
}

// One panel over one band; x is the band's copy, one panel to a pixel.
IRLAS_SHARED void irlas_joined_panel_over(const struct irlas_sweep *s, struct irlas_tile t,
                                          const struct irlas_band *band, ptrdiff_t least, ptrdiff_t taps,
                                          ptrdiff_t width, int neighbours, float *scratch) {
  const int size = (int)t.inputs;
  const float *w = irlas_whole_rows(t.w, taps * size, width, irlas_joined_panel, scratch);
  t.w_row = irlas_joined_panel;
  t.w_tap_h = s->step_h * size * irlas_joined_panel;
  t.w_tap_w = s->step_w * size * irlas_joined_panel;
  w += s->first * size * irlas_joined_panel;
#ifdef IRLAS_PREBUILT
  const int columns = least >= 4 ? 4 : 1;
#else
  const int columns = irlas_tile_columns(least, irlas_joined_tile_columns);
#endif
  for (ptrdiff_t lane = 0; lane < width; lane += irlas_lanes)
    for (ptrdiff_t r = 0; r < band->rows; r++)
      for (ptrdiff_t c = 0; c < band->columns; c += columns) {
        ptrdiff_t at = irlas_min(c, band->columns - columns);
        struct irlas_tile tile = t;
        tile.w = w + lane;
        tile.x += r * t.x_row + at * t.x_column;
        tile.y += r * t.y_row + at * t.y_column + lane;
        if (tile.bias) tile.bias += lane;
        if (tile.residual) tile.residual += r * t.residual_row + at * t.residual_column + lane;
        tile.lanes = width - lane;
        irlas_joined_tile_of(&tile, lane, size, columns, neighbours);
      }
}
