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

  @OptionGroup var work: BenchmarkOptions

  @Option(help: "How many runs.")
  var runs = 50

  func validate() throws {
    if !(1...1_000_000).contains(runs) {
      throw ValidationError("--runs takes a number from 1 to 1000000, not \(runs)")
    }
  }

  func run() throws {
    let network = try source.elaborate().elaboration.graph
    var benchmark = try work.benchmark(of: network)
    KernelOptions.report(benchmark.remarks)
    let cache = try work.settings().toolchain.cacheDirectory
    let (measured, new) = try reportingFailures { () throws(TrainingError) in
      let entries = benchmark.timings(runs: runs)
      let file = TimingFile(cacheDirectory: cache, origin: benchmark.kernels.origin)
      return (entries.count, try file.add(entries))
    }
    StandardOutput.line("\(network.name): \(measured) kernels measured, \(new) of them for the first time")
  }
}
