// Losses, and what an update does to all parameters. Nothing here is read by the host: whether a step may change
// anything is a number of the device.
#include "library.hpp"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_foreach_sub.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/all.h>
#include <ATen/ops/copy.h>
#include <ATen/ops/full.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/logical_and.h>
#include <ATen/ops/mse_loss.h>
#include <ATen/ops/mse_loss_backward.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <map>
#include <utility>
#include <vector>

namespace chex {

static at::TensorOptions numbers(const Device &device) {
  return at::TensorOptions().dtype(at::kFloat).device(device.device);
}

static Outcome meanSquaredError(Device *device, Given a, Given b, Given mean) {
  return guarded(device, [&] {
    // Its form with an output given wants room for every square there.
    auto values = wrap(*device, a);
    wrapNumber(*device, mean).copy_(at::mse_loss(values, wrap(*device, b, values.sizes())));
  });
}

static Outcome difference(Device *device, Given a, Given b, double factor, Given scalar, Given out) {
  return guarded(device, [&] {
    auto result = wrap(*device, out);
    // The gradient of Σ (a - b)² is 2 (a - b), in one pass.
    auto share = isGiven(scalar) ? wrapNumber(*device, scalar).mul(factor / 2)
                                 : at::full({}, factor / 2, numbers(*device));
    at::mse_loss_backward_out(
        result, share, wrap(*device, a, result.sizes()), wrap(*device, b, result.sizes()),
        at::Reduction::Sum);
  });
}

static Outcome gradientScale(
    Device *device, const Given *gradients, size_t count, Given losses, double share, double clipNorm,
    Given out) {
  return guarded(device, [&] {
    std::vector<at::Tensor> all;
    all.reserve(count);
    for (size_t index = 0; index < count; ++index) all.push_back(wrap(*device, gradients[index]));
    auto norm = all.empty() ? at::zeros({}, numbers(*device))
                            : at::linalg_vector_norm(at::stack(at::_foreach_norm(all, 2)), 2).mul_(share);
    auto factor = at::full({}, share, numbers(*device));
    if (clipNorm > 0) factor.mul_(norm.add(1e-6).reciprocal_().mul_(clipNorm).clamp_max_(1));
    auto isFinite = at::isfinite(norm);
    if (isGiven(losses)) isFinite = at::logical_and(isFinite, at::all(at::isfinite(wrap(*device, losses))));
    wrap(*device, out).copy_(at::stack(std::vector<at::Tensor>{norm, factor, isFinite.to(at::kFloat)}));
  });
}

/// Parameters of one learning rate and weight decay.
struct Group {
  std::vector<at::Tensor> parameters, gradients, first, second;
};

/// average = keep · average + (1 - keep) · parameter, where the step is finite.
static void follow(
    const Device &device, const std::vector<at::Tensor> &averages, const std::vector<at::Tensor> &parameters,
    const at::Tensor &share) {
  if (averages.empty()) return;
  if (device.isProcessor()) {
    at::_foreach_lerp_(averages, parameters, std::vector<at::Tensor>(averages.size(), share));
    return;
  }
  // One kernel for many tensors takes a share of the device as a factor only.
  auto gaps = at::_foreach_sub(parameters, averages);
  at::_foreach_mul_(gaps, share);
  at::_foreach_add_(averages, gaps);
}

static Outcome adamW(
    Device *device, const chex_torch_update *updates, size_t count, chex_torch_step step, Given scale) {
  return guarded(device, [&] {
    auto factor = wrapNumber(*device, scale, 1), isFinite = wrapNumber(*device, scale, 2);
    std::map<std::pair<double, double>, Group> groups;
    std::vector<at::Tensor> averages, followed;
    for (size_t index = 0; index < count; ++index) {
      auto &update = updates[index];
      auto parameter = wrap(*device, update.parameter);
      if (isGiven(update.average)) {
        averages.push_back(wrap(*device, update.average));
        followed.push_back(parameter);
      }
      if (!isGiven(update.gradient)) continue;
      auto &group = groups[{update.learningRate, update.weightDecay}];
      group.parameters.push_back(std::move(parameter));
      group.gradients.push_back(wrap(*device, update.gradient));
      group.first.push_back(wrap(*device, update.first));
      group.second.push_back(wrap(*device, update.second));
    }
    // libtorch divides gradients, and asks whether something is infinite.
    auto divisor = factor.reciprocal(), isBroken = isFinite.neg().add_(1);
    auto done = at::full({}, static_cast<double>(step.count), numbers(*device));
    for (auto &[rates, group] : groups) {
      std::vector<at::Tensor> steps(group.parameters.size(), done);
      at::_fused_adamw_(
          group.parameters, group.gradients, group.first, group.second, {}, steps, rates.first, step.beta1,
          step.beta2, rates.second, step.epsilon, false, false, divisor, isBroken);
    }
    follow(*device, averages, followed, isFinite.mul(1 - step.averageDecay));
  });
}

void fillOptimizer(chex_torch_table &table) {
  table.meanSquaredError = meanSquaredError;
  table.difference = difference;
  table.gradientScale = gradientScale;
  table.adamW = adamW;
}

}  // namespace chex
