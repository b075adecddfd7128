import IRLASGraph

/// Draws every decision by its odds. With a mirror it draws several programs for each trial and keeps the likeliest:
/// the plainest way to use what experts look like, and a baseline for all others.
///
/// The mirror's weight plays no part, nor does its annealing: there is nothing else to go by.
struct RandomAgent: Agent {
  /// How many programs the mirror chooses from [ours].
  static let draws = 8

  private let usesMirror: Bool

  /// An agent with or without a mirror.
  init(usesMirror: Bool) { self.usesMirror = usesMirror }

  func ask(_ count: Int, from index: Int, in context: SearchContext) -> [Candidate] {
    var candidates: [Candidate] = []
    for trial in index..<(index + count) {
      var drawn: [Candidate] = []
      for draw in 0..<(usesMirror ? Self.draws : 1) {
        let key = StableHash.mix(context.key(trial, purpose: "random"), UInt64(draw))
        guard let sample = try? context.space.sample(seed: key) else { break }
        drawn.append(Candidate(decisions: sample.decisions, graph: sample.graph))
      }
      guard let candidate = context.likeliest(drawn) else { break }
      candidates.append(candidate)
    }
    return candidates
  }

  mutating func tell(_ outcomes: [Outcome], in context: SearchContext) {}
}
