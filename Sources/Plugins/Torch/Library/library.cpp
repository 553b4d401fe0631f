// The table, the devices that libtorch has, and the words of its errors.
#include "library.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/ops/empty.h>
#include <c10/core/Storage.h>
#include <c10/core/TensorImpl.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/util/Exception.h>
#include <torch/version.h>

#include <mutex>
#include <new>

// Of the OpenMP that libtorch was built with; there is none in some builds.
extern "C" int omp_get_max_threads(void) __attribute__((weak));
extern "C" void omp_set_num_threads(int) __attribute__((weak));

namespace chex {

static std::atomic<int> wantedThreads{0};

Threads::Threads() noexcept {
  thread_local int known = 0;
  int wanted = wantedThreads.load(std::memory_order_relaxed);
  if (wanted == 0) return;
  if (omp_get_max_threads) before = omp_get_max_threads();
  if (wanted != known) {
    at::set_num_threads(wanted);
    known = wanted;
  } else if (before != wanted && omp_set_num_threads) {
    omp_set_num_threads(wanted);
  }
}

Threads::~Threads() {
  if (before > 0) omp_set_num_threads(before);
}

static at::Tensor wrap(const Device &device, void *data, at::ScalarType type, int64_t count) {
  auto bytes = static_cast<size_t>(count) * c10::elementSize(type);
  // The deleter does nothing: the plugin owns the memory.
  at::DataPtr pointer(data, data, [](void *) {}, device.device);
  c10::Storage storage(c10::Storage::use_byte_size_t(), bytes, std::move(pointer), nullptr, false);
  auto key = c10::computeDispatchKey(type, at::kStrided, device.device);
  return at::detail::make_tensor<c10::TensorImpl>(
      std::move(storage), c10::DispatchKeySet(key), c10::scalarTypeToTypeMeta(type));
}

at::Tensor wrap(const Device &device, void *data, at::ScalarType type, at::IntArrayRef sizes) {
  int64_t count = 1;
  for (auto size : sizes) count *= size;
  auto tensor = wrap(device, data, type, count);
  tensor.unsafeGetTensorImpl()->set_sizes_contiguous(sizes);
  return tensor;
}

at::Tensor wrap(
    const Device &device, void *data, at::ScalarType type, at::IntArrayRef sizes, at::IntArrayRef strides,
    int64_t start) {
  int64_t reach = 1;
  for (size_t axis = 0; axis < sizes.size(); ++axis) {
    if (sizes[axis] == 0) reach = 0;
    if (reach > 0) reach += (sizes[axis] - 1) * strides[axis];
  }
  auto first = static_cast<char *>(data) + start * static_cast<int64_t>(c10::elementSize(type));
  auto tensor = wrap(device, first, type, reach);
  tensor.unsafeGetTensorImpl()->set_sizes_and_strides(sizes, strides);
  return tensor;
}

// MARK: Errors

static char *copied(const std::string &text) {
  auto copy = static_cast<char *>(std::malloc(text.size() + 1));
  if (copy) std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

/// The first sentence: what follows is where in libtorch it happened, and advice for programs in Python.
static std::string firstLine(const std::string &text) { return text.substr(0, text.find('\n')); }

Outcome failure(const Device *device) noexcept {
  std::string name = device ? "torch:" + device->name : "torch";
  try {
    throw;
  } catch (const c10::OutOfMemoryError &error) {
    return {copied(name + ": " + firstLine(error.what_without_backtrace())), 1};
  } catch (const std::bad_alloc &) {
    return {copied(name + ": the system gives no more memory"), 1};
  } catch (const c10::Error &error) {
    std::string text = firstLine(error.what_without_backtrace());
    bool wantsMemory = text.find("not enough memory") != std::string::npos ||
                       text.find("can't allocate memory") != std::string::npos ||
                       text.find("out of memory") != std::string::npos;
    return {copied(name + ": " + text), wantsMemory};
  } catch (const std::exception &error) {
    return {copied(name + ": " + firstLine(error.what())), 0};
  } catch (...) {
    return {copied(name + ": libtorch failed without a word"), 0};
  }
}

// MARK: Devices

/// The kinds of accelerator whose devices a user may name, beside the processor.
static const at::DeviceType accelerators[] = {at::kCUDA, at::kXPU};

static int deviceCount(at::DeviceType type) noexcept {
  auto implementation = c10::impl::device_guard_impl_registry[static_cast<size_t>(type)].load();
  if (!implementation) return 0;
  try {
    return implementation->deviceCount();
  } catch (...) {
    return 0;
  }
}

static Outcome devices(char **names) {
  return guarded(nullptr, [&] {
    std::string text = "cpu";
    for (auto type : accelerators) {
      for (int index = 0; index < deviceCount(type); ++index) {
        text += "\n" + at::Device(type, static_cast<at::DeviceIndex>(index)).str();
      }
    }
    *names = copied(text);
  });
}

/// Nothing of libtorch may choose what computes by what it measures, or round what the plugin asked to keep.
static void settle() {
  auto &context = at::globalContext();
  // Products of matrices by cuBLAS repeat themselves with a workspace of fixed size alone.
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
  context.setDeterministicAlgorithms(true, false);
  context.setDeterministicFillUninitializedMemory(false);
  context.setDeterministicCuDNN(true);
  context.setBenchmarkCuDNN(false);
  context.setAllowTF32CuDNN(false);
}

static Outcome openDevice(const char *place, Device **opened) {
  return guarded(nullptr, [&] {
    static std::once_flag once;
    std::call_once(once, settle);
    at::Device device{std::string(place)};
    if (!device.is_cpu()) {
      int count = deviceCount(device.type());
      if (!device.has_index()) device.set_index(0);
      TORCH_CHECK(
          device.index() < count, "expected a device that libtorch sees, found ", device.str(), " of ", count,
          " of that kind");
    }
    // The first memory of a device starts its library.
    at::empty({1}, at::TensorOptions().dtype(at::kByte).device(device));
    *opened = new Device{device, device.str(), {}};
    if (!device.is_cpu()) {
      (*opened)->arrivals = c10::impl::getDeviceGuardImpl(device.type())->getStreamFromGlobalPool(device);
    }
  });
}

static int32_t prefersBFloat16(const Device *device) { return !device->isProcessor(); }

static void setThreads(int32_t threads) { wantedThreads.store(threads); }

/// The version that libtorch was built as, which its description of itself contains.
static std::string runningVersion() {
  const std::string text = at::show_config(), key = "TORCH_VERSION=";
  auto start = text.find(key);
  if (start == std::string::npos) return "";
  start += key.size();
  return text.substr(start, text.find_first_of(", \n", start) - start);
}

static chex_torch_table filled() {
  chex_torch_table table{};
  static const std::string running = runningVersion();
  table.abi = CHEX_TORCH_ABI;
  table.compiledVersion = TORCH_VERSION;
  table.runningVersion = running.c_str();
  table.devices = devices;
  table.open = openDevice;
  table.prefersBFloat16 = prefersBFloat16;
  table.setThreads = setThreads;
  fillMemory(table);
  fillElementwise(table);
  fillPlaces(table);
  fillProducts(table);
  fillAttention(table);
  fillNorms(table);
  fillImages(table);
  fillOptimizer(table);
  return table;
}

}  // namespace chex

extern "C" __attribute__((visibility("default"))) const chex_torch_table *chex_torch_library(void) {
  static const chex_torch_table table = chex::filled();
  return &table;
}
