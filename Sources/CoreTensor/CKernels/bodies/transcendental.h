#pragma once
#include "lanes.h"

/// x 2^n for whole n from -126 to 127.
INLINE lanes times_power_of_two(lanes x, lanes n) {
#ifdef HAS_AVX512
  return (lanes)_mm512_scalef_ps((__m512)x, (__m512)n);
#else
  return x * (lanes)((__builtin_convertvector(n, integer_lanes) + 127) << 23);
#endif
}

/// x, but not so low that e^x is no ordinary number; a NaN stays one.
INLINE lanes not_below_the_smallest(lanes x) { return larger_of(all(-87.33654f), x); }

/// e^x for x ≤ 0, to 2 units in the last place and without branches; never below 1.2e-38, NaN kept. Rounding may have
/// lifted x a little above 0.
INLINE lanes exponential(lanes x) {
  FUSE
  lanes bounded = not_below_the_smallest(x);
  lanes n = __builtin_elementwise_rint(bounded * 1.44269504088896f);
  lanes r = bounded - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  lanes p = all(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return times_power_of_two(p * r * r + r + 1.0f, n);
}

/// The same to 1e-4, which bfloat16 rounds away.
INLINE lanes coarse_exponential(lanes x) {
  FUSE
  lanes y = not_below_the_smallest(x) * 1.44269504088896f;
  lanes n = __builtin_elementwise_rint(y), f = y - n;
  lanes p = all(5.517167225e-02f);
  p = p * f + 2.426111400e-01f;
  p = p * f + 6.932609677e-01f;
  return times_power_of_two(p * f + 9.999280572e-01f, n);
}

/// e^(-x²/2), 0 where that is no ordinary number.
INLINE lanes bell(lanes x) {
  FUSE
  lanes exponent = x * x * -0.5f;
  return choose(exponent < -87.0f, all(0), exponential(exponent));
}

/// Φ(x), the normal distribution function, given bell(x); absolute error below 1e-7
/// (Abramowitz and Stegun, formula 7.1.26, with erf's argument x/√2).
INLINE lanes normal_distribution(lanes x, lanes bell) {
  FUSE
  lanes z = (lanes)((integer_lanes)x & 0x7fffffff) * 0.7071067811865476f;
  lanes t = 1.0f / (1.0f + 0.3275911f * z);
  lanes series =
      0.254829592f + t * (-0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f)));
  lanes tail = 0.5f * bell * t * series;
  return choose(x < 0, tail, 1.0f - tail);
}

/// ½ + x P(x²) within ±4.5, 0 and 1 beyond.
INLINE lanes sigmoidal(lanes x, const float *coefficients, const int count) {
  FUSE
  lanes square = x * x, sum = all(coefficients[count - 1]);
  UNROLL
  for (int i = count - 2; i >= 0; i--) sum = sum * square + coefficients[i];
  lanes inside = x * sum + 0.5f;
  return choose(x > 4.5f, all(1), choose(x < -4.5f, all(0), inside));
}

/// Φ(x) to 7e-5, and d(x Φ(x))/dx to 2e-4, by minimax polynomials: what bfloat16 rounds away, for a third of the time.
INLINE lanes coarse_distribution(lanes x) {
  const float coefficients[] = {
      3.987126052e-01f, -6.598465890e-02f, 9.585204534e-03f,
      -1.037591719e-03f, 8.142522711e-05f, -4.451734185e-06f,
      1.590999403e-07f, -3.314666763e-09f, 3.036425972e-11f};
  return sigmoidal(x, coefficients, 9);
}
INLINE lanes coarse_gelu_slope(lanes x) {
  const float coefficients[] = {
      7.976261377e-01f, -2.649256885e-01f, 5.860930309e-02f,
      -8.815861307e-03f, 9.405429591e-04f, -7.122212264e-05f,
      3.721949724e-06f, -1.268060856e-07f, 2.521337583e-09f,
      -2.210822844e-11f};
  return sigmoidal(x, coefficients, 10);
}

/// x Φ(x), as exact as `type` can hold.
INLINE lanes gelu_of(lanes x, const chex_element type) {
  return x * (type == CHEX_BFLOAT16 ? coarse_distribution(x) : normal_distribution(x, bell(x)));
}

/// d(x Φ(x))/dx, and x Φ(x) itself.
INLINE lanes gelu_slope(lanes x, lanes *value, const chex_element type) {
  FUSE
  if (type == CHEX_BFLOAT16) {
    *value = gelu_of(x, type);
    return coarse_gelu_slope(x);
  }
  lanes density = bell(x), share = normal_distribution(x, density);
  *value = x * share;
  return share + x * 0.3989422804014327f * density;
}
