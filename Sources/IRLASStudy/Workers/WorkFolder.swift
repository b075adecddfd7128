import Glibc
import IRLASTraining

/// Folders that workers leave behind.
package enum WorkFolder {
  /// Removes a folder with what is in it, two levels deep. What cannot be removed stays: it is only in the way.
  package static func remove(_ path: String, depth: Int = 2) {
    guard let directory = opendir(path) else { return }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    closedir(directory)
    for name in names {
      let inner = FileBytes.join(path, name)
      if unlink(inner) != 0, depth > 1 { remove(inner, depth: depth - 1) }
    }
    rmdir(path)
  }
}
