import Glibc
import IRLASTraining

/// Writes all bytes of a text to a file descriptor; a reader that has gone away ends the output quietly.
private func writeAll(_ text: String, to descriptor: Int32) {
  var text = text
  text.withUTF8 { bytes in
    var done = 0
    while done < bytes.count {
      let count = write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      if count > 0 {
        done += count
      } else if errno == EPIPE {
        return
      } else if errno != EINTR {
        // Results that do not arrive are a failure; messages have nowhere else to go.
        guard descriptor == STDOUT_FILENO else { return }
        StandardError.write("error: cannot write the output: \(String(cString: strerror(errno)))\n")
        exit(CommandFailure.machineExitCode)
      }
    }
  }
}

/// Messages for people.
enum StandardError {
  static func write(_ text: String) { writeAll(text, to: STDERR_FILENO) }

  /// Whether messages may move the cursor and use colour.
  static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// Colour on terminals unless `NO_COLOR` is set (no-color.org) or the terminal is dumb.
  static var usesColor: Bool {
    isTerminal && Environment["NO_COLOR"] == nil && Environment["TERM"] != "dumb"
  }

  /// The width of the terminal in columns.
  static var width: Int {
    var size = winsize()
    return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }
}

/// Results.
enum StandardOutput {
  static func write(_ text: String) { writeAll(text, to: STDOUT_FILENO) }
  static func line(_ text: String = "") { write(text + "\n") }

  /// Colour on terminals unless `NO_COLOR` is set or the terminal is dumb.
  static var usesColor: Bool {
    isatty(STDOUT_FILENO) == 1 && Environment["NO_COLOR"] == nil && Environment["TERM"] != "dumb"
  }
}

/// What is piped in.
enum StandardInput {
  /// All bytes up to the end.
  ///
  /// - Throws: `FileError` when there are more than `limit`, or they cannot be read.
  static func read(limit: Int) throws(FileError) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(STDIN_FILENO, &buffer, buffer.count)
      if count == 0 { return bytes }
      guard count > 0 else {
        if errno == EINTR { continue }
        throw FileError(
          .system(errno), path: "standard input",
          problem: "cannot read it: \(String(cString: strerror(errno)))")
      }
      bytes += buffer[..<count]
      guard bytes.count <= limit else {
        throw FileError(
          .malformed, path: "standard input", problem: "has more than the \(limit) bytes allowed here")
      }
    }
  }
}

/// Variables of the environment. The command line alone reads it.
enum Environment {
  static subscript(name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    let text = String(cString: value)
    return text.isEmpty ? nil : text
  }
}

extension Environment {
  /// All variables as they were when the program started, `NAME=value`: what child processes get.
  static var all: [String] {
    let descriptor = open("/proc/self/environ", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count > 0 { bytes += buffer[..<count] } else if count == 0 || errno != EINTR { break }
    }
    return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }
}

/// The wall clock, in seconds since 1970. The command line alone reads it.
func wallSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// The monotonic clock, in seconds. The command line alone reads it.
func monotonicSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
