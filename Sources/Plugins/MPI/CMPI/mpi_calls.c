#include "mpi_calls.h"

#include <limits.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *failure(const char *call, int error) {
  char reason[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(error, reason, &length);
  char *text = malloc(strlen(call) + (size_t)length + 3);
  if (text) sprintf(text, "%s: %s", call, reason);
  return text;
}

// MPI's own waiting turns as fast as it can, on a core that a thread with work to do may want.
static int wait_for(MPI_Request *request) {
  const int turns = 200;
  const long longest = 200000;
  long pause = 5000;
  for (int turn = 0;; turn++) {
    int is_done = 0;
    int error = MPI_Test(request, &is_done, MPI_STATUS_IGNORE);
    if (error != MPI_SUCCESS || is_done) return error;
    if (turn < turns) continue;
    nanosleep(&(struct timespec){.tv_nsec = pause}, NULL);
    if (pause < longest) pause += pause / 4;
  }
}

static char *finish(const char *call, int error, MPI_Request *request) {
  if (error == MPI_SUCCESS) error = wait_for(request);
  return error == MPI_SUCCESS ? NULL : failure(call, error);
}

// Counts of MPI are ints.
static char *too_large(const char *call, size_t bytes) {
  if (bytes <= INT_MAX) return NULL;
  char *text = malloc(strlen(call) + 100);
  if (text) sprintf(text, "%s: expected at most %d bytes at once, found %zu", call, INT_MAX, bytes);
  return text;
}

static void leave(void) {
  int is_finalized = 0;
  MPI_Finalized(&is_finalized);
  if (!is_finalized) MPI_Finalize();
}

char *chex_mpi_join(int *rank, int *size) {
  int is_initialized = 0, provided = MPI_THREAD_SINGLE;
  MPI_Initialized(&is_initialized);
  if (!is_initialized) {
    int error = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided);
    if (error != MPI_SUCCESS) return failure("MPI_Init_thread", error);
    if (provided < MPI_THREAD_SERIALIZED)
      return strdup("MPI_Init_thread: this library lets only one thread call it, expected MPI_THREAD_SERIALIZED");
    atexit(leave);
  }
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_rank(MPI_COMM_WORLD, rank);
  MPI_Comm_size(MPI_COMM_WORLD, size);
  return NULL;
}

char *chex_mpi_broadcast(void *data, size_t bytes, int root) {
  const size_t most = (size_t)1 << 30;
  for (size_t start = 0; start < bytes; start += most) {
    size_t count = bytes - start < most ? bytes - start : most;
    MPI_Request request;
    int error = MPI_Ibcast((char *)data + start, (int)count, MPI_BYTE, root, MPI_COMM_WORLD, &request);
    char *reason = finish("MPI_Ibcast", error, &request);
    if (reason) return reason;
  }
  return NULL;
}

char *chex_mpi_exchange(const void *data, void *out, size_t bytes) {
  char *reason = too_large("MPI_Ialltoall", bytes);
  if (reason) return reason;
  MPI_Request request;
  int error = MPI_Ialltoall(data, (int)bytes, MPI_BYTE, out, (int)bytes, MPI_BYTE, MPI_COMM_WORLD, &request);
  return finish("MPI_Ialltoall", error, &request);
}

char *chex_mpi_gather(const void *data, void *out, size_t bytes) {
  char *reason = too_large("MPI_Iallgather", bytes);
  if (reason) return reason;
  MPI_Request request;
  int error = MPI_Iallgather(data, (int)bytes, MPI_BYTE, out, (int)bytes, MPI_BYTE, MPI_COMM_WORLD, &request);
  return finish("MPI_Iallgather", error, &request);
}

char *chex_mpi_barrier(void) {
  MPI_Request request;
  int error = MPI_Ibarrier(MPI_COMM_WORLD, &request);
  return finish("MPI_Ibarrier", error, &request);
}

void chex_mpi_abort(int status) {
  MPI_Abort(MPI_COMM_WORLD, status);
  _Exit(status);
}
