/// The course of epsilon, the share of decisions that Q-learning makes at random.
package struct ExplorationSchedule: Sendable {
  /// BlockQNN's epsilons with their iterations (Zhong et al., CVPR 2018, table 2).
  package static let published: [(epsilon: Double, iterations: Double)] = [
    (1.0, 95), (0.9, 7), (0.8, 7), (0.7, 7), (0.6, 10), (0.5, 10), (0.4, 10), (0.3, 10), (0.2, 10), (0.1, 12),
  ]

  /// The epsilons that a plan gives. Two: BlockQNN's course, stretched from the first to the second. Another number:
  /// each for an equal part of the budget.
  package let shares: [Double]
  /// Whether the values were trained on the mirror beforehand. The part of pure exploration is then left out: it is what
  /// the pre-training did [ours].
  package let isPretrained: Bool

  /// The course of a plan's epsilons.
  package init(shares: [Double], isPretrained: Bool) {
    self.shares = shares
    self.isPretrained = isPretrained
  }

  /// Epsilon when a share of the budget is used up. BlockQNN's 178 iterations are scaled to the budget.
  package func epsilon(at progress: Double) -> Double {
    guard shares.count == 2 else {
      let place = Int(progress * Double(shares.count))
      return shares.isEmpty ? 1 : shares[min(max(place, 0), shares.count - 1)]
    }
    let skipped = isPretrained ? Self.published[0].iterations : 0
    var total = 0.0
    for stage in Self.published { total += stage.iterations }
    let iteration = skipped + progress * (total - skipped)
    var end = 0.0
    for stage in Self.published {
      end += stage.iterations
      if iteration < end { return shares[1] + (stage.epsilon - 0.1) / 0.9 * (shares[0] - shares[1]) }
    }
    return shares[1]
  }
}
