// What the files of the library share: tensors of the boundary as libtorch's, and the guard around every call.
#pragma once

#include "chex_torch.h"

#include <ATen/core/Tensor.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/Stream.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

struct chex_torch_device {
  at::Device device;
  /// Of the name in errors.
  std::string name;
  /// In which bytes of the host arrive beside what computes; null on the processor.
  std::optional<c10::Stream> arrivals;
  bool isProcessor() const { return device.is_cpu(); }
};

namespace chex {

using Outcome = chex_torch_outcome;
using Device = chex_torch_device;
using Given = chex_torch_tensor;

inline at::ScalarType scalarType(int32_t type) {
  return type == CHEX_TORCH_BFLOAT16 ? at::kBFloat16 : at::kFloat;
}

inline bool isGiven(const Given &tensor) { return tensor.rank >= 0; }

/// Memory of the caller as a tensor; it must outlive the call. `sizes` and `strides` are in numbers.
at::Tensor wrap(const Device &, void *data, at::ScalarType type, at::IntArrayRef sizes);
at::Tensor wrap(
    const Device &, void *data, at::ScalarType type, at::IntArrayRef sizes, at::IntArrayRef strides, int64_t start);

inline at::Tensor wrap(const Device &device, const Given &tensor) {
  return wrap(device, tensor.data, scalarType(tensor.type), at::IntArrayRef(tensor.sizes, tensor.rank));
}
/// The same numbers in other sizes.
inline at::Tensor wrap(const Device &device, const Given &tensor, at::IntArrayRef sizes) {
  return wrap(device, tensor.data, scalarType(tensor.type), sizes);
}
inline std::optional<at::Tensor> wrapIfGiven(const Device &device, const Given &tensor) {
  if (!isGiven(tensor)) return std::nullopt;
  return wrap(device, tensor);
}
/// One number as a tensor without axes.
inline at::Tensor wrapNumber(const Device &device, const Given &tensor, int64_t place = 0) {
  return wrap(device, static_cast<float *>(tensor.data) + place, at::kFloat, at::IntArrayRef{});
}

/// Rows of the host's list on the device.
at::Tensor rowNumbers(const Device &, const int64_t *rows, size_t count);

/// A sentence for the caller to free, of the exception that is being handled.
Outcome failure(const Device *) noexcept;
/// While it lives the calling thread may use as many others as the plugin asked for. The core's own libraries read the
/// same number of OpenMP, and are held to one.
class Threads {
 public:
  Threads() noexcept;
  ~Threads();
  Threads(const Threads &) = delete;
  Threads &operator=(const Threads &) = delete;

 private:
  int before = 0;
};

/// Runs `body` with no record of gradients, on the device; whatever it throws becomes the outcome.
template <class Body>
Outcome guarded(const Device *device, Body &&body) noexcept {
  try {
    Threads threads;
    c10::InferenceMode withoutHistory;
    c10::OptionalDeviceGuard guard;
    if (device && !device->isProcessor()) guard.reset_device(device->device);
    body();
    return {nullptr, 0};
  } catch (...) {
    return failure(device);
  }
}

// The functions of the table, by file.
void fillMemory(chex_torch_table &);
void fillElementwise(chex_torch_table &);
void fillPlaces(chex_torch_table &);
void fillProducts(chex_torch_table &);
void fillAttention(chex_torch_table &);
void fillNorms(chex_torch_table &);
void fillImages(chex_torch_table &);
void fillOptimizer(chex_torch_table &);

}  // namespace chex
