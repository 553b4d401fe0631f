#define _GNU_SOURCE
#include "sealed.h"
#include "real.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/// Blocks of one size, 64 · 2^class bytes, that are free: each holds the next one's address.
enum { CLASSES = 40 };

struct sealed_arena {
  char *given;  // without any right of access
  char *real;
  size_t bytes, used;
  void *free[CLASSES];
  pthread_mutex_t lock;
};

void *real_address(const sealed_arena *arena, const void *address) {
  size_t place = (size_t)((const char *)address - arena->given);
  if (place > arena->bytes) abort();
  return arena->real + place;
}

sealed_arena *sealed_open(size_t bytes) {
  sealed_arena *made = calloc(1, sizeof *made);
  made->bytes = bytes;
  made->given = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  made->real = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  pthread_mutex_init(&made->lock, NULL);
  if (made->given != MAP_FAILED && made->real != MAP_FAILED) return made;
  free(made);
  return NULL;
}

static int class_of(size_t bytes) {
  int class = 0;
  while (((size_t)64 << class) < bytes) class++;
  return class;
}

void *sealed_allocate(sealed_arena *arena, size_t bytes) {
  int class = class_of(bytes);
  size_t size = (size_t)64 << class;
  void *given = NULL;
  pthread_mutex_lock(&arena->lock);
  if (arena->free[class]) {
    given = arena->free[class];
    memcpy(&arena->free[class], real_address(arena, given), sizeof given);
  } else if (arena->used + size <= arena->bytes) {
    given = arena->given + arena->used;
    arena->used += size;
  }
  pthread_mutex_unlock(&arena->lock);
  // What was not written yet is no number.
  if (given) memset(real_address(arena, given), 0xff, bytes);
  return given;
}

void sealed_release(sealed_arena *arena, void *address, size_t bytes) {
  int class = class_of(bytes);
  pthread_mutex_lock(&arena->lock);
  memcpy(real_address(arena, address), &arena->free[class], sizeof address);
  arena->free[class] = address;
  pthread_mutex_unlock(&arena->lock);
}

void sealed_upload(const sealed_arena *arena, const void *host, void *address, size_t bytes) {
  memcpy(real_address(arena, address), host, bytes);
}
void sealed_download(const sealed_arena *arena, const void *address, void *host, size_t bytes) {
  memcpy(host, real_address(arena, address), bytes);
}
void sealed_copy(const sealed_arena *arena, const void *from, void *to, size_t bytes) {
  memcpy(real_address(arena, to), real_address(arena, from), bytes);
}
void sealed_fill(const sealed_arena *arena, void *address, float value, long count) {
  float *out = real_address(arena, address);
  for (long i = 0; i < count; i++) out[i] = value;
}
