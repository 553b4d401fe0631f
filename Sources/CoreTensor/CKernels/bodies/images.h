#include "functions.h"

// Norms over stretches of an image's numbers, softmax along rows, and resizing: each in one or two passes.

/// Adds Σ (x - shift) and Σ (x - shift)² of a stretch to two sums.
static void moments_kernel(const float *x, long count, float shift, double *sums) {
  FUSE
  const long stretch = 4096;
  for (long start = 0; start < count; start += stretch) {
    long end = start + stretch < count ? start + stretch : count, i = start;
    lanes first[2] = {{0}, {0}}, second[2] = {{0}, {0}};
    for (; i + 2 * LANES <= end; i += 2 * LANES)
      UNROLL
      for (int p = 0; p < 2; p++) {
        lanes gap = load(x, i + p * LANES, LANES, CHEX_FLOAT32) - shift;
        first[p] += gap;
        second[p] += gap * gap;
      }
    for (; i < end; i += LANES) {
      int here = smaller(LANES, (int)(end - i));
      lanes gap = first_lanes(load(x, i, here, CHEX_FLOAT32) - shift, here, 0);
      first[0] += gap;
      second[0] += gap * gap;
    }
    sums[0] += sum_of(first[0] + first[1]);
    sums[1] += sum_of(second[0] + second[1]);
  }
}

/// Adds Σ dy and Σ dy (x - mean) of a stretch to two sums.
static void gradient_moments_kernel(const float *dy, const float *x, float mean, long count, double *sums) {
  FUSE
  const long stretch = 4096;
  for (long start = 0; start < count; start += stretch) {
    long end = start + stretch < count ? start + stretch : count, i = start;
    lanes first[2] = {{0}, {0}}, second[2] = {{0}, {0}};
    for (; i + 2 * LANES <= end; i += 2 * LANES)
      UNROLL
      for (int p = 0; p < 2; p++) {
        lanes up = load(dy, i + p * LANES, LANES, CHEX_FLOAT32);
        first[p] += up;
        second[p] += up * (load(x, i + p * LANES, LANES, CHEX_FLOAT32) - mean);
      }
    for (; i < end; i += LANES) {
      // Beyond the end the gradient is zero.
      int here = smaller(LANES, (int)(end - i));
      lanes up = load(dy, i, here, CHEX_FLOAT32);
      first[0] += up;
      second[0] += up * (load(x, i, here, CHEX_FLOAT32) - mean);
    }
    sums[0] += sum_of(first[0] + first[1]);
    sums[1] += sum_of(second[0] + second[1]);
  }
}

static void affine_kernel(const float *x, float scale, float shift, float *out, long count) {
  FUSE
  for (long i = 0; i < count; i++) out[i] = x[i] * scale + shift;
}

static void blend_kernel(const float *a, float a_scale, const float *b, float b_scale, float shift, float *out,
                         long count) {
  FUSE
  for (long i = 0; i < count; i++) out[i] = a[i] * a_scale + (b[i] * b_scale + shift);
}

// --- softmax -------------------------------------------------------------------------------------------------

static void softmax_rows_kernel(const float *x, float *out, long rows, long columns) {
  for (long r = 0; r < rows; r++, x += columns, out += columns) {
    lanes largest = all(-INFINITY), sums = {0};
    EACH_LANES(i, here, columns, {
      largest = maximum_of(largest, first_lanes(load(x, i, here, CHEX_FLOAT32), here, -INFINITY));
    });
    float top = reduced_lanes(CHEX_MAXIMUM_OF, largest);
    EACH_LANES(i, here, columns, {
      lanes gap = load(x, i, here, CHEX_FLOAT32) - top;
      lanes e = choose(gap < -87.0f, all(0), exponential(gap));
      sums += first_lanes(e, here, 0);
      store(out, i, here, e, CHEX_FLOAT32);
    });
    float scale = 1.0f / sum_of(sums);
    EACH_LANES(i, here, columns, { store(out, i, here, load(out, i, here, CHEX_FLOAT32) * scale, CHEX_FLOAT32); });
  }
}

static void softmax_gradient_rows_kernel(const float *out, const float *dy, float *dx, long rows, long columns) {
  for (long r = 0; r < rows; r++, out += columns, dy += columns, dx += columns) {
    lanes products = {0};
    EACH_LANES(i, here, columns,
               { products += load(out, i, here, CHEX_FLOAT32) * load(dy, i, here, CHEX_FLOAT32); });
    float mean = sum_of(products);
    EACH_LANES(i, here, columns, {
      store(dx, i, here, load(out, i, here, CHEX_FLOAT32) * (load(dy, i, here, CHEX_FLOAT32) - mean), CHEX_FLOAT32);
    });
  }
}

// --- resizing ------------------------------------------------------------------------------------------------

/// Whether each number is taken twice and none between two.
INLINE int is_doubled(const chex_place *places, long count, long out_count) {
  if (out_count != 2 * count) return 0;
  for (long i = 0; i < out_count; i++)
    if (places[i].share != 0 || places[i].first != i / 2) return 0;
  return 1;
}

