#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

#include "chex_dicom_protocol.h"

const char *chex_dicom_own_library(void) {
  Dl_info information;
  return dladdr((const void *)&chex_dicom_own_library, &information) ? information.dli_fname : NULL;
}
