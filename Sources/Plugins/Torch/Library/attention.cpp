// Attention: by libtorch's own kernels where they take the sizes, else as products of matrices in float32.
#include "library.hpp"

#include <ATen/ops/_scaled_dot_product_efficient_attention.h>
#include <ATen/ops/_scaled_dot_product_efficient_attention_backward.h>
#include <ATen/ops/_scaled_dot_product_flash_attention.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_backward.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu_backward.h>
#include <ATen/ops/_softmax.h>
#include <ATen/ops/_softmax_backward_data.h>
#include <ATen/ops/copy.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/full.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>

#include <cmath>
#include <tuple>

namespace chex {

/// Queries, keys and values as (B, heads, tokens, width), in the memory of the operands.
struct Heads {
  at::Tensor query, key, value;

  Heads(const Device &device, const chex_torch_attention &operands)
      : query(part(device, operands.queries, operands.query, operands)),
        key(part(device, operands.keysValues, operands.key, operands)),
        value(part(device, operands.keysValues, operands.value, operands)) {}

  /// Columns from `start` on of x (B, tokens, columns).
  static at::Tensor part(
      const Device &device, const Given &x, int64_t start, const chex_torch_attention &operands) {
    int64_t tokens = x.sizes[1], columns = x.sizes[2], width = operands.width;
    return wrap(
        device, x.data, scalarType(x.type), {x.sizes[0], operands.heads, tokens, width},
        {tokens * columns, width, columns, 1}, start);
  }
};

/// Which of libtorch's kernels takes these operands.
enum class Kernel { processor, flash, efficient, products };

static Kernel kernel(const Device &device, bool fused, const Heads &heads) {
  if (!fused || heads.query.numel() == 0 || heads.key.numel() == 0) return Kernel::products;
  if (device.isProcessor()) return Kernel::processor;
  if (!device.device.is_cuda()) return Kernel::products;
  int64_t width = heads.query.size(3);
  if (heads.query.scalar_type() == at::kBFloat16) {
    return width % 8 == 0 && width <= 256 ? Kernel::flash : Kernel::products;
  }
  return width % 4 == 0 ? Kernel::efficient : Kernel::products;
}

/// scale · query · keyᵀ in float32.
static at::Tensor scores(const Heads &heads, double scale) {
  return at::matmul(heads.query.to(at::kFloat).mul(scale), heads.key.to(at::kFloat).transpose(2, 3));
}

static Outcome attention(
    Device *device, int32_t fused, const chex_torch_attention *operands, Given out, Given logSums) {
  return guarded(device, [&] {
    Heads heads(*device, *operands);
    auto mixed = Heads::part(*device, out, 0, *operands);
    auto sums = wrap(*device, logSums);
    double scale = operands->scale;
    switch (kernel(*device, fused, heads)) {
      case Kernel::processor: {
        auto [made, found] = at::_scaled_dot_product_flash_attention_for_cpu(
            heads.query, heads.key, heads.value, 0.0, false, {}, scale);
        mixed.copy_(made);
        sums.copy_(found);
        return;
      }
      case Kernel::flash: {
        auto made = at::_scaled_dot_product_flash_attention(
            heads.query, heads.key, heads.value, 0.0, false, false, scale);
        mixed.copy_(std::get<0>(made));
        sums.copy_(std::get<1>(made).narrow(2, 0, sums.size(2)));
        return;
      }
      case Kernel::efficient: {
        auto made = at::_scaled_dot_product_efficient_attention(
            heads.query, heads.key, heads.value, {}, true, 0.0, false, scale);
        mixed.copy_(std::get<0>(made));
        sums.copy_(std::get<1>(made).narrow(2, 0, sums.size(2)));
        return;
      }
      case Kernel::products: {
        auto all = scores(heads, scale);
        auto found = at::logsumexp(all, {3}, true);
        mixed.copy_(at::matmul(all.sub_(found).exp_(), heads.value.to(at::kFloat)));
        sums.copy_(found.squeeze(3));
        return;
      }
    }
  });
}

/// ds = shares · (du - Σ du · shares) · scale, du = gradient · valueᵀ
static void gradientByProducts(
    const Heads &heads, double scale, const at::Tensor &sums, const at::Tensor &gradient, Heads &to) {
  auto shares = scores(heads, scale).sub_(sums.unsqueeze(3)).exp_();
  auto up = gradient.to(at::kFloat);
  to.value.copy_(at::matmul(shares.transpose(2, 3), up));
  auto own = at::matmul(up, heads.value.to(at::kFloat).transpose(2, 3));
  auto along = own.mul(shares).sum(3, true);
  auto inner = own.sub_(along).mul_(shares).mul_(scale);
  to.query.copy_(at::matmul(inner, heads.key.to(at::kFloat)));
  to.key.copy_(at::matmul(inner.transpose(2, 3), heads.query.to(at::kFloat)));
}

/// The efficient kernel keeps room for whole blocks of 32 queries, and reads that room.
static at::Tensor padded(const at::Tensor &sums) {
  int64_t count = sums.size(2), room = (count + 31) / 32 * 32;
  if (room == count) return sums;
  auto wide = at::full({sums.size(0), sums.size(1), room}, INFINITY, sums.options());
  wide.narrow(2, 0, count).copy_(sums);
  return wide;
}

static Outcome attentionGradient(
    Device *device, int32_t fused, const chex_torch_attention *operands, Given out, Given logSums,
    Given outputGradient, const chex_torch_attention *gradients) {
  return guarded(device, [&] {
    Heads heads(*device, *operands), to(*device, *gradients);
    auto mixed = Heads::part(*device, out, 0, *operands);
    auto up = Heads::part(*device, outputGradient, 0, *operands);
    auto sums = wrap(*device, logSums);
    double scale = operands->scale;
    auto take = [&](const at::Tensor &query, const at::Tensor &key, const at::Tensor &value) {
      to.query.copy_(query);
      to.key.copy_(key);
      to.value.copy_(value);
    };
    switch (kernel(*device, fused, heads)) {
      case Kernel::processor: {
        auto [query, key, value] = at::_scaled_dot_product_flash_attention_for_cpu_backward(
            up, heads.query, heads.key, heads.value, mixed, sums, 0.0, false, {}, scale);
        take(query, key, value);
        return;
      }
      case Kernel::flash: {
        // Without dropout nothing is drawn, and the state of what would draw is not read.
        auto state = at::empty({2}, at::TensorOptions().dtype(at::kLong).device(device->device));
        auto [query, key, value] = at::_scaled_dot_product_flash_attention_backward(
            up, heads.query, heads.key, heads.value, mixed, sums, at::Tensor(), at::Tensor(),
            heads.query.size(2), heads.key.size(2), 0.0, false, state, state, scale);
        take(query, key, value);
        return;
      }
      case Kernel::efficient: {
        auto state = at::empty({}, at::TensorOptions().dtype(at::kLong).device(device->device));
        auto made = at::_scaled_dot_product_efficient_attention_backward(
            up, heads.query, heads.key, heads.value, at::Tensor(), mixed, padded(sums), state, state, 0.0,
            {true, true, true, false}, false, scale);
        take(std::get<0>(made), std::get<1>(made), std::get<2>(made));
        return;
      }
      case Kernel::products: gradientByProducts(heads, scale, sums, up, to); return;
    }
  });
}

static Outcome softmax(Device *device, Given x, int64_t axis, Given out) {
  return guarded(device, [&] {
    auto result = wrap(*device, out);
    at::_softmax_out(result, wrap(*device, x), axis, false);
  });
}

static Outcome softmaxGradient(
    Device *device, Given result, Given outputGradient, int64_t axis, Given out) {
  return guarded(device, [&] {
    auto gradient = wrap(*device, out);
    at::_softmax_backward_data_out(
        gradient, wrap(*device, outputGradient), wrap(*device, result), axis, at::kFloat);
  });
}

void fillAttention(chex_torch_table &table) {
  table.attention = attention;
  table.attentionGradient = attentionGradient;
  table.softmax = softmax;
  table.softmaxGradient = softmaxGradient;
}

}  // namespace chex
