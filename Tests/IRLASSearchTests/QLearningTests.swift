import IRLASGraph
import IRLASSearch
import Testing

/// Q-learning against exact answers: spaces small enough to be gone through.
@Suite struct QLearningTests {
  /// What is learned from `batches` of 8 walks: the program of the greedy policy then.
  private func greedy(
    _ state: SearchPlan.Agent.QState, on synthetic: SyntheticSpace, batches: Int, seed: UInt64,
    mirror: SearchPlan.Mirror? = nil, guidance: Guidance = .none
  ) throws -> Graph {
    let plan = plan(
      .qLearning(state: state, exploration: [1, 0], rate: 0.1), .trials(8 * batches), mirror: mirror)
    var reward = Reward(plan: plan, hasMirror: guidance.hasMirror)
    func context() -> SearchContext {
      SearchContext(space: synthetic.space, seed: seed, guidance: guidance, reward: reward)
    }
    var agent = try context().makeAgent(of: plan)
    for batch in 0..<batches {
      reward.advance(to: Double(batch) / Double(batches))
      let candidates = agent.ask(8, from: 8 * batch, in: context())
      let outcomes = candidates.enumerated().map { place, candidate in
        let appraisal = guidance.appraise(candidate.graph)
        return reward.outcome(
          of: TrialResult(
            index: 8 * batch + place, batch: batch, decisions: candidate.decisions,
            programHash: candidate.graph.programHash, appraisal: appraisal,
            prospects: reward.usesProspects ? Prospect(context()).values(of: candidate, appraisal) : [],
            state: .completed,
            measurements: [.init(.accuracy(recipe: "R"), synthetic.accuracy(candidate.graph))]))
      }
      agent.tell(outcomes, in: context())
    }
    reward.advance(to: 1)
    return try #require(agent.ask(1, from: 8 * batches, in: context()).first).graph
  }

  /// With the whole prefix for a state the greedy program is the best of all.
  @Test(arguments: [(2, 250, 0), (2, 250, 1), (2, 250, 2), (2, 250, 3), (3, 600, 4)])
  func prefixesReachTheOptimum(layers: Int, batches: Int, seed: UInt64) throws {
    let synthetic = SyntheticSpace(layers: 1...layers, seed: 40 + seed)
    let graph = try greedy(.prefix, on: synthetic, batches: batches, seed: seed)
    #expect(synthetic.accuracy(graph) == synthetic.optimum, "seed \(seed)")
  }

  /// The other states see less, but find good programs.
  @Test(arguments: [SearchPlan.Agent.QState.lastLayer, .linear], [0, 1, 2] as [UInt64])
  func otherStatesComeNear(_ state: SearchPlan.Agent.QState, seed: UInt64) throws {
    let synthetic = SyntheticSpace(layers: 1...2, seed: 40 + seed)
    let graph = try greedy(state, on: synthetic, batches: 150, seed: seed)
    var accuracies: [Double] = []
    synthetic.space.enumerate { exploration in
      if let graph = exploration.graph { accuracies.append(synthetic.accuracy(graph)) }
      return true
    }
    let better = accuracies.filter { $0 > synthetic.accuracy(graph) }.count
    #expect(better <= accuracies.count / 8, "\(better) of \(accuracies.count) are better")
  }

  // MARK: Modes

  /// An expert that is as unlike good programs as can be.
  private func adverse(_ synthetic: SyntheticSpace) -> Guidance {
    Guidance(hasMirror: true) { Appraisal(likeness: [1 - synthetic.accuracy($0)]) }
  }

  private func strong(_ mode: SearchPlan.Mirror.Mode) -> SearchPlan.Mirror {
    .init(method: .maximumEntropy, weights: [3], mode: mode, anneals: false)
  }

