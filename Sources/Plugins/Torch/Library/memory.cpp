// Memory: of libtorch's caching allocators, moved in the order of the device's stream.
#include "library.hpp"

#include <ATen/ops/copy.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/fill.h>
#include <c10/core/Allocator.h>
#include <c10/core/Stream.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

namespace chex {

static at::Tensor bytesAt(const Device &device, const void *data, size_t bytes) {
  return wrap(device, const_cast<void *>(data), at::kByte, at::IntArrayRef({static_cast<int64_t>(bytes)}));
}

static Device host() { return Device{at::Device(at::kCPU), "cpu", {}}; }

static Outcome allocate(Device *device, size_t bytes, void **data, void **owner) {
  return guarded(device, [&] {
    // Nothing has no address, and tensors need one.
    auto block = c10::GetAllocator(device->device.type())->allocate(bytes > 0 ? bytes : 1);
    *data = block.get();
    *owner = new at::DataPtr(std::move(block));
  });
}

static void release(void *owner) { delete static_cast<at::DataPtr *>(owner); }

/// A copy in memory that the system does not move, from which bytes travel beside the host; its allocator keeps the
/// block until they have.
static at::Tensor pinned(const void *source, size_t bytes) {
  auto copy =
      at::empty({static_cast<int64_t>(bytes)}, at::TensorOptions().dtype(at::kByte).pinned_memory(true));
  std::memcpy(copy.mutable_data_ptr(), source, bytes);
  return copy;
}

static Outcome stage(Device *device, const void *source, size_t bytes, void **data, void **owner) {
  return guarded(device, [&] {
    auto implementation = c10::impl::getDeviceGuardImpl(device->device.type());
    auto computing = implementation->getStream(device->device);
    c10::StreamGuard guard(*device->arrivals);
    auto block = c10::GetAllocator(device->device.type())->allocate(bytes > 0 ? bytes : 1);
    if (bytes > 0) bytesAt(*device, block.get(), bytes).copy_(pinned(source, bytes), /*non_blocking=*/true);
    device->arrivals->synchronize();
    // The block is of the stream of arrivals, which must not have it again before those who compute are done with it.
    implementation->recordDataPtrOnStream(block, computing);
    *data = block.get();
    *owner = new at::DataPtr(std::move(block));
  });
}

static Outcome upload(Device *device, const void *source, void *destination, size_t bytes) {
  if (bytes == 0) return {nullptr, 0};
  return guarded(device, [&] {
    if (device->isProcessor()) {
      std::memcpy(destination, source, bytes);
      return;
    }
    bytesAt(*device, destination, bytes).copy_(pinned(source, bytes), /*non_blocking=*/true);
  });
}

static Outcome download(Device *device, const void *source, void *destination, size_t bytes) {
  if (bytes == 0) return {nullptr, 0};
  return guarded(device, [&] {
    if (device->isProcessor()) {
      std::memcpy(destination, source, bytes);
      return;
    }
    bytesAt(host(), destination, bytes).copy_(bytesAt(*device, source, bytes), /*non_blocking=*/false);
  });
}

static Outcome copy(Device *device, const void *source, void *destination, size_t bytes) {
  if (bytes == 0) return {nullptr, 0};
  return guarded(device, [&] { bytesAt(*device, destination, bytes).copy_(bytesAt(*device, source, bytes)); });
}

static Outcome fill(Device *device, void *destination, float value, size_t count) {
  if (count == 0) return {nullptr, 0};
  return guarded(device, [&] {
    wrap(*device, destination, at::kFloat, at::IntArrayRef({static_cast<int64_t>(count)})).fill_(value);
  });
}

static Outcome synchronize(Device *device) {
  return guarded(device, [&] {
    if (device->isProcessor()) return;
    c10::impl::getDeviceGuardImpl(device->device.type())->getStream(device->device).synchronize();
  });
}

// MARK: Memory of the processor

/// The core's pool as libtorch's allocator, whose own asks the system each time, and gets pages to be cleared.
class SharedMemory final : public c10::Allocator {
 public:
  void *(*take)(size_t) = nullptr;
  void (*give)(void *) = nullptr;

  at::DataPtr allocate(size_t bytes) override {
    if (bytes == 0) return {nullptr, at::Device(at::kCPU)};
    void *data = take(bytes);
    return {data, data, give, at::Device(at::kCPU)};
  }
  /// For what libtorch keeps as a bare address.
  at::DeleterFnPtr raw_deleter() const override { return give; }
  void copy_data(void *destination, const void *source, size_t bytes) const override {
    default_copy_data(destination, source, bytes);
  }
};

static void shareMemory(void *(*take)(size_t), void (*give)(void *)) {
  static SharedMemory shared;
  shared.take = take;
  shared.give = give;
  c10::SetAllocator(at::kCPU, &shared);
}

void fillMemory(chex_torch_table &table) {
  table.shareMemory = shareMemory;
  table.allocate = allocate;
  table.release = release;
  table.stage = stage;
  table.upload = upload;
  table.download = download;
  table.copy = copy;
  table.fill = fill;
  table.synchronize = synchronize;
}

}  // namespace chex
