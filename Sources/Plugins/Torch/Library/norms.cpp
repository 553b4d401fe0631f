// Norms of rows, of groups of channels, and of a batch.
#include "library.hpp"

#include <ATen/ops/add.h>
#include <ATen/ops/copy.h>
#include <ATen/ops/native_batch_norm.h>
#include <ATen/ops/native_batch_norm_backward.h>
#include <ATen/ops/native_group_norm.h>
#include <ATen/ops/native_group_norm_backward.h>
#include <ATen/ops/native_layer_norm.h>
#include <ATen/ops/native_layer_norm_backward.h>

#include <array>
#include <tuple>

namespace chex {

static void give(const Device &device, const at::Tensor &made, const Given &to) {
  if (isGiven(to)) wrap(device, to, made.sizes()).copy_(made);
}

static Outcome layerNorm(
    Device *device, Given x, Given weight, Given bias, double epsilon, Given out, Given mean, Given inverse) {
  return guarded(device, [&] {
    auto [made, means, inverses] = at::native_layer_norm(
        wrap(*device, x), {x.sizes[x.rank - 1]}, wrapIfGiven(*device, weight), wrapIfGiven(*device, bias),
        epsilon);
    give(*device, made, out);
    give(*device, means, mean);
    give(*device, inverses, inverse);
  });
}

static Outcome layerNormGradient(
    Device *device, Given x, Given weight, Given mean, Given inverse, Given outputGradient, Given residual,
    Given out, Given weightGradient, Given biasGradient) {
  return guarded(device, [&] {
    auto values = wrap(*device, x);
    auto statistics = values.sizes().vec();
    statistics.back() = 1;
    auto [made, ofWeight, ofBias] = at::native_layer_norm_backward(
        wrap(*device, outputGradient, values.sizes()).to(at::kFloat), values, {values.size(-1)},
        wrap(*device, mean, statistics), wrap(*device, inverse, statistics), wrapIfGiven(*device, weight),
        // Only whether there is a bias matters, whose gradient is asked for.
        wrapIfGiven(*device, weight), {true, isGiven(weightGradient), isGiven(biasGradient)});
    auto result = wrap(*device, out, values.sizes());
    if (isGiven(residual)) {
      at::add_out(result, wrap(*device, residual, values.sizes()), made);
    } else {
      result.copy_(made);
    }
    if (isGiven(weightGradient)) give(*device, ofWeight, weightGradient);
    if (isGiven(biasGradient)) give(*device, ofBias, biasGradient);
  });
}

/// Numbers of one channel of one image.
static int64_t plane(const Given &x) {
  int64_t count = 1;
  for (int32_t axis = 2; axis < x.rank; ++axis) count *= x.sizes[axis];
  return count;
}

static Outcome imageNorm(
    Device *device, Given x, int64_t groups, Given weight, Given bias, double epsilon, Given out, Given mean,
    Given inverse) {
  return guarded(device, [&] {
    auto values = wrap(*device, x);
    auto scale = wrapIfGiven(*device, weight), shift = wrapIfGiven(*device, bias);
    auto [made, means, inverses] =
        groups > 0
            ? at::native_group_norm(
                  values, scale, shift, x.sizes[0], x.sizes[1], plane(x), groups, epsilon)
            : at::native_batch_norm(values, scale, shift, {}, {}, /*training=*/true, 0, epsilon);
    give(*device, made, out);
    wrap(*device, mean).copy_(means.flatten());
    wrap(*device, inverse).copy_(inverses.flatten());
  });
}

static Outcome imageNormGradient(
    Device *device, Given x, int64_t groups, Given weight, Given mean, Given inverse, Given outputGradient,
    Given out, Given weightGradient, Given biasGradient) {
  return guarded(device, [&] {
    auto values = wrap(*device, x), gradient = wrap(*device, outputGradient, values.sizes());
    auto scale = wrapIfGiven(*device, weight);
    std::array<bool, 3> wanted{true, isGiven(weightGradient), isGiven(biasGradient)};
    std::tuple<at::Tensor, at::Tensor, at::Tensor> made;
    if (groups > 0) {
      const int64_t shape[] = {x.sizes[0], groups};
      made = at::native_group_norm_backward(
          gradient, values, wrap(*device, mean, shape), wrap(*device, inverse, shape), scale, x.sizes[0],
          x.sizes[1], plane(x), groups, wanted);
    } else {
      // The deviation is in `inverse`: no small number is added again.
      made = at::native_batch_norm_backward(
          gradient, values, scale, {}, {}, wrap(*device, mean), wrap(*device, inverse), /*train=*/true, 0,
          wanted);
    }
    give(*device, std::get<0>(made), out);
    if (wanted[1]) give(*device, std::get<1>(made), weightGradient);
    if (wanted[2]) give(*device, std::get<2>(made), biasGradient);
  });
}

void fillNorms(chex_torch_table &table) {
  table.layerNorm = layerNorm;
  table.layerNormGradient = layerNormGradient;
  table.imageNorm = imageNorm;
  table.imageNormGradient = imageNormGradient;
}

}  // namespace chex
