private import Glibc

/// Softmax over the channels of each place.
extension ReferenceInterpreter {
  func softmax(_ x: ReferenceOperand) -> [Double] {
    var y = x.values
    forEachPlace(x.shape) { indices in
      let peak = indices.reduce(-Double.infinity) { max($0, x.values[$1]) }
      let powers = indices.map { exp(x.values[$0] - peak) }
      let total = powers.reduce(0, +)
      for (index, power) in zip(indices, powers) { y[index] = power / total }
    }
    return y
  }

  /// `dx = y * (dy - sum y dy)`, the sum over the channels.
  func softmaxGradient(y: ReferenceOperand, dy: ReferenceOperand) -> [Double] {
    var dx = y.values
    forEachPlace(y.shape) { indices in
      let dot = indices.reduce(0) { $0 + y.values[$1] * dy.values[$1] }
      for index in indices { dx[index] = y.values[index] * (dy.values[index] - dot) }
    }
    return dx
  }
}
