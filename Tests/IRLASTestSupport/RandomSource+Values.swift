extension RandomSource {
  /// A number in `-1 ..< 1`.
  package mutating func real() -> Double { Double(Int64(bitPattern: next()) >> 11) * 0x1p-52 }

  /// `count` numbers in `-1 ..< 1`.
  package mutating func reals(_ count: Int) -> [Double] { (0..<count).map { _ in real() } }

  /// `count` whole numbers in `range`, for exact comparisons.
  package mutating func integers(_ count: Int, in range: ClosedRange<Int>) -> [Double] {
    (0..<count).map { _ in Double(pick(range)) }
  }
}
