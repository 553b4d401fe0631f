#include "clones.h"
#include "kernels.h"
#include "transcendental.h"

CLONES void chex_layer_norm(const float *x, const float *weight, const float *bias, float epsilon, float *out,
                            float *mean, float *inverse, long rows, long columns) {
  REORDER
  for (long r = 0; r < rows; r++) {
    const float *row = x + r * columns;
    float *result = out + r * columns;
    float sum = 0;
    for (long c = 0; c < columns; c++) sum += row[c];
    float average = sum / (float)columns, squares = 0;
    for (long c = 0; c < columns; c++) squares += (row[c] - average) * (row[c] - average);
    float scale = 1.0f / __builtin_sqrtf(squares / (float)columns + epsilon);
    mean[r] = average;
    inverse[r] = scale;
    if (weight)
      for (long c = 0; c < columns; c++) result[c] = (row[c] - average) * scale * weight[c] + bias[c];
    else
      for (long c = 0; c < columns; c++) result[c] = (row[c] - average) * scale;
  }
}

CLONES void chex_layer_norm_gradient(const float *x, const float *weight, const float *mean,
                                     const float *inverse, const float *dy, float *dx, float *weightSum,
                                     float *biasSum, long rows, long columns) {
  REORDER
  for (long r = 0; r < rows; r++) {
    const float *row = x + r * columns, *up = dy + r * columns;
    float *down = dx + r * columns;
    float average = mean[r], scale = inverse[r], sum = 0, projection = 0;
    for (long c = 0; c < columns; c++) {
      float g = weight ? up[c] * weight[c] : up[c], n = (row[c] - average) * scale;
      sum += g;
      projection += g * n;
    }
    sum /= (float)columns;
    projection /= (float)columns;
    for (long c = 0; c < columns; c++) {
      float g = weight ? up[c] * weight[c] : up[c], n = (row[c] - average) * scale;
      down[c] = scale * (g - sum - n * projection);
    }
    if (weightSum)
      for (long c = 0; c < columns; c++) {
        weightSum[c] += up[c] * (row[c] - average) * scale;
        biasSum[c] += up[c];
      }
  }
}

CLONES void chex_softmax(float *x, float *logSums, long rows, long columns) {
  REORDER
  for (long r = 0; r < rows; r++) {
    float *row = x + r * columns, top = row[0], sum = 0;
    for (long c = 1; c < columns; c++) top = row[c] > top ? row[c] : top;
    for (long c = 0; c < columns; c++) {
      row[c] = fast_exp(row[c] - top);
      sum += row[c];
    }
    float share = 1.0f / sum;
    for (long c = 0; c < columns; c++) row[c] *= share;
    logSums[r] = top + __builtin_logf(sum);
  }
}

CLONES void chex_softmax_again(float *x, const float *logSums, long rows, long columns) {
  for (long r = 0; r < rows; r++)
    for (long c = 0; c < columns; c++) x[r * columns + c] = fast_exp(x[r * columns + c] - logSums[r]);
}

CLONES void chex_softmax_gradient(const float *p, float *dp, float scale, long rows, long columns) {
  REORDER
  for (long r = 0; r < rows; r++) {
    const float *row = p + r * columns;
    float *slope = dp + r * columns;
    // A shift of all logits changes nothing, so slopes must add up to zero: what is left over would reach the keys'
    // biases, whose true gradient is zero, and AdamW makes a step of any size out of noise.
    double weighted = 0, whole = 0;
    for (long c = 0; c < columns; c++) {
      weighted += (double)row[c] * (double)slope[c];
      whole += (double)row[c];
    }
    float projection = (float)(weighted / whole);
    for (long c = 0; c < columns; c++) slope[c] = row[c] * (slope[c] - projection) * scale;
  }
}
