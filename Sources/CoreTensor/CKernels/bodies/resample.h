#include "lanes.h"

// ---- Resampling ----

/// For each output place: where its window starts, how long it is, and its weights, `stride` apart.
typedef struct {
  int *first;
  int *count;
  float *weights;
  size_t stride;
} windows;

INLINE double support_of(int input, int output) {
  double scale = (double)input / output;
  return 2 * (scale > 1 ? scale : 1);
}

INLINE size_t window_stride(int input, int output) {
  return padded((int)ceil(support_of(input, output)) * 2 + 1);
}

INLINE double cubic(double x) {
  double d = fabs(x);
  double near = (1.5 * d - 2.5) * d * d + 1;
  double far = ((-0.5 * d + 2.5) * d - 4) * d + 2;
  return d < 1 ? near : d < 2 ? far : 0;
}

INLINE void fill_windows(windows *made, double *raw, int input, int output) {
  double scale = (double)input / output;
  double support = support_of(input, output);
  double shrink = scale > 1 ? 1 / scale : 1;
  for (int i = 0; i < output; i++) {
    double center = (i + 0.5) * scale;
    int first = (int)(center - support + 0.5);
    int end = smaller((int)(center + support + 0.5), input);
    if (center - support + 0.5 < 0) first = 0;
    int count = end - first;
    double total = 0;
    for (int t = 0; t < count; t++) raw[t] = cubic((t + first - center + 0.5) * shrink);
    for (int t = 0; t < count; t++) total += raw[t];
    // Zero weights at the ends touch no pixel, so an unscaled crop costs one tap.
    int skip = 0;
    while (skip < count - 1 && raw[skip] == 0) skip++;
    while (count - skip > 1 && raw[count - 1] == 0) count--;
    made->first[i] = first + skip;
    made->count[i] = count - skip;
    double inverse = 1 / total;
    float *weights = made->weights + (size_t)i * made->stride;
    for (int t = skip; t < count; t++) weights[t - skip] = (float)(raw[t] * inverse);
  }
}

/// `groups` × 16 columns of up to 16 output rows, transposed into `columns[column][row]`.
INLINE void vertical_tile(const float *source, ptrdiff_t row_stride, const windows *rows, int first_row,
                          int row_count, lanes *columns, const int groups) {
  lanes tile[4][LANES] = {{{0}}};
  for (int r = 0; r < row_count; r++) {
    const float *weights = rows->weights + (size_t)(first_row + r) * rows->stride;
    const float *line = source + (ptrdiff_t)rows->first[first_row + r] * row_stride;
    int taps = rows->count[first_row + r];
    lanes sum[4] = {{0}};
    for (int t = 0; t < taps; t++, line += row_stride) {
      for (int g = 0; g < groups; g++) sum[g] += weights[t] * *(const loose_lanes *)(line + g * LANES);
    }
    for (int g = 0; g < groups; g++) tile[g][r] = sum[g];
  }
  for (int g = 0; g < groups; g++) {
    transpose_lanes(tile[g]);
    for (int c = 0; c < LANES; c++) columns[g * LANES + c] = tile[g][c];
  }
}

/// A crop narrower than sixteen columns, column by column, in the same order of additions.
INLINE void vertical_tail(const float *source, ptrdiff_t row_stride, const windows *rows, int first_row,
                          int row_count, lanes *columns, int count) {
  for (int c = 0; c < count; c++) {
    columns[c] = (lanes){0};
    for (int r = 0; r < row_count; r++) {
      const float *weights = rows->weights + (size_t)(first_row + r) * rows->stride;
      const float *pixel = source + c + (ptrdiff_t)rows->first[first_row + r] * row_stride;
      float sum = 0;
      for (int t = 0; t < rows->count[first_row + r]; t++) sum += weights[t] * pixel[t * row_stride];
      columns[c][r] = sum;
    }
  }
}

INLINE void vertical_pass(const float *source, ptrdiff_t row_stride, const windows *rows, int first_row,
                          int row_count, lanes *columns, int width) {
  int c = 0;
  for (; c + 4 * LANES <= width; c += 4 * LANES)
    vertical_tile(source + c, row_stride, rows, first_row, row_count, columns + c, 4);
  for (; c + LANES <= width; c += LANES)
    vertical_tile(source + c, row_stride, rows, first_row, row_count, columns + c, 1);
  if (c == width) return;
  if (width < LANES) {
    vertical_tail(source, row_stride, rows, first_row, row_count, columns, width);
  } else {
    // The last sixteen columns overlap the ones before: the same sums are written twice.
    c = width - LANES;
    vertical_tile(source + c, row_stride, rows, first_row, row_count, columns + c, 1);
  }
}

/// Sixteen output rows at once: lane r of each vector belongs to row r.
INLINE void horizontal_pass(const lanes *columns, const windows *across, float *output, int row_count,
                            int width, int mirrored) {
  for (int x0 = 0; x0 < width; x0 += LANES) {
    lanes tile[LANES] = {{0}};
    int here = smaller(LANES, width - x0);
    for (int i = 0; i < here; i++) {
      int x = mirrored ? width - 1 - (x0 + i) : x0 + i;
      const float *weights = across->weights + (size_t)x * across->stride;
      const lanes *column = columns + across->first[x];
      lanes sum = {0};
      for (int t = 0; t < across->count[x]; t++) sum += weights[t] * column[t];
      tile[i] = sum;
    }
    transpose_lanes(tile);
    for (int r = 0; r < row_count; r++) store_clipped(output + (size_t)r * width + x0, &tile[r], here);
  }
}

