import Glibc

/// Reading of whole files and folders through the C library.
package enum FileBytes {
  /// The whole content of a regular file.
  ///
  /// - Parameter limit: Larger files are refused before anything is read.
  package static func read(_ path: String, limit: Int = .max) throws(FileError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(errno, path: path, doing: "open this file") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .system(errno, path: path, doing: "look at this file")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw FileError(
        .malformed, path: path,
        problem: status.st_mode & S_IFMT == S_IFDIR ? "is a folder, not a file" : "is not a regular file")
    }
    let size = Int(status.st_size)
    guard size <= limit else {
      throw FileError(
        .malformed, path: path, problem: "has \(size) bytes, more than the \(limit) allowed here")
    }
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let got = Glibc.read(descriptor, buffer.baseAddress! + count, size - count)
        if got > 0 {
          count += got
        } else if got == 0 {
          break  // Somebody shortened the file: the caller's own checks say so.
        } else if errno != EINTR {
          failure = errno
          break
        }
      }
    }
    guard failure == 0 else { throw .system(failure, path: path, doing: "read this file") }
    return bytes
  }

  /// True where `path` names a file or folder that can be looked at.
  package static func exists(_ path: String) -> Bool {
    access(path, F_OK) == 0
  }

  /// True where `path` names a folder.
  package static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Creates a folder and those above it; one that exists is fine.
  package static func createFolder(_ path: String) throws(FileError) {
    guard !path.isEmpty, !isFolder(path) else { return }
    let bytes = Array(path.utf8)
    for end in 1...bytes.count where end == bytes.count || bytes[end] == UInt8(ascii: "/") {
      let part = String(decoding: bytes[..<end], as: UTF8.self)
      if mkdir(part, 0o777) != 0 && !isFolder(part) {
        throw .writing(errno == EEXIST ? ENOTDIR : errno, path: part, doing: "create this folder")
      }
    }
  }

  /// `folder/name`, without doubling a slash.
  package static func join(_ folder: String, _ name: String) -> String {
    folder.isEmpty || folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }

  /// The folder part of a path; "." where it has none.
  package static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.utf8.startIndex ? "/" : String(path[..<slash])
  }

  /// The last part of a path.
  package static func name(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
    return String(path[path.utf8.index(after: slash)...])
  }
}
