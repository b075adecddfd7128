import IRLASGraph
import IRLASStudy
import IRLASTraining

/// Draws a search as it goes on: a bar for each run, with its rate, the best so far and the time left.
struct SearchDisplay {
  private let plan: SearchPlan
  private let quiet: Bool
  private var run: Int?
  private var line: ProgressLine?
  private var shown = 0
  /// The best so far.
  private var best = ""

  init(plan: SearchPlan, quiet: Bool) {
    self.plan = plan
    self.quiet = quiet
  }

  mutating func show(_ progress: StudyRun.Progress) {
    if run != progress.run {
      finish()
      run = progress.run
      let title = progress.runs > 1 ? "run \(progress.run + 1)/\(progress.runs)" : "search"
      switch plan.budget {
      case .trials(let count):
        line = ProgressLine(
          title: title, total: count, unit: "trials", quiet: quiet, initial: progress.earlier)
      case .feasible, .time:
        line = ProgressLine(
          title: title, total: 100, unit: "%", quiet: quiet, initial: Int(progress.share * 100))
      }
    }
    best = progress.best.map { "best \(Self.summary(of: $0, plan)) (trial \($0.trial))" } ?? ""
    if case .trials = plan.budget {
      shown = progress.trials
    } else {
      shown = Int(min(1, progress.share) * 100)
    }
    line?.update(shown, note: best.isEmpty ? progress.activity : best + "  " + progress.activity)
  }

  mutating func finish() {
    line?.finish(shown, note: best)
    line = nil
    best = ""
  }

  /// The figures that are sought, for people.
  static func summary(of trial: TrialRecord, _ plan: SearchPlan) -> String {
    (plan.reward.maximised + plan.reward.minimised).compactMap { figure in
      trial.value(figure.description).map { text(figure, $0) }
    }.joined(separator: ", ")
  }

  /// A figure for people: a share as a percentage, times and sizes with units.
  static func text(_ figure: SearchPlan.Figure, _ value: Double) -> String {
    switch figure {
    case .accuracy: percent(value)
    case .latency: "\(decimal(value * 1e3, 3)) ms"
    case .memory: "\(decimal(value / 0x1p20, 2)) MiB"
    case .params, .macs, .depth: grouped(Int(value))
    }
  }
}