static int crop_resize_kernel(const float *crop, ptrdiff_t row_stride, int crop_height, int crop_width,
                            float *output, int output_height, int output_width, int mirrored) {
  windows down = {.stride = window_stride(crop_height, output_height)};
  windows across = {.stride = window_stride(crop_width, output_width)};
  size_t longest = down.stride > across.stride ? down.stride : across.stride;
  size_t column_bytes = padded(crop_width) * sizeof(lanes);
  size_t weight_bytes = (down.stride * output_height + across.stride * output_width) * sizeof(float);
  size_t place_bytes = 2 * ((size_t)output_height + output_width) * sizeof(int);
  size_t total = column_bytes + longest * sizeof(double) + weight_bytes + place_bytes;
  char *block = aligned_alloc(64, (total + 63) / 64 * 64);
  if (!block) return -1;
  lanes *columns = (lanes *)block;
  double *raw = (double *)(block + column_bytes);
  down.weights = (float *)(raw + longest);
  across.weights = down.weights + down.stride * output_height;
  down.first = (int *)(across.weights + across.stride * output_width);
  down.count = down.first + output_height;
  across.first = down.count + output_height;
  across.count = across.first + output_width;
  fill_windows(&down, raw, crop_height, output_height);
  fill_windows(&across, raw, crop_width, output_width);
  for (int row = 0; row < output_height; row += LANES) {
    int rows = smaller(LANES, output_height - row);
    vertical_pass(crop, row_stride, &down, row, rows, columns, crop_width);
    horizontal_pass(columns, &across, output + (size_t)row * output_width, rows, output_width, mirrored);
  }
  free(block);
  return 0;
}

// ---- Pixel by pixel ----

typedef double double_lanes __attribute__((vector_size(64)));
typedef float half_lanes __attribute__((vector_size(32), aligned(4)));

INLINE float clip(float value) { return value < 0 ? 0 : value > 1 ? 1 : value; }

static void mirror_rows_kernel(float *pixels, int height, int width) {
  for (int r = 0; r < height; r++) {
    float *row = pixels + (size_t)r * width;
    for (int left = 0, right = width - 1; left < right; left++, right--) {
      float kept = row[left];
      row[left] = row[right];
      row[right] = kept;
    }
  }
}

static void scale_clip_kernel(float *pixels, ptrdiff_t count, float factor) {
  for (ptrdiff_t i = 0; i < count; i++) pixels[i] = clip(pixels[i] * factor);
}

static void blend_clip_kernel(float *pixels, ptrdiff_t count, float grey, float factor) {
  for (ptrdiff_t i = 0; i < count; i++) pixels[i] = clip(grey + (pixels[i] - grey) * factor);
}

/// 2^(exponent * log2(value)), value within [0, 1].
INLINE float power(float value, float exponent) {
  const float tiny = 0x1p-126f;
  float safe = value < tiny ? tiny : value;
  uint32_t bits;
  memcpy(&bits, &safe, 4);
  // value = mantissa * 2^whole with the mantissa in [√½, √2), where the series converges fastest.
  int32_t whole = ((int32_t)bits - 0x3f3504f3) >> 23;
  uint32_t mantissa_bits = bits - ((uint32_t)whole << 23);
  float mantissa;
  memcpy(&mantissa, &mantissa_bits, 4);
  float s = (mantissa - 1) / (mantissa + 1);
  float q = s * s;
  float series = s * (1 + q * (1 / 3.f + q * (1 / 5.f + q * (1 / 7.f + q * (1 / 9.f)))));
  float logarithm = (float)whole + series * 2.885390082f;
  float y = exponent * logarithm;
  y = y < -126 ? -126 : y;
  float rounded = (y + 12582912.f) - 12582912.f;
  float f = (y - rounded) * 0.693147181f;
  float e = 1 + f * (1 + f * (1 / 2.f + f * (1 / 6.f + f * (1 / 24.f + f * (1 / 120.f + f * (1 / 720.f))))));
  uint32_t scale_bits = (uint32_t)((int32_t)rounded + 127) << 23;
  float scale;
  memcpy(&scale, &scale_bits, 4);
  return value < tiny ? 0 : e * scale;
}

static void power_clip_kernel(float *pixels, ptrdiff_t count, float exponent) {
  for (ptrdiff_t i = 0; i < count; i++) pixels[i] = clip(power(clip(pixels[i]), exponent));
}

static double mean_kernel(const float *pixels, ptrdiff_t count) {
  double_lanes first = {0}, second = {0};
  ptrdiff_t i = 0;
  for (; i + 16 <= count; i += 16) {
    first += __builtin_convertvector(*(const half_lanes *)(pixels + i), double_lanes);
    second += __builtin_convertvector(*(const half_lanes *)(pixels + i + 8), double_lanes);
  }
  double sum = 0;
  for (int lane = 0; lane < 8; lane++) sum += first[lane] + second[lane];
  for (; i < count; i++) sum += pixels[i];
  return sum / (double)count;
}
