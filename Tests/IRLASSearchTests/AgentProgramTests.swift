import IRLASDSL
import IRLASGraph
import Testing

@testable import IRLASSearch

/// Agents on programs with open decisions, where options may not fit and whole programs may be ruled out.
@Suite struct AgentProgramTests {
  private static let text = """
    irlas 1
    use std

    space Net {
      in image: [6, 8, 8]
      g = choose(1, 2, 4, 3)
      grow h[1..4] = choose(
        conv:   pick(image, h) -> relu -> conv(choose(1x1, 3x3), 6, groups: g) -> bn,
        pool:   pick(image, h) -> choose(max_pool(3x3), max_pool(9x9, padding: valid)),
        add:    pick(image, h) + pick(image, h),
        concat: (pick(image, h), pick(image, h)) -> concat,
      )
      require params <= 600
      return h.leaves -> concat -> global_avg_pool -> linear(10)
    }
    """

  private static let space: Space? = Program.load(entry: SourceFile(name: "space.irlas", text: text)) { _ in
    .missing
  }.space(named: "Net").space?.space

  /// Likeness to something small.
  private let guidance = Guidance(hasMirror: true) { graph in
    Appraisal(likeness: [1 / Double(1 + graph.nodes.count)])
  }

  /// Every agent fills its budget with sound programs, all different.
  @Test(arguments: AgentTests.agents, [.terminal, .potential] as [SearchPlan.Mirror.Mode])
  func agentsSearchPrograms(_ agent: SearchPlan.Agent, mode: SearchPlan.Mirror.Mode) throws {
    let space = try #require(Self.space)
    var loop = try SearchLoop(
      plan: plan(agent, .trials(16), mirror: mirror(mode)), seed: 2, space: space, guidance: guidance)
    let results = try loop.run { trial in
      #expect(trial.candidate.graph.parameterCount <= 600)
      #expect(trial.candidate.graph.verify().isEmpty)
      return TrialResult(
        trial, state: .completed,
        measurements: [.init(.accuracy(recipe: "R"), 1 - 1 / Double(trial.candidate.graph.nodes.count))])
    }.flatMap { $0 }
    #expect(Set(results.map(\.programHash)).count == 16 && loop.evaluated == 16)
  }

  /// A mutant differs in one decision; the others stay where they come up again with their option.
  @Test(arguments: 0..<30 as Range<UInt64>) func mutantsDifferInOneDecision(seed: UInt64) throws {
    let space = SyntheticSpace(layers: 2...5, seed: 1).space
    let parent = try space.sample(seed: seed)
    let child = try #require(space.mutant(of: parent.decisions, key: seed, attempts: 10))
    let old = Dictionary(uniqueKeysWithValues: parent.decisions.map { ($0.name, $0) })
    let changed = child.decisions.filter { decision in old[decision.name].map { $0 != decision } ?? false }
    #expect(changed.count == 1, "seed \(seed)")
    #expect(child.graph.programHash != parent.graph.programHash)
  }

  /// Mutants of programs are repaired: what no longer fits is decided anew.
  @Test(arguments: 0..<30 as Range<UInt64>) func mutantsAreRepaired(seed: UInt64) throws {
    let space = try #require(Self.space)
    let parent = try space.sample(seed: seed)
    let child = try #require(space.mutant(of: parent.decisions, key: seed, attempts: 64))
    let old = Dictionary(uniqueKeysWithValues: parent.decisions.map { ($0.name, $0.label) })
    #expect(child.decisions.contains { decision in old[decision.name].map { $0 != decision.label } ?? false })
    #expect(child.graph.parameterCount <= 600 && child.graph.verify().isEmpty)
    let again = try #require(space.mutant(of: parent.decisions, key: seed, attempts: 64))
    #expect(again.decisions == child.decisions)
  }

  /// What a prefix promises does not depend on what follows it.
  @Test func prospectsAreOfPrefixes() throws {
    let space = try #require(Self.space)
    let reward = Reward(plan: plan(mirror: mirror(.potential)), hasMirror: true)
    let context = SearchContext(space: space, seed: 3, guidance: guidance, reward: reward)
    var known: [[Int]: Double] = [:]
    var shared = 0
    for seed in 0..<24 as Range<UInt64> {
      let sample = try space.sample(seed: seed)
      let candidate = Candidate(decisions: sample.decisions, graph: sample.graph)
      let appraisal = guidance.appraise(sample.graph)
      let values = Prospect(context).values(of: candidate, appraisal)
      #expect(values.count == sample.decisions.count)
      #expect(values.last == reward.weightedLikeness(appraisal.likeness))
      for length in 1..<sample.decisions.count {
        let prefix = sample.decisions.prefix(length).map(\.option)
        if let value = known[prefix] {
          #expect(value == values[length - 1])
          shared += 1
        }
        known[prefix] = values[length - 1]
      }
    }
    #expect(shared > 10)
  }
}
