import IRLASGraph
import IRLASSearch
import Testing

@Suite struct RewardTests {
  private let accuracy = SearchPlan.Figure.accuracy(recipe: "R")
  private let latency = SearchPlan.Figure.latency(batch: 1)

  private func result(
    _ index: Int = 0, accuracy: Double, latency: Double? = nil, state: TrialResult.State = .completed,
    likeness: [Double] = []
  ) -> TrialResult {
    TrialResult(
      index: index, batch: 0, decisions: [], programHash: GraphHash(UInt64(index)),
      appraisal: Appraisal(likeness: likeness), state: state,
      measurements: [.init(self.accuracy, accuracy)]
        + (latency.map { [.init(self.latency, $0)] } ?? []))
  }

  /// Whatever keeps the limits is before whatever does not, and less of a violation before more (Deb, 2000).
  @Test func limitsComeFirst() {
    let limit = SearchPlan.Limit(figure: latency, comparison: .lessOrEqual, bound: 2e-3)
    let reward = Reward(plan: plan(limits: [limit]), hasMirror: false)
    let ordered = [
      result(accuracy: 0.9, latency: 2e-3), result(accuracy: 0, latency: 1e-3),
      result(accuracy: 0.99, latency: 2.1e-3),
      result(accuracy: 0.99, latency: 4e-3, state: .infeasible(limit: 0)),
      result(accuracy: 0.99, latency: 1e6, state: .infeasible(limit: 0)),
      result(accuracy: 1, latency: 1e-3, state: .failed(reason: "signal 11")),
    ].map { reward.value(reward.outcome(of: $0)) }
    #expect(ordered == ordered.sorted(by: >))
    #expect(Set(ordered).count == ordered.count)
    #expect(ordered[1] == 0 && abs(ordered[3] + 0.5) < 1e-12 && ordered[5] == -1)
    for state in [TrialResult.State.timedOut, .diverged] {
      #expect(reward.value(reward.outcome(of: result(accuracy: 1, latency: 1e-3, state: state))) == -1)
    }
    // A completed trial without its figure, or with one that is no number, is nothing.
    let open = Reward(plan: plan(minimised: [latency]), hasMirror: false)
    #expect(open.value(open.outcome(of: result(accuracy: 1))) == -1)
    #expect(open.value(open.outcome(of: result(accuracy: .nan, latency: 1))) == -1)
  }

  @Test(arguments: [
    (SearchPlan.Limit.Comparison.less, 2.0, 3.0, 0.5), (.less, 2, 2, 1e-9), (.less, 2, 1, 0),
    (.lessOrEqual, 2, 2, 0), (.greater, 2, 2, 1e-9), (.greaterOrEqual, 2, 1, 0.5), (.equal, 4, 3, 0.25),
    (.equal, 4, 4, 0), (.lessOrEqual, 0, 3, 3), (.lessOrEqual, 2, .infinity, .infinity),
  ])
  func violations(_ comparison: SearchPlan.Limit.Comparison, bound: Double, value: Double, expected: Double) {
    let limit = SearchPlan.Limit(figure: .params, comparison: comparison, bound: bound)
    #expect(limit.violation(by: value) == expected)
  }

  /// `R = accuracy + lambda M~`, with lambda falling over the last half, and the best match of several experts.
  @Test func likenessIsAdded() {
    var plan = plan(mirror: mirror(weight: 0.2))
    var reward = Reward(plan: plan, hasMirror: true)
    let outcome = reward.outcome(of: result(accuracy: 0.7, likeness: [0.5, 0.25]))
    for (progress, lambda) in [(0.0, 0.2), (0.5, 0.2), (0.75, 0.1), (1, 0)] {
      reward.advance(to: progress)
      #expect(abs(reward.value(outcome) - (0.7 + lambda * 0.5)) < 1e-12)
    }
    plan.mirror?.weights = [0.1, 0.4]
    plan.mirror?.anneals = false
    reward = Reward(plan: plan, hasMirror: true)
    reward.advance(to: 1)
    #expect(abs(reward.value(outcome) - (0.7 + 0.4 * 0.25)) < 1e-12)
    #expect(Reward(plan: plan, hasMirror: false).value(outcome) == 0.7)
    // What breaks a limit is not helped by its looks.
    let failed = reward.outcome(of: result(accuracy: 0.7, state: .diverged, likeness: [1, 1]))
    #expect(reward.value(failed) == -1)
  }

