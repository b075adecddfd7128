import ArgumentParser
import IRLASCompiler
import IRLASTraining

/// What kernels are chosen by.
struct TuningOptions: ParsableArguments {
  @Flag(
    help: ArgumentHelp(
      "Choose kernels by what `irlas tune` has measured on this machine, not by estimates.",
      discussion:
        "Results may differ in the last digits from those of other choices, and so with the number of threads. Without it they "
        + "never depend on what was measured."
    ))
  var tuned = false

  /// Settings with what was measured, if that is asked for.
  func applied(to settings: EngineSettings) throws(CommandFailure) -> EngineSettings {
    guard tuned else { return settings }
    return try reportingFailures { () throws(TrainingError) in try settings.withTimings() }
  }
}

extension KernelOptions {
  /// The settings of the compiler's engines.
  func settings(
    threads: Int, _ arithmetic: ArithmeticOptions, _ tuning: TuningOptions, memory: MemorySize? = nil
  ) throws(CommandFailure) -> EngineSettings {
    try tuning.applied(to: settings(threads: threads, arithmetic, memory: memory))
  }
}
