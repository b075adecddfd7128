internal import CKernels
internal import IRLASGraph

/// The threads that run kernels together; the calling thread is one of them. Programs may share a pool, one
/// run at a time.
package final class KernelPool {
  private let pool: OpaquePointer
  /// How many threads work, the caller's included.
  package let threads: Int

  package init(threads: Int) throws(RuntimeError) {
    guard let pool = irlas_pool_create(Int32(clamping: max(1, threads))) else {
      throw .noThreads(threads)
    }
    self.pool = pool
    self.threads = Int(irlas_pool_threads(pool))
  }

  deinit { irlas_pool_destroy(pool) }

  /// Gives every thread scratch of at least so many floats.
  package func reserve(scratch floats: Int) throws(RuntimeError) {
    guard irlas_pool_reserve(pool, floats) == 0 else {
      throw .outOfMemory(bytes: saturatingProduct(4 * threads, floats))
    }
  }

  /// Runs calls in order and returns whether all were completed: not when `cancellation` was requested.
  func run(_ calls: borrowing BoundCalls, cancellation: Cancellation?) -> Bool {
    irlas_pool_run(pool, calls.steps, Int64(calls.count), cancellation?.flag, nil) == Int64(calls.count)
  }

  /// How many of `threads` threads work on a call of a plan together: one where each pass has a thread for itself.
  package static func threads(for plan: ExecutionPlan, of threads: Int) -> Int {
    irlas_pool_separates(Int32(clamping: threads), Int32(clamping: plan.passes)) != 0 ? 1 : threads
  }

  /// Runs the calls of passes `passes` times, each pass on one thread, or one after the other where they are too few for that.
  ///
  /// - Parameters:
  ///   - programs: the same calls in the memory of each thread.
  ///   - nanoseconds: receives the time of each call, all passes together, when it has a place for each.
  /// - Returns: whether all passes were completed.
  func run(
    _ programs: borrowing PassPrograms, passes: Int, cancellation: Cancellation?, nanoseconds: inout [UInt64]
  ) -> Bool {
    let wantsTimes = nanoseconds.count >= programs.callCount
    return nanoseconds.withUnsafeMutableBufferPointer { times in
      irlas_pool_run_passes(
        pool, programs.programs, Int64(programs.callCount), Int32(clamping: passes), cancellation?.flag,
        wantsTimes ? times.baseAddress : nil) == Int64(passes)
    }
  }
}

extension KernelPool {
  /// The floating-point operations that the pool's threads do in a second, in single precision, when they do nothing but
  /// fused multiply-adds in registers: the best of several short runs, about a tenth of a second in all.
  package func peakRate() throws(RuntimeError) -> Double {
    try reserve(scratch: 16)
    var flops: Int32 = 0
    let run = irlas_peak(&flops)
    var rounds = 1 << 20
    var best = 0.0
    withUnsafePointer(to: &rounds) { dims in
      var step = irlas_step(run: run, dims: UnsafeRawPointer(dims), operands: nil, tasks: Int32(threads))
      for _ in 0..<8 {
        var nanoseconds: UInt64 = 0
        irlas_pool_run(pool, &step, 1, nil, &nanoseconds)
        best = max(best, Double(flops) * Double(dims.pointee * threads) / Double(max(1, nanoseconds)))
      }
    }
    return best * 1e9
  }

  /// The bytes that the pool's threads read from memory in a second: the best of a few passes over 64 MiB for each
  /// thread, which no cache holds.
  package func readRate() throws(RuntimeError) -> Double {
    try reserve(scratch: 16)
    var count = 16 << 20
    let block = try MemoryBlock(byteCount: 4 * count * threads)
    var operand: UnsafeMutablePointer<Float>? = block.floats(at: 0)
    var best = 0.0
    withUnsafePointer(to: &operand) { operands in
      withUnsafePointer(to: &count) { dims in
        var step = irlas_step(
          run: irlas_read(), dims: UnsafeRawPointer(dims), operands: operands, tasks: Int32(threads))
        // The first pass makes the pages.
        for pass in 0..<5 {
          var nanoseconds: UInt64 = 0
          irlas_pool_run(pool, &step, 1, nil, &nanoseconds)
          let rate = Double(4 * dims.pointee * threads) / Double(max(1, nanoseconds))
          if pass > 0 { best = max(best, rate) }
        }
      }
    }
    return best * 1e9
  }
}

/// A request to stop a run between two kernel calls. It may be made from any thread, and from a signal handler.
package final class Cancellation: @unchecked Sendable {
  // Unchecked: the flag is one aligned word that is only ever set, and read between calls.
  fileprivate let flag: UnsafeMutablePointer<Int32>

  package init() {
    flag = .allocate(capacity: 1)
    flag.initialize(to: 0)
  }

  deinit { flag.deallocate() }

  package func request() { flag.pointee = 1 }
  package var isRequested: Bool { flag.pointee != 0 }
}
