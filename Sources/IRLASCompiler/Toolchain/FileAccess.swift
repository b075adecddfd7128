import Glibc

/// A file operation that failed, with the system's reason.
package struct PathError: Error, Hashable, Sendable, CustomStringConvertible {
  package let operation: String
  package let path: String
  /// The value of `errno`.
  package let code: Int32

  package var description: String { "cannot \(operation) \(path): \(String(cString: strerror(code)))" }
}

/// The few file operations of the tool-chain, on plain paths.
package enum FileAccess {
  /// The whole content of a file.
  package static func read(_ path: String) throws(PathError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw PathError(operation: "read", path: path, code: errno) }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw PathError(operation: "read", path: path, code: errno)
      }
      if count == 0 { return content }
      content += chunk[0..<count]
    }
  }

  /// A file's content as text; bytes that are not UTF-8 are replaced.
  package static func readText(_ path: String) throws(PathError) -> String {
    String(decoding: try read(path), as: UTF8.self)
  }

  /// Creates or replaces a file in place: for files that nobody else sees yet.
  package static func write(_ content: [UInt8], to path: String) throws(PathError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw PathError(operation: "write", path: path, code: errno) }
    var written = 0
    while written < content.count {
      let count = content.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written)
      }
      if count < 0 {
        if errno == EINTR { continue }
        let code = errno
        close(descriptor)
        throw PathError(operation: "write", path: path, code: code)
      }
      written += count
    }
    // A full disk may report itself only here.
    guard close(descriptor) == 0 else { throw PathError(operation: "write", path: path, code: errno) }
  }

  /// Creates or replaces a file so that every reader sees the old content or the new, never a part.
  package static func writeAtomically(_ content: [UInt8], to path: String) throws(PathError) {
    let temporary = "\(path).\(uniqueSuffix())"
    do {
      try write(content, to: temporary)
      try move(temporary, to: path)
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Renames within one file system, replacing the target.
  package static func move(_ source: String, to target: String) throws(PathError) {
    guard rename(source, target) == 0 else {
      throw PathError(operation: "rename \(source) to", path: target, code: errno)
    }
  }

  /// Creates a directory and those above it.
  package static func createDirectory(_ path: String) throws(PathError) {
    var prefix = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      prefix += prefix.isEmpty || prefix.hasSuffix("/") ? String(part) : "/\(part)"
      guard mkdir(prefix, 0o755) == 0 || errno == EEXIST || isDirectory(prefix) else {
        throw PathError(operation: "create directory", path: prefix, code: errno)
      }
    }
    guard isDirectory(path) else { throw PathError(operation: "create directory", path: path, code: ENOTDIR) }
  }

  /// How the names of temporary directories begin.
  package static let temporaryPrefix = "irlas-"

  /// Makes a file's time of change the present.
  package static func touch(_ path: String) { utimensat(AT_FDCWD, path, nil, 0) }

  /// A new directory of this process below `parent`, which must exist.
  package static func createTemporaryDirectory(in parent: String) throws(PathError) -> String {
    var template = Array("\(parent)/\(temporaryPrefix)XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw PathError(operation: "create a directory in", path: parent, code: errno)
    }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  package static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  package static func isExecutable(_ path: String) -> Bool { access(path, X_OK) == 0 && !isDirectory(path) }

  /// The names in a directory, sorted; empty when it cannot be read.
  package static func list(_ path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// The size in bytes and the time of the last change in seconds since 1970.
  package static func status(_ path: String) -> (bytes: Int, modified: Int)? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return (Int(status.st_size), Int(status.st_mtim.tv_sec))
  }

  /// Removes a file or an empty directory; a missing one is fine.
  package static func remove(_ path: String) { _ = Glibc.remove(path) }

  /// Removes a directory and the files directly in it.
  package static func removeDirectory(_ path: String) {
    for name in list(path) { remove("\(path)/\(name)") }
    remove(path)
  }

  /// A suffix no other process or thread uses at this moment: process, thread and a random number. It names
  /// temporary files only and never reaches an output.
  static func uniqueSuffix() -> String {
    let random = UInt64.random(in: 0 ... .max)
    return "\(getpid())-\(String(random, radix: 36))"
  }
}
