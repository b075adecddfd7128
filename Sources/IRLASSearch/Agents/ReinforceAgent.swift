import IRLASGraph

/// REINFORCE (Williams, 1992), the search of Zoph and Le (ICLR 2017) without a recurrent network: a softmax policy whose
/// logits are the mean of three tables: by the name of the decision, by its name without indices, and by that and the
/// decision before. The first says what is good at a place, the others what is good anywhere.
///
/// `theta <- theta + rate (A grad log pi + entropy grad H)`, summed over a batch, at the policy that drew it.
///
/// - The advantage `A` is the return from a decision on, less a moving average of the same, in units of its moving
///   deviation, at most 3 [the unit is ours]. Where the reward comes by steps there is an average for each step.
/// - The plan's rate is for 2,500 trials. It is raised in proportion where the budget is smaller, up to 0.25 [ours: fitted
///   on synthetic spaces of 100 to 800 trials]. A higher one soon proposes nothing new.
/// - Options that cannot be formed are passed over when drawing; the gradient leaves that out.
struct ReinforceAgent: Agent {
  /// The number of trials that a rate is given for.
  private static let referenceTrials = 2500.0
  /// How much of a moving average stays with each batch.
  private static let memory = 0.9
  private static let largestAdvantage = 3.0
  private static let attempts = 64

  /// The learning rate.
  let rate: Double
  private let entropy: Double
  private var logits: [Double] = []
  /// Where a decision's logits begin, by what they depend on.
  private var slots: [UInt64: Int32] = [:]
  /// For each step, or for all, the moving mean and variance of returns.
  private var baselines: [(mean: Double, variance: Double)] = []

  /// An agent for a search of about `expectedTrials`.
  init(rate: Double, entropy: Double, expectedTrials: Int) {
    self.rate = max(rate, min(0.25, rate * Self.referenceTrials / Double(expectedTrials)))
    self.entropy = entropy
  }

  /// The three keys of a decision with so many options.
  private static func keys(_ state: StateEncoder.State, _ count: Int) -> (UInt64, UInt64, UInt64) {
    let size = UInt64(count)
    return (
      StableHash.mix(state.place, size), StableHash.mix(state.subject, size &+ 0x1_0000_0000),
      StableHash.mix(StableHash.mix(state.subject, state.before), size)
    )
  }

  // MARK: Asking

  func ask(_ count: Int, from index: Int, in context: SearchContext) -> [Candidate] {
    (index..<(index + count)).compactMap { trial in
      let key = context.key(trial, purpose: "reinforce")
      var encoder = StateEncoder(.prefix)
      return context.space.complete(attempts: Self.attempts) { _ in
        encoder = StateEncoder(.prefix)
      } decide: { point, struck, attempt in
        let here = encoder.state(at: point.name)
        var hash = StableHash(seed: StableHash.mix(key, UInt64(attempt)))
        hash.combine(here.place)
        let policy = self.policy(at: here, count: point.count)
        // The odds of the space are where the policy begins. An attempt that fails is followed by freer ones.
        let temper = Double(attempt) / Double(Self.attempts)
        let option = point.pick(by: hash.value, excluding: struck) {
          (point.odds?[$0] ?? 1) * ((1 - temper) * policy[$0] + temper / Double(point.count))
        }
        if let option { encoder.take(option, at: here) }
        return option
      }
    }
  }

  /// The probabilities of the options, odds aside.
  private func policy(at state: StateEncoder.State, count: Int) -> [Double] {
    let keys = Self.keys(state, count)
    var sums = [Double](repeating: 0, count: count)
    for slot in [slots[keys.0], slots[keys.1], slots[keys.2]] {
      guard let slot else { continue }
      for option in 0..<count { sums[option] += logits[Int(slot) + option] }
    }
    Self.softmax(&sums)
    return sums
  }

  /// Sums of three logits to probabilities.
  private static func softmax(_ sums: inout [Double]) {
    let largest = sums.max() ?? 0
    var total = 0.0
    for index in sums.indices {
      sums[index] = stableExp((sums[index] - largest) / 3)
      total += sums[index]
    }
    for index in sums.indices { sums[index] /= total }
  }

