import IRLASGraph

/// A small seeded generator for property tests (SplitMix64): the same numbers on every run.
package struct RandomSource: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return StableHash.mix(state)
  }

  /// A number in a range.
  package mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

  /// An element of a collection that is not empty.
  package mutating func pick<C: Collection>(_ choices: C) -> C.Element {
    choices[choices.index(choices.startIndex, offsetBy: pick(0...(choices.count - 1)))]
  }

  /// True once in `n` times.
  package mutating func once(in n: Int) -> Bool { pick(1...n) == 1 }
}
