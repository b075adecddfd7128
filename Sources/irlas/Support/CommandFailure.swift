import IRLASTraining

/// Why a command ends without having done its work, and with which exit code.
struct CommandFailure: Error {
  /// The program or its data is wrong.
  static let inputExitCode: Int32 = 1
  /// The command was used wrongly.
  static let usageExitCode: Int32 = 2
  /// The machine: no space, no permission, no memory.
  static let machineExitCode: Int32 = 3

  let exitCode: Int32
  /// Printed after `error: `; nil where everything has been said already.
  let message: String?

  private init(_ exitCode: Int32, _ message: String?) {
    self.exitCode = exitCode
    self.message = message
  }

  /// The program or its data is wrong.
  static func input(_ message: String) -> CommandFailure { CommandFailure(inputExitCode, message) }

  /// The same when diagnostics have been printed.
  static let alreadyReported = CommandFailure(inputExitCode, nil)

  /// Options that do not go together, or name what is not there.
  static func usage(_ message: String) -> CommandFailure { CommandFailure(usageExitCode, message) }

  /// The machine could not do it.
  static func machine(_ message: String) -> CommandFailure { CommandFailure(machineExitCode, message) }

  /// A file that could not be read or written.
  init(_ error: FileError) {
    self.init(error.isMachineFault ? Self.machineExitCode : Self.inputExitCode, error.description)
  }

  func report() {
    if let message { StandardError.write("error: \(message)\n") }
  }
}
