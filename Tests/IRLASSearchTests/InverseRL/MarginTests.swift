import IRLASSearch
import Testing

@Suite struct MarginTests {
  /// In the plane the nearest point of a hull lies on a segment between two points, or is one, or is the origin.
  @Test(arguments: 1...40)
  func inThePlaneTheMarginIsThatOfAllSegments(seed: UInt64) {
    var draws = Draws(seed)
    let others = FeatureMatrix((0..<12).map { _ in draws.normals(2) }, width: 2)
    let expert = draws.normals(2).map { 3 * $0 }
    let solution = MaximumMargin(expert: expert, others: others).solve()
    let points = (0..<12).map { row in zip(expert, others[row]).map { $0 - $1 } }
    var nearest = Double.infinity
    for a in points {
      for b in points {
        let direction = zip(b, a).map { $0 - $1 }
        let square = product(direction, direction)
        let step = square > 0 ? min(1, max(0, -product(a, direction) / square)) : 0
        nearest = min(nearest, length(zip(a, direction).map { $0 + step * $1 }))
      }
    }
    let isSeparable = solution.margin > 0
    if isSeparable {
      #expect(abs(solution.margin - nearest) < 1e-9 * (1 + nearest), "seed \(seed)")
      #expect(abs(length(solution.weights) - 1) < 1e-12)
    } else {
      // Inside the hull: some block scores at least as much in every direction.
      for step in 0..<360 {
        let angle = Double(step)
        let direction = [
          2 - abs(angle / 90 - 2), angle < 180 ? 1 - abs(angle / 90 - 1) : abs(angle / 90 - 3) - 1,
        ]
        let best = points.map { product($0, direction) }.min() ?? 0
        #expect(best <= 1e-9, "seed \(seed)")
      }
    }
  }

  /// Optimality conditions in many dimensions: w is the mixture's difference, and every block keeps the margin.
  @Test(arguments: 1...10)
  func theDualProblemCertifiesIt(seed: UInt64) {
    var draws = Draws(seed)
    let width = 30
    let others = FeatureMatrix((0..<200).map { _ in draws.normals(width) }, width: width)
    let expert = draws.normals(width).map { 4 * $0 }
    let solution = MaximumMargin(expert: expert, others: others).solve()
    #expect(solution.margin > 0)
    #expect(abs(solution.support.reduce(0) { $0 + $1.share } - 1) < 1e-12)
    var mixture = expert
    for (row, share) in solution.support {
      #expect(share > 0)
      mixture = zip(mixture, others[row]).map { $0 - share * $1 }
    }
    #expect(abs(length(mixture) - solution.margin) < 1e-9)
    let reached = product(solution.weights, expert)
    for row in 0..<others.count {
      #expect(reached - product(solution.weights, others[row]) > solution.margin * (1 - 1e-9))
    }
    #expect(solution.gap < 1e-9)
  }

  @Test func anExpertAmongTheOthersHasNoMargin() {
    let others = FeatureMatrix([[1, 0], [0, 1], [-1, -1]], width: 2)
    let solution = MaximumMargin(expert: [0, 0], others: others).solve()
    #expect(solution.margin == 0)
    #expect(solution.weights == [0, 0])
  }
}

@Suite struct ProjectionTests {
  @Test(arguments: 1...10)
  func theDistanceFallsAndTheMixtureStaysInTheHull(seed: UInt64) {
    var draws = Draws(seed)
    let blocks = FeatureMatrix((0..<60).map { _ in draws.normals(8) }, width: 8)
    let expert = draws.normals(8).map { 2 * $0 }
    let solution = Projection(expert: expert, blocks: blocks).solve()
    #expect(solution.distances.count > 1)
    for (earlier, later) in zip(solution.distances, solution.distances.dropFirst()) {
      #expect(later <= earlier, "seed \(seed)")
    }
    // A convex combination of the blocks, whose features the mixture has.
    #expect(solution.mixture.allSatisfy { $0.share > 0 })
    #expect(abs(solution.mixture.reduce(0) { $0 + $1.share } - 1) < 1e-12)
    var coefficients = [Double](repeating: 0, count: blocks.count)
    for (row, share) in solution.mixture { coefficients[row] = share }
    let features = blocks.combination(coefficients)
    for (a, b) in zip(features, solution.mixtureFeatures) { #expect(abs(a - b) < 1e-12) }
    // It comes as near as max-margin says is possible.
    let exact = MaximumMargin(expert: expert, others: blocks).solve()
    #expect(abs((solution.distances.last ?? 0) - exact.margin) < 0.01 * (1 + exact.margin), "seed \(seed)")
  }

  @Test func anExpertOfTheSpaceIsReached() {
    let blocks = SmallBlocks(layers: 2).distinct
    let rows = Standardization(pool: blocks)(blocks)
    // A corner of the hull: best in some direction.
    var draws = Draws(3)
    let scores = rows.products(with: draws.normals(rows.width))
    let best = scores.indices.max { scores[$0] < scores[$1] } ?? 0
    let solution = Projection(expert: rows[best], blocks: rows).solve(distance: 0.01)
    #expect((solution.distances.last ?? 1) < 0.05 * (solution.distances.first ?? 0))
    #expect((solution.mixture.first { $0.row == best }?.share ?? 0) > 0.9)
  }
}

@Suite struct MethodAgreementTests {
  /// On an enumerable space with the expert apart, projection tends to the max-margin direction, and so does maximum
  /// entropy as its penalty vanishes (Rosset, Zhu and Hastie, "Margin Maximizing Loss Functions", 2003).
  @Test(arguments: [1 as UInt64, 2, 3])
  func theThreeMethodsMeet(seed: UInt64) {
    let blocks = SmallBlocks(layers: 2).distinct
    let rows = Standardization(pool: blocks)(blocks)
    var draws = Draws(seed)
    let scores = rows.products(with: draws.normals(rows.width))
    let best = scores.indices.max { scores[$0] < scores[$1] } ?? 0
    let expert = rows[best]
    let others = FeatureMatrix((0..<rows.count).filter { $0 != best }.map { rows[$0] }, width: rows.width)
    let margin = MaximumMargin(expert: expert, others: others).solve()
    #expect(margin.margin > 0)
    let projection = Projection(expert: expert, blocks: others).solve(limit: 20_000)
    #expect(angleCosine(projection.weights, margin.weights) > 0.999, "seed \(seed)")
    var agreement = -1.0
    for regularization in [1, 1e-3, 1e-6, 1e-9] {
      let entropy = MaximumEntropy(support: rows, target: expert, regularization: regularization).solve()
      let next = angleCosine(entropy.weights, margin.weights)
      #expect(next > agreement - 1e-3, "seed \(seed), regularization \(regularization)")
      agreement = next
    }
    #expect(agreement > 0.98, "seed \(seed)")
  }
}
