import IRLASGraph

/// Regularised evolution (Real, Aggarwal, Huang and Le, AAAI 2019): a population of the latest programs, however good.
/// The parent of a new program is the best of a random sample of it; the child differs in one decision, and the oldest
/// program dies for it.
///
/// - With a mirror several mutants are made of a parent and the likeliest is taken [ours]; as many fewer as the weight has
///   been annealed.
/// - Limits come first: `Reward` puts whatever keeps them before whatever does not (Deb, 2000).
/// - Where several figures are sought, each sample is judged by weights drawn for it, so that the population spreads over
///   the front (Knowles, ParEGO, 2006).
/// - The population is at most a quarter of the expected trials, lest a small budget is spent on its first, random one
///   [ours].
struct EvolutionAgent: Agent {
  /// How many mutants the mirror chooses from before annealing [ours].
  static let mutants = 4
  /// How often a child that cannot be made is tried with another mutation.
  private static let attempts = 64

  /// How many programs live at a time.
  let population: Int
  /// How many of them compete to be a parent.
  let sample: Int
  /// The latest outcomes, oldest first, at least `population` once there are so many.
  private var told: [Outcome] = []

  /// An agent for a search of about `expectedTrials`.
  init(population: Int, sample: Int, expectedTrials: Int) {
    self.population = max(2, min(population, expectedTrials / 4))
    self.sample = max(1, min(sample, self.population))
  }

  func ask(_ count: Int, from index: Int, in context: SearchContext) -> [Candidate] {
    let alive = told.suffix(population)
    let choices =
      context.reward.usesMirror ? 1 + Int(Double(Self.mutants - 1) * context.reward.mirrorShare) : 1
    var candidates: [Candidate] = []
    for trial in index..<(index + count) {
      let key = context.key(trial, purpose: "evolution")
      // The first population is drawn.
      let parent = alive.count < population ? nil : winner(of: alive, key: key, in: context)
      var children: [Candidate] = []
      for choice in 0..<choices {
        let key = StableHash.mix(key, UInt64(choice))
        if let parent {
          if let child = context.space.mutant(of: parent.decisions, key: key, attempts: Self.attempts) {
            children.append(child)
          }
        } else if let sample = try? context.space.sample(seed: key) {
          children.append(Candidate(decisions: sample.decisions, graph: sample.graph))
        }
      }
      if let child = context.likeliest(children) { candidates.append(child) }
    }
    return candidates
  }

  mutating func tell(_ outcomes: [Outcome], in context: SearchContext) {
    told += outcomes
    if told.count > 2 * population { told.removeFirst(told.count - population) }
  }

  /// The best of a sample that is drawn with repeats; the first of equal ones.
  private func winner(of alive: ArraySlice<Outcome>, key: UInt64, in context: SearchContext) -> Outcome? {
    var hash = StableHash(seed: key)
    let weights = context.reward.figures.count > 1 ? Self.weights(context.reward.figures.count, &hash) : nil
    var best: (outcome: Outcome, value: Double)?
    for _ in 0..<sample {
      hash.combine(1)
      let outcome = alive[alive.startIndex + hash.value.below(alive.count)]
      let value = context.reward.value(outcome, weights: weights)
      if value > best?.value ?? -.infinity { best = (outcome, value) }
    }
    return best?.outcome
  }

  /// A point of the simplex, drawn uniformly.
  private static func weights(_ count: Int, _ hash: inout StableHash) -> [Double] {
    var weights: [Double] = []
    for _ in 0..<count {
      hash.combine(2)
      weights.append(-stableLog(1 - hash.value.unitInterval))
    }
    var sum = 0.0
    for weight in weights { sum += weight }
    return sum > 0 ? weights.map { $0 / sum } : weights
  }
}

extension Space {
  /// A program that differs from another one in one decision, and in what follows from it: decisions keep their
  /// option where they come up again with it, and are drawn by their odds where they do not or where it cannot be formed
  /// any more.
  ///
  /// - Parameters:
  ///   - decisions: those of the parent.
  ///   - key: what everything random is drawn by.
  ///   - limit: how many mutations to try at most.
  /// - Returns: nil when none of them makes a program.
  func mutant(of decisions: [Decision], key: UInt64, attempts limit: Int) -> Candidate? {
    let free = decisions.filter { $0.count > 1 }
    guard !free.isEmpty else { return nil }
    var inherited: [String: Decision] = [:]
    for decision in decisions { inherited[decision.name] = decision }
    var changed = free[0]
    var attemptKey = key
    return complete(attempts: limit) { attempt in
      attemptKey = StableHash.mix(key, UInt64(attempt))
      changed = free[StableHash.mix(attemptKey, 1).below(free.count)]
    } decide: { point, struck, _ in
      if point.name == changed.name {
        return point.draw(key: attemptKey, excluding: struck.union([changed.option]))
      }
      if let decision = inherited[point.name], let option = point.option(of: decision),
        !struck.contains(option)
      {
        return option
      }
      return point.draw(key: attemptKey, excluding: struck)
    }
  }
}

extension DecisionPoint {
  /// The option that means what an earlier decision of this name did: the one with its label. Its number may be another,
  /// as options come and go with the decisions before.
  fileprivate func option(of decision: Decision) -> Int? {
    if decision.option < count, label(decision.option) == decision.label { return decision.option }
    return (0..<count).first { label($0) == decision.label }
  }
}
