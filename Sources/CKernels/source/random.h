// Random masks by Philox4x32-10, a counter-based generator: J. Salmon et al., "Parallel random numbers: as easy
// as 1, 2, 3", SC 2011. Every element's draw is a function of its place, so tasks need no shared state.

IRLAS_INLINE void irlas_philox(uint32_t counter[4], uint32_t key0, uint32_t key1) {
  for (int round = 0; round < 10; round++) {
    const uint64_t a = (uint64_t)0xD2511F53u * counter[0], b = (uint64_t)0xCD9E8D57u * counter[2];
    const uint32_t c0 = (uint32_t)(b >> 32) ^ counter[1] ^ key0, c2 = (uint32_t)(a >> 32) ^ counter[3] ^ key1;
    counter[1] = (uint32_t)b;
    counter[3] = (uint32_t)a;
    counter[0] = c0;
    counter[2] = c2;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
}

IRLAS_INLINE int irlas_random_mask_tasks(const struct irlas_mask *d) { return irlas_stream_tasks(d->count); }
IRLAS_INLINE ptrdiff_t irlas_random_mask_scratch(const struct irlas_mask *d) { return (void)d, 0; }
// p: mask - key {seed low, seed high, step low, step high}
IRLAS_INLINE void irlas_random_mask(const struct irlas_mask *d, float *const *p, float *scratch, int task) {
  (void)scratch;
  const int tasks = irlas_stream_tasks(d->count);
  const ptrdiff_t end = irlas_stream_start(d->count, task + 1, tasks);
  uint32_t key[4];
  __builtin_memcpy(key, p[1], sizeof key);
  for (ptrdiff_t i = irlas_stream_start(d->count, task, tasks); i < end; i += 4) {
    uint32_t words[4] = {(uint32_t)(i / 4), (uint32_t)d->stream, key[2], key[3]};
    irlas_philox(words, key[0], key[1]);
    for (ptrdiff_t k = 0; k < irlas_min(4, end - i); k++) {
      // 24 bits: a uniform number in [0, 1).
      const float u = (float)(words[k] >> 8) * (1.0f / 16777216);
      p[0][i + k] = u < d->rate ? 0 : d->scale;
    }
  }
}
