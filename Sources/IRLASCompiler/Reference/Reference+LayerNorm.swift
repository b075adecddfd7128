internal import IRLASGraph

/// Normalisation over the channels of each place (J. L. Ba, J. R. Kiros and G. E. Hinton, 2016).
extension ReferenceInterpreter {
  /// Calls `body` for each place of each sample with the places in memory of its channels.
  func forEachPlace(_ map: Shape, _ body: ([Int]) -> Void) {
    let places = map.height * map.width
    for n in 0..<batch {
      for place in 0..<places { body((0..<map.channels).map { (n * map.channels + $0) * places + place }) }
    }
  }

  /// The values at `indices` with mean 0 and variance 1, and the factor that made it so.
  private func normalized(_ x: ReferenceOperand, _ indices: [Int], _ epsilon: Double) -> (
    values: [Double], inverse: Double
  ) {
    let count = Double(indices.count)
    let mean = indices.reduce(0) { $0 + x.values[$1] } / count
    let variance = indices.reduce(0) { $0 + (x.values[$1] - mean) * (x.values[$1] - mean) } / count
    let inverse = 1 / (variance + epsilon).squareRoot()
    return (indices.map { (x.values[$0] - mean) * inverse }, inverse)
  }

  func layerNorm(
    _ x: ReferenceOperand, scale: ReferenceOperand, shift: ReferenceOperand, epsilon: Double
  ) -> [Double] {
    var y = x.values
    forEachPlace(x.shape) { indices in
      let xhat = normalized(x, indices, epsilon).values
      for (c, index) in indices.enumerated() { y[index] = scale.values[c] * xhat[c] + shift.values[c] }
    }
    return y
  }

  /// The gradients of shift and scale, `{2, c}`.
  func layerNormReduce(_ x: ReferenceOperand, dy: ReferenceOperand, epsilon: Double) -> [Double] {
    let channels = x.shape.channels
    var sums = [Double](repeating: 0, count: 2 * channels)
    forEachPlace(x.shape) { indices in
      let xhat = normalized(x, indices, epsilon).values
      for (c, index) in indices.enumerated() {
        sums[c] += dy.values[index]
        sums[channels + c] += dy.values[index] * xhat[c]
      }
    }
    return sums
  }

  /// With `g = scale * dy`: `dx = (g - mean(g) - xhat * mean(g * xhat)) / sigma`, means over the channels.
  func layerNormInputGradient(
    _ x: ReferenceOperand, dy: ReferenceOperand, scale: ReferenceOperand, epsilon: Double
  ) -> [Double] {
    var dx = x.values
    let count = Double(x.shape.channels)
    forEachPlace(x.shape) { indices in
      let (xhat, inverse) = normalized(x, indices, epsilon)
      let g = indices.enumerated().map { scale.values[$0.offset] * dy.values[$0.element] }
      let mean = g.reduce(0, +) / count
      let product = zip(g, xhat).reduce(0) { $0 + $1.0 * $1.1 } / count
      for (c, index) in indices.enumerated() { dx[index] = inverse * (g[c] - mean - xhat[c] * product) }
    }
    return dx
  }
}
