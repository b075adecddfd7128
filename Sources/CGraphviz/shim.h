#pragma once
#include <gvc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Graphviz orders subgraphs by their ids, and by default an id is the address of a name, which changes from run
// to run. Here ids are numbers in the order of appearance: a map that knows no names leaves names to Graphviz's
// own table, which asks for a fresh number per name.

typedef struct {
  IDTYPE next;
} irlas_ids;

static inline void *irlas_ids_open(Agraph_t *graph, Agdisc_t *discipline) {
  (void)graph;
  (void)discipline;
  return calloc(1, sizeof(irlas_ids));
}

static inline long irlas_ids_map(void *state, int kind, char *name, IDTYPE *id, int create) {
  (void)kind;
  if (name || !create) return 0;
  *id = ++((irlas_ids *)state)->next;
  return 1;
}

static inline long irlas_ids_alloc(void *state, int kind, IDTYPE id) {
  (void)state;
  (void)kind;
  (void)id;
  return 0;
}

static inline void irlas_ids_free(void *state, int kind, IDTYPE id) {
  (void)state;
  (void)kind;
  (void)id;
}

static inline char *irlas_ids_print(void *state, int kind, IDTYPE id) {
  (void)state;
  (void)kind;
  (void)id;
  return NULL;
}

static inline void irlas_ids_close(void *state) { free(state); }

static inline void irlas_ids_register(void *state, int kind, void *object) {
  (void)state;
  (void)kind;
  (void)object;
}

typedef struct {
  const char *rest;
} irlas_text;

static inline int irlas_text_read(void *channel, char *buffer, int size) {
  irlas_text *text = (irlas_text *)channel;
  size_t length = strlen(text->rest);
  if (length > (size_t)size) length = (size_t)size;
  memcpy(buffer, text->rest, length);
  text->rest += length;
  return (int)length;
}

/// Reads one graph from text with ids in order of appearance; null when the text is wrong. Not reentrant, like
/// all of Graphviz.
static inline Agraph_t *irlas_read_graph(const char *text) {
  // Graphs keep pointers to their disciplines.
  static Agiddisc_t ids = {irlas_ids_open,  irlas_ids_map,   irlas_ids_alloc,    irlas_ids_free,
                           irlas_ids_print, irlas_ids_close, irlas_ids_register};
  static Agiodisc_t io;
  static Agdisc_t discipline;
  io = AgIoDisc;
  io.afread = irlas_text_read;
  discipline.mem = &AgMemDisc;
  discipline.id = &ids;
  discipline.io = &io;
  irlas_text channel = {text};
  return agread(&channel, &discipline);
}

/// Lowers the resolution of a graph that has been laid out, so that a bitmap of it has no side and no area
/// beyond the given numbers of pixels.
static inline void irlas_limit_bitmap(Agraph_t *graph, double side, double area) {
  const double points = 72, usual = 96;
  double width = (GD_bb(graph).UR.x - GD_bb(graph).LL.x) / points + 1;
  double height = (GD_bb(graph).UR.y - GD_bb(graph).LL.y) / points + 1;
  double resolution = fmin(usual, side / fmax(width, height));
  resolution = fmin(resolution, sqrt(area / (width * height)));
  if (resolution < usual) GD_drawing(graph)->dpi = resolution;
}
