#include "irlas_pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// A step is published as a ticket, the number of its tasks beside the next one to claim; threads claim tasks one
// by one, so that uneven tasks balance. The step has ended when all tasks have, whichever threads took them: a
// thread that the machine has no core for delays nobody. A thread that waits spins for a few tens of
// microseconds, longer than the pause between two steps of a program, then sleeps: an idle process costs nothing.

enum { line = 64, spins = 4000 };

struct irlas_pool {
  int threads;
  pthread_t *handles;
  float **scratch;
  ptrdiff_t scratch_floats;

  // The step in progress; written before its ticket, and only when no task of another step is claimed.
  const struct irlas_step *step;
  _Atomic int quitting;

  // Bumped after each ticket: what waiting threads watch.
  _Alignas(line) _Atomic uint64_t generation;
  // The number of tasks in the upper half, the next task in the lower.
  _Alignas(line) _Atomic uint64_t ticket;
  // Tasks that have not ended yet.
  _Alignas(line) _Atomic int remaining;
  _Alignas(line) _Atomic int sleepers;
  _Atomic int caller_sleeps;
  pthread_mutex_t mutex;
  pthread_cond_t wake, done;
};

struct start {
  struct irlas_pool *pool;
  int index;
};

static inline void relax(void) {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Makes denormal numbers count as zero on this thread; returns the former mode.
static unsigned flush_denormals(void) {
#if defined(__x86_64__)
  unsigned mode = _mm_getcsr();
  _mm_setcsr(mode | 0x8040);
  return mode;
#elif defined(__aarch64__)
  uint64_t mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  __asm__ volatile("msr fpcr, %0" : : "r"(mode | (UINT64_C(1) << 24)));
  return (unsigned)mode;
#else
  return 0;
#endif
}

static void restore_denormals(unsigned mode) {
#if defined(__x86_64__)
  _mm_setcsr(mode);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)mode));
#else
  (void)mode;
#endif
}

/// Claims and runs tasks until none is left.
static void work(struct irlas_pool *pool, int index) {
  uint64_t ticket = atomic_load_explicit(&pool->ticket, memory_order_acquire);
  for (;;) {
    uint32_t tasks = (uint32_t)(ticket >> 32), task = (uint32_t)ticket;
    if (task >= tasks) return;
    if (!atomic_compare_exchange_weak_explicit(&pool->ticket, &ticket, ticket + 1, memory_order_acquire,
                                               memory_order_acquire))
      continue;
    // Read after the claim: as long as this task has not ended, neither has its step.
    const struct irlas_step *step = pool->step;
    step->run(step->dims, step->operands, pool->scratch[index], (int)task);
    if (atomic_fetch_sub(&pool->remaining, 1) == 1 && atomic_load(&pool->caller_sleeps)) {
      pthread_mutex_lock(&pool->mutex);
      pthread_cond_signal(&pool->done);
      pthread_mutex_unlock(&pool->mutex);
    }
    ticket = atomic_load_explicit(&pool->ticket, memory_order_acquire);
  }
}

static void await_generation(struct irlas_pool *pool, uint64_t seen) {
  for (int i = 0; i < spins; i++) {
    if (atomic_load_explicit(&pool->generation, memory_order_acquire) != seen) return;
    relax();
  }
  pthread_mutex_lock(&pool->mutex);
  atomic_fetch_add(&pool->sleepers, 1);
  while (atomic_load(&pool->generation) == seen) pthread_cond_wait(&pool->wake, &pool->mutex);
  atomic_fetch_sub(&pool->sleepers, 1);
  pthread_mutex_unlock(&pool->mutex);
}

/// Tells waiting threads that there is something new.
static void announce(struct irlas_pool *pool) {
  atomic_fetch_add(&pool->generation, 1);
  if (atomic_load(&pool->sleepers) > 0) {
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
  }
}

static void publish(struct irlas_pool *pool, const struct irlas_step *step) {
  pool->step = step;
  atomic_store_explicit(&pool->remaining, step->tasks, memory_order_relaxed);
  atomic_store_explicit(&pool->ticket, (uint64_t)(uint32_t)step->tasks << 32, memory_order_release);
  announce(pool);
}

