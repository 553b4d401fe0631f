#include "kernels.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

// One pool for everything. Workers spin for some microseconds after a job, because the next one usually follows at
// once and waking costs more; then give way to whoever wants the processor, loader threads say; then sleep.

enum { MAXIMUM_THREADS = 256, SPINS = 4000, YIELDS = 2000 };

static inline void rest(int turn) {
  if (turn > SPINS) {
    sched_yield();
  } else {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
}

static pthread_mutex_t submission = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t sleep_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static int thread_count = 1;
static int started = 0;  // workers alive, the caller's thread not counted
static _Thread_local int inside = 0;

static struct {
  void (*body)(void *, long);
  void *context;
  long count;
} job;
static atomic_long next_chunk, generation;
static atomic_int active;    // workers that take part in the current job and have not left it
static atomic_int admitted;  // workers that the current job still wants

static void drain(void) {
  inside = 1;
  for (;;) {
    long chunk = atomic_fetch_add_explicit(&next_chunk, 1, memory_order_relaxed);
    if (chunk >= job.count) break;
    job.body(job.context, chunk);
  }
  inside = 0;
}

static void *work(void *start) {
  long seen = (long)(intptr_t)start;
  for (;;) {
    int turn = 0;
    while (atomic_load_explicit(&generation, memory_order_acquire) == seen) {
      if (++turn < SPINS + YIELDS) {
        rest(turn);
        continue;
      }
      pthread_mutex_lock(&sleep_lock);
      while (atomic_load_explicit(&generation, memory_order_acquire) == seen) pthread_cond_wait(&wake, &sleep_lock);
      pthread_mutex_unlock(&sleep_lock);
    }
    seen = atomic_load_explicit(&generation, memory_order_acquire);
    if (atomic_fetch_sub_explicit(&admitted, 1, memory_order_acq_rel) > 0) drain();
    atomic_fetch_sub_explicit(&active, 1, memory_order_acq_rel);
  }
  return NULL;
}

static void start_workers(void) {
  while (started < thread_count - 1) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 4 << 20);
    int failed = pthread_create(&thread, &attributes, work, (void *)(intptr_t)atomic_load(&generation));
    pthread_attr_destroy(&attributes);
    if (failed) break;
    started += 1;
  }
}

void chex_set_threads(int threads) {
  pthread_mutex_lock(&submission);
  thread_count = threads < 1 ? 1 : threads > MAXIMUM_THREADS ? MAXIMUM_THREADS : threads;
  pthread_mutex_unlock(&submission);
}

int chex_threads(void) {
  pthread_mutex_lock(&submission);
  int threads = thread_count;
  pthread_mutex_unlock(&submission);
  return threads;
}

void chex_parallel(long count, void (*body)(void *, long), void *context) {
  if (count <= 1 || inside || pthread_mutex_trylock(&submission) != 0) {
    for (long chunk = 0; chunk < count; chunk++) body(context, chunk);
    return;
  }
  start_workers();
  if (thread_count > 1 && started > 0) {
    job.body = body;
    job.context = context;
    job.count = count;
    atomic_store_explicit(&next_chunk, 0, memory_order_relaxed);
    atomic_store_explicit(&active, started, memory_order_relaxed);
    atomic_store_explicit(&admitted, thread_count - 1, memory_order_relaxed);
    pthread_mutex_lock(&sleep_lock);
    atomic_fetch_add_explicit(&generation, 1, memory_order_acq_rel);
    pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&sleep_lock);
    drain();
    // Every worker must have left before the job's memory is used again.
    int turn = 0;
    while (atomic_load_explicit(&active, memory_order_acquire) > 0) rest(turn < SPINS ? ++turn : SPINS + 1);
  } else {
    inside = 1;
    for (long chunk = 0; chunk < count; chunk++) body(context, chunk);
    inside = 0;
  }
  pthread_mutex_unlock(&submission);
}
