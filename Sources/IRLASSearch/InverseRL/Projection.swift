/// The projection method of apprenticeship learning (Abbeel and Ng, ICML 2004, section 3.1) where a policy is a block,
/// or a mixture of blocks, and best responses are exact:
///
///     d = x_i - mubar;  mubar <- mubar + clamp(d . (expert - mubar) / d . d, 0, 1) d;  w = expert - mubar;  t = ||w||
///
/// with x_i the block of highest w . x. It approaches the point of the blocks' convex hull nearest to the expert (it is
/// Gilbert's method for that, SIAM Journal on Control 4, 1966), which max-margin finds exactly.
package struct Projection: Sendable {
  /// What comes of it.
  package struct Solution: Sendable {
    /// expert - mubar: the weights of the reward.
    package let weights: [Double]
    /// The mixture's features.
    package let mixtureFeatures: [Double]
    /// How much of the mixture each block is, by row, without zeros; of sum 1.
    package let mixture: [(row: Int, share: Double)]
    /// t_0, t_1, ...: the distance that remains; never increases.
    package let distances: [Double]
  }

  /// The expert's features, standardised.
  package let expert: [Double]
  /// All blocks, standardised; at least one.
  package let blocks: FeatureMatrix
  /// The mixture to begin with, by row, of sum 1: the random policy.
  package let start: [Double]

  /// The problem for one expert. The random policy is uniform over the blocks unless given.
  package init(expert: [Double], blocks: FeatureMatrix, start: [Double]? = nil) {
    precondition(blocks.count > 0 && expert.count == blocks.width)
    self.expert = expert
    self.blocks = blocks
    self.start = start ?? [Double](repeating: 1 / Double(blocks.count), count: blocks.count)
    precondition(self.start.count == blocks.count)
  }

  /// Iterates until the distance is at most `distance`, or no best response brings it down by more than `tolerance` of
  /// itself, at most `limit` times.
  package func solve(distance: Double = 1e-9, tolerance: Double = 1e-6, limit: Int = 5000) -> Solution {
    var mixture = start
    var mean = blocks.combination(mixture)
    var weights = sum(expert, -1, mean)
    var distances = [norm(weights)]
    for _ in 0..<limit {
      guard let length = distances.last, length > distance else { break }
      let scores = blocks.products(with: weights)
      guard let best = scores.indices.max(by: { scores[$0] < scores[$1] }) else { break }
      // How much closer the hull may come at most: w . (x - mubar).
      guard scores[best] - dot(weights, mean) > tolerance * length * length else { break }
      let direction = sum(blocks[best], -1, mean)
      let step = min(1, max(0, dot(direction, weights) / dot(direction, direction)))
      guard step > 0 else { break }
      let next = sum(mean, step, direction)
      let nextWeights = sum(expert, -1, next)
      // Rounding alone could lengthen it at the end.
      guard norm(nextWeights) <= length else { break }
      for row in mixture.indices { mixture[row] *= 1 - step }
      mixture[best] += step
      (mean, weights) = (next, nextWeights)
      distances.append(norm(weights))
    }
    return Solution(
      weights: weights, mixtureFeatures: mean,
      mixture: mixture.enumerated().filter { $1 > 0 }.map { (row: $0, share: $1) }, distances: distances)
  }
}
