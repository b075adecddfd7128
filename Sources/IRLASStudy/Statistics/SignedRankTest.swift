import Glibc

/// Wilcoxon's signed-rank test of paired differences (Wilcoxon, 1945), two-sided.
package struct SignedRankTest: Hashable, Sendable {
  /// The differences that are not zero; the others say nothing.
  package let count: Int
  /// The sum of the ranks of the positive differences; equal sizes share their mean rank.
  package let positiveRanks: Double
  /// How probable a sum at least as far from the middle is when signs fall by chance. 1 without differences.
  package let p: Double

  /// Up to so many differences the probability is exact, ties or not.
  private static let exactLimit = 200

  /// The test of some differences.
  package init(_ differences: [Double]) {
    let kept = differences.filter { $0 != 0 && $0.isFinite }
    count = kept.count
    let order = kept.indices.sorted { abs(kept[$0]) < abs(kept[$1]) }
    // Twice the ranks, which are whole numbers.
    var doubled = [Int](repeating: 0, count: kept.count)
    var start = 0
    while start < order.count {
      var end = start
      while end < order.count, abs(kept[order[end]]) == abs(kept[order[start]]) { end += 1 }
      for place in start..<end { doubled[order[place]] = start + 1 + end }
      start = end
    }
    var sum = 0
    for (index, rank) in doubled.enumerated() where kept[index] > 0 { sum += rank }
    positiveRanks = Double(sum) / 2
    guard !kept.isEmpty else {
      p = 1
      return
    }
    p = kept.count <= Self.exactLimit ? Self.exact(doubled, sum) : Self.normal(doubled, sum)
  }

  /// Goes through all ways to give signs, as a distribution over sums.
  private static func exact(_ ranks: [Int], _ sum: Int) -> Double {
    let total = ranks.reduce(0, +)
    var shares = [Double](repeating: 0, count: total + 1)
    shares[0] = 1
    var reach = 0
    for rank in ranks {
      reach += rank
      for value in stride(from: reach, through: 0, by: -1) {
        shares[value] = (shares[value] + (value >= rank ? shares[value - rank] : 0)) / 2
      }
    }
    let lower = shares[...min(sum, total - sum)].reduce(0, +)
    return min(1, 2 * lower)
  }

  /// The normal approximation, whose variance takes the shared ranks into account.
  private static func normal(_ ranks: [Int], _ sum: Int) -> Double {
    let mean = ranks.reduce(0.0) { $0 + Double($1) } / 4
    let variance = ranks.reduce(0.0) { $0 + Double($1) * Double($1) } / 16
    guard variance > 0 else { return 1 }
    return min(1, erfc(abs(Double(sum) / 2 - mean) / (2 * variance).squareRoot()))
  }
}
