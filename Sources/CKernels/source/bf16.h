// bfloat16: a float's upper half. Products are of rounded factors, sums are floats.
//
// Two neighbouring channels share a word of memory, the first in its low half. So rounded maps and weights are maps and
// weights of words, half as many a row (an odd last channel beside a zero), and are multiplied pair by pair.

IRLAS_INLINE ptrdiff_t irlas_words(ptrdiff_t channels) { return (channels + 1) / 2; }

// Rounded to the nearest, ties to even; NaN stays NaN.
IRLAS_INLINE uint32_t irlas_bf16(float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return (bits & 0x7fffffff) > 0x7f800000 ? bits >> 16 | 0x40 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}
IRLAS_INLINE void irlas_store_pair(float *to, float first, float second) {
  const uint32_t word = irlas_bf16(first) | irlas_bf16(second) << 16;
  __builtin_memcpy(to, &word, sizeof word);
}

// `count` floats to words at `to`.
IRLAS_INLINE void irlas_round_floats(float *to, const float *from, ptrdiff_t count) {
#if defined(__AVX512BF16__) && IRLAS_LANES == 16
  for (; count > 0; count -= 32, from += 32, to += 16) {
    const irlas_vec low = irlas_load_up_to(from, count);
    const irlas_vec high = count > 16 ? irlas_load_up_to(from + 16, count - 16) : (irlas_vec){0};
    irlas_vec words;
    __asm__("vcvtne2ps2bf16 %2, %1, %0" : "=v"(words) : "v"(high), "v"(low));
    irlas_store_up_to(to, words, irlas_words(count));
  }
#else
  for (; count > 1; count -= 2, from += 2) irlas_store_pair(to++, from[0], from[1]);
  if (count > 0) irlas_store_pair(to, from[0], 0);
#endif
}

// A word in every lane, bit by bit.
IRLAS_INLINE irlas_vec irlas_splat_word(const float *x) {
  int32_t word;
  __builtin_memcpy(&word, x, sizeof word);
  return (irlas_vec)(word - (irlas_mask_vec){0});
}

// sum + the products of both halves of each lane.
IRLAS_INLINE irlas_vec irlas_add_pairs(irlas_vec sum, irlas_vec x, irlas_vec w) {
#if defined(__AVX512BF16__) && IRLAS_LANES == 16
  __asm__("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
  return sum;
#else
  const irlas_mask_vec x_bits = (irlas_mask_vec)x, w_bits = (irlas_mask_vec)w, upper = (int32_t)0xffff0000 - (irlas_mask_vec){0};
  sum += (irlas_vec)(x_bits & upper) * (irlas_vec)(w_bits & upper);
  return sum + (irlas_vec)(x_bits << 16) * (irlas_vec)(w_bits << 16);
#endif
}
