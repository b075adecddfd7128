import ArgumentParser
import Glibc
import IRLASCompiler

/// How the machine is used.
struct MachineOptions: ParsableArguments {
  @Option(help: "Threads; all cores by default. Results do not depend on it.")
  var threads: Int?

  @Flag(name: .shortAndLong, help: "No progress.")
  var quiet = false

  /// The number of threads to use.
  func threadCount() throws(CommandFailure) -> Int {
    guard let threads else { return processorCount() }
    guard (1...256).contains(threads) else {
      throw .usage("--threads takes a number from 1 to 256, not \(threads)")
    }
    return threads
  }
}

/// How many processors there are.
func processorCount() -> Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
