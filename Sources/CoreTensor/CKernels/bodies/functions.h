#pragma once
#include "transcendental.h"

// Functions of one number over the whole range of float32. NaN gives NaN.

/// e^x to 2 units in the last place; 0 below -87.3, infinity above 88.7.
INLINE lanes full_exponential(lanes x) {
  FUSE
  // Half of a large argument is taken twice, so that no power of two leaves the range on the way.
  lanes bounded = choose(x > 89.0f, all(89.0f), x);
  lanes n = __builtin_elementwise_rint(not_below_the_smallest(bounded) * 1.44269504088896f);
  lanes high = choose(n > 126.0f, n - 126.0f, all(0));
  lanes r = not_below_the_smallest(bounded) - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  lanes p = all(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  lanes value = times_power_of_two(times_power_of_two(p * r * r + r + 1.0f, n - high), high);
  return choose(x < -87.33654f, all(0), choose(x > 88.72284f, all(INFINITY), value));
}

/// The natural logarithm to 2 units in the last place (Moshier's Cephes, logf): -infinity at 0, NaN below.
INLINE lanes logarithm(lanes x) {
  FUSE
  integer_lanes small = x < 1.17549435e-38f;
  lanes scaled = choose(small, x * 8388608.0f, x);
  integer_lanes bits = (integer_lanes)scaled;
  lanes exponent = __builtin_convertvector((bits >> 23) - 126, lanes) - choose(small, all(23), all(0));
  lanes m = (lanes)((bits & 0x007fffff) | 0x3f000000);
  integer_lanes low = m < 0.707106781186547524f;
  exponent = choose(low, exponent - 1.0f, exponent);
  m = choose(low, m + m, m) - 1.0f;
  lanes square = m * m, p = all(7.0376836292e-2f);
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  lanes y = p * m * square + exponent * -2.12194440e-4f - 0.5f * square;
  lanes value = m + y + exponent * 0.693359375f;
  value = choose(x == 0, all(-INFINITY), choose(x < 0, all(NAN), value));
  return choose((x == INFINITY) | (x != x), x, value);
}

INLINE lanes magnitude(lanes x) { return (lanes)((integer_lanes)x & 0x7fffffff); }
/// The first number with the second's sign.
INLINE lanes signed_as(lanes x, lanes sign) {
  return (lanes)(((integer_lanes)x & 0x7fffffff) | ((integer_lanes)sign & (integer_lanes)all(-0.0f)));
}
/// -1, 0 or 1.
INLINE lanes sign_of(lanes x) { return choose(x > 0, all(1), choose(x < 0, all(-1), x)); }

/// 1 / (1 + e^-x)
INLINE lanes logistic(lanes x) {
  lanes e = exponential(-magnitude(x));
  return choose(x >= 0, all(1), e) / (1.0f + e);
}

INLINE lanes hyperbolic_tangent(lanes x) {
  FUSE
  // Near zero by a polynomial (Cephes, tanhf), since the quotient would lose digits there.
  lanes size = magnitude(x), square = x * x, p = all(-5.70498872745e-3f);
  p = p * square + 2.06390887954e-2f;
  p = p * square - 5.37397155531e-2f;
  p = p * square + 1.33314422036e-1f;
  p = p * square - 3.33332819422e-1f;
  lanes e = exponential(-2.0f * size);
  return choose(size < 0.625f, p * square * x + x, signed_as((1.0f - e) / (1.0f + e), x));
}

/// x s(x) for the logistic s; 0 where s is too small for an ordinary number.
INLINE lanes silu(lanes x) { return choose(x < -87.0f, all(0), x * logistic(x)); }

/// d(x s(x))/dx for the logistic s.
INLINE lanes silu_derivative(lanes x) {
  lanes s = logistic(x);
  return choose(magnitude(x) < 100.0f, s * (1.0f + x * (1.0f - s)), choose(x != x, x, choose(x > 0, all(1), all(0))));
}

#define EACH_OF_LANES(name, function, second)                           \
  INLINE lanes name(lanes x, lanes y) {                                 \
    lanes result;                                                       \
    (void)y;                                                            \
    for (int i = 0; i < LANES; i++) result[i] = function second;        \
    return result;                                                      \
  }
// The C library's, one number after the other.
EACH_OF_LANES(sine, sinf, (x[i]))
EACH_OF_LANES(cosine, cosf, (x[i]))
EACH_OF_LANES(error_function, erff, (x[i]))
EACH_OF_LANES(raised, powf, (x[i], y[i]))
#undef EACH_OF_LANES
