// Processes that are joined by c10d.
#include "library.hpp"

#include "chex_torch_group.h"

#ifdef CHEX_GLOO
#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#ifdef CHEX_NCCL
#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

struct chex_torch_group {
  c10::intrusive_ptr<c10d::Backend> processors;
  /// Null where tensors of the processor alone are moved.
  c10::intrusive_ptr<c10d::Backend> accelerators;
  chex_torch_device processor{at::Device(at::kCPU), "cpu", {}};
  chex_torch_device accelerator{at::Device(at::kCPU), "cpu", {}};
};

namespace chex {

using Group = chex_torch_group;

/// One process may look at its features for hours while the others wait for it.
static constexpr std::chrono::milliseconds patience = std::chrono::hours(24);

static c10d::Backend &transport(Group *group, int32_t onAccelerator) {
  TORCH_CHECK(!onAccelerator || group->accelerators, "expected a group of accelerators, found one of processors");
  return onAccelerator ? *group->accelerators : *group->processors;
}

static at::Tensor bytes(Group *group, int32_t onAccelerator, const void *data, size_t count) {
  const Device &device = onAccelerator ? group->accelerator : group->processor;
  return wrap(device, const_cast<void *>(data), at::kByte, {static_cast<int64_t>(count)});
}

static const Device *place(Group *group, int32_t onAccelerator) {
  return onAccelerator ? &group->accelerator : &group->processor;
}

static void joinAccelerators(
    Group &group, const c10::intrusive_ptr<c10d::Store> &store, const chex_torch_meeting &meeting) {
  group.accelerator = Device{at::Device(std::string(meeting.accelerator)), meeting.accelerator, {}};
#ifdef CHEX_NCCL
  auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = patience;
  group.accelerators = c10::make_intrusive<c10d::ProcessGroupNCCL>(
      c10::make_intrusive<c10d::PrefixStore>("nccl", store), meeting.rank, meeting.size, options);
#else
  (void)store;
  TORCH_CHECK(false, "this library was built without NCCL, which moves tensors of GPUs: install nccl.h and run make torch");
#endif
}

static Outcome join(const chex_torch_meeting *meeting, Group **joined) {
  return guarded(nullptr, [&] {
    c10d::TCPStoreOptions options;
    options.port = static_cast<std::uint16_t>(meeting->port);
    options.isServer = meeting->keepsStore != 0;
    options.waitWorkers = false;
    options.timeout = std::chrono::minutes(5);
    c10::intrusive_ptr<c10d::Store> store =
        c10::make_intrusive<c10d::TCPStore>(std::string(meeting->address), options);
    store = c10::make_intrusive<c10d::PrefixStore>(std::string(meeting->prefix), store);
    auto group = std::make_unique<Group>();
    auto gloo = c10d::ProcessGroupGloo::Options::create(patience);
    gloo->devices.push_back(c10d::ProcessGroupGloo::createDefaultDevice());
    group->processors = c10::make_intrusive<c10d::ProcessGroupGloo>(
        c10::make_intrusive<c10d::PrefixStore>("gloo", store), meeting->rank, meeting->size, gloo);
    if (*meeting->accelerator) joinAccelerators(*group, store, *meeting);
    *joined = group.release();
  });
}

static Outcome broadcast(Group *group, int32_t onAccelerator, void *data, size_t count, int32_t root) {
  return guarded(place(group, onAccelerator), [&] {
    std::vector<at::Tensor> tensors{bytes(group, onAccelerator, data, count)};
    c10d::BroadcastOptions options;
    options.rootRank = root;
    transport(group, onAccelerator).broadcast(tensors, options)->wait();
  });
}

static Outcome exchange(Group *group, int32_t onAccelerator, const void *data, void *out, size_t count) {
  return guarded(place(group, onAccelerator), [&] {
    auto &backend = transport(group, onAccelerator);
    auto total = count * static_cast<size_t>(backend.getSize());
    auto given = bytes(group, onAccelerator, data, total);
    auto received = bytes(group, onAccelerator, out, total);
    std::vector<int64_t> equal;
    backend.alltoall_base(received, given, equal, equal)->wait();
  });
}

static Outcome gather(Group *group, int32_t onAccelerator, const void *data, void *out, size_t count) {
  return guarded(place(group, onAccelerator), [&] {
    auto &backend = transport(group, onAccelerator);
    auto given = bytes(group, onAccelerator, data, count);
    auto received = bytes(group, onAccelerator, out, count * static_cast<size_t>(backend.getSize()));
    backend._allgather_base(received, given)->wait();
  });
}

static Outcome barrier(Group *group) {
  return guarded(nullptr, [&] { group->processors->barrier()->wait(); });
}

}  // namespace chex

#else

namespace chex {

using Group = chex_torch_group;

static Outcome missing() {
  return guarded(nullptr, [] {
    TORCH_CHECK(false, "this library was built without Gloo: install Gloo's headers (Debian: libgloo-dev) and run make torch");
  });
}
static Outcome join(const chex_torch_meeting *, Group **) { return missing(); }
static Outcome broadcast(Group *, int32_t, void *, size_t, int32_t) { return missing(); }
static Outcome exchange(Group *, int32_t, const void *, void *, size_t) { return missing(); }
static Outcome gather(Group *, int32_t, const void *, void *, size_t) { return missing(); }
static Outcome barrier(Group *) { return missing(); }

}  // namespace chex

#endif

extern "C" __attribute__((visibility("default"))) const chex_torch_group_table *chex_torch_group_library(void) {
  static const chex_torch_group_table table{
      CHEX_TORCH_GROUP_ABI, chex::join, chex::broadcast, chex::exchange, chex::gather, chex::barrier};
  return &table;
}
