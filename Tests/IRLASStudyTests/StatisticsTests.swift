import Testing

@testable import IRLASStudy

/// Statistics against the values that `Tests/Reference/statistics.py` gets from SciPy.
@Suite struct StatisticsTests {
  @Test func signedRanksWithoutTies() {
    let test = SignedRankTest([1.83, 0.5, 1.62, 2.48, 1.68, 1.88, -1.55, 3.06, -1.3])
    #expect(test.count == 9)
    #expect(test.positiveRanks == 40)
    #expect(abs(test.p - 0.0390625) < 1e-15)
  }

  @Test func signedRanksWithTiesAndZeros() {
    let test = SignedRankTest([0.5, -0.5, 1.0, 1.0, 0.0, 2.0, -1.0, 3.0, 3.0, 0.25])
    #expect(test.count == 9)
    #expect(test.positiveRanks == 37.5)
    #expect(abs(test.p - 0.08203125) < 1e-15)
  }

  @Test func signedRanksOfManyPairs() {
    let test = SignedRankTest((1...300).map { (Double(($0 * 7919) % 1009) - 450) / 1009 })
    #expect(abs(test.p - 0.0014390544866588028) < 1e-12)
  }

  @Test func noDifferenceSaysNothing() {
    #expect(SignedRankTest([0, 0, 0]).p == 1)
    #expect(SignedRankTest([]).p == 1)
  }

  @Test func effectsAndIntervals() {
    let comparison = Comparison([0.81, 0.79, 0.84, 0.80, 0.77], [0.83, 0.80, 0.86, 0.79, 0.84])
    #expect(abs(comparison.effect - 0.7) < 1e-12)
    #expect(abs(comparison.difference - 0.022) < 1e-12)
    // Resampling noise: SciPy with 200,000 resamples gives 0.002 to 0.048.
    #expect(abs(comparison.interval.lowerBound - 0.002) < 0.002)
    #expect(abs(comparison.interval.upperBound - 0.048) < 0.002)
    #expect(Comparison([1], [3]).interval == 2...2)
  }

  @Test func holmsCorrection() {
    let corrected = Comparison.holm([0.01, 0.04, 0.03, 0.005])
    for (value, expected) in zip(corrected, [0.03, 0.06, 0.06, 0.02]) {
      #expect(abs(value - expected) < 1e-12)
    }
    #expect(Comparison.holm([]).isEmpty)
  }
}
