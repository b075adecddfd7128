internal import IRLASGraph

extension ReferenceInterpreter {
  /// `scale * (x - mean) / sqrt(variance + epsilon) + shift` per channel.
  func batchNorm(
    _ x: ReferenceOperand, scale: ReferenceOperand, shift: ReferenceOperand, mean: [Double],
    variance: [Double], epsilon: Double
  ) -> [Double] {
    mapWithChannel(x) { value, _, c in
      scale.values[c] * (value - mean[c]) / (variance[c] + epsilon).squareRoot() + shift.values[c]
    }
  }

  /// Batch norm by `statistics {2, c}`.
  func batchNormalize(
    _ x: ReferenceOperand, statistics: ReferenceOperand, scale: ReferenceOperand, shift: ReferenceOperand,
    epsilon: Double
  ) -> [Double] {
    let channels = x.shape.channels
    return batchNorm(
      x, scale: scale, shift: shift, mean: Array(statistics.values[..<channels]),
      variance: Array(statistics.values[channels...]), epsilon: epsilon)
  }

  /// The gradient of the arguments of an activation, from those arguments.
  func activationGradient(_ function: Activation, of arguments: [Double], dy: ReferenceOperand)
    -> ReferenceOperand
  {
    let values = zip(arguments, dy.values).map { argument, gradient in
      function.derivative(saved: function.savesOutput ? function.value(argument) : argument) * gradient
    }
    return ReferenceOperand(dy.shape, values)
  }

  /// `{2, c}`: the means, then the biased variances (two passes).
  func batchStatistics(_ x: ReferenceOperand) -> [Double] {
    let count = Double(batch * x.shape.height * x.shape.width)
    let means = channelSums(x) { value, _, _ in value }.map { $0 / count }
    let variances = channelSums(x) { value, _, c in (value - means[c]) * (value - means[c]) }
    return means + variances.map { $0 / count }
  }

  /// `{2, c}`: `sum dy`, then `sum dy * xhat`.
  func batchNormReduce(
    _ x: ReferenceOperand, dy: ReferenceOperand, statistics: ReferenceOperand, epsilon: Double
  ) -> [Double] {
    let channels = x.shape.channels
    let shift = channelSums(x) { _, index, _ in dy.values[index] }
    let scale = channelSums(x) { value, index, c in
      let deviation = (statistics.values[channels + c] + epsilon).squareRoot()
      return dy.values[index] * (value - statistics.values[c]) / deviation
    }
    return shift + scale
  }

  /// `scale / deviation * (dy - sum dy / m - xhat * (sum dy * xhat) / m)` with `m` values per channel.
  func batchNormInputGradient(
    _ x: ReferenceOperand, dy: ReferenceOperand, statistics: ReferenceOperand, scale: ReferenceOperand,
    reductions: ReferenceOperand, epsilon: Double
  ) -> [Double] {
    let channels = x.shape.channels
    let count = Double(batch * x.shape.height * x.shape.width)
    return mapWithChannel(x) { value, index, c in
      let deviation = (statistics.values[channels + c] + epsilon).squareRoot()
      let normalized = (value - statistics.values[c]) / deviation
      let sums = (reductions.values[c], reductions.values[channels + c])
      return scale.values[c] / deviation * (dy.values[index] - sums.0 / count - normalized * sums.1 / count)
    }
  }

  /// `weight * scale / sqrt(variance + epsilon)` per output channel.
  func foldedWeight(
    _ weight: ReferenceOperand, scale: ReferenceOperand, variance: ReferenceOperand, epsilon: Double
  ) -> [Double] {
    let perOutput = weight.values.count / weight.shape[0]
    return weight.values.enumerated().map { index, value in
      let c = index / perOutput
      return value * scale.values[c] / (variance.values[c] + epsilon).squareRoot()
    }
  }

  /// `(bias - mean) * scale / sqrt(variance + epsilon) + shift`; operands scale, shift, mean, variance [, bias].
  func foldedBias(_ x: [ReferenceOperand], epsilon: Double) -> [Double] {
    x[0].values.indices.map { c in
      let bias = x.count == 5 ? x[4].values[c] : 0
      let deviation = (x[3].values[c] + epsilon).squareRoot()
      return (bias - x[2].values[c]) * x[0].values[c] / deviation + x[1].values[c]
    }
  }

  /// Maps every element of a feature map; `body` gets the value, its flat index and its channel.
  private func mapWithChannel(_ x: ReferenceOperand, _ body: (Double, Int, Int) -> Double) -> [Double] {
    let places = x.shape.height * x.shape.width
    return x.values.enumerated().map { index, value in body(value, index, index / places % x.shape.channels) }
  }

  /// Per channel, the sum of `body` over batch, height and width.
  private func channelSums(_ x: ReferenceOperand, _ body: (Double, Int, Int) -> Double) -> [Double] {
    let places = x.shape.height * x.shape.width
    var sums = [Double](repeating: 0, count: x.shape.channels)
    for (index, value) in x.values.enumerated() {
      let c = index / places % x.shape.channels
      sums[c] += body(value, index, c)
    }
    return sums
  }
}
