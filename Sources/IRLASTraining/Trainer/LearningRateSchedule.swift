package import IRLASGraph

#if canImport(Glibc)
  import Glibc
#endif

/// The learning rate as a function of the step: the optimiser's rate times the factor of the recipe's schedule.
package struct LearningRateSchedule: Hashable, Sendable {
  private let base: Double
  private let phases: [Recipe.SchedulePhase]
  private let epochs: Int
  private let stepsPerEpoch: Int

  /// The schedule of `recipe` when every epoch has `stepsPerEpoch` steps.
  package init(_ recipe: Recipe, stepsPerEpoch: Int) {
    switch recipe.optimizer {
    case .sgd(let learningRate, _, _, _): base = learningRate
    }
    phases = recipe.schedule
    epochs = recipe.epochs
    self.stepsPerEpoch = max(stepsPerEpoch, 1)
  }

  /// The learning rate of a step, both counted from 0.
  ///
  /// Phases follow one another: a warm-up takes its epochs, the phase after it the rest. The cosine is
  /// `(1 + cos(pi * t)) / 2` with `t` from 0 to 1 over what is left (Loshchilov and Hutter, ICLR 2017, without
  /// restarts). A warm-up rises linearly and reaches the full rate with its last step (Goyal et al., 2017).
  package func learningRate(epoch: Int, step: Int) -> Double {
    let now = Double(epoch) + Double(step) / Double(stepsPerEpoch)
    var start = 0.0
    for (index, phase) in phases.enumerated() {
      let isLast = index == phases.count - 1
      switch phase {
      case .constant:
        return base
      case .warmup(let length):
        let end = start + Double(length)
        if now < end || isLast {
          let progress = (now - start + 1 / Double(stepsPerEpoch)) / Double(max(length, 1))
          return base * min(progress, 1)
        }
        start = end
      case .cosine:
        let span = max(Double(epochs) - start, 1 / Double(stepsPerEpoch))
        return base * (1 + cos(Double.pi * min((now - start) / span, 1))) / 2
      case .step(let epochs, let factor):
        let passed = epochs.count { $0 <= epoch }
        return base * pow(factor, Double(passed))
      }
    }
    return base
  }
}
