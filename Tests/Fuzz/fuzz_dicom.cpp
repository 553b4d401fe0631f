#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "chex_dicom.h"

namespace {

/// Larger radiographs are refused, so that many can be tried in a second.
constexpr uint64_t MOST_PIXELS = uint64_t(4) << 20;

jmp_buf way_back;
unsigned long assertions = 0;

void report() { fprintf(stderr, "assertions of GDCM: %lu\n", assertions); }

}  // namespace

/// GDCM is built with its assertions, which a worker process dies of in an orderly way. Here they are counted
/// and left behind (with the memory that was held), so that they do not hide what is worse.
extern "C" void __assert_fail(const char *expression, const char *file, unsigned line,
                              const char *) noexcept {
  if (assertions++ == 0) atexit(report);
  if (getenv("CHEX_FUZZ_ASSERTIONS")) fprintf(stderr, "assertion %s:%u %s\n", file, line, expression);
  longjmp(way_back, 1);
}

/// libFuzzer's entry: a DICOM file's header, then its radiograph where it is small enough.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  if (setjmp(way_back)) return 0;
  chex_dicom_header_fields header;
  chex_dicom_message message;
  if (chex_dicom_header(bytes, size, &header, &message) != CHEX_DICOM_OK) {
    if (!message.text[0]) abort();
    return 0;
  }
  uint64_t count = uint64_t(header.rows) * header.columns;
  if (count > MOST_PIXELS) return 0;
  std::vector<float> pixels(count);
  chex_dicom_options options{};
  chex_dicom_status status = chex_dicom_decode(bytes, size, &options, pixels.data(), count, &message);
  if (status != CHEX_DICOM_OK) {
    if (!message.text[0]) abort();
    return 0;
  }
  for (float pixel : pixels) {
    if (!(pixel >= 0 && pixel <= 1)) abort();
  }
  return 0;
}
