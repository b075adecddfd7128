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

/// How many processors this process may use.
func processorCount() -> Int {
  var set = cpu_set_t()
  guard sched_getaffinity(0, MemoryLayout<cpu_set_t>.size, &set) == 0 else {
    return max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  }
  let count = withUnsafeBytes(of: &set) { $0.reduce(0) { $0 + $1.nonzeroBitCount } }
  return max(1, count)
}
