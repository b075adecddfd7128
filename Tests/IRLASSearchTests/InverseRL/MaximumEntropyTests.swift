import IRLASSearch
import Testing

@Suite struct MaximumEntropyTests {
  @Test(arguments: [1 as UInt64, 2, 3])
  func theGradientIsThatOfFiniteDifferences(seed: UInt64) {
    var draws = Draws(seed)
    let rows = (0..<40).map { _ in draws.normals(6) }
    let problem = MaximumEntropy(
      support: FeatureMatrix(rows, width: 6), logMasses: draws.normals(40), target: draws.normals(6),
      regularization: 0.3)
    let weights = draws.normals(6)
    let value = problem.value(at: weights)
    for index in 0..<6 {
      var (above, below) = (weights, weights)
      above[index] += 1e-5
      below[index] -= 1e-5
      let slope = (problem.value(at: above).objective - problem.value(at: below).objective) / 2e-5
      #expect(abs(slope - value.gradient[index]) < 1e-8, "seed \(seed), component \(index)")
    }
    #expect(abs(value.probabilities.reduce(0, +) - 1) < 1e-14)
  }

  /// With one feature of values 0 and 1 the solution is that of sigmoid(w) - target + l w = 0.
  @Test func oneFeatureHasTheSolutionOfItsEquation() {
    let problem = MaximumEntropy(
      support: FeatureMatrix([[0], [1]], width: 1), target: [0.8], regularization: 0.1)
    let solution = problem.solve()
    var (low, high) = (-10.0, 10.0)
    for _ in 0..<200 {
      let middle = (low + high) / 2
      if 1 / (1 + stableExp(-middle)) - 0.8 + 0.1 * middle < 0 { low = middle } else { high = middle }
    }
    #expect(abs(solution.weights[0] - low) < 1e-10)
  }

  @Test(arguments: [1e-8, 1e-4, 1, 100])
  func theSolutionIsFoundFromAnywhere(regularization: Double) {
    let blocks = SmallBlocks(layers: 2).distinct
    let rows = Standardization(pool: blocks)(blocks)
    let problem = MaximumEntropy(support: rows, target: rows[17], regularization: regularization)
    let solution = problem.solve()
    #expect(solution.residual < 1e-9)
    var draws = Draws(5)
    let other = problem.solve(from: draws.normals(rows.width).map { 3 * $0 })
    #expect(angleCosine(solution.weights, other.weights) > 1 - 1e-9)
    // Strict convexity: nowhere nearby is better.
    for _ in 0..<50 {
      let step = draws.normals(rows.width)
      let near = zip(solution.weights, step).map { $0 + 1e-2 * $1 }
      #expect(problem.value(at: near).objective > solution.objective)
    }
  }

  /// Demonstrations of a Boltzmann policy under a known reward give that reward back.
  @Test(arguments: [11 as UInt64, 12, 13])
  func aKnownRewardIsRecovered(seed: UInt64) {
    let blocks = SmallBlocks(layers: 3).distinct
    let rows = Standardization(pool: blocks)(blocks)
    var draws = Draws(seed)
    let truth = draws.normals(rows.width).map { 0.5 * $0 }
    var cumulative: [Double] = []
    for score in rows.products(with: truth) { cumulative.append((cumulative.last ?? 0) + stableExp(score)) }
    let total = cumulative.last ?? 0
    var counts = [Double](repeating: 0, count: rows.count)
    for _ in 0..<10_000 {
      let place = draws.uniform() * total
      counts[cumulative.firstIndex { $0 > place } ?? rows.count - 1] += 1e-4
    }
    let solution = MaximumEntropy(
      support: rows, target: rows.combination(counts), regularization: 1e-4
    ).solve()
    let basis = identifiableBasis(rows)
    // The number of layers is the sum of the counts of the kinds.
    #expect(basis.count == rows.width - 1)
    let agreement = angleCosine(projected(solution.weights, on: basis), projected(truth, on: basis))
    #expect(
      agreement >= 0.99, "seed \(seed): cosine \(agreement) in \(basis.count) of \(rows.width) dimensions")
  }
}
