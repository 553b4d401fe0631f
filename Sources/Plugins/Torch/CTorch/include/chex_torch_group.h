// The processes of a run, joined by libtorch's c10d: Gloo between processors, NCCL between GPUs.
#ifndef CHEX_TORCH_GROUP_H
#define CHEX_TORCH_GROUP_H

#include "chex_torch.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Counts what follows, as `CHEX_TORCH_ABI` does.
#define CHEX_TORCH_GROUP_ABI 1
/// A function without arguments that returns a `const chex_torch_group_table *`.
#define CHEX_TORCH_GROUP_ENTRY "chex_torch_group_library"

/// This process and the others.
typedef struct chex_torch_group chex_torch_group;

/// Where processes meet, and which of them this one is.
typedef struct chex_torch_meeting {
  const char *address;
  int32_t port;
  int32_t rank, size;
  /// Whether this process keeps the store in which they meet; else it is kept already, or rank 0 keeps it.
  int32_t keepsStore;
  /// Sets apart what several groups write into one store.
  const char *prefix;
  /// "cuda:0" where tensors of a GPU are to be moved too; empty for those of the processor alone.
  const char *accelerator;
} chex_torch_meeting;

/// Memory is of the processor, or of the meeting's accelerator where `onAccelerator` is not 0; counts are in bytes.
typedef struct chex_torch_group_table {
  int32_t abi;
  chex_torch_outcome (*join)(const chex_torch_meeting *, chex_torch_group **);
  /// Overwrites `data` on every rank with that of `root`.
  chex_torch_outcome (*broadcast)(chex_torch_group *, int32_t onAccelerator, void *data, size_t bytes, int32_t root);
  /// part i of `out` = part `rank` of rank i's `data`; each part has `bytes` bytes.
  chex_torch_outcome (*exchange)(chex_torch_group *, int32_t onAccelerator, const void *data, void *out, size_t bytes);
  /// part i of `out` = rank i's `data`, of `bytes` bytes.
  chex_torch_outcome (*gather)(chex_torch_group *, int32_t onAccelerator, const void *data, void *out, size_t bytes);
  chex_torch_outcome (*barrier)(chex_torch_group *);
} chex_torch_group_table;

/// What the entry of a library gives.
const chex_torch_group_table *chex_torch_group_table_of(void *entry);

#ifdef __cplusplus
}
#endif

#endif
