#include "clones.h"
#include "kernels.h"
#include "transcendental.h"

CLONES void chex_add(const float *a, const float *b, float *out, long count) {
  for (long i = 0; i < count; i++) out[i] = a[i] + b[i];
}

CLONES void chex_scale(const float *x, float scale, float *out, long count) {
  for (long i = 0; i < count; i++) out[i] = scale * x[i];
}

CLONES void chex_add_scaled(const float *x, float scale, float *out, long count) {
  FUSE
  for (long i = 0; i < count; i++) out[i] += scale * x[i];
}

CLONES void chex_gelu(const float *x, float *out, long count) {
  FUSE
  for (long i = 0; i < count; i++) out[i] = x[i] * normal_distribution(x[i], fast_exp(-0.5f * x[i] * x[i]));
}

CLONES void chex_gelu_gradient(const float *x, const float *dy, float *dx, long count) {
  FUSE
  for (long i = 0; i < count; i++) {
    float bell = fast_exp(-0.5f * x[i] * x[i]);
    dx[i] = dy[i] * (normal_distribution(x[i], bell) + x[i] * 0.3989422804014327f * bell);
  }
}

CLONES void chex_relu(const float *x, float *out, long count) {
  // Written so that a NaN stays a NaN.
  for (long i = 0; i < count; i++) out[i] = x[i] < 0 ? 0 : x[i];
}

CLONES void chex_relu_gradient(const float *x, const float *dy, float *dx, long count) {
  for (long i = 0; i < count; i++) dx[i] = x[i] > 0 ? dy[i] : 0;
}

CLONES void chex_moving_average(const float *x, float keep, float *out, long count) {
  FUSE
  float add = 1.0f - keep;
  for (long i = 0; i < count; i++) out[i] = keep * out[i] + add * x[i];
}

CLONES static int any_non_finite(const float *x, long count) {
  int found = 0;
  for (long i = 0; i < count; i++) {
    union { float number; uint32_t bits; } value = {x[i]};
    found |= (value.bits & 0x7f800000u) == 0x7f800000u;
  }
  return found;
}

long chex_first_non_finite(const float *x, long count) {
  if (!any_non_finite(x, count)) return -1;
  for (long i = 0; i < count; i++)
    if (!__builtin_isfinite(x[i])) return i;
  return -1;
}

CLONES void chex_add_row_vector(float *x, const float *bias, long rows, long columns) {
  for (long r = 0; r < rows; r++)
    for (long c = 0; c < columns; c++) x[r * columns + c] += bias[c];
}

CLONES void chex_sum_rows(const float *x, float *sums, long rows, long columns, int accumulate) {
  if (!accumulate)
    for (long c = 0; c < columns; c++) sums[c] = 0;
  for (long r = 0; r < rows; r++)
    for (long c = 0; c < columns; c++) sums[c] += x[r * columns + c];
}

CLONES double chex_sum_of_squares(const float *x, long count) {
  REORDER
  double sum = 0;
  for (long i = 0; i < count; i++) sum += (double)x[i] * (double)x[i];
  return sum;
}

CLONES double chex_squared_error(const float *a, const float *b, long count) {
  REORDER
  double sum = 0;
  for (long i = 0; i < count; i++) {
    double difference = (double)(a[i] - b[i]);
    sum += difference * difference;
  }
  return sum;
}

CLONES void chex_difference(const float *a, const float *b, float scale, float *dx, long count) {
  for (long i = 0; i < count; i++) dx[i] = scale * (a[i] - b[i]);
}

CLONES void chex_adamw_update(float *parameter, const float *gradient, float *first, float *second,
                              chex_adamw how, long count) {
  FUSE
  for (long i = 0; i < count; i++) {
    float g = gradient[i] * how.gradientScale;
    float m = first[i] + how.gain1 * (g - first[i]);
    float v = how.beta2 * second[i] + how.gain2 * g * g;
    first[i] = m;
    second[i] = v;
    parameter[i] = parameter[i] * how.decay - how.stepSize * m / (__builtin_sqrtf(v) * how.secondScale + how.epsilon);
  }
}
