import IRLASTraining

/// Why a search cannot start or go on.
package enum StudyError: Error, CustomStringConvertible {
  /// The database.
  case store(StoreError)
  /// The program, its data or the options do not allow it.
  case input(String)
  /// A full disk, a process that cannot be started.
  case machine(String)

  /// Any error in these terms.
  init(_ error: any Error) {
    switch error {
    case let error as StudyError: self = error
    case let error as StoreError: self = .store(error)
    case let error as FileError:
      self = error.isMachineFault ? .machine(error.description) : .input(error.description)
    case let error as TrainingError:
      switch error {
      case .file(let error):
        self = error.isMachineFault ? .machine(error.description) : .input(error.description)
      case .engine: self = .machine(error.description)
      case .recipe, .checkpoint, .diverged: self = .input(error.description)
      }
    default: self = .input("\(error)")
    }
  }

  /// Whether the machine is to blame and not the input.
  package var isMachineFault: Bool {
    switch self {
    case .store(let error): error.isMachineFault
    case .input: false
    case .machine: true
    }
  }

  package var description: String {
    switch self {
    case .store(let error): error.description
    case .input(let problem), .machine(let problem): problem
    }
  }
}
