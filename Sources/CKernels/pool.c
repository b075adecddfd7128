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

// A step's tasks are dealt to the threads in equal ranges, so that each finds in its caches what its tasks of the step before
// have written: neighbouring tasks work on neighbouring parts of a map. A thread claims the tasks of its range one by one from
// the front, then those of others from the back, so that uneven tasks balance. The step has ended when all tasks have,
// whichever threads took them: a thread that the machine has no core for delays nobody. A thread that waits spins for a few
// tens of microseconds, longer than the pause between two steps of a program, then sleeps: an idle process costs nothing.

enum { line = 64, spins = 4000 };

// What a thread has to know of a step, on one line: it costs a thread one look at the memory of another to begin.
struct share {
  // Bumped after the rest has been written: what a waiting thread watches.
  _Alignas(line) _Atomic uint64_t generation;
  // The tasks of the thread's range that nobody has claimed: the end in the upper half, the start in the lower.
  _Atomic uint64_t tasks;
  // The step in progress; written before its tasks, and only when no task of another step is claimed.
  const struct irlas_step *step;
};

// Passes in progress.
struct passes {
  const struct irlas_pass *programs;
  int64_t count;
  volatile int *cancel;
  uint64_t *nanoseconds;  // [threads][count], or NULL
  _Atomic int64_t done;
};

struct irlas_pool {
  int threads;
  pthread_t *handles;
  float **scratch;
  ptrdiff_t scratch_floats;