static void resize_plane_kernel(const float *x, long width, const chex_place *rows, long out_height,
                                const chex_place *columns, long out_width, float *out, float *line) {
  FUSE
  const int doubled = is_doubled(columns, width, out_width);
  for (long r = 0; r < out_height; r++, out += out_width) {
    const float *first = x + rows[r].first * width, *second = x + rows[r].second * width;
    float share = rows[r].share;
    if (doubled && share == 0) {
      EACH_LANES(c, here, width, {
        lanes x_here = load(first, c, here, CHEX_FLOAT32);
        store_pairs(out + 2 * c, x_here, x_here, 2 * here);
      });
      continue;
    }
    for (long c = 0; c < width; c++) line[c] = first[c] + share * (second[c] - first[c]);
    for (long c = 0; c < out_width; c++) {
      float left = line[columns[c].first];
      out[c] = left + columns[c].share * (line[columns[c].second] - left);
    }
  }
}

static void resize_plane_gradient_kernel(const float *dy, long height, long width, const chex_place *rows,
                                         long out_height, const chex_place *columns, long out_width, float *dx,
                                         float *line) {
  FUSE
  const int doubled = is_doubled(columns, width, out_width);
  memset(dx, 0, (size_t)(height * width) * 4);
  for (long r = 0; r < out_height; r++, dy += out_width) {
    long whole = 0;
    for (; doubled && whole + LANES <= width; whole += LANES) {
      lanes even, odd;
      apart(dy + 2 * whole, &even, &odd);
      store(line, whole, LANES, even + odd, CHEX_FLOAT32);
    }
    memset(line + whole, 0, (size_t)(width - whole) * 4);
    for (long c = doubled ? 2 * whole : 0; c < out_width; c++) {
      float right = columns[c].share * dy[c];
      line[columns[c].first] += dy[c] - right;
      line[columns[c].second] += right;
    }
    float *first = dx + rows[r].first * width, *second = dx + rows[r].second * width;
    float share = rows[r].share;
    for (long c = 0; c < width; c++) first[c] += line[c] - share * line[c];
    if (share != 0)
      for (long c = 0; c < width; c++) second[c] += share * line[c];
  }
}

// --- pools ---------------------------------------------------------------------------------------------------

/// The largest number of each window of one row of outputs, from its first row and column inside the plane on.
INLINE float largest_of(const float *x, const chex_convolution *how, long row, long column, long *place) {
  long top = row * how->strideY - how->paddingY, left = column * how->strideX - how->paddingX;
  long bottom = top + how->kernelHeight, right = left + how->kernelWidth;
  if (bottom > how->height) bottom = how->height;
  if (right > how->width) right = how->width;
  float most = -INFINITY;
  *place = -1;
  for (long r = top < 0 ? 0 : top; r < bottom; r++)
    for (long c = left < 0 ? 0 : left; c < right; c++) {
      float value = x[r * how->width + c];
      // The first of equal ones; a NaN is larger than any number.
      if (*place < 0 || value > most || (value != value && most == most)) {
        most = value;
        *place = r * how->width + c;
      }
    }
  return most;
}

INLINE int is_pair_of_pixels(const chex_convolution *how) {
  return how->kernelHeight == 2 && how->kernelWidth == 2 && how->strideX == 2 && how->strideY == 2 && !how->paddingX &&
         !how->paddingY;
}

static void max_pool_kernel(const float *x, const chex_convolution *how, float *out) {
  const int is_pair = is_pair_of_pixels(how);
  for (long r = 0; r < how->outHeight; r++) {
    long c = 0;
    const float *line = x + r * how->strideY * how->width;
    for (; is_pair && c + LANES <= how->outWidth; c += LANES) {
      lanes parts[4];
      apart(line + 2 * c, &parts[0], &parts[1]);
      apart(line + how->width + 2 * c, &parts[2], &parts[3]);
      lanes most = maximum_of(maximum_of(parts[0], parts[1]), maximum_of(parts[2], parts[3]));
      store(out, r * how->outWidth + c, LANES, most, CHEX_FLOAT32);
    }
    long place;
    for (; c < how->outWidth; c++) out[r * how->outWidth + c] = largest_of(x, how, r, c, &place);
  }
}

static void max_pool_gradient_kernel(const float *x, const float *dy, const chex_convolution *how, float *dx) {
  memset(dx, 0, (size_t)(how->height * how->width) * 4);
  for (long r = 0; r < how->outHeight; r++) {
    long c = 0, line = 2 * r * how->width;
    for (; is_pair_of_pixels(how) && c + LANES <= how->outWidth; c += LANES) {
      lanes parts[4], shares[4], left = load(dy, r * how->outWidth + c, LANES, CHEX_FLOAT32);
      apart(x + line + 2 * c, &parts[0], &parts[1]);
      apart(x + line + how->width + 2 * c, &parts[2], &parts[3]);
      lanes most = maximum_of(maximum_of(parts[0], parts[1]), maximum_of(parts[2], parts[3]));
      UNROLL
      for (int i = 0; i < 4; i++) {
        integer_lanes is_first = (parts[i] == most) | (parts[i] != parts[i]);
        shares[i] = choose(is_first, left, all(0));
        left = choose(is_first, all(0), left);
      }
      store_pairs(dx + line + 2 * c, shares[0], shares[1], 2 * LANES);
      store_pairs(dx + line + how->width + 2 * c, shares[2], shares[3], 2 * LANES);
    }
    for (; c < how->outWidth; c++) {
      long place;
      largest_of(x, how, r, c, &place);
      dx[place] += dy[r * how->outWidth + c];
    }
  }
}
