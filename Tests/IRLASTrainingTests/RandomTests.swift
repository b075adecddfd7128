import IRLASGraph
import IRLASCompiler
import IRLASTraining
import Testing

@Suite struct RandomTests {
  /// The known answers published with the generator (Random123, `kat_vectors`).
  @Test func philoxKnownAnswers() {
    let zero = Philox.block(counter: (0, 0, 0, 0), key: (0, 0))
    #expect(zero == (0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8))
    let ones = Philox.block(counter: (.max, .max, .max, .max), key: (.max, .max))
    #expect(ones == (0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD))
    let pi = Philox.block(
      counter: (0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344), key: (0xA409_3822, 0x299F_31D0))
    #expect(pi == (0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1))
  }

  /// The published FNV-1a values of "", "a" and "foobar", and the first outputs of SplitMix64 from state 0.
  @Test func hashKnownAnswers() {
    func fnv(_ text: String) -> UInt64 {
      var hash = ByteHash()
      for byte in text.utf8 { hash.combine(byte) }
      return hash.fnv1a
    }
    #expect(fnv("") == 0xCBF2_9CE4_8422_2325)
    #expect(fnv("a") == 0xAF63_DC4C_8601_EC8C)
    #expect(fnv("foobar") == 0x8594_4171_F739_67E8)
    #expect(StableHash.mix(0x9E37_79B9_7F4A_7C15) == 0xE220_A839_7B1D_CDAF)
    #expect(StableHash.mix(0x3C6E_F372_FE94_F82A) == 0x6E78_9E6A_A1B9_65F4)
  }

  @Test func hashKeepsStringsApart() {
    func hash(_ parts: String...) -> UInt64 {
      var hash = ByteHash()
      for part in parts { hash.combine(part) }
      return hash.value
    }
    #expect(hash("ab", "c") != hash("a", "bc"))
    #expect(hash("") != hash("", ""))
  }

  @Test func streamsAreFunctionsOfTheirNames() {
    func first(_ seed: UInt64, _ purpose: String, _ epoch: UInt64, _ index: UInt64) -> [UInt64] {
      var stream = RandomStream(seed: seed, purpose: purpose, epoch: epoch, index: index)
      return (0..<5).map { _ in stream.next() }
    }
    let base = first(1, "a", 2, 3)
    #expect(base == first(1, "a", 2, 3))
    for other in [first(2, "a", 2, 3), first(1, "b", 2, 3), first(1, "a", 3, 3), first(1, "a", 2, 4)] {
      #expect(Set(base).isDisjoint(with: other))
    }
    // The index is 64 bits wide.
    #expect(first(1, "a", 2, 3) != first(1, "a", 2, 3 + 1 << 32))
  }

  /// Values of this program's first version: a change would silently change every run.
  @Test func drawsStayTheSame() {
    var stream = RandomStream(seed: 7, purpose: "test")
    let words = (0..<3).map { _ in stream.next() }
    let integers = (0..<5).map { _ in stream.below(10) }
    #expect(words == [2_608_457_561_126_752_881, 2_952_589_374_330_072_283, 6_552_407_190_752_067_888])
    #expect(integers == [1, 4, 5, 5, 2])
    #expect(RandomStream.epochOrder(seed: 7, epoch: 1, count: 8) == [6, 5, 2, 7, 0, 3, 1, 4])
  }

  @Test(arguments: [1, 2, 3, 7, 10, 1000])
  func boundedIntegersAreUniform(bound: Int) {
    var stream = RandomStream(seed: 5, purpose: "bounded", index: UInt64(bound))
    let draws = 200 * bound
    var counts = [Int](repeating: 0, count: bound)
    for _ in 0..<draws { counts[stream.below(bound)] += 1 }
    // Chi-squared with bound - 1 degrees of freedom: mean bound - 1, variance 2 (bound - 1).
    let statistic = counts.reduce(0.0) { $0 + (Double($1) - 200) * (Double($1) - 200) / 200 }
    let freedom = Double(bound - 1)
    let bound = 5 * (2 * freedom).squareRoot()
    #expect(abs(statistic - freedom) <= bound)
  }

  @Test func normalDrawsHaveTheMomentsOfTheStandardNormal() {
    var stream = RandomStream(seed: 3, purpose: "normal")
    let count = 200_000
    var moments = [Double](repeating: 0, count: 5)
    for _ in 0..<count {
      let x = stream.normal()
      var power = 1.0
      for degree in 1...4 {
        power *= x
        moments[degree] += power / Double(count)
      }
    }
    // Five standard errors: the variances of x, x^2, x^3, x^4 are 1, 2, 15, 96.
    let error = 5 / Double(count).squareRoot()
    #expect(abs(moments[1]) < error)
    #expect(abs(moments[2] - 1) < error * 1.42)
    #expect(abs(moments[3]) < error * 3.88)
    #expect(abs(moments[4] - 3) < error * 9.8)
  }

  @Test func uniformDrawsFillTheUnitInterval() {
    var stream = RandomStream(seed: 4, purpose: "uniform")
    let draws = (0..<100_000).map { _ in stream.uniform() }
    #expect(draws.allSatisfy { $0 >= 0 && $0 < 1 })
    // The mean of n uniform draws has variance 1 / (12 n); five standard errors.
    let mean = draws.reduce(0, +) / 100_000
    let error = 5 / 1_200_000.0.squareRoot()
    #expect(abs(mean - 0.5) < error)
    #expect(draws.contains { $0 < 0.0002 })
    #expect(draws.contains { $0 > 0.9998 })
  }

  @Test func shufflesAreUniformPermutations() {
    var counts: [[Int]: Int] = [:]
    var stream = RandomStream(seed: 1, purpose: "permutations")
    for _ in 0..<24_000 {
      var values = [0, 1, 2, 3]
      stream.shuffle(&values)
      #expect(values.sorted() == [0, 1, 2, 3])
      counts[values, default: 0] += 1
    }
    #expect(counts.count == 24)
    #expect(counts.values.allSatisfy { abs($0 - 1000) < 160 })
  }

  @Test func epochOrdersAreDifferentPermutations() {
    let orders = (0..<4).map { RandomStream.epochOrder(seed: 9, epoch: $0, count: 100) }
    for order in orders { #expect(order.sorted() == Array(0..<100)) }
    #expect(Set(orders).count == 4)
    #expect(RandomStream.epochOrder(seed: 9, epoch: 0, count: 0).isEmpty)
  }
}
