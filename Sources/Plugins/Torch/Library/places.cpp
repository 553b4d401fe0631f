// Sums along axes, and numbers moved from place to place.
#include "library.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/copy.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/fill.h>
#include <ATen/ops/index_add.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/sum.h>

#include <algorithm>
#include <cmath>

namespace chex {

at::Tensor rowNumbers(const Device &device, const int64_t *rows, size_t count) {
  auto length = static_cast<int64_t>(count);
  if (device.isProcessor()) {
    return wrap(device, const_cast<int64_t *>(rows), at::kLong, at::IntArrayRef({length}));
  }
  auto staged = at::empty({length}, at::TensorOptions().dtype(at::kLong).pinned_memory(true));
  std::memcpy(staged.mutable_data_ptr(), rows, count * sizeof(int64_t));
  return staged.to(device.device, /*non_blocking=*/true);
}

static Outcome reduce(
    Device *device, int32_t maximum, Given x, const int64_t *axes, size_t axisCount, Given out) {
  return guarded(device, [&] {
    auto values = wrap(*device, x), result = wrap(*device, out);
    at::IntArrayRef along(axes, axisCount);
    if (axisCount == 0) {
      result.copy_(values);
    } else if (!maximum) {
      at::sum_out(result, values, along, /*keepdim=*/true);
    } else if (values.numel() == 0) {
      result.fill_(-INFINITY);
    } else {
      at::amax_out(result, values, along, /*keepdim=*/true);
    }
  });
}

static Outcome sumRows(Device *device, Given x, Given out, int32_t accumulate) {
  return guarded(device, [&] {
    auto values = wrap(*device, x), result = wrap(*device, out);
    if (accumulate) {
      result.add_(at::sum(values, 0, false, at::kFloat));
    } else {
      at::sum_out(result, values, 0, false, at::kFloat);
    }
  });
}

static Outcome copyStrided(
    Device *device, Given x, chex_torch_place source, Given out, chex_torch_place destination,
    const int64_t *sizes, size_t rank) {
  return guarded(device, [&] {
    auto type = scalarType(out.type);
    at::IntArrayRef shape(sizes, rank);
    auto to =
        wrap(*device, out.data, type, shape, at::IntArrayRef(destination.strides, rank), destination.start);
    to.copy_(wrap(*device, x.data, type, shape, at::IntArrayRef(source.strides, rank), source.start));
  });
}

static Outcome gatherRows(Device *device, Given x, const int64_t *rows, size_t count, Given out) {
  return guarded(device, [&] {
    auto result = wrap(*device, out);
    at::index_select_out(result, wrap(*device, x), 0, rowNumbers(*device, rows, count));
  });
}

/// libtorch's own on the processor goes row by row on one thread, at a microsecond and more for each.
static void scatterOnProcessor(Given x, const int64_t *rows, size_t count, Given out) {
  int64_t columns = x.sizes[1];
  auto from = static_cast<const float *>(x.data);
  auto to = static_cast<float *>(out.data);
  int64_t grain = std::max<int64_t>(1, 32768 / std::max<int64_t>(columns, 1));
  at::parallel_for(0, static_cast<int64_t>(count), grain, [&](int64_t first, int64_t end) {
    for (int64_t row = first; row < end; ++row) {
      auto source = from + row * columns;
      auto target = to + rows[row] * columns;
      for (int64_t column = 0; column < columns; ++column) target[column] += source[column];
    }
  });
}

static Outcome scatterRows(Device *device, Given x, const int64_t *rows, size_t count, Given out) {
  return guarded(device, [&] {
    if (device->isProcessor()) {
      scatterOnProcessor(x, rows, count, out);
      return;
    }
    wrap(*device, out).index_add_(0, rowNumbers(*device, rows, count), wrap(*device, x));
  });
}

static Outcome extractPatches(
    Device *device, Given images, const int64_t *patches, size_t count, int64_t patchSize, Given out) {
  return guarded(device, [&] {
    int64_t batch = images.sizes[0], channels = images.sizes[1], grid = images.sizes[2] / patchSize;
    auto all = wrap(*device, images, {batch, channels, grid, patchSize, grid, patchSize})
                   .permute({0, 2, 4, 1, 3, 5})
                   .reshape({batch * grid * grid, channels * patchSize * patchSize});
    auto result = wrap(*device, out);
    at::index_select_out(result, all, 0, rowNumbers(*device, patches, count));
  });
}

void fillPlaces(chex_torch_table &table) {
  table.reduce = reduce;
  table.sumRows = sumRows;
  table.copyStrided = copyStrided;
  table.gatherRows = gatherRows;
  table.scatterRows = scatterRows;
  table.extractPatches = extractPatches;
}

}  // namespace chex
