// Functions of each number by itself, or of two.
#include "library.hpp"

#include <ATen/ops/abs.h>
#include <ATen/ops/add.h>
#include <ATen/ops/clamp_min.h>
#include <ATen/ops/copy.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/div.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/erf.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/ge.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/gelu_backward.h>
#include <ATen/ops/gt.h>
#include <ATen/ops/isinf.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/log.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/ne.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/reciprocal.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/sign.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/silu_backward.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/threshold_backward.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <cmath>

namespace chex {

/// As many ones: of gelu's gradient libtorch repeats nothing.
static at::Tensor ones(const at::Tensor &x) { return at::ones(x.sizes(), x.options()); }

/// Of what is no number, libtorch's sign is 0.
static void signOrNaN(at::Tensor &out, const at::Tensor &x) {
  at::where_out(out, at::isnan(x), x.clone(), at::sign(x));
}

static void derivativeOfSilu(at::Tensor &out, const at::Tensor &x) {
  // In the limit, where the product would be none.
  auto known = at::silu_backward(ones(x), x);
  at::where_out(out, at::isinf(x), at::gt(x, 0).to(at::kFloat), known);
}

static void mapInto(int32_t function, const at::Tensor &x, at::Tensor &out) {
  switch (function) {
    case CHEX_TORCH_NEGATE: at::neg_out(out, x); return;
    case CHEX_TORCH_ABSOLUTE: at::abs_out(out, x); return;
    case CHEX_TORCH_SIGN: signOrNaN(out, x); return;
    case CHEX_TORCH_RECIPROCAL: at::reciprocal_out(out, x); return;
    case CHEX_TORCH_EXPONENTIAL: at::exp_out(out, x); return;
    case CHEX_TORCH_LOGARITHM: at::log_out(out, x); return;
    case CHEX_TORCH_SQUARE_ROOT: at::sqrt_out(out, x); return;
    case CHEX_TORCH_RECIPROCAL_SQUARE_ROOT: at::rsqrt_out(out, x); return;
    case CHEX_TORCH_SQUARE: at::mul_out(out, x, x); return;
    case CHEX_TORCH_SIGMOID: at::sigmoid_out(out, x); return;
    case CHEX_TORCH_TANH: at::tanh_out(out, x); return;
    case CHEX_TORCH_GELU: at::gelu_out(out, x); return;
    case CHEX_TORCH_GELU_DERIVATIVE: at::gelu_backward_out(out, ones(x), x); return;
    case CHEX_TORCH_RELU: at::clamp_min_out(out, x, 0); return;
    case CHEX_TORCH_RELU_DERIVATIVE: at::gt_out(out, x, 0); return;
    case CHEX_TORCH_SILU:
      // In the limit, where the product would be none.
      at::where_out(out, at::eq(x, -INFINITY), at::zeros({}, x.options()), at::silu(x));
      return;
    case CHEX_TORCH_SILU_DERIVATIVE: derivativeOfSilu(out, x); return;
    case CHEX_TORCH_SINE: at::sin_out(out, x); return;
    case CHEX_TORCH_COSINE: at::cos_out(out, x); return;
    case CHEX_TORCH_ERROR_FUNCTION: at::erf_out(out, x); return;
    default: TORCH_CHECK(false, "unknown function ", function, " of one number");
  }
}

static Outcome map(Device *device, int32_t function, Given x, Given out) {
  return guarded(device, [&] {
    auto result = wrap(*device, out);
    mapInto(function, wrap(*device, x, result.sizes()), result);
  });
}

static Outcome convert(Device *device, Given x, Given out) {
  return guarded(device, [&] {
    auto result = wrap(*device, out);
    result.copy_(wrap(*device, x, result.sizes()));
  });
}

/// x repeated to sizes, where libtorch would not repeat it of itself since no operand has them.
static at::Tensor repeated(const at::Tensor &x, at::IntArrayRef sizes) {
  return x.sizes() == sizes ? x : x.expand(sizes);
}

static void combineInto(int32_t function, const at::Tensor &a, const at::Tensor &b, at::Tensor &out) {
  switch (function) {
    case CHEX_TORCH_ADD: at::add_out(out, a, b); return;
    case CHEX_TORCH_SUBTRACT: at::sub_out(out, a, b); return;
    case CHEX_TORCH_MULTIPLY: at::mul_out(out, a, b); return;
    case CHEX_TORCH_DIVIDE: at::div_out(out, a, b); return;
    case CHEX_TORCH_POWER: at::pow_out(out, a, b); return;
    case CHEX_TORCH_MAXIMUM: at::maximum_out(out, a, b); return;
    case CHEX_TORCH_MINIMUM: at::minimum_out(out, a, b); return;
    case CHEX_TORCH_GREATER: at::gt_out(out, a, b); return;
    case CHEX_TORCH_GREATER_OR_EQUAL: at::ge_out(out, a, b); return;
    case CHEX_TORCH_EQUAL: at::eq_out(out, a, b); return;
    default: TORCH_CHECK(false, "unknown function ", function, " of two numbers");
  }
}

static Outcome combine(Device *device, int32_t function, Given a, Given b, Given out) {
  return guarded(device, [&] {
    auto result = wrap(*device, out);
    auto left = wrap(*device, a), right = wrap(*device, b);
    if (right.sizes() != result.sizes()) left = repeated(left, result.sizes());
    combineInto(function, left, right, result);
  });
}

static Outcome select(Device *device, Given condition, Given a, Given b, Given out) {
  return guarded(device, [&] {
    auto result = wrap(*device, out);
    auto isChosen = repeated(at::ne(wrap(*device, condition), 0), result.sizes());
    at::where_out(result, isChosen, wrap(*device, a), wrap(*device, b));
  });
}

static Outcome scale(Device *device, Given x, double factor, Given scalar, Given out) {
  return guarded(device, [&] {
    auto result = wrap(*device, out);
    auto values = wrap(*device, x, result.sizes());
    if (isGiven(scalar)) {
      at::mul_out(result, values, wrapNumber(*device, scalar).mul(factor));
    } else {
      at::mul_out(result, values, at::scalar_tensor(factor, at::kFloat));
    }
  });
}

static Outcome addScaled(Device *device, Given x, double factor, Given out) {
  return guarded(device, [&] {
    auto result = wrap(*device, out);
    at::add_out(result, result, wrap(*device, x, result.sizes()), factor);
  });
}

static Outcome mapGradient(Device *device, int32_t function, Given x, Given outputGradient, Given out) {
  return guarded(device, [&] {
    auto result = wrap(*device, out);
    auto input = wrap(*device, x, result.sizes());
    auto gradient = wrap(*device, outputGradient, result.sizes());
    switch (function) {
      case CHEX_TORCH_GELU: at::gelu_backward_out(result, gradient, input); return;
      case CHEX_TORCH_RELU: at::threshold_backward_out(result, gradient, input, 0); return;
      default: TORCH_CHECK(false, "no gradient of function ", function);
    }
  });
}

void fillElementwise(chex_torch_table &table) {
  table.convert = convert;
  table.map = map;
  table.combine = combine;
  table.select = select;
  table.scale = scale;
  table.addScaled = addScaled;
  table.mapGradient = mapGradient;
}

}  // namespace chex
