// 1x1 convolutions by Strassen's method in Winograd's form (Strassen, "Gaussian Elimination is not Optimal", 1969; the
// form with fifteen sums is in Knuth, The Art of Computer Programming, volume 2, 4.6.4): seven products of
// half the pixels, half the input channels and half the output channels in place of eight.
//
// With pixels, inputs and outputs cut in two, y = x w is
//
//   s1 = x21 + x22  s2 = s1 - x11   s3 = x11 - x21   s4 = x12 - s2
//   t1 = w12 - w11  t2 = w22 - t1   t3 = w22 - w12   t4 = t2 - w21
//   y11 = x11 w11 + x12 w21         u2 = x11 w11 + s2 t2     u3 = u2 + s3 t3
//   y21 = u3 - x22 t4               y22 = u3 + s1 t1         y12 = u2 + s1 t1 + s4 w22
//
// so that one register tile after another can add up what is needed in the order of `irlas_strassen_products`. Halves of
// outputs are neighbouring panels. A weight is [pair of panels][7][channels / 2][32].
//
// A task takes a band of pixels and some pairs of panels: it forms the seven left factors, then the products.

enum {
  irlas_strassen_products = 7,  // x11 w11, x12 w21, s2 t2, s3 t3, x22 (-t4), s1 t1, s4 w22
  irlas_strassen_pair = 2 * irlas_dense_panel,
  irlas_strassen_unit = 28,       // pixels of a band: a register tile of either half where registers are 32
  irlas_strassen_slack = 16,      // tiles run over the last pixels
  irlas_strassen_room = 1 << 15,  // floats of x in a band: its factors stay in the second cache
  irlas_strassen_tasks = 14,      // at least, where there is work for them: each forms its factors anew
};

// Floats of the weight, 0 where there is no such form.
IRLAS_INLINE ptrdiff_t irlas_strassen_weight_count(const struct irlas_conv *d) {
  if (!irlas_is_product(d) || d->groups != 1 || d->pairs || d->channels % 32 || d->outputs % irlas_strassen_pair)
    return 0;
  return irlas_strassen_products * (d->channels / 2) * (d->outputs / 2);
}

IRLAS_INLINE struct irlas_cut irlas_strassen_cut(const struct irlas_conv *d) {
  const ptrdiff_t pixels = d->batch * d->height * d->width, units = irlas_max(pixels / irlas_strassen_unit, 1);
  struct irlas_cut cut;
  cut.by_columns = 1;
  cut.unit = irlas_strassen_unit;
  cut.together = 2;
  cut.bands = irlas_min(irlas_ceil_div(pixels * d->channels, irlas_strassen_room), units);
  cut.whole = cut.bands == 1;
  cut.chunks = irlas_min(irlas_ceil_div(irlas_strassen_tasks, cut.bands), d->outputs / irlas_strassen_pair);
  return cut;
}

// The factors in scratch.
struct irlas_strassen {
  ptrdiff_t rows;    // the most pixels of half a band
  ptrdiff_t inputs;  // half the channels
  ptrdiff_t pitch, plane;  // floats from pixel to pixel and from factor to factor
};
IRLAS_INLINE struct irlas_strassen irlas_strassen_of(const struct irlas_conv *d, const struct irlas_cut *cut) {
  struct irlas_strassen c;
  c.rows = irlas_ceil_div(irlas_most_columns(cut, d->batch * d->height * d->width), 2);
  c.inputs = d->channels / 2;
  c.pitch = c.inputs | 16;
  c.plane = (c.rows + irlas_strassen_slack) * c.pitch;
  return c;
}

// Whether it saves a twentieth of the direct product's time; as `irlas_winograd_pays`. Counted in multiply-adds of sixteen lanes.
IRLAS_INLINE int irlas_strassen_pays(const struct irlas_conv *d, int changing) {
  const struct irlas_cut cut = irlas_strassen_cut(d);
  const ptrdiff_t pixels = d->batch * d->height * d->width;
  const double inputs = (double)(pixels * d->channels), weights = (double)(d->channels * d->outputs);
  const double direct = (double)pixels * weights / 16;
  // Of either half and of a pair of panels: a tile begins seven sums and saves three.
  const ptrdiff_t tiles = 2 * cut.bands * irlas_ceil_div(irlas_ceil_div(pixels, 2 * cut.bands), irlas_strassen_unit / 2) *
                          (d->outputs / irlas_strassen_pair);
  // Factors are formed for every chunk of panels; those of the weight are read (and where it changes, made) once.
  const double strassen = direct * 7 / 8 + 160.0 * (double)tiles + inputs * (0.4 + 0.15 * (double)cut.chunks) +
                          weights * (changing ? 0.5 : 0.08);
  return strassen * 20 <= direct * 19;
}

