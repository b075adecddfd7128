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
