import Glibc

/// Keeps other processes out of a run's folder for as long as the value lives; the system gives the lock back when
/// the process ends, however it ends.
package struct FolderLock: ~Copyable {
  private let descriptor: Int32

  /// Takes the lock of a folder, in a file `.lock` that stays there.
  ///
  /// - Parameter user: what to say when somebody else has it.
  /// - Throws: who holds it is not known, but that somebody does; or why the file cannot be made.
  package init(_ folder: String, user: String = "another process is training in this folder")
    throws(FileError)
  {
    let path = FileBytes.join(folder, ".lock")
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .writing(errno, path: path, doing: "create this file") }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw FileError(
        .system(EWOULDBLOCK), path: folder, problem: user,
        help: "wait for it, or choose another folder")
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }
}
