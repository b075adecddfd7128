/// SHA-256 (FIPS 180-4): the name of everything that is stored by content.
package struct ContentHash: Hashable, Sendable {
  /// The 32 bytes of the digest.
  package let bytes: [UInt8]

  /// Hashes several parts; each is preceded by its length, so that moving a byte between parts changes the hash.
  package init(of parts: [String]) {
    var state = SHA256()
    for part in parts {
      let utf8 = Array(part.utf8)
      withUnsafeBytes(of: UInt64(utf8.count).littleEndian) { state.update(Array($0)) }
      state.update(utf8)
    }
    bytes = state.finish()
  }

  /// Hashes plain bytes, as `sha256sum` does.
  package init(ofBytes bytes: [UInt8]) {
    var state = SHA256()
    state.update(bytes)
    self.bytes = state.finish()
  }

  /// The first `digits` hexadecimal digits of the digest.
  package func hex(_ digits: Int = 64) -> String {
    var text = ""
    for byte in bytes {
      text.append(Self.digit(byte >> 4))
      text.append(Self.digit(byte & 15))
    }
    return String(text.prefix(digits))
  }

  private static func digit(_ value: UInt8) -> Character {
    Character(UnicodeScalar(value < 10 ? 48 + value : 87 + value))
  }
}

/// The running state of one SHA-256 computation.
private struct SHA256 {
  private var hash: [UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
  ]
  private var pending: [UInt8] = []
  private var length: UInt64 = 0
  private var schedule = [UInt32](repeating: 0, count: 64)

  mutating func update(_ bytes: [UInt8]) {
    length &+= UInt64(bytes.count)
    pending += bytes
    let whole = pending.count / 64 * 64
    var start = 0
    while start < whole {
      compress(at: start)
      start += 64
    }
    pending.removeFirst(whole)
  }

  mutating func finish() -> [UInt8] {
    let bits = length &* 8
    pending.append(0x80)
    while pending.count % 64 != 56 { pending.append(0) }
    for shift in stride(from: 56, through: 0, by: -8) {
      pending.append(UInt8(truncatingIfNeeded: bits >> shift))
    }
    for start in stride(from: 0, to: pending.count, by: 64) { compress(at: start) }
    return hash.flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) } }
  }

  private mutating func compress(at start: Int) {
    for t in 0..<16 {
      let i = start + 4 * t
      let high = UInt32(pending[i]) << 24 | UInt32(pending[i + 1]) << 16
      schedule[t] = high | UInt32(pending[i + 2]) << 8 | UInt32(pending[i + 3])
    }
    for t in 16..<64 {
      let w15 = schedule[t - 15]
      let w2 = schedule[t - 2]
      let s0 = Self.rotate(w15, 7) ^ Self.rotate(w15, 18) ^ (w15 >> 3)
      let s1 = Self.rotate(w2, 17) ^ Self.rotate(w2, 19) ^ (w2 >> 10)
      schedule[t] = schedule[t - 16] &+ s0 &+ schedule[t - 7] &+ s1
    }
    var (a, b, c, d) = (hash[0], hash[1], hash[2], hash[3])
    var (e, f, g, h) = (hash[4], hash[5], hash[6], hash[7])
    for t in 0..<64 {
      let s1 = Self.rotate(e, 6) ^ Self.rotate(e, 11) ^ Self.rotate(e, 25)
      let choice = (e & f) ^ (~e & g)
      let t1 = h &+ s1 &+ choice &+ Self.constants[t] &+ schedule[t]
      let s0 = Self.rotate(a, 2) ^ Self.rotate(a, 13) ^ Self.rotate(a, 22)
      let majority = (a & b) ^ (a & c) ^ (b & c)
      let t2 = s0 &+ majority
      (h, g, f, e, d, c, b, a) = (g, f, e, d &+ t1, c, b, a, t1 &+ t2)
    }
    for (index, value) in [a, b, c, d, e, f, g, h].enumerated() { hash[index] = hash[index] &+ value }
  }

  private static func rotate(_ x: UInt32, _ count: UInt32) -> UInt32 { x >> count | x << (32 - count) }

  /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
  private static let constants: [UInt32] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
  ]
}

/// A fast 64-bit checksum that finds damage to a file, not malice: eight bytes at a time, multiplied and mixed
/// with the 64-bit finaliser of MurmurHash3 (Appleby, 2011).
package func checksum(_ bytes: [UInt8]) -> UInt64 {
  bytes.withUnsafeBytes { raw in
    var hash: UInt64 = 0x9e37_79b9_7f4a_7c15 ^ UInt64(raw.count)
    var index = 0
    while index < raw.count {
      var word: UInt64 = 0
      if index + 8 <= raw.count {
        word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      } else {
        for offset in index..<raw.count { word |= UInt64(raw[offset]) << UInt64(8 * (offset - index)) }
      }
      hash = (hash ^ word) &* 0xff51_afd7_ed55_8ccd
      hash ^= hash >> 33
      index += 8
    }
    hash = (hash ^ (hash >> 33)) &* 0xc4ce_b9fe_1a85_ec53
    return hash ^ (hash >> 33)
  }
}
