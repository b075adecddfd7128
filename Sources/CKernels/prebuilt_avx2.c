#if defined(__x86_64__)
#define IRLAS_LANES 8
#define IRLAS_REGISTERS 16
#define IRLAS_TIER irlas_tier_avx2
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi2"))), apply_to = function)
#include "prebuilt.h"
#pragma clang attribute pop
#endif
