package import IRLASGraph

/// Synchronous successive halving (Jamieson and Talwalkar, 2016): the candidates of a batch train for a few epochs, the
/// better ones go on, and so forth; a rung begins when all of the one before are done, so that who goes on does not
/// depend on who was faster.
package struct Halving: Hashable, Sendable {
  /// A stage of the race.
  package struct Rung: Hashable, Sendable {
    /// Candidates have been trained for so many epochs when it ends.
    package let epochs: Int
    /// At most so many of them take part.
    package let entrants: Int
  }

  /// In the order in which they are run; the last one trains fully. At least one.
  package let rungs: [Rung]

  /// The rungs of a plan for a batch of `count`; one rung of `recipeEpochs` without halving.
  ///
  /// Each rung has `factor` times the epochs of the one before and `1 / factor` of its candidates, at least one. The
  /// last has exactly the epochs of the plan; a rung that would be nearer to it than the square root of `factor` is left
  /// out.
  package init(fidelity: SearchPlan.Fidelity, count: Int, recipeEpochs: Int) {
    guard case .halving(let from, let to, let factor) = fidelity, factor > 1 else {
      rungs = [Rung(epochs: recipeEpochs, entrants: count)]
      return
    }
    var rungs: [Rung] = []
    var epochs = max(1, from)
    var entrants = count
    while Double(to) * Double(to) > Double(epochs) * Double(epochs) * Double(factor) {
      rungs.append(Rung(epochs: epochs, entrants: entrants))
      epochs = epochs.multipliedReportingOverflow(by: factor).partialValue
      entrants = max(1, entrants / factor)
    }
    rungs.append(Rung(epochs: max(1, to), entrants: entrants))
    self.rungs = rungs
  }

  /// How many candidates make a batch: a function of the plan alone, whatever the number of workers. So many that one
  /// of them is left in the last rung, at least 8 and at most 64.
  package static func batchSize(for fidelity: SearchPlan.Fidelity) -> Int {
    let stages = Halving(fidelity: fidelity, count: 1, recipeEpochs: 1).rungs.count
    guard case .halving(_, _, let factor) = fidelity else { return 8 }
    var size = 1
    for _ in 1..<max(stages, 1) where size < 64 { size *= factor }
    return min(64, max(8, size))
  }

  /// Which of the candidates of a rung go on to the next one, by their indices in `standings`, the best first. Equal
  /// ones go on in the order of their trials. Those that are not feasible never go on.
  ///
  /// - Parameters:
  ///   - standings: the results at the end of rung `stage`, with the accuracy of that epoch.
  ///   - reward: weighs them; figures are scaled within the rung, as accuracies of different epochs do not compare.
  package func survivors(of standings: [TrialResult], after stage: Int, by reward: Reward) -> [Int] {
    guard stage + 1 < rungs.count else { return [] }
    var reward = reward.withoutRanges
    let outcomes = standings.map { reward.outcome(of: $0) }
    for outcome in outcomes { reward.observe(outcome) }
    let ranked = outcomes.indices.filter { outcomes[$0].isFeasible }
      .map { (place: $0, value: reward.value(outcomes[$0]), index: outcomes[$0].index) }
      .sorted { $0.value == $1.value ? $0.index < $1.index : $0.value > $1.value }
    return ranked.prefix(rungs[stage + 1].entrants).map(\.place)
  }
}
