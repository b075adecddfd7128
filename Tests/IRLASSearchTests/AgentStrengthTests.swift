import IRLASGraph
import IRLASSearch
import Testing

/// Agents against random draws of the same budget, over paired seeds, each with its own accuracies. Everything is
/// deterministic; the margins are about half of the gains that were seen.
@Suite struct AgentStrengthTests {
  private static let trials = 120
  private static let seeds: Range<UInt64> = 0..<8
  /// The best accuracies of random draws, by seed.
  private static let random = (try? best(.random)) ?? []

  /// The best accuracy of each seed.
  private static func best(
    _ agent: SearchPlan.Agent, mode: SearchPlan.Mirror.Mode? = nil
  ) throws -> [Double] {
    try seeds.map { seed in
      let synthetic = SyntheticSpace(layers: 3...6, seed: 100 + seed)
      var loop = try SearchLoop(
        plan: plan(agent, .trials(trials), mirror: mode.map { mirror($0) }), seed: seed,
        space: synthetic.space,
        guidance: mode == nil ? .none : synthetic.guidance)
      _ = try loop.run(synthetic.evaluate)
      return loop.outcomes.compactMap { $0.objectives?[0] }.max() ?? 0
    }
  }

  /// The mean gain over random draws is at least `margin`, and so many of the seeds gain.
  @Test(
    arguments: [
      (SearchPlan.Agent.evolution(population: 12, sample: 4), nil, 0.035, 8),
      (.evolution(population: 12, sample: 4), .terminal, 0.04, 8),
      (.reinforce(rate: 0.01, entropy: 0.001), nil, 0.03, 7),
      (.reinforce(rate: 0.01, entropy: 0.001), .potential, 0.03, 7),
      (.qLearning(state: .prefix, exploration: [1, 0.1], rate: 0.01), .terminal, 0.02, 6),
      (.random, .terminal, 0.015, 6),
    ] as [(SearchPlan.Agent, SearchPlan.Mirror.Mode?, Double, Int)])
  func agentsBeatRandomDraws(
    _ agent: SearchPlan.Agent, mode: SearchPlan.Mirror.Mode?, margin: Double, wins: Int
  ) throws {
    let differences = zip(try Self.best(agent, mode: mode), Self.random).map { $0 - $1 }
    #expect(differences.count == Self.seeds.count)
    let mean = differences.reduce(0, +) / Double(differences.count)
    #expect(mean >= margin, "\(differences)")
    #expect(differences.filter { $0 > 0 }.count >= wins, "\(differences)")
  }

  // MARK: Fronts

  private static let randomVolumes = (try? volumes(.random)) ?? []

  /// The area that a search for accurate and fast networks dominates, over accuracy and units of time, above accuracy 0
  /// and 8 units, for each seed.
  private static func volumes(_ agent: SearchPlan.Agent) throws -> [Double] {
    try seeds.map { seed in
      let synthetic = SyntheticSpace(layers: 3...6, seed: 100 + seed)
      let plan = plan(agent, .trials(100), minimised: [.latency(batch: 1)])
      var loop = try SearchLoop(plan: plan, seed: seed, space: synthetic.space, guidance: .none)
      _ = try loop.run { trial in
        // Every option takes its own time.
        var time = 0.0
        for width in SyntheticSpace.widths(trial.candidate.graph) {
          time += 0.3 + Double(StableHash.mix(seed, UInt64(width)) >> 11) * 0x1p-53
        }
        return TrialResult(
          trial, state: .completed,
          measurements: [
            .init(.accuracy(recipe: "R"), synthetic.accuracy(trial.candidate.graph)),
            .init(.latency(batch: 1), time),
          ])
      }
      return ParetoFront.hypervolume(loop.outcomes.compactMap(\.objectives), above: [0, -8]) ?? 0
    }
  }

  /// Where accuracy and time are sought together, the front is beyond that of random draws. Those dominate 3.5 units.
  @Test(arguments: [
    (SearchPlan.Agent.evolution(population: 12, sample: 4), 0.08),
    (.reinforce(rate: 0.01, entropy: 0.001), 0.12),
  ])
  func frontsAreBeyondRandomOnes(_ agent: SearchPlan.Agent, margin: Double) throws {
    let differences = zip(try Self.volumes(agent), Self.randomVolumes).map { $0 - $1 }
    #expect(differences.count == Self.seeds.count)
    #expect(differences.reduce(0, +) / Double(differences.count) >= margin, "\(differences)")
    #expect(differences.filter { $0 > 0 }.count >= 6, "\(differences)")
  }
}