  /// The rewards of the decisions add up to the worth of the whole, in every mode.
  @Test(arguments: SearchPlan.Mirror.Mode.allCases, [false, true])
  func stepsAddUp(_ mode: SearchPlan.Mirror.Mode, isSpread: Bool) {
    let reward = Reward(plan: plan(mirror: mirror(mode)), hasMirror: true)
    var trial = result(accuracy: 0.6, likeness: [0.8])
    trial.decisions = (0..<5).map { Decision(name: "d\($0)", option: 0, count: 2, label: "a") }
    trial.prospects = [0.05, 0.02, 0.09, 0.03, 0.08]
    let outcome = reward.outcome(of: trial)
    let steps = reward.steps(outcome, isSpread: isSpread)
    #expect(abs(steps.reduce(0, +) - reward.value(outcome)) < 1e-12)
    #expect(steps.count == 5)
    if mode == .terminal { #expect(steps[0] == (isSpread ? reward.value(outcome) / 5 : 0)) }
    if mode == .potential, !isSpread {
      #expect(zip(steps, [0.05, -0.03, 0.07, -0.06, 0.6 - 0.03]).allSatisfy { abs($0 - $1) < 1e-12 })
    }
  }

  /// Several figures: dominance is kept by all positive weights, and every point of a front is the best by some,
  /// also where the front is not convex.
  @Test func everyPointOfAFrontCanWin() {
    var reward = Reward(plan: plan(minimised: [latency]), hasMirror: false)
    let points = [(0.9, 8e-3), (0.6, 4e-3), (0.55, 2e-3), (0.5, 1e-3), (0.5, 5e-3), (0.6, 8e-3)]
    let outcomes = points.enumerated().map { index, point in
      reward.outcome(of: result(index, accuracy: point.0, latency: point.1))
    }
    for outcome in outcomes { reward.observe(outcome) }
    var winners: Set<Int> = []
    for step in 1..<200 {
      let share = Double(step) / 200
      let values = outcomes.map { reward.value($0, weights: [share, 1 - share]) }
      #expect(values.allSatisfy { (0...1).contains($0) })
      for (a, x) in outcomes.enumerated() {
        for (b, y) in outcomes.enumerated() {
          guard let p = x.objectives, let q = y.objectives, ParetoFront.dominates(p, q) else { continue }
          #expect(values[a] > values[b])
        }
      }
      if let winner = values.indices.max(by: { values[$0] < values[$1] }) { winners.insert(winner) }
    }
    #expect(winners == [0, 1, 2, 3])
    #expect(winners == Set(ParetoFront.indices(of: outcomes.compactMap(\.objectives))))
  }
}

@Suite struct ParetoFrontTests {
  private func points(_ count: Int, _ dimensions: Int, seed: UInt64, range: UInt64) -> [[Double]] {
    var hash = StableHash(seed: seed)
    return (0..<count).map { _ in
      (0..<dimensions).map { _ in
        hash.combine(1)
        return Double(hash.value % range)
      }
    }
  }

  /// Against the definition, with equal points and equal coordinates.
  @Test(arguments: 0..<40 as Range<UInt64>, 1...4) func fronts(seed: UInt64, dimensions: Int) {
    let points = points(Int(seed), dimensions, seed: seed, range: 6)
    var expected: [Int] = []
    for (index, point) in points.enumerated() {
      let isBeaten = points.enumerated().contains { other, better in
        ParetoFront.dominates(better, point) || (better == point && other < index)
      }
      if !isBeaten { expected.append(index) }
    }
    #expect(ParetoFront.indices(of: points) == expected, "seed \(seed)")
  }

  /// Against counting unit cells.
  @Test(arguments: 0..<30 as Range<UInt64>, 1...3) func hypervolumes(seed: UInt64, dimensions: Int) throws {
    let points = points(Int(seed) / 2, dimensions, seed: seed, range: 7)
    let reference = [Double](repeating: 1, count: dimensions)
    var cells = 0
    for code in 0..<(7 * 7 * 7) {
      let corner = [code % 7, code / 7 % 7, code / 49].map(Double.init)
      // One cell for each corner of the coordinates in use.
      guard corner[dimensions...].allSatisfy({ $0 == 1 }), corner[..<dimensions].allSatisfy({ $0 >= 1 })
      else {
        continue
      }
      let isCovered = points.contains { point in
        point.allSatisfy { $0 > 1 } && zip(point, corner).allSatisfy { $0 >= $1 + 1 }
      }
      if isCovered { cells += 1 }
    }
    let volume = try #require(ParetoFront.hypervolume(points, above: reference))
    #expect(abs(volume - Double(cells)) < 1e-9, "seed \(seed)")
  }

  @Test func moreCoordinatesHaveNoVolume() {
    #expect(ParetoFront.hypervolume([[1, 1, 1, 1]], above: [0, 0, 0, 0]) == nil)
  }
}
