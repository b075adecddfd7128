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

/// How results are printed.
enum OutputFormat: String, CaseIterable, Sendable {
  case text
  case json
}
