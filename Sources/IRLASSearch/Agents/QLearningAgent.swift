import IRLASGraph

/// Q-learning over the decisions of a space, as in BlockQNN (Zhong, Yan, Wu, Shao and Liu, CVPR 2018): epsilon-greedy
/// walks, `gamma` 1, replay of earlier trials.
///
/// - *States*: `last_layer` is the paper's, which tells programs with the same last layer not apart; `prefix` is all
///   decisions so far; `linear` is a linear function of features of them.
/// - *Reward shaping*: `last_layer` spreads the reward over the steps, `r_t = r_T / T`, as the paper does. The others pay
///   at the end: walks are learned from backwards, so that the reward reaches their beginning at once, and a share of it
///   that lies behind would draw a state that knows its past to what takes more steps [ours].
/// - *Rate*: the paper's 0.01 is for 11,392 blocks. It is raised in proportion where the budget is smaller, up to 0.5
///   [ours].
/// - *Replay*: as many earlier trials as the batch has, with their reward at the present weight of the mirror.
/// - *Untried options* count as much as the state's mean return, plus what the mirror says of them [ours]. For that a
///   table is trained beforehand on the mirror's reward alone, which costs no evaluations.
struct QLearningAgent: Agent {
  /// The number of blocks that BlockQNN's rate is made for.
  private static let publishedTrials = 11_392.0
  /// How many programs are drawn in pre-training [ours].
  static let pretrainingWalks = 256
  /// How often a walk that comes to no program begins anew, ever more at random.
  private static let attempts = 64

  private let state: SearchPlan.Agent.QState
  private let schedule: ExplorationSchedule
  /// The learning rate.
  let rate: Double
  private var table = QTable()
  /// In place of the table where the state is `linear`.
  private var linear: LinearQ?
  /// What the mirror says of options; empty without one.
  private var prior = QTable()
  private var outcomes: [Outcome] = []
  private var paths: [QTable.Path] = []
  /// The mean return of the first batch, which linear values are differences from.
  private var offset: Double?

  /// An agent for a search of about `expectedTrials`; trained on the mirror, where there is one.
  init(
    state: SearchPlan.Agent.QState, exploration: [Double], rate: Double, expectedTrials: Int,
    in context: SearchContext
  ) {
    self.state = state
    let isPretrained = context.reward.usesMirror
    schedule = ExplorationSchedule(shares: exploration, isPretrained: isPretrained)
    self.rate = max(rate, min(0.5, rate * Self.publishedTrials / Double(expectedTrials)))
    linear = state == .linear ? LinearQ() : nil
    if isPretrained { pretrain(in: context) }
  }

  // MARK: Asking

  func ask(_ count: Int, from index: Int, in context: SearchContext) -> [Candidate] {
    let epsilon = schedule.epsilon(at: context.reward.progress)
    return (index..<(index + count)).compactMap {
      walk(key: context.key($0, purpose: "q"), epsilon: epsilon, in: context)
    }
  }

  /// A program by the values, or for a share `epsilon` of the decisions by their odds.
  private func walk(key: UInt64, epsilon: Double, in context: SearchContext) -> Candidate? {
    var encoder = StateEncoder(state)
    return context.space.complete(attempts: Self.attempts) { _ in
      encoder = StateEncoder(state)
    } decide: { point, struck, attempt in
      let here = encoder.state(at: point.name)
      var hash = StableHash(seed: StableHash.mix(key, UInt64(attempt)))
      hash.combine(here.place)
      let share = max(epsilon, min(1, Double(attempt) / 4))
      let isRandom = hash.value.unitInterval < share
      hash.combine(1)
      let known = isRandom ? nil : scores(at: here, count: point.count, in: context)
      guard let option = point.best(of: known, excluding: struck, random: hash.value) else { return nil }
      encoder.take(option, at: here)
      return option
    }
  }

  /// The values of the options in a state; nil where nothing is known.
  private func scores(at state: StateEncoder.State, count: Int, in context: SearchContext) -> [Double]? {
    if let linear { return (0..<count).map { linear.value(of: $0, at: state) } }
    let known = table.knowledge(at: state.key)
    let expected = prior.knowledge(at: state.key)
    if known == nil, expected == nil { return nil }
    var scores = [Double](repeating: known?.mean ?? 0, count: count)
    if let expected {
      for (option, value) in expected.values where option < count {
        scores[option] += context.reward.mirrorShare * (value - expected.mean)
      }
    }
    for (option, value) in known?.values ?? [] where option < count { scores[option] = value }
    return scores
  }

