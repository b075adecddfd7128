import ArgumentParser
import IRLASCompiler
import IRLASDSL
import IRLASGraph
import IRLASTraining

/// `irlas tune FILE [NETWORK]`
struct Tune: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures the kernels of a network and remembers their times for this machine.",
    discussion: """
      The kernels are timed where they run, in the network; `irlas predict-latency` adds their times up for networks that \
      have not run. The times are kept beside the compiled kernels, for this processor and compiler.

      Example:
        irlas tune samples/published/mobilenet_v2.irlas --batch 1 --threads 1
      """)

  @OptionGroup var source: ProgramOptions

  @Option(help: "The batch size.")
  var batch = 1

  @Option(help: "infer, or train.")
  var mode = NetworkBenchmark.Mode.infer

  @Option(help: "How many runs.")
  var runs = 50

  @OptionGroup var machine: MachineOptions
  @OptionGroup var kernels: KernelOptions

  func validate() throws {
    for (name, value) in [("--batch", batch), ("--runs", runs)] where !(1...1_000_000).contains(value) {
      throw ValidationError("\(name) takes a number from 1 to 1000000, not \(value)")
    }
  }

  func run() throws {
    let network = try source.elaborate().elaboration.graph
    let settings = kernels.settings(threads: try machine.threadCount())
    let (measured, new, remarks) = try reportingFailures { () throws(TrainingError) in
      var benchmark = try NetworkBenchmark(network: network, mode: mode, batch: batch, settings: settings)
      let entries = benchmark.timings(runs: runs, threads: settings.threads)
      let file = TimingFile(
        cacheDirectory: settings.toolchain.cacheDirectory, origin: benchmark.kernels.origin)
      return (entries.count, try file.add(entries), benchmark.remarks)
    }
    KernelOptions.report(remarks)
    StandardOutput.line("\(network.name): \(measured) kernels measured, \(new) of them for the first time")
  }
}
