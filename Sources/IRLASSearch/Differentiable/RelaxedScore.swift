package import IRLASGraph

/// What is expected of a program whose decisions are drawn from probabilities, `E[phi(s)]` with `s_d ~ p_d`
/// independently: the multilinear extension of a score of programs. Where each decision is certain it is the score of
/// that program; it is differentiable in between, whatever the score. [ours]
///
/// With `p_d = softmax(a_d)` the slope is `dE/da_dj = p_dj (E[phi | s_d = j] - E[phi])`.
///
/// Small spaces are summed over completely. In others a fixed number of programs is drawn by a key, and the slope is the
/// score-function estimate `1/N sum_i (phi_i - b_i) (1[s_id = j] - p_dj)` (Williams, 1992), where the baseline `b_i` is the
/// mean of the other draws: unbiased, and without draws that agree it is exactly 0.
package struct RelaxedScore: Sendable {
  /// A value with its slopes.
  package struct Expectation: Hashable, Sendable {
    package let value: Double
    /// For each decision and option the slope with respect to the number whose softmax the probability is.
    package let slopes: [[Double]]
  }

  /// Spaces with so many combinations of options are summed over.
  package static let enumerationLimit = 1024
  /// How many programs are drawn in others.
  package static let draws = 16

  /// How many options each decision has.
  package let counts: [Int]
  private let score: @Sendable ([Int]) -> Double
  /// What is known of programs seen before. Looked up only.
  private var known: [[Int]: Double] = [:]

  /// A score of programs by the options of their decisions; it must be a pure function.
  package init(counts: [Int], score: @escaping @Sendable ([Int]) -> Double) {
    self.counts = counts
    self.score = score
  }

  /// The number of combinations; nil beyond the limit for summing.
  package var combinations: Int? {
    var product = 1
    for count in counts {
      let (next, overflow) = product.multipliedReportingOverflow(by: max(1, count))
      guard !overflow, next <= Self.enumerationLimit else { return nil }
      product = next
    }
    return product
  }

  private mutating func value(_ options: [Int]) -> Double {
    if let value = known[options] { return value }
    let value = score(options)
    known[options] = value
    return value
  }

  /// The expectation under the given probabilities; `key` draws the programs where not all are summed over.
  package mutating func expectation(_ probabilities: [[Double]], key: UInt64) -> Expectation {
    combinations == nil ? estimate(probabilities, key: key) : sum(probabilities)
  }

  /// The sum over all combinations.
  private mutating func sum(_ probabilities: [[Double]]) -> Expectation {
    var total = 0.0
    // p_dj E[phi | s_d = j]
    var parts = probabilities.map { [Double](repeating: 0, count: $0.count) }
    var options = [Int](repeating: 0, count: counts.count)
    while true {
      var weight = 1.0
      for (decision, option) in options.enumerated() { weight *= probabilities[decision][option] }
      if weight > 0 {
        let term = weight * value(options)
        total += term
        for (decision, option) in options.enumerated() { parts[decision][option] += term }
      }
      var place = options.count - 1
      while place >= 0, options[place] + 1 >= counts[place] {
        options[place] = 0
        place -= 1
      }
      guard place >= 0 else { break }
      options[place] += 1
    }
    for decision in parts.indices {
      for option in parts[decision].indices {
        parts[decision][option] -= probabilities[decision][option] * total
      }
    }
    return Expectation(value: total, slopes: parts)
  }

  /// The estimate from a fixed number of draws.
  private mutating func estimate(_ probabilities: [[Double]], key: UInt64) -> Expectation {
    let count = Self.draws
    var drawn: [[Int]] = []
    var values: [Double] = []
    for draw in 0..<count {
      var options: [Int] = []
      for (decision, weights) in probabilities.enumerated() {
        let word = StableHash.mix(StableHash.mix(key, UInt64(draw)), UInt64(decision))
        let point = DecisionPoint(name: "", count: weights.count) { _ in "" }
        options.append(point.pick(by: word, excluding: []) { weights[$0] } ?? 0)
      }
      values.append(value(options))
      drawn.append(options)
    }
    let mean = values.mean
    var slopes = probabilities.map { [Double](repeating: 0, count: $0.count) }
    for (options, value) in zip(drawn, values) {
      // The mean of the others is (count * mean - value) / (count - 1).
      let advantage = (value - mean) * Double(count) / Double(count - 1) / Double(count)
      for (decision, option) in options.enumerated() {
        for other in slopes[decision].indices {
          slopes[decision][other] += advantage * ((other == option ? 1 : 0) - probabilities[decision][other])
        }
      }
    }
    return Expectation(value: mean, slopes: slopes)
  }
}

extension RelaxedScore {
  /// The score of the programs of a space: how `graph` likes them; 0 for decisions that allow no program. Decisions that
  /// are not among the given ones take their first option.
  package init(
    of space: Space, decisions: [(name: String, count: Int)], graph: @escaping @Sendable (Graph) -> Double
  ) {
    let places = Dictionary(decisions.enumerated().map { ($0.element.name, $0.offset) }) { first, _ in first }
    self.init(counts: decisions.map(\.count)) { options in
      let exploration = space.explore { point in
        guard let place = places[point.name] else { return 0 }
        return options[place] < point.count ? options[place] : nil
      }
      return exploration.graph.map(graph) ?? 0
    }
  }

  /// The weighted likeness to the experts, `lambda M~`, of the programs of a search's space: what a differentiable search
  /// maximises beside the accuracy.
  package init(likenessIn context: SearchContext, decisions: [(name: String, count: Int)]) {
    self.init(of: context.space, decisions: decisions) { graph in
      context.reward.weightedLikeness(context.guidance.appraise(graph).likeness)
    }
  }
}
