import IRLASGraph
import IRLASSearch
import Testing

@Suite struct SearchLoopTests {
  private let synthetic = SyntheticSpace(layers: 2...4, seed: 3)

  private func loop(
    _ plan: SearchPlan, seed: UInt64 = 1, _ synthetic: SyntheticSpace? = nil, guidance: Guidance = .none
  ) throws -> SearchLoop {
    try SearchLoop(plan: plan, seed: seed, space: (synthetic ?? self.synthetic).space, guidance: guidance)
  }

  /// A budget of trials is used up exactly, and repeats do not count.
  @Test func trialsAreCountedWithoutRepeats() throws {
    var loop = try loop(plan(.random, .trials(37)))
    let results = try loop.run(synthetic.evaluate).flatMap { $0 }
    #expect(results.map(\.index) == Array(results.indices))
    #expect(results.filter { $0.repeats == nil }.count == 37)
    #expect(Set(results.map(\.programHash)).count == 37)
    for result in results {
      guard let first = result.repeats else { continue }
      #expect(results[first].programHash == result.programHash && results[first].repeats == nil)
      #expect(loop.outcomes[result.index].objectives == loop.outcomes[first].objectives)
    }
    guard case .end(.budget) = loop.propose() else {
      Issue.record("the search goes on")
      return
    }
  }

  /// A space that has fewer programs than the budget is gone through completely, each program once.
  @Test func smallSpacesAreExhausted() throws {
    let small = SyntheticSpace(layers: 1...2, seed: 3)
    var programs: Set<GraphHash> = []
    small.space.enumerate { exploration in
      if let graph = exploration.graph { programs.insert(graph.programHash) }
      return true
    }
    var loop = try loop(plan(.random, .trials(1000)), small)
    let results = try loop.run(small.evaluate).flatMap { $0 }
    #expect(Set(results.map(\.programHash)) == programs)
    #expect(loop.evaluated == programs.count)
    guard case .end(let ending) = loop.propose() else {
      Issue.record("the search goes on")
      return
    }
    #expect(ending == .exhausted(programs: programs.count, isCertain: true))
  }

  @Test func aSpaceWithoutProgramsEndsTheSearch() throws {
    let space = Space(name: "Net") { _ in
      Exploration(decisions: [], outcome: .infeasible(culprit: nil, reason: "nothing fits"))
    }
    let loop = try SearchLoop(plan: plan(), seed: 0, space: space, guidance: .none)
    guard case .end(.noProgram("nothing fits", _)) = loop.propose() else {
      Issue.record("the search goes on")
      return
    }
  }

