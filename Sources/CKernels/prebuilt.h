// The body of one prebuilt tier: IRLAS_LANES and IRLAS_TIER are defined, the target's instructions chosen.
#define IRLAS_PREBUILT
#include "kernel_list.h"
#include "kernel_texts.h"

#define IRLAS_RUN(name, structure, integers, floats, parts)                                    \
  static void run_##name(const void *d, float *const *p, float *scratch, int task) {           \
    irlas_##name((const struct structure *)d, p, scratch, task);                               \
  }
IRLAS_KERNELS(IRLAS_RUN)

#define IRLAS_ENTRY(name, structure, integers, floats, parts) run_##name,
void (*const IRLAS_TIER[])(const void *, float *const *, float *, int) = {IRLAS_KERNELS(IRLAS_ENTRY)};

// Nothing but fused multiply-adds in registers, `*(const ptrdiff_t *)d` times twelve vectors: what the processor can do.
// Twelve, because two units with a latency of four cycles need eight.
#define IRLAS_JOINED(a, b) a##b
#define IRLAS_JOIN(a, b) IRLAS_JOINED(a, b)
void IRLAS_JOIN(IRLAS_TIER, _peak)(const void *d, float *const *p, float *scratch, int task) {
  irlas_vec sums[12];
  for (int i = 0; i < 12; i++) sums[i] = irlas_splat((float)(i + task));
  irlas_vec factor = irlas_splat(0.999f), term = irlas_splat(1e-3f);
  for (ptrdiff_t round = 0; round < *(const ptrdiff_t *)d; round++) {
    IRLAS_UNROLL
    for (int i = 0; i < 12; i++) sums[i] = sums[i] * factor + term;
  }
  irlas_vec sum = sums[0];
  for (int i = 1; i < 12; i++) sum += sums[i];
  scratch[0] = irlas_sum_lanes(sum);
  (void)p;
}
const int IRLAS_JOIN(IRLAS_TIER, _peak_flops) = 12 * IRLAS_LANES * 2;

// Sums `*(const ptrdiff_t *)d` floats from p[0] on, task by task: what memory can deliver.
void IRLAS_JOIN(IRLAS_TIER, _read)(const void *d, float *const *p, float *scratch, int task) {
  ptrdiff_t count = *(const ptrdiff_t *)d;
  const float *from = p[0] + task * count;
  irlas_vec sums[4] = {{0}, {0}, {0}, {0}};
  for (ptrdiff_t i = 0; i + 4 * irlas_lanes <= count; i += 4 * irlas_lanes) {
    IRLAS_UNROLL
    for (int part = 0; part < 4; part++) sums[part] += irlas_load(from + i + part * irlas_lanes);
  }
  scratch[0] = irlas_sum_lanes(sums[0] + sums[1] + sums[2] + sums[3]);
}
