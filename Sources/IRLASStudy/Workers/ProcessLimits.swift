import Glibc

/// What a worker does to its own process before it looks at its candidate.
package enum ProcessLimits {
  /// Limits memory and processor time, and leaves no core file behind.
  ///
  /// Memory that is asked for beyond the limit is refused, which ends the process or becomes an error; the system ends
  /// it when the processor time is used up.
  package static func set(memory: Int, processorSeconds: Int) {
    limit(Int32(RLIMIT_CORE.rawValue), rlim_t(0))
    limit(Int32(RLIMIT_DATA.rawValue), rlim_t(max(1 << 26, memory)))
    limit(Int32(RLIMIT_CPU.rawValue), rlim_t(max(1, processorSeconds)))
  }

  private static func limit(_ resource: Int32, _ bound: rlim_t) {
    var current = rlimit()
    let resource = __rlimit_resource_t(UInt32(resource))
    guard getrlimit(resource, &current) == 0 else { return }
    current.rlim_cur = min(bound, current.rlim_max)
    // Only what is allowed; where it is refused, the parent still watches.
    _ = setrlimit(resource, &current)
  }

  /// From now on the process ends as soon as nobody holds the other end of its standard input: when its parent has gone,
  /// whichever way.
  package static func endWithParent() {
    var thread = pthread_t()
    _ = pthread_create(
      &thread, nil,
      { _ in
        var byte: UInt8 = 0
        while true {
          let count = read(STDIN_FILENO, &byte, 1)
          if count > 0 || (count < 0 && errno == EINTR) { continue }
          kill(getpid(), SIGKILL)
        }
      }, nil)
  }

  /// The first line of standard input, without its end; nil where there is none.
  package static func readJob() -> [UInt8]? {
    var line: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(STDIN_FILENO, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return nil }
      if let end = buffer[..<count].firstIndex(of: UInt8(ascii: "\n")) { return line + buffer[..<end] }
      line += buffer[..<count]
    }
  }
}
