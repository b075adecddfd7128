import Glibc

/// A number and what it counts: "1 record", "2 records".
func counted(_ number: Int, _ noun: String) -> String {
  "\(number) \(noun)\(number == 1 ? "" : "s")"
}

/// What went wrong with a file: which one, where in it, what is wrong, and what would be right.
///
/// Every reader and writer of this module throws it, so that the command line has one thing to print and one place to
/// choose its exit code.
package struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Whose fault it is.
  package enum Kind: Equatable, Sendable {
    /// There is no such file or folder.
    case missing
    /// The content breaks the rules of its format, or disagrees with another file.
    case malformed
    /// A valid file of a kind this program does not read.
    case unsupported
    /// The operating system refused (permission, full disk, input or output error): its error number.
    case system(Int32)
  }

  /// Whose fault it is.
  package var kind: Kind
  /// The file or folder, as the user would name it.
  package var path: String
  /// The byte at which the problem starts, where there is one.
  package var offset: Int?
  /// What is wrong, as the rest of a sentence.
  package var problem: String
  /// What would be right or what to do; nil where there is nothing to add.
  package var help: String?

  /// An error of any kind.
  package init(
    _ kind: Kind, path: String, offset: Int? = nil, problem: String, help: String? = nil
  ) {
    self.kind = kind
    self.path = path
    self.offset = offset
    self.problem = problem
    self.help = help
  }

  /// The message: `PATH (byte N): PROBLEM`, then a line `help: ...` where there is help.
  package var description: String {
    var text = path
    if let offset { text += " (byte \(offset))" }
    text += ": " + problem
    if let help { text += "\nhelp: " + help }
    return text
  }

  /// True where the machine is to blame and not the data.
  package var isMachineFault: Bool {
    if case .system = kind { return true }
    return false
  }

  /// The error of a failed system call that was to create something: whatever the reason, the machine's.
  static func writing(_ number: Int32, path: String, doing: String) -> FileError {
    var error = system(number, path: path, doing: doing)
    error.kind = .system(number)
    return error
  }

  /// The error of a failed system call; `doing` completes "cannot ...".
  static func system(_ number: Int32, path: String, doing: String) -> FileError {
    let reason = String(cString: strerror(number))
    var help: String?
    switch number {
    case ENOSPC, EDQUOT: help = "free some space on this disk, or write elsewhere"
    case EACCES, EPERM, EROFS: help = "check the permissions of the file and its folder"
    case EFBIG: help = "the file is larger than this system or its limits allow"
    default: help = nil
    }
    return FileError(
      number == ENOENT ? .missing : .system(number), path: path,
      problem: "cannot \(doing): \(reason)", help: help)
  }
}
