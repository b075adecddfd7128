// exp and the activations, the same on every target.

// e^x within 2 ulp: x = n ln 2 + r, Taylor polynomial of e^r for |r| <= ln 2 / 2 (its next term is below
// 6e-9), times 2^n in two halves because 2^128 is no float. Arguments are clamped to the range of normal floats.
IRLAS_INLINE irlas_vec irlas_exp(irlas_vec x) {
  irlas_vec high = irlas_splat(88.72283f), low = irlas_splat(-87.33654f);
  x = irlas_select(x > high, high, x);
  x = irlas_select(x < low, low, x);
  // Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low bits.
  irlas_vec magic = irlas_splat(12582912.0f);
  irlas_vec shifted = x * 1.44269504f + magic;
  irlas_vec n = shifted - magic;
  irlas_mask_vec whole = (irlas_mask_vec)shifted - (irlas_mask_vec)magic;
  irlas_vec r = x - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  irlas_vec p = r * (1.0f / 5040) + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * (r * r) + r;
  p = p + 1.0f;
  irlas_mask_vec half = whole >> 1;
  irlas_vec first = (irlas_vec)((half + 127) << 23);
  irlas_vec second = (irlas_vec)((whole - half + 127) << 23);
  return p * first * second;
}

// 1 / sqrt(x) within 2 ulp for normal x > 0: a first guess by halving the exponent, then Newton's iteration. A
// library's sqrt would bring errno and a call with it.
IRLAS_INLINE irlas_vec irlas_inverse_sqrt(irlas_vec x) {
  irlas_vec y = (irlas_vec)(0x5f375a86 - ((irlas_mask_vec)x >> 1));
  const irlas_vec half = x * -0.5f;
  for (int step = 0; step < 4; step++) y = y + y * (half * y * y + 0.5f);
  return y;
}

IRLAS_INLINE irlas_vec irlas_sigmoid(irlas_vec x) { return 1.0f / (1.0f + irlas_exp(-x)); }

IRLAS_INLINE irlas_vec irlas_relu(irlas_vec x) { return (irlas_vec)(~(x < 0) & (irlas_mask_vec)x); }

IRLAS_INLINE irlas_vec irlas_relu6(irlas_vec x) {
  irlas_vec six = irlas_splat(6);
  x = irlas_relu(x);
  return irlas_select(x > six, six, x);
}

// The normal distribution's probability below x: erf within 1.5e-7 (Abramowitz and Stegun, 1964, 7.1.26), with
// `density` = exp(-x^2 / 2).
IRLAS_INLINE irlas_vec irlas_normal_below(irlas_vec x, irlas_vec density) {
  const irlas_vec zero = {0};
  irlas_vec size = irlas_select(x < zero, -x, x) * 0.70710678f;
  irlas_vec t = 1.0f / (1.0f + size * 0.3275911f);
  irlas_vec p = t * 1.061405429f - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  irlas_vec tail = p * t * density * 0.5f;
  return irlas_select(x < zero, tail, 1.0f - tail);
}

// `activation` is an `enum irlas_activation`.
IRLAS_INLINE irlas_vec irlas_activate(ptrdiff_t activation, irlas_vec x) {
  switch (activation) {
    case IRLAS_RELU: return irlas_relu(x);
    case IRLAS_RELU6: return irlas_relu6(x);
    case IRLAS_SIGMOID: return irlas_sigmoid(x);
    case IRLAS_SILU: return x * irlas_sigmoid(x);
    case IRLAS_HARD_SWISH: return x * irlas_relu6(x + 3.0f) / 6.0f;
    case IRLAS_HARD_SIGMOID: return irlas_relu6(x + 3.0f) / 6.0f;
    case IRLAS_GELU: return x * irlas_normal_below(x, irlas_exp(x * x * -0.5f));
    case IRLAS_ABS: return irlas_select(x < 0, -x, x);
    case IRLAS_NEGATE: return -x;
    default: return x;
  }
}

// dy times the derivative. `s` is the activation's result, for silu, hard_swish, gelu and abs its argument.
IRLAS_INLINE irlas_vec irlas_activate_gradient(ptrdiff_t activation, irlas_vec s, irlas_vec dy) {
  irlas_vec zero = {0};
  switch (activation) {
    case IRLAS_RELU: return irlas_select(s > zero, dy, zero);
    case IRLAS_RELU6: return irlas_select((s > zero) & (s < 6.0f), dy, zero);
    case IRLAS_SIGMOID: return dy * (s * (1.0f - s));
    case IRLAS_SILU: {
      irlas_vec sigmoid = irlas_sigmoid(s);
      return dy * (sigmoid * (1.0f + s * (1.0f - sigmoid)));
    }
    case IRLAS_HARD_SWISH: {
      irlas_vec middle = dy * (s / 3.0f + 0.5f);
      return irlas_select(s <= -3.0f, zero, irlas_select(s < 3.0f, middle, dy));
    }
    case IRLAS_HARD_SIGMOID: return irlas_select((s > zero) & (s < 1.0f), dy / 6.0f, zero);
    case IRLAS_GELU: {
      irlas_vec density = irlas_exp(s * s * -0.5f);
      return dy * (irlas_normal_below(s, density) + s * density * 0.39894228f);
    }
    case IRLAS_ABS: return irlas_select(s > zero, dy, irlas_select(s < zero, -dy, zero));
    case IRLAS_NEGATE: return -dy;
    default: return dy;
  }
}

// The same from the argument z of every activation.
IRLAS_INLINE irlas_vec irlas_activate_gradient_at(ptrdiff_t activation, irlas_vec z, irlas_vec dy) {
  // Clipped values tell their gradient like their arguments do.
  const int by_result = activation == IRLAS_SIGMOID || activation == IRLAS_HARD_SIGMOID;
  return irlas_activate_gradient(activation, by_result ? irlas_activate(activation, z) : z, dy);
}

// Batch norm of one vector. Where it is computed again, it is the same operations and so the same bits.
IRLAS_INLINE irlas_vec irlas_normalized(irlas_vec x, irlas_vec mean, irlas_vec factor, irlas_vec shift) {
  return (x - mean) * factor + shift;
}
