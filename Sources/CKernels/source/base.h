// Vectors of floats: the widest the target has, as GCC and Clang extend C.

#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed"
#define IRLAS_UNROLL _Pragma("clang loop unroll(full)")
#define IRLAS_UNROLL2 _Pragma("clang loop unroll_count(2)")
#define IRLAS_UNROLL4 _Pragma("clang loop unroll_count(4)")
#else
#pragma GCC diagnostic ignored "-Waggressive-loop-optimizations"
#define IRLAS_UNROLL _Pragma("GCC unroll 32")
#define IRLAS_UNROLL2 _Pragma("GCC unroll 2")
#define IRLAS_UNROLL4 _Pragma("GCC unroll 4")
#endif

#define IRLAS_INLINE static inline __attribute__((always_inline, unused))
// What several kernels share: compiled once where sizes are not known.
#ifdef IRLAS_PREBUILT
#define IRLAS_SHARED static __attribute__((noinline, unused))
#else
#define IRLAS_SHARED IRLAS_INLINE
#endif

#ifndef IRLAS_LANES
#if defined(__AVX512F__)
#define IRLAS_LANES 16
#elif defined(__AVX__)
#define IRLAS_LANES 8
#else
#define IRLAS_LANES 4
#endif
#endif

// Vector registers, which bound the register tiles.
#ifndef IRLAS_REGISTERS
#if IRLAS_LANES == 16 || defined(__aarch64__)
#define IRLAS_REGISTERS 32
#else
#define IRLAS_REGISTERS 16
#endif
#endif

enum { irlas_lanes = IRLAS_LANES };

typedef float irlas_vec __attribute__((vector_size(4 * IRLAS_LANES)));
typedef int32_t irlas_mask_vec __attribute__((vector_size(4 * IRLAS_LANES)));
// For memory: any address of a float.
typedef float irlas_vec_at __attribute__((vector_size(4 * IRLAS_LANES), aligned(4), may_alias));

IRLAS_INLINE irlas_vec irlas_load(const float *p) { return *(const irlas_vec_at *)p; }
IRLAS_INLINE void irlas_store(float *p, irlas_vec v) { *(irlas_vec_at *)p = v; }

// x in every lane. Subtracting zero is exact for every x, so that it compiles to a broadcast.
IRLAS_INLINE irlas_vec irlas_splat(float x) { return x - (irlas_vec){0}; }

// The first n lanes; the others are zero, or stay unwritten.
IRLAS_INLINE irlas_vec irlas_load_part(const float *p, ptrdiff_t n) {
  irlas_vec v = {0};
  __builtin_memcpy(&v, p, (size_t)n * sizeof(float));
  return v;
}
IRLAS_INLINE void irlas_store_part(float *p, irlas_vec v, ptrdiff_t n) {
  __builtin_memcpy(p, &v, (size_t)n * sizeof(float));
}
IRLAS_INLINE irlas_vec irlas_load_up_to(const float *p, ptrdiff_t n) {
  return n >= irlas_lanes ? irlas_load(p) : irlas_load_part(p, n);
}
IRLAS_INLINE void irlas_store_up_to(float *p, irlas_vec v, ptrdiff_t n) {
  if (n >= irlas_lanes) irlas_store(p, v);
  else irlas_store_part(p, v, n);
}

// Large results leave the caches before anybody reads them. They are written past the caches, which spares reading the
// lines they replace; whoever does so calls `irlas_fence` before its task ends.
IRLAS_INLINE int irlas_is_large(ptrdiff_t count) { return count >= 1 << 21; }
IRLAS_INLINE int irlas_goes_past(const float *y, ptrdiff_t count) {
  return irlas_is_large(count) && (uintptr_t)y % 64 == 0;
}
IRLAS_INLINE void irlas_store_result(float *p, irlas_vec v, ptrdiff_t n, int past) {
#ifdef __clang__
  if (past && n >= irlas_lanes) {
    __builtin_nontemporal_store(v, (irlas_vec *)p);
    return;
  }
#endif
  (void)past;
  irlas_store_up_to(p, v, n);
}
IRLAS_INLINE void irlas_fence(int past) {
#if defined(__clang__) && defined(__x86_64__)
  if (past) __builtin_ia32_sfence();
#endif
  (void)past;
}

IRLAS_INLINE irlas_vec irlas_select(irlas_mask_vec mask, irlas_vec a, irlas_vec b) {
  return (irlas_vec)((mask & (irlas_mask_vec)a) | (~mask & (irlas_mask_vec)b));
}

IRLAS_INLINE float irlas_sum_lanes(irlas_vec v) {
  float sum = 0;
  for (int lane = 0; lane < irlas_lanes; lane++) sum += v[lane];
  return sum;
}

IRLAS_INLINE ptrdiff_t irlas_min(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
IRLAS_INLINE ptrdiff_t irlas_max(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }
IRLAS_INLINE ptrdiff_t irlas_ceil_div(ptrdiff_t a, ptrdiff_t b) { return (a + b - 1) / b; }
IRLAS_INLINE ptrdiff_t irlas_round_up(ptrdiff_t a, ptrdiff_t b) { return (a + b - 1) / b * b; }

// The vector at x, `lanes` of it wanted; `room` floats may be read. Reading past the wanted lanes is fine where
// the array goes on.
IRLAS_INLINE irlas_vec irlas_load_within(const float *x, ptrdiff_t lanes, ptrdiff_t room) {
  return room >= irlas_lanes ? irlas_load(x) : irlas_load_part(x, irlas_min(lanes, room));
}

// Where part `index` of `count` even parts of `total` begins; part `count` begins at `total`.
IRLAS_INLINE ptrdiff_t irlas_part(ptrdiff_t total, ptrdiff_t index, ptrdiff_t count) {
  return total / count * index + total % count * index / count;
}

// As `irlas_part`, but that all parts are whole units; the last has what is left besides.
IRLAS_INLINE ptrdiff_t irlas_units(ptrdiff_t total, ptrdiff_t unit, ptrdiff_t index, ptrdiff_t count) {
  return index == count ? total : irlas_part(total / unit, index, count) * unit;
}

IRLAS_INLINE void irlas_copy_floats(float *to, const float *from, ptrdiff_t count) {
  ptrdiff_t i = 0;
  for (; i + irlas_lanes <= count; i += irlas_lanes) irlas_store(to + i, irlas_load(from + i));
  for (; i < count; i++) to[i] = from[i];
}
IRLAS_INLINE void irlas_zero_floats(float *to, ptrdiff_t count) {
  ptrdiff_t i = 0;
  for (; i + irlas_lanes <= count; i += irlas_lanes) irlas_store(to + i, (irlas_vec){0});
  for (; i < count; i++) to[i] = 0;
}

// Tasks for streaming work over `count` floats: enough for many threads, none too small.
IRLAS_INLINE int irlas_stream_tasks(ptrdiff_t count) {
  return (int)irlas_max(1, irlas_min(count / 8192, 64));
}
// The first element of a task, on a cache line.
IRLAS_INLINE ptrdiff_t irlas_stream_start(ptrdiff_t count, int task, int tasks) {
  return task == tasks ? count : irlas_part(count / 16, task, tasks) * 16;
}
