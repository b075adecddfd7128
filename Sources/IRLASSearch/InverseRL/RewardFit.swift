import IRLASGraph

/// One expert against all blocks known so far, standardised: the problem that each method solves again and again.
struct RewardFit {
  let method: Mirror.Method
  /// The expert.
  let expert: [Double]
  /// The blocks it is to be told from, without repeats.
  private(set) var others: FeatureMatrix
  /// How often each was drawn.
  private(set) var counts: [Int]
  /// The penalty of maximum entropy.
  private(set) var regularization: Double
  /// The smallest penalty that is tried.
  private let smallestRegularization: Double
  /// The weights found last.
  private(set) var weights: [Double]
  /// The distances t_0, t_1, ... of projection, and the margin t of max-margin.
  private(set) var distances: [Double] = []
  /// The mixture of projection, by row of `others`.
  private(set) var mixture: [(row: Int, share: Double)] = []
  /// How many of `others` came with the pool; the rest are best responses.
  let poolCount: Int

  init(
    method: Mirror.Method, expert: [Double], others: FeatureMatrix, counts: [Int], regularization: Double,
    smallest: Double
  ) {
    self.method = method
    self.expert = expert
    self.others = others
    self.counts = counts
    self.regularization = regularization
    smallestRegularization = smallest
    weights = [Double](repeating: 0, count: expert.count)
    poolCount = others.count
  }

  /// Adds a block that the weights found last take for better than it should be.
  mutating func add(_ row: [Double]) {
    others.append(row)
    counts.append(1)
  }

  /// The highest score among the others.
  var bestOther: Double { others.products(with: weights).max() ?? -.infinity }

  /// The expert's own score.
  var expertScore: Double { dot(weights, expert) }

  /// Finds the weights. Maximum entropy lowers its penalty tenfold as long as some block outscores the expert: with less
  /// of it the solution nears that of max-margin, which separates what can be separated.
  mutating func solve() {
    switch method {
    case .maximumEntropy:
      weights = entropyWeights(others, counts, from: weights)
      while bestOther >= expertScore, regularization > smallestRegularization * 1.5 {
        regularization /= 10
        weights = entropyWeights(others, counts, from: weights)
      }
    case .maximumMargin:
      let solution = MaximumMargin(expert: expert, others: others).solve()
      weights = solution.weights
      distances = [solution.margin]
      mixture = solution.support
    case .projection:
      // The random policy takes blocks as often as they were drawn.
      let total = Double(counts.prefix(poolCount).reduce(0, +))
      let start = counts.indices.map { $0 < poolCount ? Double(counts[$0]) / total : 0 }
      let solution = Projection(expert: expert, blocks: others, start: start).solve()
      weights = solution.weights
      distances = solution.distances
      mixture = solution.mixture
    }
  }

  /// The weights when the pool is drawn again: its blocks as often as a draw with replacement takes them.
  func replicate(seed: UInt64) -> [Double] {
    var cumulative: [Int] = []
    for count in counts.prefix(poolCount) { cumulative.append((cumulative.last ?? 0) + count) }
    let total = cumulative.last ?? 0
    var drawn = counts
    for index in 0..<poolCount { drawn[index] = 0 }
    for draw in 0..<total {
      let word = StableHash.mix(seed, UInt64(draw))
      let place = Int(word.multipliedFullWidth(by: UInt64(total)).high)
      var (low, high) = (0, poolCount - 1)
      while low < high {
        let middle = (low + high) / 2
        if cumulative[middle] > place { high = middle } else { low = middle + 1 }
      }
      drawn[low] += 1
    }
    var rows = FeatureMatrix(width: others.width)
    for index in drawn.indices where drawn[index] > 0 { rows.append(others[index]) }
    let kept = drawn.filter { $0 > 0 }
    switch method {
    case .maximumEntropy: return entropyWeights(rows, kept, from: weights)
    case .maximumMargin: return MaximumMargin(expert: expert, others: rows).solve().weights
    case .projection:
      let whole = Double(kept.reduce(0, +))
      let start = kept.map { Double($0) / whole }
      return Projection(expert: expert, blocks: rows, start: start).solve().weights
    }
  }

  /// Maximum entropy over the others and, once, the expert itself: the share that the expert gets of all is to be
  /// large (the ranking form of noise contrastive estimation).
  private func entropyWeights(_ rows: FeatureMatrix, _ counts: [Int], from start: [Double]) -> [Double] {
    var support = rows
    support.append(expert)
    return MaximumEntropy(
      support: support, logMasses: counts.map { stableLog(Double($0)) } + [0], target: expert,
      regularization: regularization
    ).solve(from: start).weights
  }
}
