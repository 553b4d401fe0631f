#define _GNU_SOURCE
#include "chex_torch.h"
#include "chex_torch_group.h"

#include <dlfcn.h>

void *chex_torch_load(const char *file) {
  return dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
}

const chex_torch_table *chex_torch_table_of(void *entry) {
  return ((chex_torch_entry)entry)();
}

const chex_torch_group_table *chex_torch_group_table_of(void *entry) {
  return ((const chex_torch_group_table *(*)(void))entry)();
}

const char *chex_torch_own_file(void) {
  Dl_info information;
  return dladdr((const void *)&chex_torch_own_file, &information) ? information.dli_fname : NULL;
}
