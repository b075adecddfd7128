#pragma once
#include <stdint.h>

// The part of gdk-pixbuf and GLib that is used, declared here: their own headers need include paths that only
// pkg-config knows, along with a flag that the Swift package manager rejects with a warning on every build.
// These functions have been stable since gdk-pixbuf 2.32.

typedef struct _GdkPixbuf GdkPixbuf;

typedef struct {
  uint32_t domain;
  int code;
  char *message;
} GError;

/// The format of a picture file (opaque) and its size, without decoding it; NULL for other files.
const void *gdk_pixbuf_get_file_info(const char *filename, int *width, int *height);
/// Decodes a file; NULL with an error to be freed by `g_error_free`.
GdkPixbuf *gdk_pixbuf_new_from_file(const char *filename, GError **error);
/// A new picture, turned as the file's orientation mark says.
GdkPixbuf *gdk_pixbuf_apply_embedded_orientation(GdkPixbuf *picture);
int gdk_pixbuf_get_width(const GdkPixbuf *picture);
int gdk_pixbuf_get_height(const GdkPixbuf *picture);
int gdk_pixbuf_get_n_channels(const GdkPixbuf *picture);
int gdk_pixbuf_get_rowstride(const GdkPixbuf *picture);
int gdk_pixbuf_get_bits_per_sample(const GdkPixbuf *picture);
const uint8_t *gdk_pixbuf_read_pixels(const GdkPixbuf *picture);
void g_error_free(GError *error);
void g_object_unref(void *object);