  // MARK: Learning

  mutating func tell(_ outcomes: [Outcome], in context: SearchContext) {
    let returns = outcomes.map { self.returns(of: $0, context.reward) }
    updateBaselines(returns, isByStep: context.reward.usesProspects)
    // The gradient is that of the policy that drew the batch: changes are made afterwards.
    var changes: [(slot: Int, change: Double)] = []
    for (outcome, returns) in zip(outcomes, returns) {
      var encoder = StateEncoder(.prefix)
      for (step, decision) in outcome.decisions.enumerated() {
        let here = encoder.state(at: decision.name)
        encoder.take(decision.option, at: here)
        guard decision.count > 1 else { continue }
        let keys = Self.keys(here, decision.count)
        let places = (
          slot(keys.0, decision.count), slot(keys.1, decision.count), slot(keys.2, decision.count)
        )
        let gradient = self.gradient(
          places, count: decision.count, option: decision.option, advantage: advantage(returns[step], step))
        for option in 0..<decision.count {
          changes.append((places.0 + option, gradient[option]))
          changes.append((places.1 + option, gradient[option]))
          changes.append((places.2 + option, gradient[option]))
        }
      }
    }
    for (slot, change) in changes { logits[slot] += rate * change }
  }

  /// `A grad log pi(option) + entropy grad H`, which is `A (1 - pi)` for the option and `-A pi` for the others, less
  /// `entropy pi (log pi + H)`.
  private func gradient(
    _ places: (Int, Int, Int), count: Int, option: Int, advantage: Double
  ) -> [Double] {
    var policy = [Double](repeating: 0, count: count)
    for index in 0..<count {
      policy[index] = logits[places.0 + index] + logits[places.1 + index] + logits[places.2 + index]
    }
    Self.softmax(&policy)
    var uncertainty = 0.0
    var logarithms: [Double] = []
    if entropy > 0 {
      logarithms = policy.map { stableLog(max($0, 1e-300)) }
      for index in 0..<count { uncertainty -= policy[index] * logarithms[index] }
    }
    for index in 0..<count {
      let share = policy[index]
      policy[index] = advantage * ((index == option ? 1 : 0) - share)
      if entropy > 0 { policy[index] -= entropy * share * (logarithms[index] + uncertainty) }
    }
    return policy
  }

  private mutating func slot(_ key: UInt64, _ count: Int) -> Int {
    if let slot = slots[key] { return Int(slot) }
    let slot = logits.count
    slots[key] = Int32(slot)
    logits.append(contentsOf: repeatElement(0, count: count))
    return slot
  }

  /// The returns from each decision on.
  private func returns(of outcome: Outcome, _ reward: Reward) -> [Double] {
    var returns = reward.steps(outcome)
    for step in returns.indices.dropLast().reversed() { returns[step] += returns[step + 1] }
    return returns
  }

  private func advantage(_ value: Double, _ step: Int) -> Double {
    let baseline = baselines[min(step, baselines.count - 1)]
    guard baseline.variance > 1e-12 else { return 0 }
    let advantage = (value - baseline.mean) / baseline.variance.squareRoot()
    return min(Self.largestAdvantage, max(-Self.largestAdvantage, advantage))
  }

  /// Moves the averages towards those of a batch; the first batch sets them.
  private mutating func updateBaselines(_ returns: [[Double]], isByStep: Bool) {
    let steps = isByStep ? returns.map(\.count).max() ?? 0 : 1
    for step in 0..<steps {
      let values = returns.compactMap { step < $0.count ? $0[step] : nil }
      guard !values.isEmpty else { continue }
      let mean = values.mean
      if step >= baselines.count {
        baselines.append((mean, values.map { ($0 - mean) * ($0 - mean) }.mean))
        continue
      }
      let old = baselines[step].mean
      let center = Self.memory * old + (1 - Self.memory) * mean
      let variance = values.map { ($0 - center) * ($0 - center) }.mean
      baselines[step] = (center, Self.memory * baselines[step].variance + (1 - Self.memory) * variance)
    }
  }
}
