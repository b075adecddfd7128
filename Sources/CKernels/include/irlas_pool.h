#ifndef IRLAS_POOL_H
#define IRLAS_POOL_H

#include <stddef.h>
#include <stdint.h>

/// One kernel call of a program: `tasks` calls of `run`, in any order, on any thread.
struct irlas_step {
  void (*run)(const void *dims, float *const *operands, float *scratch, int task);
  const void *dims;
  float *const *operands;
  int tasks;
};

/// A fixed set of threads that execute programs together. The caller's thread is one of them.
struct irlas_pool;

/// A pool of `threads` (at least 1, itself included), or NULL when the machine refuses.
struct irlas_pool *irlas_pool_create(int threads);

/// Waits for the threads to end. No run may be in progress.
void irlas_pool_destroy(struct irlas_pool *pool);

int irlas_pool_threads(const struct irlas_pool *pool);

/// Gives every thread scratch of at least `floats`; 0, or ENOMEM. No run may be in progress.
int irlas_pool_reserve(struct irlas_pool *pool, ptrdiff_t floats);

/// Executes the steps in order; a step starts when all tasks of the one before it have ended.
///
/// Returns the number of steps done: fewer than `count` when `*cancel` (may be NULL) was seen non-zero, which
/// is looked at between steps. `nanoseconds` (may be NULL) receives the wall time of each step.
/// Denormal numbers count as zero while a program runs. One run at a time per pool.
int64_t irlas_pool_run(struct irlas_pool *pool, const struct irlas_step *steps, int64_t count,
                       volatile int *cancel, uint64_t *nanoseconds);

/// An operand that differs from pass to pass: in pass i it is `start + i * stride`.
struct irlas_pass_operand {
  float **operand;
  float *start;
  ptrdiff_t stride;
};

/// The steps of a program in memory that one thread works in.
struct irlas_pass {
  const struct irlas_step *steps;
  const struct irlas_pass_operand *operands;
  int64_t operand_count;
};

/// Whether each of so many passes has a thread for itself, or all threads work on one after the other: they are too few.
int irlas_pool_separates(int threads, int passes);

/// Executes all `count` steps `passes` times. Passes are independent: each thread executes some by itself, in its own
/// `programs[thread]`, or all threads work together in `programs[0]` (`irlas_pool_separates`).
///
/// Returns the number of passes done. `nanoseconds` (may be NULL) receives the time of each step summed over passes, as if one
/// pass had followed the other in the time that all took. The rest is as in `irlas_pool_run`.
int64_t irlas_pool_run_passes(struct irlas_pool *pool, const struct irlas_pass *programs, int64_t count, int passes,
                              volatile int *cancel, uint64_t *nanoseconds);

#endif
