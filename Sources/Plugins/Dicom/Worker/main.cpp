// chex-dicom-worker: decodes DICOM files that come over standard input until it ends. GDCM's codecs may
// crash, hang or eat memory on hostile files; here that costs one process, which its owner replaces.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "chex_dicom.h"

namespace {

/// Address space beside the file itself: the largest radiograph as bytes, integers and floats, and GDCM's own
/// copies.
constexpr uint64_t MOST_MEMORY = uint64_t(4) << 30;
/// Seconds after which a request ends the process, should its owner no longer be there to do so. (The
/// kernel's own signal at a parent's death goes by the thread that started this process, and threads come and
/// go.)
constexpr unsigned MOST_SECONDS = 300;

enum Exit { DONE = 0, PROTOCOL = 2, SYSTEM = 3 };

/// Where replies go.
int output = -1;

/// Reads exactly `size` bytes; false at the end of the input.
bool read_all(int descriptor, void *target, size_t size) {
  auto *next = static_cast<uint8_t *>(target);
  while (size > 0) {
    ssize_t count = read(descriptor, next, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    next += count;
    size -= size_t(count);
  }
  return true;
}

bool write_all(int descriptor, const void *source, size_t size) {
  auto *next = static_cast<const uint8_t *>(source);
  while (size > 0) {
    ssize_t count = write(descriptor, next, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    next += count;
    size -= size_t(count);
  }
  return true;
}

void limit(int resource, uint64_t most) {
  rlimit both;
  getrlimit(__rlimit_resource(resource), &both);
  both.rlim_cur = most < both.rlim_max ? most : both.rlim_max;
  setrlimit(__rlimit_resource(resource), &both);
}

/// Memory that is released when it goes.
struct Buffer {
  void *bytes = nullptr;
  ~Buffer() { free(bytes); }
  bool take(size_t size) { return (bytes = malloc(size ? size : 1)) != nullptr; }
};

void refuse(chex_dicom_reply &reply, chex_dicom_status status, const char *text) {
  reply.status = status;
  memset(&reply.message, 0, sizeof reply.message);
  strncpy(reply.message.text, text, sizeof reply.message.text - 1);
}

/// Answers into `reply` and `values`.
void answer(const chex_dicom_request &request, const uint8_t *bytes, chex_dicom_reply &reply,
            Buffer &values) {
  reply.status = chex_dicom_header(bytes, request.byte_count, &reply.header, &reply.message);
  if (reply.status != CHEX_DICOM_OK || request.kind == CHEX_DICOM_READ_HEADER) return;
  uint64_t count = uint64_t(reply.header.rows) * reply.header.columns;
  // What the header announces beyond that is refused by the decoder with its own sentence.
  if (count > CHEX_DICOM_MOST_PIXELS) count = 0;
  if (!values.take(count * 4)) return refuse(reply, CHEX_DICOM_MEMORY, "no memory for its pixels");
  if (request.kind == CHEX_DICOM_DECODE) {
    reply.status = chex_dicom_decode(bytes, request.byte_count, &request.options,
                                     static_cast<float *>(values.bytes), count, &reply.message);
  } else {
    reply.status = chex_dicom_stored(bytes, request.byte_count, static_cast<int32_t *>(values.bytes), count,
                                     &reply.message);
  }
  if (reply.status == CHEX_DICOM_OK) reply.pixel_count = count;
}

/// Serves one request; false at the end of the input.
bool serve(int input) {
  chex_dicom_request request;
  if (!read_all(input, &request, sizeof request)) return false;
  if (request.magic != CHEX_DICOM_REQUEST_MAGIC || request.byte_count > CHEX_DICOM_MOST_BYTES ||
      request.kind < CHEX_DICOM_READ_HEADER || request.kind > CHEX_DICOM_READ_STORED) {
    exit(PROTOCOL);
  }
  alarm(MOST_SECONDS);
  limit(RLIMIT_AS, MOST_MEMORY + request.byte_count);
  Buffer bytes, values;
  if (!bytes.take(request.byte_count)) exit(SYSTEM);
  if (!read_all(input, bytes.bytes, request.byte_count)) return false;
  chex_dicom_reply reply{};
  reply.magic = CHEX_DICOM_REPLY_MAGIC;
  answer(request, static_cast<const uint8_t *>(bytes.bytes), reply, values);
  if (!write_all(output, &reply, sizeof reply)) return false;
  if (!write_all(output, values.bytes, reply.pixel_count * 4)) return false;
  alarm(0);
  return true;
}

}  // namespace

/// GDCM is built with its assertions. One that fails says what the radiograph is; this process, stopped halfway, is
/// of no further use.
extern "C" void __assert_fail(const char *expression, const char *, unsigned line, const char *) noexcept {
  chex_dicom_reply reply{};
  reply.magic = CHEX_DICOM_REPLY_MAGIC;
  reply.status = CHEX_DICOM_DAMAGED;
  snprintf(reply.message.text, sizeof reply.message.text,
           "GDCM stopped at a check of its own, \"%.100s\" in line %u", expression, line);
  _exit(write_all(output, &reply, sizeof reply) ? DONE : SYSTEM);
}

int main() {
  limit(RLIMIT_CORE, 0);
  close_range(3, ~0u, 0);
  // Libraries that print must not print into the protocol.
  output = dup(STDOUT_FILENO);
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (output < 0 || nothing < 0) return SYSTEM;
  dup2(nothing, STDOUT_FILENO);
  dup2(nothing, STDERR_FILENO);
  while (serve(STDIN_FILENO)) {
  }
  return DONE;
}
