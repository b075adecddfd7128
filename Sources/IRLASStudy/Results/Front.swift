package import IRLASGraph
import IRLASSearch

/// The trials of which no other is at least as good in every figure sought and better in one.
package enum Front {
  /// The front of some trials, in the order of the first figure, the best first. Of equal trials the first one counts.
  ///
  /// Only completed trials count; with one figure the front is one trial.
  package static func of(_ trials: [TrialRecord], _ reward: SearchPlan.Reward) -> [TrialRecord] {
    let maximised = reward.maximised.map(\.description)
    let minimised = reward.minimised.map(\.description)
    var points: [(trial: TrialRecord, values: [Double])] = []
    for trial in trials where trial.state == .completed && trial.repeats == nil {
      let values = maximised.map { trial.value($0) } + minimised.map { trial.value($0).map(-) }
      let known = values.compactMap(\.self)
      guard known.count == values.count, known.allSatisfy(\.isFinite) else { continue }
      points.append((trial, known))
    }
    return ParetoFront.indices(of: points.map(\.values))
      .sorted { a, b in
        for (x, y) in zip(points[a].values, points[b].values) where x != y { return x > y }
        return a < b
      }
      .map { points[$0].trial }
  }
}
