import Glibc
import IRLASTraining

/// How worker processes are started.
package struct WorkerProgram: Hashable, Sendable {
  /// A path, not a name to search for.
  package var executable: String
  package var arguments: [String]
  /// `NAME=value`: the whole environment.
  package var environment: [String]

  package init(executable: String, arguments: [String], environment: [String]) {
    self.executable = executable
    self.arguments = arguments
    self.environment = environment
  }
}

/// A running worker, seen from its parent.
///
/// It reads its job from a pipe that stays open as long as the parent lives, so that it learns of the parent's death; it
/// writes lines to another pipe, and whatever else it says to a file. It is a process group of its own: Ctrl-C at the
/// terminal is for the parent, and what it has started ends with it.
struct WorkerProcess: ~Copyable {
  let process: pid_t
  /// The parent's end of its standard input; -1 once closed.
  private(set) var input: Int32
  /// The parent's end of its standard output; -1 once closed.
  private(set) var output: Int32
  /// What of the job has not been written yet.
  private var unwritten: ArraySlice<UInt8>
  /// What has been read of a line that has not ended yet.
  private var partial: [UInt8] = []
  private var isReaped = false

  /// A longer line is nothing that a worker says.
  private static let lineLimit = 1 << 24

  /// Starts a worker.
  ///
  /// - Parameters:
  ///   - job: what it reads.
  ///   - log: the file that its standard error goes to; an old one is overwritten.
  init(_ program: WorkerProgram, job: [UInt8], log: String) throws(FileError) {
    var (forChild, forParent) = ([Int32](repeating: -1, count: 2), [Int32](repeating: -1, count: 2))
    guard privatePipe(&forChild) else {
      throw FileError(.system(errno), path: "pipe", problem: String(cString: strerror(errno)))
    }
    guard privatePipe(&forParent) else {
      let number = errno
      for end in forChild { close(end) }
      throw FileError(.system(number), path: "pipe", problem: String(cString: strerror(number)))
    }
    defer {
      close(forChild[0])
      close(forParent[1])
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, forChild[0], 0)
    posix_spawn_file_actions_adddup2(&actions, forParent[1], 1)
    posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o666)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    let texts = ([program.executable] + program.arguments).map { strdup($0) }
    let variables = program.environment.map { strdup($0) }
    defer { for pointer in texts + variables { free(pointer) } }
    var process: pid_t = 0
    let code = posix_spawn(
      &process, program.executable, &actions, &attributes, texts + [nil], variables + [nil])
    guard code == 0 else {
      close(forChild[1])
      close(forParent[0])
      throw FileError(
        .system(code), path: program.executable,
        problem: "cannot be started: \(String(cString: strerror(code)))")
    }
    for end in [forChild[1], forParent[0]] { _ = setNonBlocking(end) }
    self.process = process
    input = forChild[1]
    output = forParent[0]
    unwritten = job[...]
  }

  deinit {
    if !isReaped {
      kill(-process, SIGKILL)
      var status: Int32 = 0
      while waitpid(process, &status, 0) < 0, errno == EINTR {}
    }
    if input >= 0 { close(input) }
    if output >= 0 { close(output) }
  }

  /// Whether some of the job is still to be written.
  var hasUnwritten: Bool { !unwritten.isEmpty && input >= 0 }

  /// Writes as much of the job as the pipe takes.
  mutating func writeSome() {
    while !unwritten.isEmpty {
      let count = unwritten.withUnsafeBytes { write(input, $0.baseAddress!, $0.count) }
      if count > 0 {
        unwritten = unwritten.dropFirst(count)
      } else if errno == EINTR {
        continue
      } else {
        // It reads no more: how it ends tells what became of it. Otherwise the pipe is full for now.
        if errno != EAGAIN { unwritten = [] }
        return
      }
    }
  }

  /// Reads what is there and gives the lines that are complete, without their ends.
  mutating func readLines() -> [[UInt8]] {
    guard output >= 0 else { return [] }
    var lines: [[UInt8]] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(output, &buffer, buffer.count)
      if count > 0 {
        for byte in buffer[..<count] {
          if byte == UInt8(ascii: "\n") {
            lines.append(partial)
            partial.removeAll()
          } else if partial.count < Self.lineLimit {
            partial.append(byte)
          }
        }
      } else if count < 0, errno == EINTR {
        continue
      } else {
        if count == 0 {
          close(output)
          output = -1
        }
        return lines
      }
    }
  }

  /// Ends it and what it has started.
  func stop() { kill(-process, SIGKILL) }

  /// How it ended; nil while it runs.
  mutating func ended() -> WorkerExit? {
    var status: Int32 = 0
    let result = waitpid(process, &status, WNOHANG)
    guard result == process else { return nil }
    isReaped = true
    // What it may have left behind.
    kill(-process, SIGKILL)
    let signal = status & 0x7f
    return signal == 0 ? .status((status >> 8) & 0xff) : .signal(signal)
  }

  /// Bytes of memory that it has in use.
  var residentBytes: Int {
    let descriptor = open("/proc/\(process)/statm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return 0 }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 128)
    let count = read(descriptor, &buffer, buffer.count)
    guard count > 0 else { return 0 }
    let fields = String(decoding: buffer[..<count], as: UTF8.self).split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
    return pages.multipliedReportingOverflow(by: sysconf(Int32(_SC_PAGESIZE))).partialValue
  }
}

/// How a process ended.
enum WorkerExit: Hashable, Sendable {
  case status(Int32)
  case signal(Int32)
}

/// A pipe that other children do not inherit: one that did would keep it open.
private func privatePipe(_ ends: inout [Int32]) -> Bool {
  guard pipe(&ends) == 0 else { return false }
  return ends.allSatisfy { fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }
}

/// Makes reads and writes return at once when there is nothing to do.
private func setNonBlocking(_ descriptor: Int32) -> Bool {
  let flags = fcntl(descriptor, F_GETFL)
  return flags >= 0 && fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0
}