  struct share *shares;
  struct passes *passes;  // of a step without a function
  _Atomic int quitting;

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

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void begin_pass(const struct irlas_pass *program, int64_t number) {
  for (int64_t i = 0; i < program->operand_count; i++) {
    const struct irlas_pass_operand *operand = &program->operands[i];
    *operand->operand = operand->start + number * operand->stride;
  }
}

/// One pass on one thread.
static void run_pass(struct irlas_pool *pool, int index, struct passes *passes, int64_t number) {
  const struct irlas_pass *program = &passes->programs[index];
  uint64_t *nanoseconds = passes->nanoseconds ? passes->nanoseconds + index * passes->count : NULL;
  begin_pass(program, number);
  uint64_t start = nanoseconds ? now() : 0;
  for (int64_t i = 0; i < passes->count; i++) {
    if (passes->cancel && *passes->cancel) return;
    const struct irlas_step *step = &program->steps[i];
    for (int task = 0; task < step->tasks; task++) step->run(step->dims, step->operands, pool->scratch[index], task);
    if (nanoseconds) {
      uint64_t end = now();
      nanoseconds[i] += end - start;
      start = end;
    }
  }
  atomic_fetch_add(&passes->done, 1);
}

/// Claims a task of a range, the owner from its start, others from its end; -1 when none is left.
static int claim(struct share *share, int owner) {
  uint64_t tasks = atomic_load_explicit(&share->tasks, memory_order_acquire);
  for (;;) {
    const uint32_t end = (uint32_t)(tasks >> 32), start = (uint32_t)tasks;
    if (start >= end) return -1;
    const uint64_t rest = owner ? tasks + 1 : tasks - (UINT64_C(1) << 32);
    if (atomic_compare_exchange_weak_explicit(&share->tasks, &tasks, rest, memory_order_acquire, memory_order_acquire))
      return (int)(owner ? start : end - 1);
  }
}

/// Claims and runs tasks until none is left.
static void work(struct irlas_pool *pool, int index) {
  int ended = 0;
  for (int other = 0; other < pool->threads; other++) {
    struct share *share = &pool->shares[(index + other) % pool->threads];
    for (int task; (task = claim(share, other == 0)) >= 0; ended++) {
      // Read after the claim: as long as this task is not counted as ended, its step has not.
      const struct irlas_step *step = share->step;
      if (step->run) step->run(step->dims, step->operands, pool->scratch[index], task);
      else run_pass(pool, index, pool->passes, task);
    }
  }
  // Counted together: the line goes from thread to thread.
  if (ended > 0 && atomic_fetch_sub(&pool->remaining, ended) == ended && atomic_load(&pool->caller_sleeps)) {
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_signal(&pool->done);
    pthread_mutex_unlock(&pool->mutex);
  }
}

/// Waits until there is something new for a thread, and returns its generation.
static uint64_t await_generation(struct irlas_pool *pool, int index, uint64_t seen) {
  struct share *share = &pool->shares[index];
  uint64_t generation;
  for (int i = 0; i < spins; i++) {
    if ((generation = atomic_load_explicit(&share->generation, memory_order_acquire)) != seen) return generation;
    relax();
  }
  pthread_mutex_lock(&pool->mutex);
  atomic_fetch_add(&pool->sleepers, 1);
  while ((generation = atomic_load(&share->generation)) == seen) pthread_cond_wait(&pool->wake, &pool->mutex);
  atomic_fetch_sub(&pool->sleepers, 1);
  pthread_mutex_unlock(&pool->mutex);
  return generation;
}

/// Tells waiting threads that there is something new.
static void announce(struct irlas_pool *pool) {
  for (int index = 1; index < pool->threads; index++) {
    struct share *share = &pool->shares[index];
    const uint64_t generation = atomic_load_explicit(&share->generation, memory_order_relaxed);
    atomic_store_explicit(&share->generation, generation + 1, memory_order_release);
  }
  // A thread counts itself as asleep before it looks for the last time.
  atomic_thread_fence(memory_order_seq_cst);
  if (atomic_load(&pool->sleepers) > 0) {
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
  }
}

static void publish(struct irlas_pool *pool, const struct irlas_step *step) {
  atomic_store_explicit(&pool->remaining, step->tasks, memory_order_relaxed);
  for (int index = 0; index < pool->threads; index++) {
    const int64_t tasks = step->tasks;
    const uint64_t start = (uint64_t)(tasks * index / pool->threads), end = (uint64_t)(tasks * (index + 1) / pool->threads);
    pool->shares[index].step = step;
    atomic_store_explicit(&pool->shares[index].tasks, end << 32 | start, memory_order_release);
  }
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
    // Steps that ended without this thread are skipped.
    seen = await_generation(pool, start.index, seen);
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
  pool->shares = aligned_alloc(line, (size_t)threads * sizeof *pool->shares);
  pool->handles = calloc((size_t)threads, sizeof *pool->handles);
  pool->scratch = calloc((size_t)threads, sizeof *pool->scratch);
  if (!pool->shares || !pool->handles || !pool->scratch) {
    irlas_pool_destroy(pool);
    return NULL;
  }
  memset(pool->shares, 0, (size_t)threads * sizeof *pool->shares);
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
  free(pool->shares);
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

/// One pass after the other, all threads together.
static int64_t run_together(struct irlas_pool *pool, struct passes *passes, int64_t number) {
  for (int64_t pass = 0; pass < number; pass++) {
    begin_pass(passes->programs, pass);
    int64_t done = irlas_pool_run(pool, passes->programs->steps, passes->count, passes->cancel, passes->nanoseconds);
    if (done < passes->count) return pass;
    if (!passes->nanoseconds) continue;
    // The times of this pass are added to those of the passes before, in the second row.
    for (int64_t i = 0; i < passes->count; i++) passes->nanoseconds[passes->count + i] += passes->nanoseconds[i];
  }
  return number;
}

int irlas_pool_separates(int threads, int passes) {
  return threads > 1 && (passes >= 2 * threads || passes % threads == 0);
}

int64_t irlas_pool_run_passes(struct irlas_pool *pool, const struct irlas_pass *programs, int64_t count, int number,
                              volatile int *cancel, uint64_t *nanoseconds) {
  const int threads = pool->threads;
  struct passes passes = {programs, count, cancel, NULL, 0};
  if (nanoseconds) {
    passes.nanoseconds = calloc((size_t)(threads < 2 ? 2 : threads) * (size_t)count, sizeof(uint64_t));
    if (!passes.nanoseconds) return 0;
  }
  int64_t done;
  const int alone = irlas_pool_separates(threads, number);
  if (alone) {
    unsigned mode = flush_denormals();
    const struct irlas_step step = {NULL, NULL, NULL, number};
    pool->passes = &passes;
    publish(pool, &step);
    work(pool, 0);
    await_tasks(pool);
    restore_denormals(mode);
    done = atomic_load(&passes.done);
  } else {
    done = run_together(pool, &passes, number);
  }
  for (int64_t i = 0; nanoseconds && i < count; i++) {
    uint64_t sum = 0;
    for (int index = 0; alone && index < threads; index++) sum += passes.nanoseconds[index * count + i];
    nanoseconds[i] = alone ? sum / (uint64_t)threads : passes.nanoseconds[count + i];
  }
  free(passes.nanoseconds);
  return done;
}
