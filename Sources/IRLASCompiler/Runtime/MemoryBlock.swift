import Glibc

/// Why a program cannot be set up on this machine.
package enum RuntimeError: Error, Hashable, Sendable, CustomStringConvertible {
  case outOfMemory(bytes: Int)
  case noThreads(Int)
  /// Two programs that should share parameters disagree about one.
  case parameterMismatch(path: String)

  package var description: String {
    switch self {
    case .outOfMemory(let bytes): "cannot allocate \((bytes + (1 << 20) - 1) >> 20) MiB of memory"
    case .noThreads(let count): "cannot start \(count) threads"
    case .parameterMismatch(let path): "the parameter store has no \(path) of the shape the program needs"
    }
  }
}

/// Zeroed memory that starts on a page, on huge pages where the system has them.
struct MemoryBlock: ~Copyable {
  let start: UnsafeMutableRawPointer
  let byteCount: Int
  private let mapped: Int

  init(byteCount: Int) throws(RuntimeError) {
    let page = 1 << 21
    // A block of several huge pages is rounded up, so that its end is on one too.
    mapped = byteCount >= page ? (byteCount + page - 1) / page * page : max(byteCount, 1)
    guard
      let memory = mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      memory != MAP_FAILED
    else { throw .outOfMemory(bytes: byteCount) }
    // Advice only: without huge pages the program is slower, not wrong.
    if byteCount >= page { madvise(memory, mapped, 14 /* MADV_HUGEPAGE */) }
    start = memory
    self.byteCount = byteCount
  }

  /// The floats at an offset in bytes.
  func floats(at offset: Int) -> UnsafeMutablePointer<Float> {
    (start + offset).assumingMemoryBound(to: Float.self)
  }

  deinit { munmap(start, mapped) }
}

/// Memory for everything that lives within one step; programs that take turns may share it.
package final class Arena {
  let block: MemoryBlock

  /// Zeroed memory.
  package init(byteCount: Int) throws(RuntimeError) { block = try MemoryBlock(byteCount: byteCount) }
}