  /// The best program by the rewards of its decisions, found by backward induction over the tree of prefixes, and the sum
  /// of its rewards.
  private func best(
    _ synthetic: SyntheticSpace, mode: SearchPlan.Mirror.Mode?
  ) throws -> (options: [Int], value: Double) {
    let guidance = mode == nil ? Guidance.none : adverse(synthetic)
    let plan = plan(mirror: mode.map(strong))
    let reward = Reward(plan: plan, hasMirror: guidance.hasMirror)
    let context = SearchContext(space: synthetic.space, seed: 1, guidance: guidance, reward: reward)
    // The reward of each edge, and the edges below each prefix, in the order of the enumeration.
    var rewards: [[Int]: Double] = [:]
    var children: [[Int]: [[Int]]] = [:]
    synthetic.space.enumerate { exploration in
      guard let graph = exploration.graph else { return true }
      let appraisal = guidance.appraise(graph)
      let candidate = Candidate(decisions: exploration.decisions, graph: graph)
      let outcome = reward.outcome(
        of: TrialResult(
          index: 0, batch: 0, decisions: exploration.decisions, programHash: graph.programHash,
          appraisal: appraisal,
          prospects: reward.usesProspects ? Prospect(context).values(of: candidate, appraisal) : [],
          state: .completed, measurements: [.init(.accuracy(recipe: "R"), synthetic.accuracy(graph))]))
      let options = exploration.decisions.map(\.option)
      for (step, value) in reward.steps(outcome).enumerated() {
        let prefix = Array(options.prefix(step + 1))
        if let known = rewards[prefix] {
          // What a prefix earns is a matter of the prefix alone.
          if mode == .potential { #expect(abs(known - value) < 1e-12) }
        } else {
          rewards[prefix] = value
          children[Array(options.prefix(step)), default: []].append(prefix)
        }
      }
      return true
    }
    func induction(_ prefix: [Int]) -> (options: [Int], value: Double) {
      guard let below = children[prefix] else { return (prefix, 0) }
      var best: (options: [Int], value: Double) = ([], -.infinity)
      for next in below {
        let found = induction(next)
        let value = found.value + (rewards[next] ?? 0)
        if value > best.value { best = (found.options, value) }
      }
      return best
    }
    return induction([])
  }

  /// Differences of a potential leave the best program and its worth as they are, however strong and wrong the mirror is;
  /// the other modes follow it.
  @Test(arguments: 0..<4 as Range<UInt64>) func potentialLeavesTheOptimum(seed: UInt64) throws {
    let synthetic = SyntheticSpace(layers: 1...2, seed: 60 + seed)
    let plain = try best(synthetic, mode: nil)
    let shaped = try best(synthetic, mode: .potential)
    #expect(plain.options == shaped.options)
    #expect(abs(plain.value - shaped.value) < 1e-12)
    #expect(plain.value == synthetic.optimum)
    #expect(try best(synthetic, mode: .terminal).options != plain.options)
    let graph = try greedy(
      .prefix, on: synthetic, batches: 250, seed: seed, mirror: strong(.potential),
      guidance: adverse(synthetic))
    #expect(synthetic.accuracy(graph) == synthetic.optimum)
    let misled = try greedy(
      .prefix, on: synthetic, batches: 250, seed: seed, mirror: strong(.terminal),
      guidance: adverse(synthetic))
    #expect(synthetic.accuracy(misled) < synthetic.optimum)
  }

  // MARK: Exploration

  /// BlockQNN's course over its own 178 iterations, and as scaled.
  @Test func explorationFalls() {
    let published = ExplorationSchedule(shares: [1, 0.1], isPretrained: false)
    let stages = [(0, 1.0), (94, 1.0), (95, 0.9), (115, 0.7), (116, 0.6), (165, 0.2), (166, 0.1), (178, 0.1)]
    for (iteration, epsilon) in stages {
      #expect(abs(published.epsilon(at: (Double(iteration) + 1e-6) / 178) - epsilon) < 1e-12)
    }
    let scaled = ExplorationSchedule(shares: [0.5, 0], isPretrained: false)
    #expect(scaled.epsilon(at: 0) == 0.5 && scaled.epsilon(at: 1) == 0)
    let pretrained = ExplorationSchedule(shares: [1, 0.1], isPretrained: true)
    #expect(abs(pretrained.epsilon(at: 0) - 0.9) < 1e-12)
    let thirds = ExplorationSchedule(shares: [0.9, 0.6, 0.3], isPretrained: false)
    #expect([0, 0.34, 0.67, 1].map(thirds.epsilon) == [0.9, 0.6, 0.3, 0.3])
    #expect(ExplorationSchedule(shares: [0.2], isPretrained: false).epsilon(at: 0.7) == 0.2)
  }
}
