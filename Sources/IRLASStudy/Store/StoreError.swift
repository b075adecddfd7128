package import GRDB

/// What is wrong with a study's database: which file, what happened, and what to do.
package struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Whose fault it is.
  package enum Kind: Hashable, Sendable {
    /// There is no study in the folder.
    case missing
    /// Another program has locked the file and does not let go.
    case locked
    /// The file is damaged, or no database at all.
    case damaged
    /// The study was made by a later version of IRLAS.
    case newer
    /// No space, no permission, an input or output error.
    case machine
  }

  package let kind: Kind
  /// The file.
  package let path: String
  /// What is wrong, as the rest of a sentence.
  package let problem: String
  /// What to do.
  package let help: String

  package init(_ kind: Kind, path: String, problem: String, help: String) {
    self.kind = kind
    self.path = path
    self.problem = problem
    self.help = help
  }

  /// Whether the machine is to blame and not the data.
  package var isMachineFault: Bool { kind == .machine || kind == .locked }

  package var description: String { "\(path): \(problem)\nhelp: \(help)" }

  /// The error of SQLite in these terms. Every write is a transaction, so whatever the reason, what was recorded before
  /// is still there.
  package init(_ error: DatabaseError, path: String) {
    let reason = error.message ?? "\(error.resultCode)"
    switch error.resultCode.primaryResultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      self.init(
        .locked, path: path, problem: "another program has locked the study",
        help: "close it and go on with --resume; everything recorded so far is kept")
    case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT, .SQLITE_ERROR, .SQLITE_MISMATCH,
      .SQLITE_CONSTRAINT:
      self.init(
        .damaged, path: path, problem: "the study is damaged: \(reason)",
        help:
          "the file was left as it is; put a copy of it in its place, or recover it with `sqlite3 FILE .recover`"
      )
    case .SQLITE_FULL:
      self.init(
        .machine, path: path, problem: "the disk is full",
        help: "free some space and go on with --resume; everything recorded so far is kept")
    case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH, .SQLITE_CANTOPEN:
      self.init(
        .machine, path: path, problem: "the study cannot be opened or written: \(reason)",
        help: "check the permissions of the file and its folder")
    default:
      self.init(
        .machine, path: path, problem: "the study cannot be read or written: \(reason)",
        help: "look at the disk, then go on with --resume; everything recorded so far is kept")
    }
  }

  /// A row that says what cannot be.
  static func damaged(_ path: String, _ what: String) -> StoreError {
    StoreError(
      .damaged, path: path, problem: "the study is damaged: \(what)",
      help: "the file was left as it is; put a copy of it in its place")
  }
}
