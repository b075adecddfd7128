package import IRLASCompiler
package import IRLASGraph

/// A network measured in all forms that its computations can take.
///
/// It runs with the forms that are estimated to be faster, with all and with none of them, and in passes if its batch is split; programs whose kernels all stand in
/// another are left out. They take turns, so that no form is measured only while something else runs on the machine.
package struct KernelTuning {
  /// What the kernels took, by the plans' order.
  package let timings: KernelTimings
  /// What made them: see `KernelSet.origin`.
  package let origin: String
  /// What the user should know: kernels could not be compiled.
  package let remarks: [String]
  private let work: Work

  /// What is measured.
  private struct Work {
    let network: Graph
    let mode: NetworkBenchmark.Mode
    let batch: Int
    let settings: EngineSettings

    /// - Parameter splitsBatch: choices are made for whole batches on all threads.
    func settings(_ rule: FormRule, splitsBatch: Bool = false) -> EngineSettings {
      var settings = settings
      (settings.forms, settings.tuned) = (rule, nil)
      settings.splitsBatch = splitsBatch
      return settings
    }

    func plan(_ settings: EngineSettings) throws(TrainingError) -> ExecutionPlan {
      try NetworkBenchmark.plan(of: network, mode, batch: batch, settings)
    }
  }

  private static let turns = 3

  /// Runs each program `runs` times.
  package init(
    network: Graph, mode: NetworkBenchmark.Mode, batch: Int, settings: EngineSettings, runs: Int
  ) throws(TrainingError) {
    work = Work(network: network, mode: mode, batch: batch, settings: settings)
    var programs: [EngineSettings] = []
    var symbols: Set<String> = []
    for rule in [FormRule.estimated, .everywhere, .nowhere] {
      let loads = try work.plan(work.settings(rule)).loads
      let new = loads.filter { symbols.insert($0.symbol).inserted }
      if !new.isEmpty || programs.isEmpty { programs.append(work.settings(rule)) }
    }
    let split = work.settings(.estimated, splitsBatch: true)
    if try work.plan(split).passes > 1 { programs.append(split) }
    var timings = KernelTimings()
    var (origin, remarks) = ("", [String]())
    for turn in 0..<min(Self.turns, runs) {
      for settings in programs {
        var benchmark = try NetworkBenchmark(network: network, mode: mode, batch: batch, settings: settings)
        (origin, remarks) = (benchmark.kernels.origin, benchmark.remarks)
        timings.record(benchmark.timings(runs: (runs + turn) / Self.turns))
      }
    }
    (self.timings, self.origin, self.remarks) = (timings, origin, remarks)
  }

  /// What measurements change.
  package struct Outcome: Hashable, Sendable {
    /// How many forms could be taken, and how many of them are or are not unlike the estimates'.
    package let choices: Int
    package let changed: Int
    /// The sum of the calls' times, with the choices of the estimates and with the others.
    package let estimated: Double
    package let tuned: Double
  }

  /// What choosing by `timings` changes for this network; nil where they have nothing of so many threads.
  package func outcome(by timings: KernelTimings) throws(TrainingError) -> Outcome? {
    guard let model = LatencyModel(timings, threads: work.settings.threads) else { return nil }
    var settings = work.settings(.estimated)
    let estimated = try work.plan(settings)
    settings.tuned = TunedKernels(timings, threads: settings.threads)
    let tuned = try work.plan(settings)
    return Outcome(
      choices: try work.plan(work.settings(.everywhere)).forms.count,
      changed: Set(estimated.forms).symmetricDifference(tuned.forms).count,
      estimated: model.seconds(of: estimated).seconds, tuned: model.seconds(of: tuned).seconds)
  }
}
