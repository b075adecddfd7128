import IRLASTraining

/// Draws a run as it goes on: a bar per epoch, then a line with the epoch's figures.
struct TrainingDisplay {
  private let epochs: Int
  private let quiet: Bool
  private var line: ProgressLine?
  /// When the step in progress began.
  private var stepStart: Double
  /// Seconds spent in training steps: without set-up, evaluation and checkpoints.
  private(set) var stepSeconds = 0.0

  /// A display whose first step starts now.
  init(epochs: Int, quiet: Bool) {
    self.epochs = epochs
    self.quiet = quiet
    stepStart = monotonicSeconds()
  }

  mutating func show(_ event: TrainingEvent) {
    let now = monotonicSeconds()
    defer { stepStart = monotonicSeconds() }
    switch event {
    case .saved:
      return
    case .step(let epoch, let samples, let total, let meanLoss):
      stepSeconds += now - stepStart
      if line == nil {
        line = ProgressLine(title: title(epoch), total: total, unit: "images", quiet: quiet, initial: samples)
      }
      line?.update(samples, note: "loss \(decimal(meanLoss, 4))")
    case .epoch(let metrics):
      var note = "loss \(decimal(metrics.trainLoss, 4))"
      if let validation = metrics.validationAccuracy { note += "  validation \(percent(validation))" }
      note += "  test \(percent(metrics.testAccuracy))"
      line?.finish(metrics.samples, note: note)
      line = nil
    }
  }

  private func title(_ epoch: Int) -> String { "epoch \(epoch + 1)/\(epochs)" }
}
