import Glibc

/// The processor time that this thread has used, in seconds: what a limit on speed is tested by, as other work on the
/// machine does not count.
package func processorTime() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// The processor time of a piece of work, in seconds.
package func processorTime(of work: () throws -> Void) rethrows -> Double {
  let start = processorTime()
  try work()
  return processorTime() - start
}
