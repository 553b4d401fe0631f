// What the communicator needs of MPI. Each call returns NULL, or why it failed, in words that the caller frees.
#ifndef CHEX_MPI_CALLS_H
#define CHEX_MPI_CALLS_H

#include <stddef.h>

/// Joins the processes that the launcher started; ends the membership when the process exits normally.
char *chex_mpi_join(int *rank, int *size);
/// Overwrites `bytes` bytes on every rank with those of `root`.
char *chex_mpi_broadcast(void *data, size_t bytes, int root);
/// part i of `out` = part `rank` of rank i's `data`; each part has `bytes` bytes.
char *chex_mpi_exchange(const void *data, void *out, size_t bytes);
/// part i of `out` = rank i's `data`, of `bytes` bytes.
char *chex_mpi_gather(const void *data, void *out, size_t bytes);
char *chex_mpi_barrier(void);
/// Ends all processes.
_Noreturn void chex_mpi_abort(int status);

#endif
