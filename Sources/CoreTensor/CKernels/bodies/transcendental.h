#pragma once
#include "lanes.h"

/// e^x for x ≤ 0, to 2 units in the last place and without branches; 0 below -87.3, NaN kept. Rounding may have
/// lifted x a little above 0.
INLINE lanes exponential(lanes x) {
  FUSE
  lanes bounded = larger_of(x, all(-87.33654f));
  lanes n = __builtin_elementwise_rint(bounded * 1.44269504088896f);
  lanes r = bounded - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  lanes p = all(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  integer_lanes scale = (__builtin_convertvector(n, integer_lanes) + 127) << 23;
  lanes result = choose(x < -87.33654f, all(0), p * (lanes)scale);
  return choose(x == x, result, x);
}

/// e^(-x²/2)
INLINE lanes bell(lanes x) {
  FUSE
  return exponential(x * x * -0.5f);
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

/// x Φ(x)
INLINE lanes gelu_of(lanes x) { return x * normal_distribution(x, bell(x)); }

/// d(x Φ(x))/dx, and x Φ(x) itself.
INLINE lanes gelu_slope(lanes x, lanes *value) {
  FUSE
  lanes density = bell(x), share = normal_distribution(x, density);
  *value = x * share;
  return share + x * 0.3989422804014327f * density;
}
