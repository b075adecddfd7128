/// A 64-bit hash whose value depends on nothing but what goes in: the same on every run and platform, unlike
/// the standard library's. Not cryptographic.
package struct StableHash: Sendable {
  package private(set) var value: UInt64

  package init(seed: UInt64 = 0) { value = Self.mix(seed &+ 0x9E37_79B9_7F4A_7C15) }

  /// The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): a bijection that spreads every bit.
  package static func mix(_ x: UInt64) -> UInt64 {
    var z = x
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// The hash of an ordered pair.
  package static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
    mix(mix(a &+ 0x9E37_79B9_7F4A_7C15) ^ (b &* 0xD6E8_FEB8_6659_FD93))
  }

  package mutating func combine(_ word: UInt64) { value = Self.mix(value, word) }
  package mutating func combine(_ integer: Int) { combine(UInt64(bitPattern: Int64(integer))) }
  package mutating func combine(_ flag: Bool) { combine(flag ? 1 : 2 as UInt64) }
  package mutating func combine(_ real: Double) { combine(real.bitPattern) }

  /// The length and the UTF-8 bytes, eight at a time.
  package mutating func combine(_ string: String) {
    var word: UInt64 = 0
    var count = 0
    for byte in string.utf8 {
      word = word << 8 | UInt64(byte)
      count += 1
      if count % 8 == 0 {
        combine(word)
        word = 0
      }
    }
    combine(word)
    combine(count)
  }
}

/// A hash that identifies a graph up to renaming and reordering; prints as 16 hexadecimal digits.
package struct GraphHash: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let value: UInt64

  package init(_ value: UInt64) { self.value = value }

  /// Reads what `description` writes: sixteen hexadecimal digits.
  package init?(parsing text: some StringProtocol) {
    guard text.utf8.count == 16, text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
      let value = UInt64(text, radix: 16)
    else { return nil }
    self.value = value
  }

  package static func < (a: GraphHash, b: GraphHash) -> Bool { a.value < b.value }

  package var description: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