// The factors of pixels `first` and `second` (NULL: zeros).
IRLAS_INLINE void irlas_strassen_factors(float *to, const struct irlas_strassen *c, const float *first,
                                         const float *second) {
  for (ptrdiff_t k = 0; k < c->inputs; k += irlas_lanes) {
    const irlas_vec x11 = irlas_load(first + k), x12 = irlas_load(first + c->inputs + k);
    irlas_vec x21 = {0}, x22 = {0};
    if (second) {
      x21 = irlas_load(second + k);
      x22 = irlas_load(second + c->inputs + k);
    }
    const irlas_vec s1 = x21 + x22, s2 = s1 - x11;
    irlas_store(to + k, x11);
    irlas_store(to + c->plane + k, x12);
    irlas_store(to + 2 * c->plane + k, s2);
    irlas_store(to + 3 * c->plane + k, x11 - x21);
    irlas_store(to + 4 * c->plane + k, x22);
    irlas_store(to + 5 * c->plane + k, s1);
    irlas_store(to + 6 * c->plane + k, x12 - s2);
  }
}

struct irlas_strassen_results {
  float *y;
  const float *bias, *residual;  // or NULL
  ptrdiff_t y_pitch, residual_pitch, activation;
  int past;
};
// Stores `valid` of the rows.
IRLAS_INLINE void irlas_strassen_store(const struct irlas_strassen_results *r, ptrdiff_t row, ptrdiff_t lane,
                                       irlas_vec (*sum)[2], ptrdiff_t valid, int rows, int vectors) {
  float *y = r->y + row * r->y_pitch + lane;
  const float *residual = r->residual ? r->residual + row * r->residual_pitch + lane : (const float *)0;
#define IRLAS_STORE(i)                                                                                               \
  IRLAS_UNROLL for (int v = 0; v < vectors; v++) {                                                                   \
    irlas_vec result = sum[i][v];                                                                                    \
    if (r->bias) result += irlas_load(r->bias + lane + v * irlas_lanes);                                             \
    if (residual) result += irlas_load(residual + i * r->residual_pitch + v * irlas_lanes);                          \
    irlas_store_result(y + i * r->y_pitch + v * irlas_lanes, irlas_activate(r->activation, result), irlas_lanes, r->past); \
  }
  if (valid >= rows) {
    IRLAS_UNROLL for (int i = 0; i < rows; i++) IRLAS_STORE(i)
    return;
  }
  irlas_vec kept[irlas_wide_tile][2];
  IRLAS_UNROLL for (int i = 0; i < rows; i++)
    IRLAS_UNROLL for (int v = 0; v < vectors; v++) kept[i][v] = sum[i][v];
  sum = kept;
  for (int i = 0; i < valid; i++) IRLAS_STORE(i)
#undef IRLAS_STORE
}

// One tile of both halves and both panels. `first` and `second` are the pixels to store of either half.
IRLAS_INLINE void irlas_strassen_tile(const struct irlas_strassen *c, const struct irlas_strassen_results *r, const float *x,
                                      const float *w, ptrdiff_t half, ptrdiff_t first, ptrdiff_t second, int rows) {
  enum { vectors = irlas_dense_panel / irlas_lanes, together = vectors < 2 ? vectors : 2 };
  const ptrdiff_t plane = c->inputs * irlas_dense_panel;
  for (int v0 = 0; v0 < vectors; v0 += together, w += together * irlas_lanes) {
    const ptrdiff_t left = v0 * irlas_lanes, right = irlas_dense_panel + left;
    irlas_vec sum[irlas_wide_tile][2], saved[3][irlas_wide_tile][2];
#define IRLAS_EACH(statement)                 \
  IRLAS_UNROLL for (int i = 0; i < rows; i++) \
    IRLAS_UNROLL for (int v = 0; v < together; v++) statement
#define IRLAS_ADD(product) \
  irlas_add_products(sum, x + product * c->plane, c->pitch, w + product * plane, irlas_dense_panel, c->inputs, rows, together)
    IRLAS_EACH((sum[i][v] = (irlas_vec){0}));
    IRLAS_ADD(0);
    IRLAS_EACH(saved[0][i][v] = sum[i][v]);
    IRLAS_ADD(1);
    irlas_strassen_store(r, 0, left, sum, first, rows, together);
    IRLAS_EACH(sum[i][v] = saved[0][i][v]);
    IRLAS_ADD(2);
    IRLAS_EACH(saved[1][i][v] = sum[i][v]);
    IRLAS_ADD(3);
    IRLAS_EACH(saved[2][i][v] = sum[i][v]);
    IRLAS_ADD(4);
    irlas_strassen_store(r, half, left, sum, second, rows, together);
    IRLAS_EACH((sum[i][v] = (irlas_vec){0}));
    IRLAS_ADD(5);
    IRLAS_EACH(saved[2][i][v] += sum[i][v]);
    irlas_strassen_store(r, half, right, saved[2], second, rows, together);
    IRLAS_EACH(sum[i][v] += saved[1][i][v]);
    IRLAS_ADD(6);
    irlas_strassen_store(r, 0, right, sum, first, rows, together);
#undef IRLAS_ADD
#undef IRLAS_EACH
  }
}

