#if defined(__x86_64__)
#define IRLAS_LANES 16
#define IRLAS_REGISTERS 32
#define IRLAS_TIER irlas_tier_avx512
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,fma,bmi2"))), apply_to = function)
#include "prebuilt.h"
#pragma clang attribute pop
#endif
