import Testing

@testable import IRLASStudy

/// Statistics against values of SciPy 1.17: see `Tests/Reference/statistics.py`.
@Suite struct StatisticsTests {
  @Test func signedRanksWithoutTies() {
    // scipy.stats.wilcoxon(d, method="exact")
    let test = SignedRankTest([1.83, 0.5, 1.62, 2.48, 1.68, 1.88, -1.55, 3.06, -1.3])
    #expect(test.count == 9)
    #expect(test.positiveRanks == 40)
    #expect(abs(test.p - 0.0390625) < 1e-15)
  }
}
