import Dispatch

/// Plain data parallelism for work whose results do not depend on who does it.
package enum Parallel {
  /// Calls `body` with disjoint ranges that cover `0 ..< count`, on up to `threads` threads, and waits.
  ///
  /// Each range is contiguous; their bounds depend on `count` and `threads`, so results must not depend on them.
  package static func ranges(
    _ count: Int, threads: Int, _ body: @Sendable (Range<Int>) -> Void
  ) {
    let parts = max(1, min(threads, count))
    guard parts > 1 else {
      if count > 0 { body(0..<count) }
      return
    }
    DispatchQueue.concurrentPerform(iterations: parts) { part in
      body(count * part / parts..<count * (part + 1) / parts)
    }
  }
}
