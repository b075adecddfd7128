import Glibc
import IRLASTraining

/// Writing of result files.
enum OutputFile {
  /// Writes a whole file, or leaves the old one untouched; creates the folder it is in.
  static func write(_ bytes: [UInt8], to path: String) throws {
    do throws(FileError) {
      let folder = FileBytes.folder(of: path)
      if folder != "." { try FileBytes.createFolder(folder) }
      try AtomicFile.write(bytes, to: path)
    } catch {
      throw CommandFailure(error)
    }
  }
}

extension OutputFile {
  /// Writes the file that `path` leads to, through links, and keeps its permissions.
  static func replace(_ path: String, by text: [UInt8]) throws {
    var target = path
    if let resolved = realpath(path, nil) {
      target = String(cString: resolved)
      free(resolved)
    }
    var status = stat()
    let isKnown = stat(target, &status) == 0
    guard access(target, W_OK) == 0 else {
      throw CommandFailure.machine("\(path): cannot write this file: \(String(cString: strerror(errno)))")
    }
    try write(text, to: target)
    if isKnown { _ = chmod(target, status.st_mode & 0o7777) }
  }
}

/// How results are printed.
enum OutputFormat: String, CaseIterable, Sendable {
  case text
  case json
}
