#include "winograd_gradient.h"

// Convolution of any geometry as products: the inputs of some rows of outputs are unfolded to a matrix of a row for
// each weight, and the gradient of such a matrix is folded back.

/// Columns of outputs whose input column, ox · stride + offset, lies in the image.
INLINE void inside(long offset, long stride, long width, long out_width, long *first, long *end) {
  *first = offset < 0 ? (-offset + stride - 1) / stride : 0;
  *end = width > offset ? (width - offset + stride - 1) / stride : 0;
  if (*end > out_width) *end = out_width;
  if (*first > *end) *first = *end;
}

/// Numbers `from` ..< `end` of a line of which every `step`-th is taken; the line has `width` numbers.
INLINE void take_steps(const float *line, long step, long from, long end, long width, float *out) {
  long i = from;
  for (; step == 2 && i + LANES <= end && 2 * (i + LANES) <= width; i += LANES) {
    lanes even, odd;
    apart(line + 2 * i, &even, &odd);
    store(out, i, LANES, even, CHEX_FLOAT32);
  }
  for (; i < end; i++) out[i] = line[i * step];
}

/// The transpose: adds numbers to every `step`-th of a line.
INLINE void add_steps(const float *numbers, long step, long from, long end, long width, float *line) {
  long i = from;
  for (; step == 2 && i + LANES <= end && 2 * (i + LANES) <= width; i += LANES) {
    lanes even, odd;
    apart(line + 2 * i, &even, &odd);
    store_pairs(line + 2 * i, even + load(numbers, i, LANES, CHEX_FLOAT32), odd, 2 * LANES);
  }
  for (; i < end; i++) line[i * step] += numbers[i];
}

static void unfold_kernel(const float *x, const chex_convolution *how, long channels, long first, long rows,
                          float *out) {
  const long width = how->outWidth;
  for (long c = 0; c < channels; c++)
    for (long ky = 0; ky < how->kernelHeight; ky++)
      for (long kx = 0; kx < how->kernelWidth; kx++) {
        long offset = kx * how->dilationX - how->paddingX, from, end;
        inside(offset, how->strideX, how->width, width, &from, &end);
        for (long r = first; r < first + rows; r++, out += width) {
          long row = r * how->strideY + ky * how->dilationY - how->paddingY;
          if (row < 0 || row >= how->height) {
            memset(out, 0, (size_t)width * 4);
            continue;
          }
          const float *line = x + (c * how->height + row) * how->width + offset;
          memset(out, 0, (size_t)from * 4);
          if (how->strideX == 1) memcpy(out + from, line + from, (size_t)(end - from) * 4);
          else take_steps(line, how->strideX, from, end, how->width - offset, out);
          memset(out + end, 0, (size_t)(width - end) * 4);
        }
      }
}

static void fold_kernel(const float *columns, const chex_convolution *how, long channels, long first, long rows,
                        float *out) {
  const long width = how->outWidth;
  for (long c = 0; c < channels; c++)
    for (long ky = 0; ky < how->kernelHeight; ky++)
      for (long kx = 0; kx < how->kernelWidth; kx++) {
        long offset = kx * how->dilationX - how->paddingX, from, end;
        inside(offset, how->strideX, how->width, width, &from, &end);
        for (long r = first; r < first + rows; r++, columns += width) {
          long row = r * how->strideY + ky * how->dilationY - how->paddingY;
          if (row < 0 || row >= how->height) continue;
          float *line = out + (c * how->height + row) * how->width + offset;
          if (how->strideX == 1)
            for (long i = from; i < end; i++) line[i] += columns[i];
          else add_steps(columns, how->strideX, from, end, how->width - offset, line);
        }
      }
}

static void pack_left_kernel(const float *x, long row_stride, long depth_stride, long rows, long depth, float *out) {
  pack_tiles(x, row_stride, depth_stride, rows, depth, out);
}

static void multiply_packed_kernel(const float *left, long rows, const float *panels, long k, long n, float *out,
                                   long out_stride, const float *bias) {
  for (long column = 0; column < n; column += LANES) {
    long columns = n - column < LANES ? n - column : LANES;
    for (long start = 0; start < k; start += BLOCK_DEPTH) {
      long depth = k - start < BLOCK_DEPTH ? k - start : BLOCK_DEPTH;
      for (long row = 0; row < rows; row += TILE_ROWS)
        multiply_tile(left + row * k + start * TILE_ROWS, panels + column * k + start * LANES, depth,
                      out + row * out_stride + column, out_stride, rows - row < TILE_ROWS ? rows - row : TILE_ROWS,
                      columns, start > 0);
    }
    // While the panel's results are in the first cache.
    for (long r = 0; bias && r < rows; r++) {
      float *place = out + r * out_stride + column;
      EACH_LANES(c, here, columns, {
        store(place, c, here, load(place, c, here, CHEX_FLOAT32) + bias[r], CHEX_FLOAT32);
      });
    }
  }
}
