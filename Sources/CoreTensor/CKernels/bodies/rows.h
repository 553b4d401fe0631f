#include "transcendental.h"

// --- after a product, while its rows are still in the cache --------------------------------------------------

static void add_row_vector_kernel(void *x, const float *vector, chex_element type, long rows, long columns) {
  TYPED(type, T, for (long r = 0; r < rows; r++) EACH_LANES(c, here, columns, {
          long i = r * columns + c;
          store(x, i, here, load(x, i, here, T) + load(vector, c, here, CHEX_FLOAT32), T);
        }););
}

static void bias_residual_kernel(float *x, const float *bias, const float *residual, long rows, long columns) {
  for (long r = 0; r < rows; r++)
    for (long c = 0; c < columns; c++) {
      long i = r * columns + c;
      x[i] = residual[i] + (x[i] + bias[c]);
    }
}

static void bias_gelu_kernel(void *x, const float *bias, void *activated, chex_element type, long rows,
                             long columns) {
  TYPED(type, T, for (long r = 0; r < rows; r++) EACH_LANES(c, here, columns, {
          long i = r * columns + c;
          lanes sum = load(x, i, here, T) + load(bias, c, here, CHEX_FLOAT32);
          if (activated != x) store(x, i, here, sum, T);
          store(activated, i, here, gelu_of(sum, T), T);
        }););
}

static void gelu_backward_kernel(void *gradients, const void *x, void *activated, chex_element type, long count) {
  TYPED(type, T, EACH_LANES(i, here, count, {
          lanes value;
          lanes gradient = gelu_slope(load(x, i, here, T), &value, T);
          store(gradients, i, here, load(gradients, i, here, T) * gradient, T);
          store(activated, i, here, value, T);
        }););
}

static void sum_rows_kernel(const void *x, chex_element type, float *sums, long rows, long columns,
                            int accumulate) {
  if (!accumulate) memset(sums, 0, (size_t)columns * sizeof(float));
  TYPED(type, T, for (long r = 0; r < rows; r++) EACH_LANES(c, here, columns, {
          lanes sum = load(sums, c, here, CHEX_FLOAT32) + load(x, r * columns + c, here, T);
          store(sums, c, here, sum, CHEX_FLOAT32);
        }););
}

/// Sixteen rows of sixteen at most.
INLINE void transpose_block(const void *x, long stride, int rows, int columns, void *out, long out_stride,
                            const chex_element type) {
  lanes block[LANES];
  for (int r = 0; r < LANES; r++) block[r] = r < rows ? load(x, r * stride, columns, type) : (lanes){0};
  transpose_lanes(block);
  for (int c = 0; c < columns; c++) store(out, c * out_stride, rows, block[c], type);
}

static void transpose_kernel(const void *x, chex_element type, long stride, void *out, long rows, long columns) {
  const long size = type == CHEX_BFLOAT16 ? 2 : 4;
  for (long r = 0; r < rows; r += LANES)
    for (long c = 0; c < columns; c += LANES) {
      const void *from = (const char *)x + (r * stride + c) * size;
      void *to = (char *)out + (c * rows + r) * size;
      int height = smaller(LANES, (int)(rows - r)), width = smaller(LANES, (int)(columns - c));
      TYPED(type, T, {
        if (height == LANES && width == LANES) transpose_block(from, stride, LANES, LANES, to, rows, T);
        else transpose_block(from, stride, height, width, to, rows, T);
      });
    }
}

// --- layer norm ----------------------------------------------------------------------------------------------

INLINE void normalised_row(const float *row, const float *weight, const float *bias, float average, float scale,
                           void *out, long columns, const chex_element type) {
  FUSE
  EACH_LANES(c, here, columns, {
    lanes value = (load(row, c, here, CHEX_FLOAT32) - average) * scale;
    if (weight) value = value * load(weight, c, here, CHEX_FLOAT32) + load(bias, c, here, CHEX_FLOAT32);
    store(out, c, here, value, type);
  });
}

static void layer_norm_kernel(const float *x, const float *weight, const float *bias, float epsilon, void *out,
                              chex_element type, float *mean, float *inverse, int known, long rows,
                              long columns) {
  REORDER
  const long size = type == CHEX_BFLOAT16 ? 2 : 4;
  for (long r = 0; r < rows; r++) {
    const float *row = x + r * columns;
    void *result = (char *)out + r * columns * size;
    if (!known) {
      float sum = 0;
      for (long c = 0; c < columns; c++) sum += row[c];
      float average = sum / (float)columns, squares = 0;
      for (long c = 0; c < columns; c++) squares += (row[c] - average) * (row[c] - average);
      mean[r] = average;
      inverse[r] = 1.0f / __builtin_sqrtf(squares / (float)columns + epsilon);
    }
    TYPED(type, T, normalised_row(row, weight, bias, mean[r], inverse[r], result, columns, T););
  }
}

INLINE void layer_norm_row(const float *row, const float *weight, float average, float scale, const void *dy,
                           const chex_element type, const float *residual, float *dx, float *weight_sum,
                           float *bias_sum, long columns) {
  REORDER
  lanes sums = {0}, projections = {0};
  EACH_LANES(c, here, columns, {
    lanes up = load(dy, c, here, type);
    lanes normal = (load(row, c, here, CHEX_FLOAT32) - average) * scale;
    // Beyond the row's end the gradient of the output is zero, and so is what it is multiplied with.
    lanes gradient = weight ? up * load(weight, c, here, CHEX_FLOAT32) : up;
    sums += gradient;
    projections += gradient * normal;
    if (weight_sum) {
      store(weight_sum, c, here, load(weight_sum, c, here, CHEX_FLOAT32) + up * normal, CHEX_FLOAT32);
      store(bias_sum, c, here, load(bias_sum, c, here, CHEX_FLOAT32) + up, CHEX_FLOAT32);
    }
  });
  float sum = sum_of(sums) / (float)columns, projection = sum_of(projections) / (float)columns;
  EACH_LANES(c, here, columns, {
    lanes up = load(dy, c, here, type);
    lanes normal = (load(row, c, here, CHEX_FLOAT32) - average) * scale;
    lanes gradient = weight ? up * load(weight, c, here, CHEX_FLOAT32) : up;
    lanes down = scale * (gradient - sum - normal * projection);
    if (residual) down += load(residual, c, here, CHEX_FLOAT32);
    store(dx, c, here, down, CHEX_FLOAT32);
  });
}

static void layer_norm_gradient_kernel(const float *x, const float *weight, const float *mean,
                                       const float *inverse, const void *dy, chex_element type,
                                       const float *residual, float *dx, float *weight_sum, float *bias_sum,
                                       long rows, long columns) {
  const long size = type == CHEX_BFLOAT16 ? 2 : 4;
  for (long r = 0; r < rows; r++) {
    const float *row = x + r * columns;
    const void *up = (const char *)dy + r * columns * size;
    const float *add = residual ? residual + r * columns : NULL;
    float *down = dx + r * columns;
    TYPED(type, T, layer_norm_row(row, weight, mean[r], inverse[r], up, T, add, down, weight_sum, bias_sum, columns););
  }
}