static void await_tasks(struct irlas_pool *pool) {
  for (int i = 0; i < spins; i++) {
    if (atomic_load_explicit(&pool->remaining, memory_order_acquire) == 0) return;
    relax();
  }
  pthread_mutex_lock(&pool->mutex);
  atomic_store(&pool->caller_sleeps, 1);
  while (atomic_load(&pool->remaining) != 0) pthread_cond_wait(&pool->done, &pool->mutex);
  atomic_store(&pool->caller_sleeps, 0);
  pthread_mutex_unlock(&pool->mutex);
}

static void *worker(void *argument) {
  struct start start = *(struct start *)argument;
  free(argument);
  struct irlas_pool *pool = start.pool;
  flush_denormals();
  uint64_t seen = 0;
  for (;;) {
    await_generation(pool, seen);
    // Steps that ended without this thread are skipped.
    seen = atomic_load_explicit(&pool->generation, memory_order_acquire);
    if (atomic_load_explicit(&pool->quitting, memory_order_acquire)) return NULL;
    work(pool, start.index);
  }
}

struct irlas_pool *irlas_pool_create(int threads) {
  if (threads < 1) threads = 1;
  struct irlas_pool *pool = aligned_alloc(line, (sizeof *pool + line - 1) / line * line);
  if (!pool) return NULL;
  memset(pool, 0, sizeof *pool);
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->wake, NULL);
  pthread_cond_init(&pool->done, NULL);
  pool->threads = 1;
  pool->handles = calloc((size_t)threads, sizeof *pool->handles);
  pool->scratch = calloc((size_t)threads, sizeof *pool->scratch);
  if (!pool->handles || !pool->scratch) {
    irlas_pool_destroy(pool);
    return NULL;
  }
  for (int index = 1; index < threads; index++) {
    struct start *start = malloc(sizeof *start);
    if (start) *start = (struct start){pool, index};
    if (!start || pthread_create(&pool->handles[index], NULL, worker, start) != 0) {
      free(start);
      irlas_pool_destroy(pool);
      return NULL;
    }
    pool->threads++;
  }
  return pool;
}

void irlas_pool_destroy(struct irlas_pool *pool) {
  if (!pool) return;
  atomic_store(&pool->quitting, 1);
  announce(pool);
  for (int index = 1; index < pool->threads; index++) pthread_join(pool->handles[index], NULL);
  if (pool->scratch)
    for (int index = 0; index < pool->threads; index++) free(pool->scratch[index]);
  free(pool->scratch);
  free(pool->handles);
  pthread_cond_destroy(&pool->done);
  pthread_cond_destroy(&pool->wake);
  pthread_mutex_destroy(&pool->mutex);
  free(pool);
}

int irlas_pool_threads(const struct irlas_pool *pool) { return pool->threads; }

int irlas_pool_reserve(struct irlas_pool *pool, ptrdiff_t floats) {
  if (floats <= pool->scratch_floats) return 0;
  size_t bytes = ((size_t)floats * sizeof(float) + line) / line * line;
  for (int index = 0; index < pool->threads; index++) {
    float *scratch = aligned_alloc(line, bytes);
    if (!scratch) return ENOMEM;
    free(pool->scratch[index]);
    pool->scratch[index] = scratch;
  }
  pool->scratch_floats = floats;
  return 0;
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

int64_t irlas_pool_run(struct irlas_pool *pool, const struct irlas_step *steps, int64_t count,
                       volatile int *cancel, uint64_t *nanoseconds) {
  unsigned mode = flush_denormals();
  uint64_t start = nanoseconds ? now() : 0;
  int64_t done = 0;
  for (; done < count; done++) {
    if (cancel && *cancel) break;
    const struct irlas_step *step = &steps[done];
    if (step->tasks == 1 || pool->threads == 1) {
      for (int task = 0; task < step->tasks; task++)
        step->run(step->dims, step->operands, pool->scratch[0], task);
    } else {
      publish(pool, step);
      work(pool, 0);
      await_tasks(pool);
    }
    if (nanoseconds) {
      uint64_t end = now();
      nanoseconds[done] = end - start;
      start = end;
    }
  }
  restore_denormals(mode);
  return done;
}
