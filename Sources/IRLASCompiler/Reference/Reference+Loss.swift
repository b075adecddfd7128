private import Glibc
internal import IRLASGraph

/// Loss and optimiser.
extension ReferenceInterpreter {
  /// `log softmax` of each sample's scores, `[batch][k]`, shifted by the maximum.
  private func logSoftmax(_ logits: ReferenceOperand) -> [Double] {
    let classes = logits.shape.channels
    var result: [Double] = []
    for n in 0..<batch {
      let scores = logits.values[n * classes..<(n + 1) * classes]
      let largest = scores.max() ?? 0
      let normalizer = log(scores.reduce(0) { $0 + exp($1 - largest) })
      result += scores.map { $0 - largest - normalizer }
    }
    return result
  }

  /// `(1 - smoothing) * onehot + smoothing / k`, `[batch][k]`. A label outside the classes is nobody's class.
  private func targets(_ labels: ReferenceOperand, classes: Int, smoothing: Double) -> [Double] {
    labels.values.flatMap { label in
      (0..<classes).map { (Double($0) == label ? 1 - smoothing : 0) + smoothing / Double(classes) }
    }
  }

  /// The mean over the batch of `-sum target * log softmax`.
  func crossEntropy(logits: ReferenceOperand, labels: ReferenceOperand, smoothing: Double) -> Double {
    let targets = targets(labels, classes: logits.shape.channels, smoothing: smoothing)
    let sum = zip(targets, logSoftmax(logits)).reduce(0) { $0 - $1.0 * $1.1 }
    return sum / Double(batch)
  }

  /// `(softmax - target) / batch`.
  func crossEntropyGradient(logits: ReferenceOperand, labels: ReferenceOperand, smoothing: Double) -> [Double]
  {
    let targets = targets(labels, classes: logits.shape.channels, smoothing: smoothing)
    return zip(logSoftmax(logits), targets).map { (exp($0) - $1) / Double(batch) }
  }

  /// `momentum * velocity + gradient + decay * parameter`.
  func sgdVelocity(
    _ parameter: ReferenceOperand, gradient: ReferenceOperand, velocity: ReferenceOperand, momentum: Double,
    decay: Double
  ) -> [Double] {
    parameter.values.indices.map {
      momentum * velocity.values[$0] + gradient.values[$0] + decay * parameter.values[$0]
    }
  }

  /// `parameter - rate * direction`. The direction is the decayed gradient; with momentum the new velocity; with
  /// Nesterov's variant the decayed gradient plus `momentum` times the new velocity (PyTorch's SGD).
  func sgdStep(
    _ parameter: ReferenceOperand, gradient: ReferenceOperand, rate: Double, velocity: ReferenceOperand?,
    _ step: SGDStep
  ) -> [Double] {
    parameter.values.indices.map { index in
      let decayed = gradient.values[index] + step.decay * parameter.values[index]
      let direction: Double
      if let velocity {
        direction =
          step.nesterov ? decayed + step.momentum * velocity.values[index] : velocity.values[index]
      } else {
        direction = decayed
      }
      return parameter.values[index] - rate * direction
    }
  }
}
