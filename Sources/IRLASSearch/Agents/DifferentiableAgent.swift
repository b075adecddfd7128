import IRLASGraph

/// Proposes what the training of a network of all options learned: first the program of the likeliest options, then
/// programs drawn by their probabilities. Every one of them is trained from scratch and measured like those of other
/// agents; what comes of it teaches this agent nothing. The mirror has had its part in the training.
///
/// DARTS keeps the likeliest operations but `none`, and the likeliest two edges of a node; here an option is an option.
struct DifferentiableAgent: Agent {
  /// How often a program is begun anew when its decisions allow none.
  static let attempts = 100

  private let policy: RelaxedPolicy

  /// An agent that follows what was learned.
  init(_ policy: RelaxedPolicy) { self.policy = policy }

  func ask(_ count: Int, from index: Int, in context: SearchContext) -> [Candidate] {
    var candidates: [Candidate] = []
    for trial in index..<(index + count) {
      let key = context.key(trial, purpose: "differentiable")
      let candidate = context.space.complete(attempts: Self.attempts) { point, struck, attempt in
        let weights = policy.weights(of: point)
        if trial == 0, attempt == 0 {
          return weights.indices.filter { !struck.contains($0) }.max { weights[$0] < weights[$1] }
        }
        var hash = StableHash(seed: StableHash.mix(key, UInt64(attempt)))
        hash.combine(point.name)
        let option = point.pick(by: hash.value, excluding: struck) { weights[$0] }
        // What is left may have lost all its weight.
        return option ?? (0..<point.count).first { !struck.contains($0) }
      }
      guard let candidate else { break }
      candidates.append(candidate)
    }
    return candidates
  }

  mutating func tell(_ outcomes: [Outcome], in context: SearchContext) {}
}
