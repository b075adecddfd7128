package import IRLASGraph

/// Who proposes programs. What an agent knows is what it was told: `ask` changes nothing, and everything random in it is
/// drawn by `SearchContext.key`, so that telling the recorded outcomes of an interrupted search again leaves it in the
/// same state.
package protocol Agent: Sendable {
  /// Proposes up to `count` programs, for the trials from `index` on. They see each other no more than trials that run
  /// at the same time do. Fewer when the agent finds none.
  func ask(_ count: Int, from index: Int, in context: SearchContext) -> [Candidate]

  /// Learns from the outcomes of a whole batch, in the order of its trials. Must be quick, about 10 us each: a resumed
  /// search tells all it has.
  mutating func tell(_ outcomes: [Outcome], in context: SearchContext)
}

/// Where an agent acts: the space, what likeness is, and what outcomes are worth at this point of the search.
package struct SearchContext: Sendable {
  /// What is searched.
  package let space: Space
  /// The seed of the search.
  package let seed: UInt64
  /// What a program looks like.
  package let guidance: Guidance
  /// The worth of outcomes now.
  package internal(set) var reward: Reward

  /// A search of `space` by `seed`.
  package init(space: Space, seed: UInt64, guidance: Guidance, reward: Reward) {
    self.space = space
    self.seed = seed
    self.guidance = guidance
    self.reward = reward
  }

  /// A random word for a trial and a purpose; the same whenever it is asked for.
  package func key(_ index: Int, purpose: String) -> UInt64 {
    var hash = StableHash(seed: seed)
    hash.combine(purpose)
    hash.combine(index)
    return hash.value
  }

  /// The likeliest of the candidates, the first of equal ones.
  func likeliest(_ candidates: [Candidate]) -> Candidate? {
    guard candidates.count > 1 else { return candidates.first }
    var best: (place: Int, likeness: Double) = (0, -.infinity)
    for (place, candidate) in candidates.enumerated() {
      let likeness = reward.weightedLikeness(guidance.appraise(candidate.graph).likeness)
      if likeness > best.likeness { best = (place, likeness) }
    }
    return candidates[best.place]
  }
}

/// Why a search cannot be made or continued.
package enum SearchIssue: Error, Hashable, Sendable, CustomStringConvertible {
  /// The agent is none that asks and is told.
  case unsupportedAgent(String)
  /// Results were told that do not follow on those before.
  case unexpectedResult(trial: Int, reason: String)

  package var description: String {
    switch self {
    case .unsupportedAgent(let name): "the agent `\(name)` is not among those that propose trials"
    case .unexpectedResult(let trial, let reason): "trial \(trial): \(reason)"
    }
  }
}

extension SearchContext {
  /// The agent of a plan at the start of a search. A new agent is one line here.
  package func makeAgent(of plan: SearchPlan) throws(SearchIssue) -> any Agent {
    switch plan.agent {
    case .random: return RandomAgent(usesMirror: reward.usesMirror)
    case .evolution(let population, let sample):
      return EvolutionAgent(population: population, sample: sample, expectedTrials: plan.expectedTrials)
    case .qLearning(let state, let exploration, let rate):
      return QLearningAgent(
        state: state, exploration: exploration, rate: rate, expectedTrials: plan.expectedTrials, in: self)
    case .reinforce(let rate, let entropy):
      return ReinforceAgent(rate: rate, entropy: entropy, expectedTrials: plan.expectedTrials)
    case .differentiable: throw .unsupportedAgent("differentiable")
    }
  }
}

extension SearchPlan {
  /// How many trials a search is going to have: what learning rates are fitted to. 500 where the plan does not say.
  package var expectedTrials: Int {
    switch budget {
    case .trials(let count), .feasible(let count): max(1, count)
    case .time: 500
    }
  }
}
