// Random masks by Philox4x32-10, a counter-based generator: J. Salmon et al., "Parallel random numbers: as easy
// as 1, 2, 3", SC 2011. Every element's draw is a function of its place, so tasks need no shared state.

// Ten rounds for 16 counters side by side: counter[word][lane].
IRLAS_INLINE void irlas_philox(uint32_t counter[4][16], uint32_t key0, uint32_t key1) {
  for (int round = 0; round < 10; round++) {
    for (int lane = 0; lane < 16; lane++) {
      const uint64_t a = (uint64_t)0xD2511F53u * counter[0][lane], b = (uint64_t)0xCD9E8D57u * counter[2][lane];
      const uint32_t c0 = (uint32_t)(b >> 32) ^ counter[1][lane] ^ key0;
      const uint32_t c2 = (uint32_t)(a >> 32) ^ counter[3][lane] ^ key1;
      counter[1][lane] = (uint32_t)b;
      counter[3][lane] = (uint32_t)a;
      counter[0][lane] = c0;
      counter[2][lane] = c2;
    }
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
  for (ptrdiff_t i = irlas_stream_start(d->count, task, tasks); i < end; i += 64) {
    uint32_t words[4][16];
    for (int lane = 0; lane < 16; lane++) {
      words[0][lane] = (uint32_t)(i / 4 + lane);
      words[1][lane] = (uint32_t)d->stream;
      words[2][lane] = key[2];
      words[3][lane] = key[3];
    }
    irlas_philox(words, key[0], key[1]);
    float mask[64];
    // 24 bits: a uniform number in [0, 1).
    for (int lane = 0; lane < 16; lane++)
      for (int word = 0; word < 4; word++)
        mask[lane * 4 + word] = (float)(words[word][lane] >> 8) * (1.0f / 16777216) < d->rate ? 0 : d->scale;
    irlas_copy_floats(p[0] + i, mask, irlas_min(64, end - i));
  }
}
