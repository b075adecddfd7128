import IRLASDSL

/// A small reproducible generator of random numbers (SplitMix64: Steele, Lea and Flood, OOPSLA 2014), the same on
/// every machine.
package struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator that starts from `seed`.
  package init(seed: UInt64) { state = seed }

  /// The next 64 random bits.
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A random number below `bound`, which is positive. The bias of the remainder is immaterial to tests.
  package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }
}

/// Makes damaged programs from good ones: bytes flipped, runs deleted, doubled or spliced in from another program,
/// tokens swapped, dropped, doubled or replaced. Mutation `i` of a seed is the same on every machine.
package struct ProgramMutator: Sendable {
  /// The texts that are damaged.
  package let programs: [[UInt8]]
  private let tokens: [[Token]]
  /// The seed of the whole series.
  package let seed: UInt64

  /// A series of mutations of the given programs.
  package init(_ programs: [String], seed: UInt64) {
    self.programs = programs.map { Array($0.utf8) }
    tokens = self.programs.map { parse(SourceFile(name: "seed.irlas", utf8: $0)).tree.tokens.dropLast() }
    self.seed = seed
  }

  /// A program with one to four random injuries.
  package func mutation(_ index: Int) -> [UInt8] {
    var random = SplitMix64(seed: seed ^ (UInt64(index) &* 0xD6E8_FEB8_6659_FD93))
    let choice = random.below(programs.count)
    var bytes = programs[choice]
    // Token injuries use the places in the intact text, so they come first and alone.
    if random.below(2) == 0 { bytes = swapTokens(of: choice, &random) }
    for _ in 0...random.below(3) { injure(&bytes, &random) }
    return bytes
  }

  private static let fragments: [[UInt8]] = [
    "(", ")", "[", "]", "{", "}", "->", "then", "repeat", "if", "else", "each", "in", "..", "=", "==", ",",
    ":", "\"", "`",
    "//", "///", "@", ";", "?", "not", "return", "cell", "1e999", "3x", "99999999999999999999", "\u{0}", "é",
    "→", "\n",
  ].map { Array($0.utf8) }

  private func injure(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
    guard !bytes.isEmpty else { return }
    let start = random.below(bytes.count)
    let end = min(bytes.count, start + 1 + random.below(random.below(4) == 0 ? 200 : 12))
    switch random.below(7) {
    case 0: bytes[start] ^= UInt8(1 << random.below(8))
    case 1: bytes.removeSubrange(start..<end)
    case 2: bytes.insert(contentsOf: bytes[start..<end], at: random.below(bytes.count))
    case 3:
      let other = programs[random.below(programs.count)]
      let from = random.below(other.count)
      bytes.replaceSubrange(start..<end, with: other[from..<min(other.count, from + random.below(60))])
    case 4: bytes.removeSubrange(start...)
    case 5: bytes.insert(contentsOf: Self.fragments[random.below(Self.fragments.count)], at: start)
    default:
      let run = Array(bytes[start..<end])
      for _ in 0..<random.below(8) { bytes.insert(contentsOf: run, at: start) }
    }
  }

  /// The text of a program with two tokens swapped, or one dropped, doubled or replaced by another.
  private func swapTokens(of program: Int, _ random: inout SplitMix64) -> [UInt8] {
    let (bytes, tokens) = (programs[program], tokens[program])
    guard tokens.count > 1 else { return bytes }
    let a = random.below(tokens.count)
    let b = random.below(tokens.count)
    let (first, second) = (bytes[tokens[min(a, b)].range], bytes[tokens[max(a, b)].range])
    let (low, high) = (tokens[min(a, b)].range, tokens[max(a, b)].range)
    guard a != b else { return Array(bytes[..<low.lowerBound] + bytes[low.upperBound...]) }
    let middle = bytes[low.upperBound..<high.lowerBound]
    switch random.below(3) {
    case 0: return Array(bytes[..<low.lowerBound] + second + middle + first + bytes[high.upperBound...])
    case 1: return Array(bytes[..<low.lowerBound] + second + middle + second + bytes[high.upperBound...])
    default: return Array(bytes[..<low.lowerBound] + first + [0x20] + first + bytes[low.upperBound...])
    }
  }
}
