import ArgumentParser
import IRLASCompiler
import IRLASDSL
import IRLASGraph
import IRLASJSON
import IRLASTraining

/// `irlas predict-latency FILE [NETWORK]`
struct PredictLatency: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict-latency",
    abstract: "Tells how long a network will take, without compiling or running it.",
    discussion: """
      Adds up what `irlas tune` has measured of its kernels on this machine, with as many threads; a kernel that was never \
      measured is estimated from those of its kind. The more networks of a kind were tuned, the better.

      Example:
        irlas predict-latency samples/published/mobilenet_v2.irlas --threads 1
      """)

  @OptionGroup var source: ProgramOptions

  @Option(help: "The batch size.")
  var batch = 1

  @OptionGroup var machine: MachineOptions
  @OptionGroup var kernels: KernelOptions
  @OptionGroup var arithmetic: ArithmeticOptions
  @OptionGroup var tuning: TuningOptions

  @Option(help: "text or json.")
  var format = OutputFormat.text

  func validate() throws {
    if !(1...1_000_000).contains(batch) {
      throw ValidationError("--batch takes a number from 1 to 1000000, not \(batch)")
    }
  }

  func run() throws {
    let network = try source.elaborate().elaboration.graph
    let threads = try machine.threadCount()
    let settings = kernels.settings(threads: threads, arithmetic)
    let timings = try reportingFailures { () throws(TrainingError) in try TimingFile(settings).read() }
    let plan: ExecutionPlan
    do throws(CompileError) {
      plan = try compile(
        network.withoutAuxiliaryOutputs,
        CompileOptions(
          mode: .inference, batch: batch, winograd: arithmetic.winograd, strassen: arithmetic.strassen,
          tuned: tuning.tuned ? TunedKernels(timings, threads: threads) : nil,
          precision: arithmetic.precision, splitsBatch: true))
    } catch {
      throw CommandFailure.input("\(error)")
    }
    // The passes of a batch are computed side by side, or one after the other.
    let together = KernelPool.threads(for: plan, of: threads)
    let rounds = Double((plan.passes + threads / together - 1) / (threads / together))
    guard let model = LatencyModel(timings, threads: together) else {
      throw CommandFailure.input(
        "no kernel has been measured on this machine with \(together) \(together == 1 ? "thread" : "threads")\n"
          + "help: `irlas tune FILE --batch \(batch) --threads \(threads)` measures those of a network")
    }
    var expected = model.seconds(of: plan)
    expected.seconds *= rounds
    switch format {
    case .text:
      StandardOutput.line(
        "\(network.name), inference, batch \(batch), \(threads) threads: \(decimal(1000 * expected.seconds, 3)) ms; "
          + "\(expected.measured) of \(expected.calls) calls were measured, the others are estimated")
    case .json:
      StandardOutput.line(
        JSON.object([
          .init("network", .string(network.name)), .init("batch", JSON(batch)),
          .init("threads", JSON(threads)),
          .init("predicted_ms", .number(1000 * expected.seconds)),
          .init("measured_calls", JSON(expected.measured)), .init("calls", JSON(expected.calls)),
        ]).line)
    }
  }
}
