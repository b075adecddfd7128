import IRLASGraph

/// Values of options as a sum of weights: what the option is worth wherever its subject comes up, at this place, after
/// the decision before, and after the layer before. Programs that share parts share what is learned of them.
///
/// The weights stand in one array by a hash of what they are about (feature hashing; Weinberger et al., ICML 2009).
struct LinearQ: Sendable {
  private static let size = 1 << 16
  private static let features = 5
  private var weights = [Double](repeating: 0, count: size)

  /// A decision of a walk.
  struct Step: Sendable {
    let state: StateEncoder.State
    let option: Int
    /// How many options there were.
    let count: Int
  }

  /// The value of an option in a state.
  func value(of option: Int, at state: StateEncoder.State) -> Double {
    let slots = Self.slots(option, state)
    return weights[slots.0] + weights[slots.1] + weights[slots.2] + weights[slots.3] + weights[slots.4]
  }

  /// The semi-gradient step `w <- w + alpha (r + max_a' Q(s',a') - Q(s,a)) / n` for the `n` features of each pair, from
  /// the end of a walk to its beginning.
  mutating func learn(_ walk: [Step], rewards: [Double], rate: Double) {
    var best = 0.0
    for (step, reward) in zip(walk, rewards).reversed() {
      let change =
        rate * (reward + best - value(of: step.option, at: step.state)) / Double(Self.features)
      let slots = Self.slots(step.option, step.state)
      weights[slots.0] += change
      weights[slots.1] += change
      weights[slots.2] += change
      weights[slots.3] += change
      weights[slots.4] += change
      best = -.infinity
      for option in 0..<step.count { best = max(best, value(of: option, at: step.state)) }
    }
  }

  private static func slots(_ option: Int, _ state: StateEncoder.State) -> (Int, Int, Int, Int, Int) {
    let choice = StableHash.mix(state.subject, UInt64(option))
    let mask = UInt64(size - 1)
    return (
      Int(StableHash.mix(state.subject) & mask), Int(choice & mask),
      Int(StableHash.mix(state.place, UInt64(option)) & mask),
      Int(StableHash.mix(choice, state.before) & mask),
      Int(StableHash.mix(choice, state.layer ^ 1) & mask)
    )
  }
}
