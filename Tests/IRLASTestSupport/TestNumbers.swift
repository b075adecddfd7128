/// A small seeded generator for tests: G. L. Steele, D. Lea and C. H. Flood, "Fast Splittable Pseudorandom Number
/// Generators", OOPSLA 2014 (SplitMix64).
package struct TestNumbers: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A whole number in `range`.
  package mutating func integer(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(next() % UInt64(range.count))
  }

  /// A number in `-1 ..< 1`.
  package mutating func real() -> Double { Double(Int64(bitPattern: next()) >> 11) * 0x1p-52 }

  /// One element of a collection that is not empty.
  package mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[integer(0...elements.count - 1)]
  }

  /// True with probability `1 / n`.
  package mutating func oneIn(_ n: Int) -> Bool { integer(1...n) == 1 }

  /// `count` numbers in `-1 ..< 1`.
  package mutating func reals(_ count: Int) -> [Double] { (0..<count).map { _ in real() } }

  /// `count` whole numbers in `range`, for exact comparisons.
  package mutating func integers(_ count: Int, in range: ClosedRange<Int>) -> [Double] {
    (0..<count).map { _ in Double(integer(range)) }
  }
}
