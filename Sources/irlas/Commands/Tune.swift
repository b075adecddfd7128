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
      The kernels are timed where they run, in the network: as it is compiled by default, with Winograd's and Strassen's methods and \
      depthwise convolutions in strips wherever they are possible, and without. The times are kept beside the compiled kernels, for this \
      processor and compiler. With --tuned other commands choose kernels by them; `irlas predict-latency` adds them up for networks \
      that have not run. They are of one batch size, number of threads, mode and precision.

      Example:
        irlas tune samples/published/mobilenet_v2.irlas --batch 1 --threads 1
        irlas bench samples/published/mobilenet_v2.irlas --batch 1 --threads 1 --tuned
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
    let settings = try work.settings()
    let (tuning, new, outcome) = try reportingFailures { () throws(TrainingError) in
      // A file that cannot be added to is better known before minutes of measuring.
      _ = try TimingFile(settings).read()
      let tuning = try KernelTuning(
        network: network, mode: work.mode, batch: work.batch, settings: settings, runs: runs)
      let file = TimingFile(cacheDirectory: settings.toolchain.cacheDirectory, origin: tuning.origin)
      let new = try file.add(tuning.timings.entries)
      return (tuning, new, try tuning.outcome(by: try file.read()))
    }
    KernelOptions.report(tuning.remarks)
    StandardOutput.line(
      "\(network.name): \(tuning.timings.entries.count) kernels measured, \(new) of them for the first time")
    guard let outcome else { return }
    let times = "\(decimal(1000 * outcome.estimated, 3)) ms"
    StandardOutput.line(
      outcome.changed == 0
        ? "--tuned changes none of \(outcome.choices) choices: \(times) in all calls"
        : "--tuned changes \(outcome.changed) of \(outcome.choices) choices: \(decimal(1000 * outcome.tuned, 3)) ms in all calls "
          + "instead of \(times), \(percent(1 - outcome.tuned / outcome.estimated)) less")
  }
}
