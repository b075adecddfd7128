import ArgumentParser
import IRLASDSL
import IRLASCompiler
import IRLASGraph
import IRLASTraining

/// `irlas compile FILE [NETWORK] -o DIR`
struct Compile: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compiles a network and keeps the readable C that was generated.",
    discussion: """
      Writes kernels.c (every kernel, specialised for its sizes) and program.c (the memory plan and the calls in
      order), and compiles the kernels into the cache, so that training and evaluation start at once.

      Example:
        irlas compile samples/digits.irlas -o kernels --for training --batch 64
      """)

  @OptionGroup var source: ProgramOptions

  @Option(name: .shortAndLong, help: "The folder to write.", completion: .directory)
  var output: String

  @Option(name: .customLong("for"), help: "inference or training.")
  var purpose = Show.Purpose.inference

  @Option(help: "The batch size.")
  var batch = 1

  @OptionGroup var kernels: KernelOptions
  @OptionGroup var arithmetic: ArithmeticOptions
  @OptionGroup var tuning: TuningOptions
  @OptionGroup var machine: MachineOptions
  @OptionGroup var limits: MemoryOptions

  func run() throws {
    guard !output.isEmpty else { throw CommandFailure.usage("-o needs the name of a folder") }
    guard (1...1_000_000).contains(batch) else {
      throw CommandFailure.usage("--batch takes a number from 1 to 1000000, not \(batch)")
    }
    let graph = try source.elaborate().elaboration.graph
    let started = monotonicSeconds()
    let settings = try kernels.settings(threads: try machine.threadCount(), arithmetic, tuning)
    let plan: ExecutionPlan
    do throws(CompileError) {
      var options = settings.options(purpose.mode, batch: batch)
      options.memoryLimit = limits.memory?.bytes
      options.splitsBatch = false
      plan = try compile(graph, options)
    } catch {
      throw CommandFailure.input("\(error)")
    }
    for (name, text) in GeneratedCode(plan).files {
      try OutputFile.write(Array(text.utf8), to: FileBytes.join(output, name))
    }
    let set: KernelSet
    do throws(ToolchainError) {
      set = try KernelSet(plan.kernelInstances, tier: settings.tier, settings.toolchain)
    } catch {
      throw CommandFailure.machine("\(error)")
    }
    KernelOptions.report(settings.remarks(on: plan, set))
    let seconds = decimal(monotonicSeconds() - started, 2)
    StandardOutput.line(
      "\(graph.name): \(plan.step.count) calls of \(plan.kernelInstances.count) kernels (\(set.compiled) compiled now, \(seconds) s), "
        + "\(size(plan.byteCount(of: .arena))) of activations for a batch of \(batch)")
    StandardOutput.line("\(output): kernels.c, program.c")
  }

  private func size(_ bytes: Int) -> String {
    bytes < 1 << 20
      ? "\(decimal(Double(bytes) / 1024, 1)) KiB" : "\(decimal(Double(bytes) / 1_048_576, 1)) MiB"
  }
}

extension Show.Purpose {
  /// What the compiler is asked for. Momentum is there so that its state is planned too.
  var mode: CompileMode {
    switch self {
    case .inference: .inference
    case .training: .training(TrainingObjective(update: .sgd(momentum: 0.9, nesterov: true, decay: 1e-4)))
    }
  }
}
