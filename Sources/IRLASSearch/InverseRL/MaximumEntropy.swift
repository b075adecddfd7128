/// Maximum entropy inverse reinforcement learning (Ziebart, Maas, Bagnell and Dey, "Maximum Entropy Inverse
/// Reinforcement Learning", AAAI 2008) in the form for a linear reward over a finite support with base masses m_j:
///
///     min_w  -w . target + log sum_j m_j exp(w . x_j) + (l / 2) ||w||^2
///
/// Its optimum is the one distribution p_j = m_j exp(w . x_j) / Z whose mean is the target up to l w. The support is
/// either all blocks of a space (m = 1: exact), or a sample (m_j = 1 / q_j, Gutmann and Hyvarinen's noise contrastive
/// form in its ranking variant: Ma and Collins, EMNLP 2018). For l > 0 the problem is strictly convex and has one
/// solution.
package struct MaximumEntropy: Sendable {
  /// The blocks that a demonstrator chooses from, standardised.
  package let support: FeatureMatrix
  /// The logarithm of each block's base mass, up to a constant.
  package let logMasses: [Double]
  /// The mean features of what was demonstrated.
  package let target: [Double]
  /// The factor l of the penalty; positive.
  package let regularization: Double

  /// The problem with base mass 1 unless given.
  package init(
    support: FeatureMatrix, logMasses: [Double]? = nil, target: [Double], regularization: Double
  ) {
    precondition(support.count > 0 && target.count == support.width && regularization > 0)
    self.support = support
    self.logMasses = logMasses ?? [Double](repeating: 0, count: support.count)
    precondition(self.logMasses.count == support.count)
    self.target = target
    self.regularization = regularization
  }

  /// The objective at a point.
  package struct Value: Sendable {
    /// The objective.
    package let objective: Double
    /// Its gradient: mean under p - target + l w.
    package let gradient: [Double]
    /// p, and its mean.
    package let probabilities: [Double]
    let mean: [Double]
  }

  /// The solution.
  package struct Solution: Sendable {
    /// The weights of the reward.
    package let weights: [Double]
    /// The objective there.
    package let objective: Double
    /// The largest component of the gradient there.
    package let residual: Double
    /// How many Newton steps it took.
    package let steps: Int
  }

  /// The objective and its gradient. Sums run over the blocks in order.
  package func value(at weights: [Double]) -> Value {
    var exponents = support.products(with: weights)
    for index in exponents.indices { exponents[index] += logMasses[index] }
    let largest = exponents.max() ?? 0
    var probabilities = exponents.map { stableExp($0 - largest) }
    let total = probabilities.reduce(0, +)
    for index in probabilities.indices { probabilities[index] /= total }
    let mean = support.combination(probabilities)
    let objective =
      largest + stableLog(total) - dot(weights, target) + 0.5 * regularization * dot(weights, weights)
    let gradient = weights.indices.map { mean[$0] - target[$0] + regularization * weights[$0] }
    return Value(objective: objective, gradient: gradient, probabilities: probabilities, mean: mean)
  }

  /// Newton's method with step halving; the Hessian is the covariance under p plus l on the diagonal.
  ///
  /// - Parameter start: where to begin; the origin when nil. The solution does not depend on it.
  /// - Complexity: for each step, rows x width^2 / 2.
  package func solve(from start: [Double]? = nil, steps limit: Int = 200) -> Solution {
    var weights = start ?? [Double](repeating: 0, count: support.width)
    var here = value(at: weights)
    let tolerance = 1e-11 * (1 + target.reduce(0) { max($0, abs($1)) })
    var step = 0
    while step < limit, residual(here) > tolerance {
      step += 1
      guard let factor = CholeskyFactor(hessian(here), size: support.width) else { break }
      let direction = factor.solve(here.gradient.map { -$0 })
      let slope = dot(direction, here.gradient)
      var length = 1.0
      var next = value(at: sum(weights, length, direction))
      var halvings = 0
      // Armijo's condition, with room for rounding when the objective no longer changes.
      while next.objective > here.objective + 1e-4 * length * slope + 1e-14 * abs(here.objective),
        halvings < 60
      {
        length /= 2
        halvings += 1
        next = value(at: sum(weights, length, direction))
      }
      // At the limit of precision a step helps only while it makes the gradient smaller.
      if length * -slope < 1e-14 * (1 + abs(here.objective)), residual(next) >= residual(here) { break }
      weights = sum(weights, length, direction)
      here = next
    }
    return Solution(
      weights: weights, objective: here.objective, residual: residual(here), steps: step)
  }

  private func residual(_ value: Value) -> Double { value.gradient.reduce(0) { max($0, abs($1)) } }

  /// The lower triangle of the Hessian, in rows.
  private func hessian(_ value: Value) -> [Double] {
    let width = support.width
    var matrix = [Double](repeating: 0, count: width * width)
    var centred = [Double](repeating: 0, count: width)
    matrix.withUnsafeMutableBufferPointer { matrix in
      centred.withUnsafeMutableBufferPointer { centred in
        support.values.withUnsafeBufferPointer { values in
          for (row, probability) in value.probabilities.enumerated() where probability > 1e-18 {
            for column in 0..<width { centred[column] = values[row * width + column] - value.mean[column] }
            for i in 0..<width {
              let scaled = probability * centred[i]
              if scaled == 0 { continue }
              let start = i * width
              for j in 0...i { matrix[start + j] += scaled * centred[j] }
            }
          }
        }
      }
    }
    for i in 0..<width { matrix[i * width + i] += regularization }
    return matrix
  }
}
