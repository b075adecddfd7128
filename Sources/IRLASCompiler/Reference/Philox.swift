/// The counter-based generator Philox4x32-10: a keyed bijection of 128-bit counters whose outputs pass the usual
/// batteries of randomness tests.
///
/// J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
/// A block is a pure function of counter and key, so draws can be made in any order and on any thread.
package enum Philox {
  /// Four 32-bit words: a counter going in, four random words coming out.
  package typealias Block = (UInt32, UInt32, UInt32, UInt32)

  /// Ten rounds over `counter` with `key` (low word, high word).
  package static func block(counter: Block, key: (UInt32, UInt32)) -> Block {
    var (c0, c1, c2, c3) = counter
    var (k0, k1) = key
    for round in 0..<10 {
      if round > 0 {
        // Weyl sequence of the key: the golden ratio and the square root of 3 minus 1, in 32 bits.
        k0 &+= 0x9E37_79B9
        k1 &+= 0xBB67_AE85
      }
      let a = UInt64(0xD251_1F53) &* UInt64(c0)
      let b = UInt64(0xCD9E_8D57) &* UInt64(c2)
      (c0, c1, c2, c3) = (
        UInt32(truncatingIfNeeded: b >> 32) ^ c1 ^ k0,
        UInt32(truncatingIfNeeded: b),
        UInt32(truncatingIfNeeded: a >> 32) ^ c3 ^ k1,
        UInt32(truncatingIfNeeded: a)
      )
    }
    return (c0, c1, c2, c3)
  }
}
