/// An amount of memory as people write it.
package struct MemorySize: Hashable, Sendable, CustomStringConvertible {
  package let bytes: Int

  package init(bytes: Int) { self.bytes = bytes }

  /// Units by their spelling in small letters.
  private static let units: [(name: String, bytes: Int)] = [
    ("", 1), ("b", 1), ("kib", 1 << 10), ("mib", 1 << 20), ("gib", 1 << 30), ("tib", 1 << 40),
    ("kb", 1_000), ("mb", 1_000_000), ("gb", 1_000_000_000), ("tb", 1_000_000_000_000),
  ]

  /// Reads `2GiB`, `1.5 GiB`, `512MiB`, `800MB` or a number of bytes: units in any case, at most nine places after the
  /// point, up to 2^50 bytes; a part of a byte is dropped. Nil for anything else, and for nothing at all.
  package init?(_ text: String) {
    let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit = text[number.endIndex...].drop { $0 == " " }.lowercased()
    guard let scale = Self.units.first(where: { $0.name == unit })?.bytes else { return nil }
    let parts = number.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let whole = Int(parts[0]), whole <= (1 << 50) / scale else {
      return nil
    }
    var bytes = whole * scale
    if parts.count == 2 {
      guard (1...9).contains(parts[1].count), let places = Int(parts[1]) else { return nil }
      let ten = (0..<parts[1].count).reduce(1) { power, _ in 10 * power }
      // Below 2^40 * 10^9 / 10^9; the product is taken in two parts so that it fits.
      bytes += scale / ten * places + scale % ten * places / ten
    }
    guard (1...1 << 50).contains(bytes) else { return nil }
    self.bytes = bytes
  }

  /// In the largest binary unit that leaves at least one, with two places, rounded up: a limit that is written so is large
  /// enough.
  package var description: String {
    let scales = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
    guard let (unit, scale) = scales.first(where: { bytes >= $0.1 }) else { return "\(bytes) bytes" }
    let (whole, rest) = bytes.quotientAndRemainder(dividingBy: scale)
    let hundredths = 100 * whole + (100 * rest + scale - 1) / scale
    let places = hundredths % 100
    return "\(hundredths / 100).\(places < 10 ? "0" : "")\(places) \(unit)"
  }
}
