import IRLASGraph

/// Two strategies over the same seeds.
package struct Comparison: Hashable, Sendable {
  /// How many pairs there are.
  package let pairs: Int
  /// The mean difference, the second less the first.
  package let difference: Double
  /// The 95 % interval of the mean difference by the percentile bootstrap (Efron, 1979).
  package let interval: ClosedRange<Double>
  /// How often a value of the second is the larger one, equal ones counting half (Vargha and Delaney's A, 2000): 0.5 is
  /// no effect, 0.56, 0.64 and 0.71 are taken for a small, a medium and a large one.
  package let effect: Double
  /// See `SignedRankTest`.
  package let p: Double

  private static let resamples = 10_000

  /// Compares values with the same index; both lists have the same length, which is not 0.
  package init(_ first: [Double], _ second: [Double]) {
    let differences = zip(first, second).map { $1 - $0 }
    pairs = differences.count
    difference = Self.mean(differences)
    interval = Self.bootstrap(differences)
    effect = Self.effect(first, second)
    p = SignedRankTest(differences).p
  }

  private static func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }

  private static func effect(_ first: [Double], _ second: [Double]) -> Double {
    var wins = 0.0
    for a in first { for b in second { wins += b > a ? 1 : b == a ? 0.5 : 0 } }
    return first.isEmpty || second.isEmpty ? 0.5 : wins / (Double(first.count) * Double(second.count))
  }

  /// Means of draws with replacement; the draws are a function of the number of values alone.
  private static func bootstrap(_ values: [Double]) -> ClosedRange<Double> {
    guard let only = values.first else { return 0...0 }
    guard values.count > 1 else { return only...only }
    var means: [Double] = []
    for resample in 0..<resamples {
      var sum = 0.0
      for place in values.indices {
        let word = StableHash.mix(UInt64(resample), UInt64(place))
        sum += values[Int(word.multipliedFullWidth(by: UInt64(values.count)).high)]
      }
      means.append(sum / Double(values.count))
    }
    means.sort()
    return means[resamples / 40]...means[resamples - 1 - resamples / 40]
  }

  /// Holm's (1979) correction of probabilities for having asked several questions; in the order given.
  package static func holm(_ probabilities: [Double]) -> [Double] {
    var corrected = probabilities
    var largest = 0.0
    for (place, index) in probabilities.indices.sorted(by: { probabilities[$0] < probabilities[$1] })
      .enumerated()
    {
      largest = max(largest, min(1, probabilities[index] * Double(probabilities.count - place)))
      corrected[index] = largest
    }
    return corrected
  }
}