IRLAS_INLINE ptrdiff_t irlas_strassen_scratch(const struct irlas_conv *d) {
  const struct irlas_cut cut = irlas_strassen_cut(d);
  return irlas_strassen_products * irlas_strassen_of(d, &cut).plane + 2 * d->channels;
}
// One task, as `irlas_convolve`.
IRLAS_INLINE void irlas_strassen(const struct irlas_conv *d, float *y, int alone, const float *x, const float *w,
                                 const float *bias, const float *residual, const float *factors, int past,
                                 float *scratch, int task) {
  const struct irlas_cut cut = irlas_strassen_cut(d);
  const struct irlas_strassen c = irlas_strassen_of(d, &cut);
#ifdef IRLAS_PREBUILT
  const int rows = irlas_wide_tile < 7 ? 4 : 7;
#else
  const int rows = irlas_tile_columns(cut.whole ? c.rows : irlas_wide_tile, irlas_wide_tile);
#endif
  const struct irlas_band band = irlas_band(&cut, 1, d->batch * d->height * d->width, task / cut.chunks);
  const ptrdiff_t half = irlas_ceil_div(band.columns, 2);
  const ptrdiff_t chunk = task % cut.chunks, panels = d->outputs / irlas_dense_panel;
  past = past && d->y_pitch % 16 == 0 && (uintptr_t)y % 64 == 0;
  x += band.column * d->x_pitch;
  if (!alone) y += band.column * d->y_pitch;
  if (residual) residual += band.column * d->residual_pitch;

  const struct irlas_prologue prologue = irlas_prologue(d, factors);
  float *normalized = scratch + irlas_strassen_products * c.plane;
  for (ptrdiff_t i = 0; i < half; i++) {
    const float *first = x + i * d->x_pitch;
    const float *second = half + i < band.columns ? first + half * d->x_pitch : (const float *)0;
    if (d->normalizes) {
      irlas_copy_normalized(normalized, first, 0, d->channels, &prologue);
      if (second) irlas_copy_normalized(normalized + d->channels, second, 0, d->channels, &prologue);
      first = normalized;
      if (second) second = normalized + d->channels;
    }
    irlas_strassen_factors(scratch + i * c.pitch, &c, first, second);
  }
  for (ptrdiff_t panel = irlas_first_panel(&cut, panels, chunk); panel < irlas_first_panel(&cut, panels, chunk + 1);
       panel += 2) {
    const ptrdiff_t start = panel * irlas_dense_panel;
    for (ptrdiff_t i = 0; i < half; i += rows) {
      const struct irlas_strassen_results results = {
          y + i * d->y_pitch + start, bias ? bias + start : (const float *)0,
          residual ? residual + i * d->residual_pitch + start : (const float *)0, d->y_pitch, d->residual_pitch,
          d->activation, past};
      irlas_strassen_tile(&c, &results, scratch + i * c.pitch,
                          w + panel / 2 * irlas_strassen_products * c.inputs * irlas_dense_panel, half, half - i,
                          band.columns - half - i, rows);
    }
  }
}

IRLAS_INLINE int irlas_strassen_weight_tasks(const struct irlas_conv *d) {
  return (int)(d->outputs / irlas_strassen_pair);
}
IRLAS_INLINE ptrdiff_t irlas_strassen_weight_scratch(const struct irlas_conv *d) { return (void)d, 0; }
// p: factors of the weight - weight
IRLAS_INLINE void irlas_strassen_weight(const struct irlas_conv *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  const ptrdiff_t count = d->channels / 2 * irlas_dense_panel;
  const float *left = p[1] + task * 4 * count, *right = left + 2 * count;
  float *to = p[0] + task * irlas_strassen_products * count;
  for (ptrdiff_t i = 0; i < count; i += irlas_lanes) {
    const irlas_vec w11 = irlas_load(left + i), w21 = irlas_load(left + count + i);
    const irlas_vec w12 = irlas_load(right + i), w22 = irlas_load(right + count + i);
    const irlas_vec t1 = w12 - w11, t2 = w22 - t1;
    irlas_store(to + i, w11);
    irlas_store(to + count + i, w21);
    irlas_store(to + 2 * count + i, t2);
    irlas_store(to + 3 * count + i, w22 - w12);
    irlas_store(to + 4 * count + i, w21 - t2);
    irlas_store(to + 5 * count + i, t1);
    irlas_store(to + 6 * count + i, w22);
  }
}
