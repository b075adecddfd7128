import Glibc

/// The three calls of ``AtomicFile`` that can fail half-way, as values, so that tests can make them fail.
package struct FileOperations: Sendable {
  /// As write(2): bytes written, or -1 with an error number.
  package var write: @Sendable (Int32, UnsafeRawPointer, Int) -> (count: Int, error: Int32)
  /// As fsync(2): 0 or an error number.
  package var synchronize: @Sendable (Int32) -> Int32
  /// As rename(2): 0 or an error number.
  package var rename: @Sendable (String, String) -> Int32

  /// Operations made of three functions.
  package init(
    write: @escaping @Sendable (Int32, UnsafeRawPointer, Int) -> (count: Int, error: Int32),
    synchronize: @escaping @Sendable (Int32) -> Int32,
    rename: @escaping @Sendable (String, String) -> Int32
  ) {
    self.write = write
    self.synchronize = synchronize
    self.rename = rename
  }

  /// The operating system's.
  package static let system = FileOperations(
    write: { descriptor, bytes, count in
      let written = Glibc.write(descriptor, bytes, count)
      return (written, written < 0 ? errno : 0)
    },
    synchronize: { fsync($0) == 0 ? 0 : errno },
    rename: { Glibc.rename($0, $1) == 0 ? 0 : errno })
}

/// A file that appears whole or not at all.
///
/// Bytes go to `.NAME.partial` in the same folder; ``commit()`` flushes them to the disk, renames the file into place and
/// flushes the folder. Whatever fails before that leaves the old file as it was and removes the partial one. A killed
/// process leaves one partial file, which the next writer of the same name takes over; a lock keeps two living writers
/// apart.
package struct AtomicFile: ~Copyable {
  /// Where the file will be.
  package let path: String
  private let partial: String
  private let descriptor: Int32
  private let operations: FileOperations
  private var finished = false

  /// Starts a file; nothing is seen at `path` until ``commit()``.
  package init(path: String, operations: FileOperations = .system) throws(FileError) {
    let partial = FileBytes.join(
      FileBytes.folder(of: path), ".\(FileBytes.name(of: path)).partial")
    self.descriptor = try AtomicFile.openPartial(partial, for: path)
    self.path = path
    self.partial = partial
    self.operations = operations
  }

  deinit {
    if !finished { unlink(partial) }
    close(descriptor)
  }

  /// Appends bytes.
  package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    guard let base = bytes.baseAddress else { return }
    var done = 0
    while done < bytes.count {
      let result = operations.write(descriptor, base + done, bytes.count - done)
      if result.count > 0 {
        done += result.count
      } else if result.error != EINTR {
        throw .system(result.error == 0 ? EIO : result.error, path: path, doing: "write this file")
      }
    }
  }

  /// Appends bytes.
  package mutating func write(_ bytes: [UInt8]) throws(FileError) {
    let failure: FileError? = bytes.withUnsafeBytes { buffer in
      do throws(FileError) {
        try write(buffer)
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
  }

  /// Puts the file in place, safely on disk.
  package consuming func commit() throws(FileError) {
    var error = operations.synchronize(descriptor)
    guard error == 0 else { throw .system(error, path: path, doing: "write this file to disk") }
    error = operations.rename(partial, path)
    guard error == 0 else { throw .system(error, path: path, doing: "put this file in place") }
    finished = true
    // The rename itself lasts only once the folder is on disk. Some file systems refuse to flush folders: the file is
    // then as safe as they make it.
    let folder = open(FileBytes.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folder >= 0 {
      _ = operations.synchronize(folder)
      close(folder)
    }
  }

  /// Writes a whole file at once.
  package static func write(
    _ bytes: [UInt8], to path: String, operations: FileOperations = .system
  ) throws(FileError) {
    var file = try AtomicFile(path: path, operations: operations)
    try file.write(bytes)
    try file.commit()
  }

  /// Opens, locks and empties the partial file.
  private static func openPartial(_ partial: String, for path: String) throws(FileError) -> Int32 {
    for _ in 0..<100 {
      let descriptor = open(partial, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw .writing(errno, path: path, doing: "create this file") }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        close(descriptor)
        throw FileError(
          .system(EWOULDBLOCK), path: path, problem: "another process is writing this file",
          help: "wait for it, or choose another folder")
      }
      // Between open and lock the former owner may have renamed the file into place: then this is no longer the
      // partial file but the finished one, and must not be emptied.
      var mine = stat()
      var named = stat()
      if fstat(descriptor, &mine) == 0, stat(partial, &named) == 0,
        mine.st_ino == named.st_ino, mine.st_dev == named.st_dev, ftruncate(descriptor, 0) == 0
      {
        return descriptor
      }
      close(descriptor)
    }
    throw FileError(
      .system(EWOULDBLOCK), path: path, problem: "another process keeps writing this file")
  }
}
