#pragma once

/// Loads OpenBLAS with `dlopen`, after choosing its core type for this CPU (a linked library initialises
/// before `main`, and Debian's version does not know newer CPUs). Returns a `cblas_sgemm` entry point that
/// runs on the calling thread only, or NULL when the library cannot be loaded.
/// `core_type` is a name OpenBLAS knows ("SKYLAKEX", "HASWELL", ...) or NULL for its own detection.
typedef void (*irlas_sgemm_fn)(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
                               const float *a, int lda, const float *b, int ldb, float beta, float *c,
                               int ldc);
irlas_sgemm_fn irlas_openblas_sgemm(const char *core_type);
