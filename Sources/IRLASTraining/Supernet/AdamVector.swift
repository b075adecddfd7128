/// A vector that moves against its gradients by Adam (D. P. Kingma and J. Ba, ICLR 2015, algorithm 1), in Double.
struct AdamVector: Equatable, Sendable {
  /// The constants; the defaults are DARTS's for the architecture.
  struct Options: Hashable, Sendable {
    /// The step size.
    var rate: Double
    /// How slowly the mean of the gradient forgets.
    var firstBeta = 0.5
    /// How slowly the mean of its square forgets.
    var secondBeta = 0.999
    /// What is added to the gradient, times the value (L2 regularisation, not decoupled).
    var decay = 1e-3
    var epsilon = 1e-8
  }

  /// The vector itself.
  private(set) var values: [Double]
  private(set) var first: [Double]
  private(set) var second: [Double]
  private(set) var steps = 0

  /// Zeros.
  init(count: Int) {
    values = Array(repeating: 0, count: count)
    first = values
    second = values
  }

  /// One step; `gradient` has as many elements as the vector.
  mutating func move(against gradient: [Double], _ options: Options) {
    steps += 1
    // Powers by multiplication: the same on every machine. They vanish long before the limit.
    var (firstPower, secondPower) = (1.0, 1.0)
    for _ in 0..<min(steps, 100_000) {
      firstPower *= options.firstBeta
      secondPower *= options.secondBeta
    }
    for index in values.indices {
      let slope = gradient[index] + options.decay * values[index]
      first[index] = options.firstBeta * first[index] + (1 - options.firstBeta) * slope
      second[index] = options.secondBeta * second[index] + (1 - options.secondBeta) * slope * slope
      let mean = first[index] / (1 - firstPower)
      let scale = (second[index] / (1 - secondPower)).squareRoot() + options.epsilon
      values[index] -= options.rate * mean / scale
    }
  }

  /// Everything as text that reads back to the same numbers.
  var text: String {
    "\(steps) " + (values + first + second).map(\.description).joined(separator: " ")
  }

  /// Reads `text`; nil when it is not that of a vector of `count` elements.
  init?(_ text: String, count: Int) {
    let words = text.split(separator: " ")
    let numbers = words.dropFirst().compactMap { Double($0) }
    guard let steps = words.first.flatMap({ Int($0) }), steps >= 0, numbers.count == 3 * count,
      words.count == 3 * count + 1, numbers.allSatisfy(\.isFinite)
    else { return nil }
    self.steps = steps
    values = Array(numbers[..<count])
    first = Array(numbers[count..<(2 * count)])
    second = Array(numbers[(2 * count)...])
  }
}
