import IRLASGraph
import IRLASSearch
import IRLASTestSupport
import Testing

/// What every agent keeps to, with and without a mirror.
@Suite struct AgentTests {
  static let agents: [SearchPlan.Agent] = [
    .random, .evolution(population: 12, sample: 4),
    .qLearning(state: .lastLayer, exploration: [1, 0.1], rate: 0.01),
    .qLearning(state: .prefix, exploration: [1, 0.1], rate: 0.01),
    .qLearning(state: .linear, exploration: [1, 0.1], rate: 0.01), .reinforce(rate: 0.01, entropy: 0.001),
  ]
  /// Without a mirror, and in each mode.
  static let modes: [SearchPlan.Mirror.Mode?] = [nil, .terminal, .perStep, .potential]

  private let synthetic = SyntheticSpace(layers: 2...5, seed: 5)

  private func loop(
    _ agent: SearchPlan.Agent, _ mode: SearchPlan.Mirror.Mode?, _ space: SyntheticSpace? = nil,
    budget: SearchPlan.Budget = .trials(40), minimised: [SearchPlan.Figure] = [], seed: UInt64 = 7
  ) throws -> SearchLoop {
    let plan = plan(agent, budget, mirror: mode.map { mirror($0) }, minimised: minimised)
    return try SearchLoop(
      plan: plan, seed: seed, space: (space ?? synthetic).space,
      guidance: mode == nil ? .none : synthetic.guidance)
  }

  /// A result of any kind, by the trial alone: some fail, diverge, take too long or keep a limit not.
  private func troubled(_ trial: ProposedTrial) -> TrialResult {
    var result = synthetic.evaluate(trial)
    switch trial.programHash.value % 10 {
    case 0: result.state = .failed(reason: "a signal")
    case 1: result.state = .diverged
    case 2: result.state = .timedOut
    case 3: result.state = .infeasible(limit: 0)
    case 4: result.state = .stopped
    default: break
    }
    if result.state == .diverged { result.measurements = [.init(.accuracy(recipe: "R"), .nan)] }
    if case .failed = result.state { result.measurements = [] }
    return result
  }

  /// What tells results apart, in short.
  private func trace(_ results: [TrialResult]) -> [String] {
    results.map { result in
      var hash = StableHash(seed: result.programHash.value)
      for decision in result.decisions { hash.combine("\(decision)") }
      for value in result.prospects + result.appraisal.likeness { hash.combine(value) }
      return "\(result.index) \(result.batch) \(GraphHash(hash.value)) \(result.repeats ?? -1)"
    }
  }

  /// A search that is interrupted after any batch and resumed from the recorded results goes on as the undisturbed one,
  /// whatever comes of the trials; asking twice gives the same; and the same seed gives the same search.
  @Test(arguments: agents, modes)
  func resumedSearchesAreUndisturbed(_ agent: SearchPlan.Agent, _ mode: SearchPlan.Mirror.Mode?) throws {
    var undisturbed = try loop(agent, mode)
    let batches = try undisturbed.run(troubled)
    #expect(batches.count >= 40 / undisturbed.batchSize)
    for interruption in [0, 1, batches.count / 2, batches.count - 1] {
      var resumed = try loop(agent, mode)
      for batch in batches.prefix(interruption) { try resumed.tell(batch) }
      let next = trace(batches[interruption])
      #expect(trace(resumed.nextResults(troubled) ?? []) == next)
      #expect(trace(resumed.nextResults(troubled) ?? []) == next)
      if interruption == batches.count / 2 {
        let rest = try resumed.run(troubled)
        #expect(rest.map(trace) == batches[interruption...].map(trace))
      }
    }
  }

  /// Only programs of the space are proposed, and never those that cannot be formed.
  @Test(arguments: agents, modes)
  func proposalsAreSound(_ agent: SearchPlan.Agent, _ mode: SearchPlan.Mirror.Mode?) throws {
    var strict = SyntheticSpace(layers: 2...5, seed: 5)
    strict.forbidsPairs = true
    var loop = try loop(agent, mode, strict)
    let space = strict.space
    for result in try loop.run(troubled).flatMap({ $0 }) {
      let options = Dictionary(uniqueKeysWithValues: result.decisions.map { ($0.name, $0.option) })
      let again = space.explore { options[$0.name] }
      #expect(again.decisions == result.decisions)
      #expect(again.graph?.programHash == result.programHash)
    }
  }

  /// Every agent finds most of what there is, goes on when it repeats itself, and ends a space that is exhausted.
  @Test(arguments: agents)
  func everyAgentExhaustsASmallSpace(_ agent: SearchPlan.Agent) throws {
    let small = SyntheticSpace(layers: 1...2, seed: 3)
    var loop = try loop(agent, .terminal, small, budget: .trials(10_000))
    let results = try loop.run(small.evaluate).flatMap { $0 }
    #expect(loop.evaluated == Set(results.map(\.programHash)).count)
    guard case .end(.exhausted(loop.evaluated, isCertain: true)) = loop.propose() else {
      Issue.record("\(loop.propose())")
      return
    }
  }

  #if DEBUG
    private static let manyCount = 500
  #else
    private static let manyCount = 100_000
  #endif
  /// Results of programs drawn at random, in batches of 8.
  private static let many: [TrialResult] = {
    let space = SyntheticSpace(layers: 8...10, seed: 5).space
    return (0..<manyCount).compactMap { index in
      guard let sample = try? space.sample(seed: UInt64(index)) else { return nil }
      let likeness = Double(index % 97) / 97
      return TrialResult(
        index: index, batch: index / 8, decisions: sample.decisions, programHash: GraphHash(UInt64(index)),
        appraisal: Appraisal(likeness: [likeness]), prospects: sample.decisions.map { _ in likeness },
        state: .completed, measurements: [.init(.accuracy(recipe: "R"), Double(index % 89) / 89)])
    }
  }()

  /// 100,000 recorded trials, told again, take less than 2 s in an optimised build.
  @Test(arguments: agents, [nil, .perStep] as [SearchPlan.Mirror.Mode?])
  func manyTrialsAreToldQuickly(_ agent: SearchPlan.Agent, _ mode: SearchPlan.Mirror.Mode?) throws {
    let results = Self.many
    var loop = try loop(agent, mode, budget: .trials(1_000_000))
    // Of this thread alone: other tests run beside it.
    let start = processorTime()
    do {
      for first in stride(from: 0, to: results.count, by: loop.batchSize) {
        try loop.tell(Array(results[first..<min(results.count, first + loop.batchSize)]))
      }
    }
    let time = processorTime() - start
    #expect(loop.evaluated == Self.manyCount)
    #if !DEBUG
      print("told \(results.count) trials to \(agent), \(mode.map(\.rawValue) ?? "no mirror"): \(time) s")
    #endif
    #expect(time < 2, "\(agent) \(String(describing: mode))")
  }

  /// The differentiable agent asks nobody.
  @Test func otherAgentsAreRefused() {
    #expect(throws: SearchIssue.unsupportedAgent("differentiable")) {
      try loop(.differentiable(epochs: 1, rate: 0.1), nil)
    }
  }
}
