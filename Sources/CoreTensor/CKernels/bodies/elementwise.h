#include "transcendental.h"

static void add_kernel(const float *a, const float *b, float *out, long count) {
  for (long i = 0; i < count; i++) out[i] = a[i] + b[i];
}

static void scale_kernel(const float *x, float scale, float *out, long count) {
  for (long i = 0; i < count; i++) out[i] = scale * x[i];
}

static void add_scaled_kernel(const float *x, float scale, float *out, long count) {
  FUSE
  for (long i = 0; i < count; i++) out[i] += scale * x[i];
}

static void convert_kernel(const void *x, chex_element type, void *out, chex_element out_type, long count) {
  TYPED(type, FROM, TYPED(out_type, TO, EACH_LANES(i, here, count, {
          store(out, i, here, load(x, i, here, FROM), TO);
        });););
}

static void gelu_kernel(const float *x, float *out, long count) {
  EACH_LANES(i, here, count, { store(out, i, here, gelu_of(load(x, i, here, CHEX_FLOAT32), CHEX_FLOAT32), CHEX_FLOAT32); });
}

static void gelu_gradient_kernel(const float *x, const float *dy, float *dx, long count) {
  EACH_LANES(i, here, count, {
    lanes value;
    lanes gradient = gelu_slope(load(x, i, here, CHEX_FLOAT32), &value, CHEX_FLOAT32);
    store(dx, i, here, load(dy, i, here, CHEX_FLOAT32) * gradient, CHEX_FLOAT32);
  });
}

static void relu_kernel(const float *x, float *out, long count) {
  // Written so that a NaN stays a NaN.
  for (long i = 0; i < count; i++) out[i] = x[i] < 0 ? 0 : x[i];
}

static void relu_gradient_kernel(const float *x, const float *dy, float *dx, long count) {
  for (long i = 0; i < count; i++) dx[i] = x[i] > 0 ? dy[i] : 0;
}

static void moving_average_kernel(const float *x, float keep, float *out, long count) {
  FUSE
  float add = 1.0f - keep;
  for (long i = 0; i < count; i++) out[i] = keep * out[i] + add * x[i];
}

INLINE int any_non_finite(const void *x, chex_element type, long count) {
  const uint32_t exponent = type == CHEX_BFLOAT16 ? 0x7f80 : 0x7f800000;
  int found = 0;
  for (long i = 0; i < count; i++) {
    uint32_t bits = type == CHEX_BFLOAT16 ? ((const uint16_t *)x)[i] : ((const uint32_t *)x)[i];
    found |= (bits & exponent) == exponent;
  }
  return found;
}

static long first_non_finite_kernel(const void *x, chex_element type, long count) {
  const long stretch = 1024;
  for (long start = 0; start < count; start += stretch) {
    long end = start + stretch < count ? start + stretch : count;
    const char *place = (const char *)x + start * (type == CHEX_BFLOAT16 ? 2 : 4);
    int found;
    TYPED(type, T, { found = any_non_finite(place, T, end - start); });
    for (long i = start; found && i < end; i++)
      if (!isfinite(load(x, i, 1, type)[0])) return i;
  }
  return -1;
}

static double sum_of_squares_kernel(const float *x, long count) {
  REORDER
  double sum = 0;
  for (long i = 0; i < count; i++) sum += (double)x[i] * (double)x[i];
  return sum;
}

static double squared_error_kernel(const float *a, const float *b, long count) {
  REORDER
  double sum = 0;
  for (long i = 0; i < count; i++) {
    double difference = (double)(a[i] - b[i]);
    sum += difference * difference;
  }
  return sum;
}

static void difference_kernel(const float *a, const float *b, float scale, float *dx, long count) {
  for (long i = 0; i < count; i++) dx[i] = scale * (a[i] - b[i]);
}

INLINE void adamw_update(float *parameter, const float *gradient, float *first, float *second, float *average,
                         chex_adamw_step how, long count) {
  FUSE
  float add = 1.0f - how.keep;
  for (long i = 0; i < count; i++) {
    float g = gradient[i] * how.gradientScale;
    float m = first[i] + how.gain1 * (g - first[i]);
    float v = how.beta2 * second[i] + how.gain2 * g * g;
    float p = parameter[i] * how.decay - how.stepSize * m / (__builtin_sqrtf(v) * how.secondScale + how.epsilon);
    first[i] = m;
    second[i] = v;
    parameter[i] = p;
    if (average) average[i] = how.keep * average[i] + add * p;
  }
}

static void adamw_kernel(float *parameter, const float *gradient, float *first, float *second, float *average,
                         chex_adamw_step how, long count) {
  // Two loops without a branch inside.
  if (average) adamw_update(parameter, gradient, first, second, average, how, count);
  else adamw_update(parameter, gradient, first, second, NULL, how, count);
}
