// The order of a convolution's weight: panels of neighbouring output channels, each [kh][kw][in / groups][panel].
//
// A panel never crosses a group, except that very small groups (1, 2, 4 or 8 channels in and out) are joined:
// a panel then holds whole groups, one vector of channels wide. The last panel may be narrower; nothing is
// padded, so a weight has as many elements as {out, in / groups, kh, kw}.

enum { irlas_dense_panel = 32, irlas_joined_panel = 16 };

// The weight seen from one side: forward it makes `outputs` from `inputs` channels, transposed the reverse.
struct irlas_panels {
  ptrdiff_t groups, inputs, outputs;  // channels per group
  ptrdiff_t taps;
  int joined;
};

IRLAS_INLINE struct irlas_panels irlas_forward_panels(const struct irlas_conv *d) {
  ptrdiff_t inputs = d->channels / d->groups, outputs = d->outputs / d->groups;
  int joined = d->groups > 1 && inputs == outputs && (outputs == 1 || outputs == 2 || outputs == 4 || outputs == 8);
  return (struct irlas_panels){d->groups, inputs, outputs, d->kernel_height * d->kernel_width, joined};
}
// Of a rounded weight: an input is a word, that is two channels.
IRLAS_INLINE struct irlas_panels irlas_word_panels(const struct irlas_conv *d) {
  struct irlas_panels p = irlas_forward_panels(d);
  p.inputs = irlas_words(p.inputs);
  return p;
}
IRLAS_INLINE struct irlas_panels irlas_transposed_panels(const struct irlas_conv *d) {
  struct irlas_panels p = irlas_forward_panels(d);
  return (struct irlas_panels){p.groups, p.outputs, p.inputs, p.taps, p.joined};
}

// Panels of all groups together, and of one group (joined: one "group" of all channels).
IRLAS_INLINE ptrdiff_t irlas_panels_per_group(const struct irlas_panels *p) {
  return p->joined ? irlas_ceil_div(p->groups * p->outputs, irlas_joined_panel)
                   : irlas_ceil_div(p->outputs, irlas_dense_panel);
}
IRLAS_INLINE ptrdiff_t irlas_panel_count(const struct irlas_panels *p) {
  return (p->joined ? 1 : p->groups) * irlas_panels_per_group(p);
}

// One panel: its first output channel, width, group, and where its weights begin.
struct irlas_panel {
  ptrdiff_t start, width, group, offset;
};
IRLAS_INLINE struct irlas_panel irlas_panel(const struct irlas_panels *p, ptrdiff_t index) {
  ptrdiff_t size = p->joined ? irlas_joined_panel : irlas_dense_panel;
  ptrdiff_t extent = p->joined ? p->groups * p->outputs : p->outputs;
  ptrdiff_t per_group = irlas_ceil_div(extent, size);
  ptrdiff_t group = index / per_group, within = index % per_group * size;
  ptrdiff_t start = group * extent + within;
  return (struct irlas_panel){start, irlas_min(size, extent - within), group, start * p->taps * p->inputs};
}
IRLAS_INLINE ptrdiff_t irlas_panel_of(const struct irlas_panels *p, ptrdiff_t output) {
  if (p->joined) return output / irlas_joined_panel;
  return output / p->outputs * irlas_panels_per_group(p) + output % p->outputs / irlas_dense_panel;
}

// The place of the weight from channel `input` of output's group at `tap` (kh * kernel_width + kw).
IRLAS_INLINE ptrdiff_t irlas_weight_at(const struct irlas_panels *p, ptrdiff_t output, ptrdiff_t tap, ptrdiff_t input) {
  struct irlas_panel panel = irlas_panel(p, irlas_panel_of(p, output));
  return panel.offset + (tap * p->inputs + input) * panel.width + (output - panel.start);
}
