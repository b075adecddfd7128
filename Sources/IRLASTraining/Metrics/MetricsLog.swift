package import IRLASJSON
import Glibc

/// A file of JSON lines, one object for each, that grows while a run goes on.
///
/// Each line is written by one call, so that readers of the growing file and a killed run leave at most the last line
/// incomplete; opening the file again removes such a rest.
package struct MetricsLog: ~Copyable {
  /// The file.
  package let path: String
  /// Bytes written so far: a checkpoint stores it, and a resumed run cuts the log back to it.
  package private(set) var length: Int
  private let descriptor: Int32

  /// Opens a log for appending, and creates it where it does not exist.
  ///
  /// - Parameter keeping: Cut the file back to this length first, which must be at the end of a line; nil keeps all
  ///   complete lines.
  package init(path: String, keeping: Int? = nil) throws(FileError) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .system(errno, path: path, doing: "open this log") }
    do throws(FileError) {
      self.length = try MetricsLog.cutBack(descriptor, keeping: keeping, path: path)
    } catch {
      close(descriptor)
      throw error
    }
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Appends one object as a line.
  package mutating func append(_ members: [JSON.Member]) throws(FileError) {
    let line = Array((JSON.object(members).line + "\n").utf8)
    var done = 0
    while done < line.count {
      let written = line.withUnsafeBytes {
        write(descriptor, $0.baseAddress! + done, line.count - done)
      }
      if written > 0 {
        done += written
      } else if errno != EINTR {
        let number = errno
        // Half a line would spoil the next one.
        if done > 0 { ftruncate(descriptor, off_t(length)) }
        throw .system(number, path: path, doing: "write this log")
      }
    }
    length += line.count
  }

  /// Shortens the file to complete lines; gives its length. Devices and pipes have none.
  private static func cutBack(
    _ descriptor: Int32, keeping: Int?, path: String
  ) throws(FileError) -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .system(errno, path: path, doing: "look at this log")
    }
    guard status.st_mode & S_IFMT == S_IFREG else { return 0 }
    let size = Int(status.st_size)
    var end = keeping ?? size
    guard end <= size, end >= 0 else {
      throw FileError(
        .malformed, path: path,
        problem: "has \(size) bytes, but the checkpoint was made when it had \(end)",
        help: "the log belongs to another run; resume in the folder of this one")
    }
    var byte: UInt8 = 0
    while end > 0, pread(descriptor, &byte, 1, off_t(end - 1)) == 1, byte != UInt8(ascii: "\n") {
      end -= 1
    }
    if end != size, ftruncate(descriptor, off_t(end)) != 0 {
      throw .system(errno, path: path, doing: "shorten this log")
    }
    return end
  }
}