  // MARK: Learning

  mutating func tell(_ told: [Outcome], in context: SearchContext) {
    let start = outcomes.count
    if linear != nil, offset == nil, !told.isEmpty {
      offset = told.map { context.reward.value($0) }.mean
    }
    for outcome in told {
      outcomes.append(outcome)
      let rewards = rewards(of: outcome, context.reward)
      if linear == nil {
        let path = Self.path(of: outcome.decisions, by: state, in: &table)
        table.count(path, rewards: rewards)
        paths.append(path)
      }
      learn(outcomes.count - 1, rewards)
    }
    guard start > 0 else { return }
    var hash = StableHash(seed: context.key(start, purpose: "replay"))
    for _ in told {
      hash.combine(1)
      let number = hash.value.below(start)
      learn(number, rewards(of: outcomes[number], context.reward))
    }
  }

  /// Learns from a trial that was told.
  private mutating func learn(_ number: Int, _ rewards: [Double]) {
    guard linear != nil else {
      table.learn(paths[number], rewards: rewards, rate: rate)
      return
    }
    guard !rewards.isEmpty else { return }
    var rewards = rewards
    rewards[rewards.count - 1] -= offset ?? 0
    let walk = steps(of: outcomes[number].decisions)
    linear?.learn(walk, rewards: rewards, rate: rate)
  }

  /// The reward of each decision.
  private func rewards(of outcome: Outcome, _ reward: Reward) -> [Double] {
    reward.steps(outcome, isSpread: state == .lastLayer)
  }

  /// The pairs of states and options that decisions go through.
  private static func path(
    of decisions: [Decision], by state: SearchPlan.Agent.QState, in table: inout QTable
  ) -> QTable.Path {
    var encoder = StateEncoder(state)
    return decisions.map { decision in
      let here = encoder.state(at: decision.name)
      encoder.take(decision.option, at: here)
      return table.pair(state: here.key, option: decision.option)
    }
  }

  private func steps(of decisions: [Decision]) -> [LinearQ.Step] {
    var encoder = StateEncoder(state)
    return decisions.map { decision in
      let here = encoder.state(at: decision.name)
      encoder.take(decision.option, at: here)
      return LinearQ.Step(state: here, option: decision.option, count: decision.count)
    }
  }

  // MARK: Pre-training

  /// Learns the mirror's reward from programs drawn by what is learned of it so far, ever less at random.
  private mutating func pretrain(in context: SearchContext) {
    var mean = 0.0
    for walk in 0..<Self.pretrainingWalks {
      let epsilon = 1 - 0.9 * Double(walk) / Double(Self.pretrainingWalks)
      // By the prior alone: nothing else is known yet.
      guard
        let candidate = self.walk(
          key: context.key(walk, purpose: "pretraining"), epsilon: epsilon, in: context)
      else { continue }
      let likeness = context.reward.weightedLikeness(context.guidance.appraise(candidate.graph).likeness)
      var rewards = [Double](repeating: 0, count: candidate.decisions.count)
      guard !rewards.isEmpty else { return }
      rewards[rewards.count - 1] = likeness
      guard linear != nil else {
        let path = Self.path(of: candidate.decisions, by: state, in: &prior)
        prior.count(path, rewards: rewards)
        prior.learn(path, rewards: rewards, rate: rate)
        continue
      }
      mean += (likeness - mean) / Double(walk + 1)
      rewards[rewards.count - 1] -= mean
      let steps = steps(of: candidate.decisions)
      linear?.learn(steps, rewards: rewards, rate: rate)
    }
  }
}

extension DecisionPoint {
  /// The option with the highest score; one of the best by the odds, where several are. Without scores by the odds.
  fileprivate func best(of scores: [Double]?, excluding struck: Set<Int>, random: UInt64) -> Int? {
    var excluded = struck
    if let scores {
      var highest = -Double.infinity
      for option in 0..<count where !struck.contains(option) && odds?[option] ?? 1 > 0 {
        highest = max(highest, scores[option])
      }
      for option in 0..<count where scores[option] < highest { excluded.insert(option) }
    }
    return pick(by: random, excluding: excluded) { odds?[$0] ?? 1 }
  }
}
