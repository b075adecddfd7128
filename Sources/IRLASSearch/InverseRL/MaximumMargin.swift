/// Max-margin inverse reinforcement learning (Abbeel and Ng, "Apprenticeship Learning via Inverse Reinforcement
/// Learning", ICML 2004):
///
///     max t  over  ||w|| <= 1  such that  w . expert >= w . x_j + t  for all j.
///
/// Its dual is the point of least norm p in the convex hull of the differences expert - x_j: t = ||p||, w = p / ||p||.
/// Solved by Wolfe's method ("Finding the Nearest Point in a Polytope", Mathematical Programming 11, 1976): finite, and
/// its end is a certificate of optimality.
package struct MaximumMargin: Sendable {
  /// What comes of it.
  package struct Solution: Sendable {
    /// Weights of norm 1; 0 when the expert cannot be separated.
    package let weights: [Double]
    /// The margin t; 0 when the expert cannot be separated.
    package let margin: Double
    /// The rows that the margin rests on, with their shares in p: positive, of sum 1.
    package let support: [(row: Int, share: Double)]
    /// The duality gap: how far, relative to the margin, some block may come closer than it.
    package let gap: Double
  }

  /// The expert's features, standardised.
  package let expert: [Double]
  /// The blocks it is to be told from, standardised; at least one.
  package let others: FeatureMatrix

  /// The problem for one expert.
  package init(expert: [Double], others: FeatureMatrix) {
    precondition(others.count > 0 && expert.count == others.width)
    self.expert = expert
    self.others = others
  }

  /// The solution to `tolerance`, relative to the square of the largest difference.
  package func solve(tolerance: Double = 1e-12) -> Solution {
    var points = FeatureMatrix(width: others.width)
    for row in 0..<others.count { points.append(sum(expert, -1, others[row])) }
    let squares = (0..<points.count).map { row in dot(points[row], points[row]) }
    let largest = squares.max() ?? 0
    // The corral: affinely independent points, with p as their convex combination.
    var corral = [squares.indices.min { squares[$0] < squares[$1] } ?? 0]
    var shares = [1.0]
    var p = points[corral[0]]
    for _ in 0..<10 * (points.width + points.count) + 100 {
      let products = points.products(with: p)
      let square = dot(p, p)
      guard square > tolerance * largest else { break }
      guard let best = products.indices.min(by: { products[$0] < products[$1] }),
        products[best] < square - tolerance * largest, !corral.contains(best)
      else { break }
      corral.append(best)
      shares.append(0)
      guard shrink(&corral, &shares, points) else { break }
      p = combination(corral, shares, points)
    }
    let square = dot(p, p)
    let support = zip(corral, shares).filter { $1 > 0 }.map { (row: $0, share: $1) }
      .sorted { $0.row < $1.row }
    guard square > tolerance * largest else {
      return Solution(
        weights: [Double](repeating: 0, count: points.width), margin: 0, support: support, gap: 0)
    }
    let closest = points.products(with: p).min() ?? 0
    let length = square.squareRoot()
    return Solution(
      weights: p.map { $0 / length }, margin: length, support: support, gap: max(0, 1 - closest / square))
  }

  /// Wolfe's minor cycle: moves to the point of least norm in the affine hull of the corral, and drops points until it
  /// lies inside their convex hull. False when the corral is not affinely independent to working precision.
  private func shrink(_ corral: inout [Int], _ shares: inout [Double], _ points: FeatureMatrix) -> Bool {
    while true {
      guard let affine = affineShares(corral, points) else {
        // The newest point adds nothing that the others do not span.
        corral.removeLast()
        shares.removeLast()
        return false
      }
      if affine.allSatisfy({ $0 > 1e-13 }) {
        shares = affine
        return true
      }
      // As far towards the affine minimum as the shares stay non-negative.
      var step = 1.0
      for (share, target) in zip(shares, affine) where target <= 1e-13 && share - target > 0 {
        step = min(step, share / (share - target))
      }
      shares = zip(shares, affine).map { $0 + step * ($1 - $0) }
      var kept = shares.indices.filter { shares[$0] > 1e-13 }
      if kept.count == shares.count, let least = shares.indices.min(by: { shares[$0] < shares[$1] }) {
        kept.removeAll { $0 == least }
      }
      guard !kept.isEmpty else { return false }
      let total = kept.reduce(0) { $0 + shares[$1] }
      corral = kept.map { corral[$0] }
      shares = kept.map { shares[$0] / total }
    }
  }

  /// The affine combination of least norm: (1 1^T + G) u = 1 with the Gram matrix G, normalised to sum 1.
  private func affineShares(_ corral: [Int], _ points: FeatureMatrix) -> [Double]? {
    let size = corral.count
    var scale = 0.0
    var gram = [Double](repeating: 0, count: size * size)
    for (i, a) in corral.enumerated() {
      let row = points[a]
      for (j, b) in corral[...i].enumerated() {
        gram[i * size + j] = dot(row, points[b])
      }
      scale = max(scale, gram[i * size + i])
    }
    guard scale > 0 else { return nil }
    for index in gram.indices { gram[index] = gram[index] / scale + 1 }
    guard let factor = CholeskyFactor(gram, size: size) else { return nil }
    let solution = factor.solve([Double](repeating: 1, count: size))
    let total = solution.reduce(0, +)
    return total > 0 ? solution.map { $0 / total } : nil
  }

  private func combination(_ corral: [Int], _ shares: [Double], _ points: FeatureMatrix) -> [Double] {
    var result = [Double](repeating: 0, count: points.width)
    for (row, share) in zip(corral, shares) { result = sum(result, share, points[row]) }
    return result
  }
}
