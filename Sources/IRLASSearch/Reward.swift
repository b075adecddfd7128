package import IRLASGraph

/// What an outcome is worth: `R = quality + lambda M~` (Guo et al., IRLAS, CVPR 2019, combine accuracy and topology in
/// this way). The one place that computes it.
///
/// - *Quality* is in [0, 1]. Where only accuracy is sought it is the accuracy. Otherwise every figure is scaled by the
///   smallest and largest feasible value seen so far, costs on a logarithmic scale, and the figures are combined by the
///   augmented Chebyshev distance from the best corner (Knowles, ParEGO, 2006), which reaches every point of a front,
///   convex or not, by some weights.
/// - *M~* is the largest weighted likeness over the experts: a program need not resemble all of them.
/// - *lambda* falls to 0 over the last half of the budget where the plan anneals, so that what is found in the end rests
///   on measurements.
/// - *Limits* come first (Deb, 2000): whatever keeps them is worth at least 0, whatever does not is worth
///   `-v / (1 + v)` for a violation `v`, and -1 when nothing came of it.
package struct Reward: Sendable {
  /// What is sought, in the order of `Outcome.objectives`: figures made large, then figures made small.
  package let figures: [SearchPlan.Figure]
  /// The weights of the experts before annealing; empty without a mirror.
  package let mirrorWeights: [Double]
  /// When likeness is rewarded.
  package let mode: SearchPlan.Mirror.Mode
  /// The share of the budget that is used up, in [0, 1].
  package private(set) var progress = 0.0

  private let maximisedCount: Int
  private let limits: [SearchPlan.Limit]
  private let anneals: Bool
  /// For each figure the range of its feasible objectives, as they enter the quality; empty before the first.
  private var ranges: [ClosedRange<Double>] = []

  /// The reward that a plan asks for, at its start. Without a mirror likeness counts for nothing.
  package init(plan: SearchPlan, hasMirror: Bool) {
    figures = plan.reward.maximised + plan.reward.minimised
    maximisedCount = plan.reward.maximised.count
    limits = plan.limits
    mirrorWeights = hasMirror ? plan.mirror?.weights ?? [] : []
    mode = plan.mirror?.mode ?? .terminal
    anneals = plan.mirror?.anneals ?? false
  }

  /// The share of its first value that lambda still has: `1` in the first half, `2 (1 - progress)` in the second.
  package var mirrorShare: Double {
    guard !mirrorWeights.isEmpty else { return 0 }
    return anneals ? min(1, 2 * (1 - progress)) : 1
  }

  /// Whether likeness counts at all.
  package var usesMirror: Bool { mirrorWeights.contains { $0 > 0 } }

  /// Whether trials need the prospects of their first decisions.
  package var usesProspects: Bool { usesMirror && mode != .terminal }

  // MARK: Worth

  /// `lambda M~`: the largest weighted likeness, at the present share. One weight serves all experts.
  package func likenessTerm(_ likeness: [Double]) -> Double {
    mirrorShare * weightedLikeness(likeness)
  }

  /// The largest `lambda_i M~_i` before annealing; 0 without experts.
  package func weightedLikeness(_ likeness: [Double]) -> Double {
    guard let first = mirrorWeights.first else { return 0 }
    var largest = 0.0
    for (index, value) in likeness.enumerated() {
      let weight = index < mirrorWeights.count ? mirrorWeights[index] : first
      largest = max(largest, weight * value)
    }
    return largest
  }

  /// The worth of an outcome as a whole, by the mode:
  /// - `terminal`: `quality + lambda M~`,
  /// - `per_step`: `quality + lambda (1/T) sum_t Phi(s_t)`, where `Phi` is the prospect of the first `t` decisions,
  /// - `potential`: the quality; differences of a potential add up to a constant.
  ///
  /// - Parameter weights: how much each figure counts; all alike unless given.
  package func value(_ outcome: Outcome, weights: [Double]? = nil) -> Double {
    guard let quality = quality(outcome, weights: weights) else { return penalty(outcome.violation) }
    guard usesMirror else { return quality }
    switch mode {
    case .terminal: return quality + likenessTerm(outcome.likeness)
    case .perStep where !outcome.prospects.isEmpty: return quality + mirrorShare * outcome.prospects.mean
    case .perStep: return quality + likenessTerm(outcome.likeness)
    case .potential: return quality
    }
  }

  /// The reward of every decision of an outcome; their sum is `value`, up to the constant of `potential`.
  ///
  /// The quality, and in mode `terminal` the likeness, is paid at the end. `per_step` pays `lambda Phi(s_t) / T` for
  /// decision `t`. `potential` pays `lambda (Phi(s_t) - Phi(s_{t-1}))`, with `Phi` of the finished program and of the
  /// root 0 (Ng, Harada and Russell, 1999): the root's is the same for all programs, so that leaving it out changes
  /// nothing.
  ///
  /// - Parameter isSpread: pays in `T` equal parts what otherwise is paid at the end (Zhong et al., BlockQNN, 2018).
  package func steps(_ outcome: Outcome, isSpread: Bool = false) -> [Double] {
    let count = outcome.decisions.count
    var steps = [Double](repeating: 0, count: count)
    guard count > 0 else { return steps }
    func pay(_ amount: Double) {
      if isSpread {
        for index in 0..<count { steps[index] = amount / Double(count) }
      } else {
        steps[count - 1] = amount
      }
    }
    guard usesProspects, outcome.isFeasible, outcome.prospects.count == count,
      let quality = quality(outcome)
    else {
      pay(value(outcome))
      return steps
    }
    pay(quality)
    var before = 0.0
    for index in 0..<count {
      if mode == .perStep {
        steps[index] += mirrorShare * outcome.prospects[index] / Double(count)
      } else {
        let after = index + 1 < count ? mirrorShare * outcome.prospects[index] : 0
        steps[index] += after - before
        before = after
      }
    }
    return steps
  }

  /// The worth of a violation: below 0, and the less the larger it is.
  package func penalty(_ violation: Double) -> Double {
    violation < .infinity ? -violation / (1 + violation) : -1
  }

  /// The part of the reward that is measured, in [0, 1]; nil for what is not feasible.
  package func quality(_ outcome: Outcome, weights: [Double]? = nil) -> Double? {
    guard outcome.isFeasible, let objectives = outcome.objectives else { return nil }
    if objectives.count == 1 {
      if case .accuracy = figures[0], maximisedCount == 1 { return objectives[0] }
      return 1 - shortfall(objectives, 0)
    }
    let largest = weights?.max() ?? 1
    var worst = 0.0
    var sum = 0.0
    for index in objectives.indices {
      let weight = largest > 0 ? (weights?[index] ?? 1) / largest : 1
      let distance = weight * shortfall(objectives, index)
      worst = max(worst, distance)
      sum += distance
    }
    // The sum, with the weight that is usual, tells points apart that are equally far in the worst figure.
    let share = 0.05
    return 1 - (worst + share * sum) / (1 + share * Double(objectives.count))
  }

  /// How far a figure is from the best one seen: 0 for the best, 1 for the worst.
  private func shortfall(_ objectives: [Double], _ index: Int) -> Double {
    guard index < ranges.count else { return 0 }
    let range = ranges[index]
    let width = range.upperBound - range.lowerBound
    guard width > 0 else { return 0 }
    return min(1, max(0, (range.upperBound - scaled(objectives[index], index)) / width))
  }

  /// Costs count by their ratios.
  private func scaled(_ objective: Double, _ index: Int) -> Double {
    index < maximisedCount ? objective : -stableLog(max(-objective, 1e-12))
  }

  // MARK: Course of the search

  /// Notes that so much of the budget is used up.
  package mutating func advance(to share: Double) { progress = min(1, max(0, share)) }

  /// Widens the ranges by what was measured.
  package mutating func observe(_ outcome: Outcome) {
    guard outcome.isFeasible, let objectives = outcome.objectives else { return }
    if ranges.isEmpty {
      ranges = objectives.indices.map { scaled(objectives[$0], $0)...scaled(objectives[$0], $0) }
      return
    }
    for index in objectives.indices {
      let value = scaled(objectives[index], index)
      let range = ranges[index]
      ranges[index] = min(range.lowerBound, value)...max(range.upperBound, value)
    }
  }

  /// The same reward that has seen no figures yet.
  package var withoutRanges: Reward {
    var reward = self
    reward.ranges = []
    return reward
  }

  // MARK: Reading results

  /// What agents see of a result.
  package func outcome(of result: TrialResult) -> Outcome {
    var objectives: [Double]? = []
    for (index, figure) in figures.enumerated() {
      guard let value = result.value(of: figure), value.isFinite else {
        objectives = nil
        break
      }
      objectives?.append(index < maximisedCount ? value : -value)
    }
    return Outcome(
      index: result.index, decisions: result.decisions, objectives: objectives,
      violation: violation(of: result, isMeasured: objectives != nil), likeness: result.appraisal.likeness,
      prospects: result.prospects.isEmpty || mirrorWeights.isEmpty ? [] : result.prospects)
  }

  /// By how much a result exceeds the limits, as a sum of shares of their bounds.
  private func violation(of result: TrialResult, isMeasured: Bool) -> Double {
    var sum = 0.0
    for limit in limits {
      if let value = result.value(of: limit.figure) { sum += limit.violation(by: value) }
    }
    switch result.state {
    case .failed, .timedOut, .diverged: return .infinity
    case .infeasible: return max(sum, .leastExceeding)
    case .completed, .stopped: return isMeasured || sum > 0 ? sum : .infinity
    }
  }
}

extension SearchPlan.Limit {
  /// By how much a value is beyond the bound, as a share of it; 0 when the limit is kept.
  package func violation(by value: Double) -> Double {
    guard value.isFinite else { return .infinity }
    let excess: Double
    switch comparison {
    case .less, .lessOrEqual: excess = value - bound
    case .greater, .greaterOrEqual: excess = bound - value
    case .equal: excess = abs(value - bound)
    }
    let isKept =
      switch comparison {
      case .less: value < bound
      case .lessOrEqual: value <= bound
      case .greater: value > bound
      case .greaterOrEqual: value >= bound
      case .equal: value == bound
      }
    if isKept { return 0 }
    return max(excess / (bound == 0 ? 1 : abs(bound)), .leastExceeding)
  }
}

extension Double {
  /// The violation of a limit that is just not kept.
  fileprivate static let leastExceeding = 1e-9
}

extension [Double] {
  /// The mean; 0 of nothing.
  var mean: Double {
    if isEmpty { return 0 }
    var sum = 0.0
    for value in self { sum += value }
    return sum / Double(count)
  }
}
