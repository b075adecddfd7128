import IRLASGraph

/// A 64-bit hash that is the same in every process and on every machine (Swift's own is seeded per process).
///
/// FNV-1a over bytes (G. Fowler, L. C. Noll and K.-P. Vo), finished with the mixer of SplitMix64 (G. L. Steele,
/// D. Lea and C. H. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014), since plain FNV-1a spreads
/// short keys poorly into its high bits. Not for security.
package struct ByteHash: Sendable, Equatable {
  private var state: UInt64 = 0xCBF2_9CE4_8422_2325

  /// The hash of nothing yet.
  package init() {}

  /// Adds one byte.
  package mutating func combine(_ byte: UInt8) {
    state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
  }

  /// Adds a word as eight bytes, lowest first.
  package mutating func combine(_ word: UInt64) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      combine(UInt8(truncatingIfNeeded: word >> shift))
    }
  }

  /// Adds the UTF-8 of `text` and its length, so that ("ab", "c") and ("a", "bc") differ.
  package mutating func combine(_ text: String) {
    for byte in text.utf8 { combine(byte) }
    combine(UInt64(text.utf8.count))
  }

  /// The hash of all that was added.
  package var value: UInt64 { StableHash.mix(state) }

  /// The hash of one string.
  package static func of(_ text: String) -> UInt64 {
    var hash = ByteHash()
    hash.combine(text)
    return hash.value
  }

  /// The FNV-1a state before finishing; for the published test vectors.
  package var fnv1a: UInt64 { state }
}
