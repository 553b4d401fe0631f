// Convolutions, pools and other sizes of images.
#include "library.hpp"

#include <ATen/ops/add.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/copy.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/max_pool2d_with_indices.h>
#include <ATen/ops/max_pool2d_with_indices_backward.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/upsample_bilinear2d_backward.h>

#include <array>
#include <tuple>

namespace chex {

static const int64_t none[] = {0, 0};

static Outcome convolution(
    Device *device, int32_t type, Given x, Given weight, Given bias, chex_torch_geometry geometry, Given out) {
  return guarded(device, [&] {
    auto result = wrap(*device, out);
    auto made = at::convolution(
        wrap(*device, x).to(scalarType(type)), wrap(*device, weight).to(scalarType(type)),
        type == CHEX_TORCH_FLOAT32 ? wrapIfGiven(*device, bias) : std::nullopt, geometry.stride,
        geometry.padding, geometry.dilation, false, none, geometry.groups);
    result.copy_(made);
    // A bias is float32, and is added where sums are.
    if (type != CHEX_TORCH_FLOAT32 && isGiven(bias)) {
      result.add_(wrap(*device, bias, {bias.sizes[0], 1, 1}));
    }
  });
}

/// The gradient of the input, or of the weight. What is not wanted need only have the right sizes.
static at::Tensor gradient(
    const at::Tensor &outputGradient, const at::Tensor &input, const at::Tensor &weight,
    const chex_torch_geometry &geometry, bool ofInput) {
  auto made = at::convolution_backward(
      outputGradient, input, weight, at::OptionalIntArrayRef(), geometry.stride, geometry.padding, geometry.dilation, false,
      none, geometry.groups, {ofInput, !ofInput, false});
  return ofInput ? std::get<0>(made) : std::get<1>(made);
}

static Outcome convolutionInputGradient(
    Device *device, int32_t type, Given outputGradient, Given weight, chex_torch_geometry geometry,
    Given out) {
  return guarded(device, [&] {
    auto result = wrap(*device, out);
    result.copy_(gradient(
        wrap(*device, outputGradient).to(scalarType(type)),
        at::empty(result.sizes(), result.options().dtype(scalarType(type))),
        wrap(*device, weight).to(scalarType(type)), geometry, true));
  });
}

static Outcome convolutionWeightGradient(
    Device *device, int32_t type, Given outputGradient, Given x, chex_torch_geometry geometry, Given out,
    int32_t accumulate) {
  return guarded(device, [&] {
    auto result = wrap(*device, out);
    auto made = gradient(
        wrap(*device, outputGradient).to(scalarType(type)), wrap(*device, x).to(scalarType(type)),
        at::empty(result.sizes(), result.options().dtype(scalarType(type))), geometry, false);
    if (accumulate) {
      result.add_(made);
    } else {
      result.copy_(made);
    }
  });
}

// MARK: Pools

static at::IntArrayRef two(const int64_t *numbers) { return at::IntArrayRef(numbers, 2); }

static Outcome maxPool(
    Device *device, Given x, const int64_t *kernel, chex_torch_geometry geometry, Given out) {
  return guarded(device, [&] {
    auto result = wrap(*device, out);
    auto places = at::empty(result.sizes(), result.options().dtype(at::kLong));
    at::max_pool2d_with_indices_out(
        result, places, wrap(*device, x), two(kernel), geometry.stride, geometry.padding, geometry.dilation,
        false);
  });
}

static Outcome maxPoolGradient(
    Device *device, Given x, Given outputGradient, const int64_t *kernel, chex_torch_geometry geometry,
    Given out) {
  return guarded(device, [&] {
    auto values = wrap(*device, x), result = wrap(*device, out);
    auto places = std::get<1>(at::max_pool2d_with_indices(
        values, two(kernel), geometry.stride, geometry.padding, geometry.dilation, false));
    at::max_pool2d_with_indices_backward_out(
        result, wrap(*device, outputGradient, places.sizes()), values, two(kernel), geometry.stride,
        geometry.padding, geometry.dilation, false, places);
  });
}

// MARK: Other sizes

static Outcome resize(Device *device, Given x, Given out) {
  return guarded(device, [&] {
    auto result = wrap(*device, out);
    at::upsample_bilinear2d_out(result, wrap(*device, x), two(out.sizes + 2), false);
  });
}

static Outcome resizeGradient(Device *device, Given outputGradient, Given out) {
  return guarded(device, [&] {
    auto result = wrap(*device, out);
    at::upsample_bilinear2d_backward_out(
        result, wrap(*device, outputGradient), two(outputGradient.sizes + 2),
        at::IntArrayRef(out.sizes, 4), false);
  });
}

void fillImages(chex_torch_table &table) {
  table.convolution = convolution;
  table.convolutionInputGradient = convolutionInputGradient;
  table.convolutionWeightGradient = convolutionWeightGradient;
  table.maxPool = maxPool;
  table.maxPoolGradient = maxPoolGradient;
  table.resize = resize;
  table.resizeGradient = resizeGradient;
}

}  // namespace chex
