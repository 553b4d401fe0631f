// Products of matrices, and dense layers with what follows them.
#include "library.hpp"

#include <ATen/ops/add.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/copy.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/gelu_backward.h>
#include <ATen/ops/mm.h>
#include <torch/version.h>

namespace chex {

/// A matrix of so many columns, as products multiply it.
static at::Tensor operand(const Device &device, const Given &x, int64_t columns, int32_t type) {
  int64_t count = 1;
  for (int32_t axis = 0; axis < x.rank; ++axis) count *= x.sizes[axis];
  return wrap(device, x, {columns > 0 ? count / columns : 0, columns}).to(scalarType(type));
}

// Whether a GPU hands out the float32 sums of bfloat16 products unrounded, where out asks for it.
#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 8
#define CHEX_UNROUNDED
#endif

/// out = a · b, with sums in float32.
static void multiply(const at::Tensor &a, const at::Tensor &b, at::Tensor &out) {
  if (a.scalar_type() == out.scalar_type()) {
    at::mm_out(out, a, b);
    return;
  }
#ifdef CHEX_UNROUNDED
  if (a.is_cuda() && out.scalar_type() == at::kFloat) {
    at::mm_out(out, a, b, at::kFloat);
    return;
  }
#endif
  out.copy_(at::mm(a, b));
}

/// out += a · b, in float32.
static void multiplyAndAdd(const at::Tensor &a, const at::Tensor &b, at::Tensor &out) {
  if (a.scalar_type() == out.scalar_type()) {
    at::addmm_out(out, out, a, b);
    return;
  }
#ifdef CHEX_UNROUNDED
  // In one pass over out, where a product of its own would take three.
  if (a.is_cuda() && out.scalar_type() == at::kFloat) {
    at::addmm_out(out, out, a, b, at::kFloat);
    return;
  }
#endif
  auto sums = at::empty_like(out);
  multiply(a, b, sums);
  out.add_(sums);
}

static Outcome multiplyMatrices(
    Device *device, int32_t type, Given a, int32_t transposingA, Given b, int32_t transposingB, Given out,
    int32_t accumulate) {
  return guarded(device, [&] {
    auto left = wrap(*device, a).to(scalarType(type)), right = wrap(*device, b).to(scalarType(type));
    if (transposingA) left = left.transpose(1, 2);
    if (transposingB) right = right.transpose(1, 2);
    auto result = wrap(*device, out);
    if (result.size(0) == 1) {
      auto only = result[0];
      if (accumulate) {
        multiplyAndAdd(left[0], right[0], only);
      } else {
        multiply(left[0], right[0], only);
      }
    } else if (left.scalar_type() != result.scalar_type()) {
      auto products = at::bmm(left, right);
      if (accumulate) {
        result.add_(products);
      } else {
        result.copy_(products);
      }
    } else if (accumulate) {
      at::baddbmm_out(result, result, left, right);
    } else {
      at::bmm_out(result, left, right);
    }
  });
}

/// out = a · b + bias
static void multiplyWithBias(
    const at::Tensor &a, const at::Tensor &b, const at::Tensor &bias, at::Tensor &out) {
  if (a.scalar_type() == out.scalar_type()) {
    at::addmm_out(out, bias.to(out.scalar_type()), a, b);
    return;
  }
  multiply(a, b, out);
  out.add_(bias);
}

static Outcome product(
    Device *device, int32_t type, Given x, Given weight, int32_t backward, Given out, int32_t epilogue,
    Given vector, Given matrix, Given activated) {
  return guarded(device, [&] {
    int64_t outputs = weight.sizes[0], inputs = weight.sizes[1];
    auto left = operand(*device, x, backward ? outputs : inputs, type);
    auto right = operand(*device, weight, inputs, type);
    if (!backward) right = right.t();
    auto result = wrap(*device, out, {left.size(0), right.size(1)});
    switch (epilogue) {
      case CHEX_TORCH_NONE: multiply(left, right, result); return;
      case CHEX_TORCH_BIAS: multiplyWithBias(left, right, wrap(*device, vector), result); return;
      case CHEX_TORCH_BIAS_RESIDUAL:
        // The residual first: the product is then added where it is made.
        at::add_out(result, wrap(*device, matrix, result.sizes()), wrap(*device, vector));
        multiplyAndAdd(left, right, result);
        return;
      case CHEX_TORCH_BIAS_GELU: {
        multiplyWithBias(left, right, wrap(*device, vector), result);
        auto made = wrap(*device, activated, result.sizes());
        at::gelu_out(made, result);
        return;
      }
      case CHEX_TORCH_GELU_GRADIENT: {
        multiply(left, right, result);
        auto place = wrap(*device, matrix, result.sizes());
        at::gelu_backward_out(result, result, place);
        auto made = wrap(*device, activated, result.sizes());
        at::gelu_out(made, place);
        return;
      }
      default: TORCH_CHECK(false, "unknown epilogue ", epilogue);
    }
  });
}

static Outcome weightGradient(
    Device *device, int32_t type, Given outputGradient, Given x, Given out, int32_t accumulate) {
  return guarded(device, [&] {
    auto left = wrap(*device, outputGradient).to(scalarType(type)).t();
    auto right = wrap(*device, x).to(scalarType(type));
    auto result = wrap(*device, out);
    if (accumulate) {
      multiplyAndAdd(left, right, result);
    } else {
      multiply(left, right, result);
    }
  });
}

void fillProducts(chex_torch_table &table) {
  table.multiplyMatrices = multiplyMatrices;
  table.product = product;
  table.weightGradient = weightGradient;
}

}  // namespace chex
