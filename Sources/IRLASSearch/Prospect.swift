import IRLASGraph

/// How like the experts the programs are that begin with some decisions: `Phi(s)`, the mean weighted likeness over a few
/// programs drawn at random that begin so; of a whole program its own.
///
/// A decision tree has no program before its leaves, so that a prefix is judged by what random decisions make of it: the
/// value of the random policy under the mirror's reward. It depends on the search's seed and the decisions alone, as a
/// potential has to (Ng, Harada and Russell, 1999). All prefixes are completed by the same random numbers, which takes
/// noise out of their differences.
package struct Prospect: Sendable {
  /// How many programs are drawn for each prefix.
  package static let completions = 4
  /// Runs through the space for one of them; a prefix none can be completed from counts 0.
  private static let runs = 50

  private let context: SearchContext

  /// Prospects within a search.
  package init(_ context: SearchContext) { self.context = context }

  /// The prospects of the first 1, 2, ... decisions of a program, before annealing.
  package func values(of candidate: Candidate, _ appraisal: Appraisal) -> [Double] {
    let decisions = candidate.decisions
    guard !decisions.isEmpty else { return [] }
    var sums = [Double](repeating: 0, count: decisions.count)
    for draw in 0..<Self.completions {
      let key = context.key(draw, purpose: "prospect")
      var fixed: [String: Int] = [:]
      var last: (sample: Space.Sample, likeness: Double)?
      for place in 0..<(decisions.count - 1) {
        fixed[decisions[place].name] = decisions[place].option
        // The program drawn before is this draw too when it took the same option at once.
        if let last, last.sample.runs == 1, place < last.sample.decisions.count,
          last.sample.decisions[place].option == decisions[place].option
        {
          sums[place] += last.likeness
          continue
        }
        guard let sample = try? context.space.sample(seed: key, fixed: fixed, runs: Self.runs) else {
          last = nil
          continue
        }
        let likeness = context.reward.weightedLikeness(context.guidance.appraise(sample.graph).likeness)
        last = (sample, likeness)
        sums[place] += likeness
      }
    }
    var values = sums.map { $0 / Double(Self.completions) }
    values[decisions.count - 1] = context.reward.weightedLikeness(appraisal.likeness)
    return values
  }
}
