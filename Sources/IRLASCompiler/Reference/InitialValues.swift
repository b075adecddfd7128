private import Glibc
package import IRLASGraph

extension Parameter.Initializer {
  /// The first `count` values, in PyTorch's order of the tensor, made from the 32-bit words of one random stream.
  ///
  /// Element i of a uniform or a truncated distribution takes word i, by the inverse of the distribution; two
  /// elements of a normal distribution take two words (G. E. P. Box and M. E. Muller, 1958).
  package func values(count: Int, words: (Int) -> [UInt32]) -> [Double] {
    switch self {
    case .constant(let value):
      return Array(repeating: value, count: count)
    case .uniform(let fanIn):
      let bound = 1 / Double(fanIn).squareRoot()
      return words(count).map { bound * (Double($0) * 0x1p-31 - 1) }
    case .normal(let deviation):
      let words = words(count + count % 2)
      return (0..<count).map { index in
        // Never 0, whose logarithm is infinite.
        let radius = (-2 * log((Double(words[index & ~1]) + 1) * 0x1p-32)).squareRoot()
        let angle = 2 * Double.pi * Double(words[index | 1]) * 0x1p-32
        return deviation * radius * (index % 2 == 0 ? cos(angle) : sin(angle))
      }
    case .truncatedNormal(let deviation):
      let tail = Self.normalProbability(below: -2)
      return words(count).map { word in
        let probability = tail + (1 - 2 * tail) * (Double(word) + 0.5) * 0x1p-32
        return deviation * Self.normalQuantile(probability)
      }
    }
  }

  private static func normalProbability(below x: Double) -> Double { erfc(-x / 2.squareRoot()) / 2 }

  /// The argument within -2 ... 2 at which the normal distribution reaches a probability: Newton's iteration, which
  /// approaches it from the side of 0 because the density falls on the way.
  private static func normalQuantile(_ probability: Double) -> Double {
    var x = 0.0
    for _ in 0..<8 {
      let density = exp(-x * x / 2) / (2 * Double.pi).squareRoot()
      x -= (normalProbability(below: x) - probability) / density
    }
    return x
  }
}