  /// Budgets of feasible programs and of time.
  @Test func otherBudgets() throws {
    let limit = SearchPlan.Limit(figure: .latency(batch: 1), comparison: .lessOrEqual, bound: 3e-3)
    var loop = try loop(plan(.random, .feasible(12), limits: [limit]))
    _ = try loop.run(synthetic.evaluate)
    #expect((12..<20).contains(loop.feasible))
    #expect(loop.evaluated > loop.feasible)
    #expect(loop.outcomes.contains { !$0.isFeasible && abs($0.violation - 1.0 / 3) < 1e-9 })

    var timed = try self.loop(plan(.random, .time(10)))
    for second in stride(from: 4.0, through: 12, by: 4) {
      try timed.tell(try #require(timed.nextResults(synthetic.evaluate)), elapsed: second)
    }
    #expect(timed.nextResults(synthetic.evaluate) == nil)
    #expect(timed.progress == 1.2)
  }

  /// Results that do not follow on the earlier ones are refused and change nothing.
  @Test func wrongResultsAreRefused() throws {
    var loop = try loop(plan())
    let first = try #require(loop.nextResults(synthetic.evaluate))
    #expect(throws: SearchIssue.self) { try loop.tell(Array(first.dropFirst())) }
    try loop.tell(first)
    #expect(throws: SearchIssue.self) { try loop.tell(first) }
    var wrong = try #require(loop.nextResults(synthetic.evaluate))
    wrong[0].repeats = wrong[0].index
    #expect(throws: SearchIssue.self) { try loop.tell(wrong) }
    for (option, count) in [(2, 2), (-1, 2), (0, 0), (0, -1), (0, Int.max)] {
      wrong = try #require(loop.nextResults(synthetic.evaluate))
      wrong[1].decisions[0] = Decision(name: "Net.h.count", option: option, count: count, label: "2")
      #expect(throws: SearchIssue.self) { try loop.tell(wrong) }
    }
    wrong = try #require(loop.nextResults(synthetic.evaluate))
    wrong[1].prospects = [.nan]
    #expect(throws: SearchIssue.self) { try loop.tell(wrong) }
    #expect(loop.outcomes.count == first.count)
  }

  /// Different seeds search differently and train differently.
  @Test func seedsMatter() throws {
    guard case .batch(let a) = try loop(plan(), seed: 1).propose(),
      case .batch(let b) = try loop(plan(), seed: 2).propose()
    else {
      Issue.record("no batch")
      return
    }
    #expect(a.map(\.programHash) != b.map(\.programHash))
    #expect(Set(a.map(\.trainingSeed)).count == Set(a.map(\.programHash)).count)
    #expect(Set(a.map(\.trainingSeed)).isDisjoint(with: b.map(\.trainingSeed)))
  }
}

@Suite struct HalvingTests {
  @Test(arguments: [
    (1, 12, 3, [1, 3, 12], 9), (1, 9, 3, [1, 3, 9], 9), (1, 27, 3, [1, 3, 9, 27], 27), (4, 4, 2, [4], 8),
    (1, 26, 3, [1, 3, 9, 26], 27), (2, 3, 2, [2, 3], 8), (1, 1_000_000, 2, nil, 64), (3, 4, 3, [4], 8),
  ])
  func rungs(from: Int, to: Int, factor: Int, epochs: [Int]?, batch: Int) {
    let fidelity = SearchPlan.Fidelity.halving(from: from, to: to, factor: factor)
    #expect(Halving.batchSize(for: fidelity) == batch)
    let halving = Halving(fidelity: fidelity, count: batch, recipeEpochs: 5)
    if let epochs { #expect(halving.rungs.map(\.epochs) == epochs) }
    #expect(halving.rungs.last?.epochs == to)
    #expect(halving.rungs.first?.entrants == batch)
    for (a, b) in zip(halving.rungs, halving.rungs.dropFirst()) {
      #expect(b.entrants == max(1, a.entrants / factor) && b.epochs > a.epochs)
    }
  }

  @Test func withoutHalvingThereIsOneRung() {
    #expect(Halving.batchSize(for: .full) == 8)
    let rungs = Halving(fidelity: .full, count: 5, recipeEpochs: 12).rungs
    #expect(rungs.map(\.epochs) == [12] && rungs.map(\.entrants) == [5])
  }

  /// The better ones go on; equal ones by their trials; failed ones never; not by the order in which they finish.
  @Test func theBetterOnesGoOn() {
    let fidelity = SearchPlan.Fidelity.halving(from: 1, to: 9, factor: 3)
    let reward = Reward(plan: plan(fidelity: fidelity), hasMirror: false)
    let halving = Halving(fidelity: fidelity, count: 9, recipeEpochs: 9)
    let accuracies = [0.3, 0.9, 0.5, 0.9, .nan, 0.95, 0.2, 0.1, 0.99]
    var standings = accuracies.enumerated().map { index, accuracy in
      TrialResult(
        index: index, batch: 0, decisions: [], programHash: GraphHash(UInt64(index)), state: .completed,
        measurements: [.init(.accuracy(recipe: "R"), accuracy)])
    }
    standings[8].state = .diverged
    #expect(halving.survivors(of: standings, after: 0, by: reward) == [5, 1, 3])
    #expect(halving.survivors(of: standings.reversed(), after: 0, by: reward) == [3, 7, 5])
    #expect(halving.survivors(of: Array(standings.prefix(3)), after: 1, by: reward) == [1])
    #expect(halving.survivors(of: standings, after: 2, by: reward).isEmpty)
  }
}
