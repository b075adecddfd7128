import Glibc
import IRLASTraining

/// A folder of a test's own, removed with everything in it when the value goes.
final class TemporaryFolder: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/irlas-test-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { fatalError("no temporary folder") }
    path = String(cString: made)
  }

  deinit { TemporaryFolder.remove(path) }

  /// The path of a file in it.
  func file(_ name: String) -> String { FileBytes.join(path, name) }

  /// Writes a file; gives its path.
  @discardableResult
  func write(_ bytes: [UInt8], _ name: String) -> String {
    do { try AtomicFile.write(bytes, to: file(name)) } catch { fatalError("\(error)") }
    return file(name)
  }

  /// The names in it, hidden ones too, sorted.
  var names: [String] { TemporaryFolder.names(in: path) }

  private static func names(in path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  private static func remove(_ path: String) {
    for name in names(in: path) {
      let inner = FileBytes.join(path, name)
      if FileBytes.isFolder(inner) { remove(inner) } else { unlink(inner) }
    }
    rmdir(path)
  }
}

/// The message of the error that `body` throws, with the folder's path replaced by `DIR`; "" where it throws none.
func message(in folder: TemporaryFolder, _ body: () throws(FileError) -> Void) -> String {
  do throws(FileError) {
    try body()
    return ""
  } catch {
    return replacing(folder.path, by: "DIR", in: error.description)
  }
}

private func replacing(_ part: String, by new: String, in text: String) -> String {
  var result = ""
  var rest = Substring(text)
  while !rest.isEmpty {
    if rest.hasPrefix(part) {
      result += new
      rest = rest.dropFirst(part.count)
    } else {
      result.append(rest.removeFirst())
    }
  }
  return result
}
