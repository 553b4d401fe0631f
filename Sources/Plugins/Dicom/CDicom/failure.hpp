#pragma once
#include <cstdarg>
#include <cstdio>

#include "chex_dicom.h"

namespace chex {

/// Why a radiograph is not read; thrown within the shim only.
struct Failure {
  chex_dicom_status status;
  chex_dicom_message message;
};

[[noreturn]] inline void fail(chex_dicom_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

inline void fail(chex_dicom_status status, const char *format, ...) {
  Failure failure{status, {}};
  va_list words;
  va_start(words, format);
  vsnprintf(failure.message.text, sizeof failure.message.text, format, words);
  va_end(words);
  throw failure;
}

}  // namespace chex
