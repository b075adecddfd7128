import ArgumentParser
import IRLASGraph
import IRLASTraining

extension NetworkBenchmark.Mode: ExpressibleByArgument {}

/// What is run when a network is timed, and how.
struct BenchmarkOptions: ParsableArguments {
  @Option(help: "The batch size.")
  var batch = 1

  @Option(help: "infer, or train: a whole step with forward, backward and update.")
  var mode = NetworkBenchmark.Mode.infer

  @OptionGroup var machine: MachineOptions
  @OptionGroup var kernels: KernelOptions
  @OptionGroup var arithmetic: ArithmeticOptions
  @OptionGroup var limits: MemoryOptions

  func validate() throws {
    guard (1...1_000_000).contains(batch) else {
      throw ValidationError("--batch takes a number from 1 to 1000000, not \(batch)")
    }
  }

  /// The settings of the engine.
  func settings() throws(CommandFailure) -> EngineSettings {
    kernels.settings(threads: try machine.threadCount(), arithmetic, memory: limits.memory)
  }

  /// The network, compiled and ready to run.
  func benchmark(of network: Graph, _ tuning: TuningOptions) throws(CommandFailure) -> NetworkBenchmark {
    let settings = try tuning.applied(to: try settings())
    return try reportingFailures { () throws(TrainingError) in
      try NetworkBenchmark(network: network, mode: mode, batch: batch, settings: settings)
    }
  }
}
