/// The value of a number as written, exact where it can be.
package struct NumberLiteral: Hashable, Sendable {
  /// What a suffix says about the number.
  package enum Unit: Hashable, Sendable {
    /// A plain number; `K`, `M` and `G` have been multiplied in (thousand, million, thousand million).
    case none
    /// `ms`, `s`, `m`, `h`: the value is in seconds.
    case seconds
    /// `KiB`, `MiB`, `GiB`: the value is in bytes.
    case bytes
  }

  /// The value in the base unit.
  package let value: Double
  /// The value as an integer: set when the text has neither point nor exponent, or its suffix makes it whole
  /// (`1.5K`, but not `2.0`).
  package let integer: Int?
  /// What the number measures.
  package let unit: Unit

  /// What a suffix multiplies by, as numerator and denominator, and what it measures.
  static func suffix(_ text: some StringProtocol) -> (numerator: Int, denominator: Int, unit: Unit)? {
    switch text {
    case "": (1, 1, .none)
    case "K": (1_000, 1, .none)
    case "M": (1_000_000, 1, .none)
    case "G": (1_000_000_000, 1, .none)
    case "ms": (1, 1000, .seconds)
    case "s": (1, 1, .seconds)
    case "m": (60, 1, .seconds)
    case "h": (3600, 1, .seconds)
    case "KiB": (1 << 10, 1, .bytes)
    case "MiB": (1 << 20, 1, .bytes)
    case "GiB": (1 << 30, 1, .bytes)
    default: nil
    }
  }

  /// The value of a number token; nil when it is malformed or does not fit (64-bit integers, finite doubles).
  package init?(text: String) {
    let bytes = Array(text.utf8)
    var end = 0
    var digits = 0  // the digits before an exponent, as an integer
    var exactDigits = true
    var fractionDigits = 0
    var hasPoint = false
    var hasExponent = false
    var plain: [UInt8] = []
    scan: while end < bytes.count {
      let byte = bytes[end]
      switch byte {
      case 0x30...0x39:
        plain.append(byte)
        let (product, overflow) = digits.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(Int(byte - 0x30))
        if overflow || carry { exactDigits = false } else { digits = sum }
        if hasPoint { fractionDigits += 1 }
      case 0x5F: break
      case 0x2E where !hasPoint:
        hasPoint = true
        plain.append(byte)
      case 0x65:
        hasExponent = true
        plain.append(byte)
        end += 1
        while end < bytes.count,
          (0x30...0x39).contains(bytes[end]) || [0x2B, 0x2D, 0x5F].contains(bytes[end])
        {
          if bytes[end] != 0x5F { plain.append(bytes[end]) }
          end += 1
        }
        break scan
      default: break scan
      }
      end += 1
    }
    guard let (numerator, denominator, unit) = Self.suffix(String(decoding: bytes[end...], as: UTF8.self)),
      let mantissa = Double(String(decoding: plain, as: UTF8.self))
    else { return nil }
    let value = mantissa * Double(numerator) / Double(denominator)
    guard value.isFinite else { return nil }
    self.unit = unit
    self.value = value
    if hasExponent || (hasPoint && numerator == 1) || denominator != 1 {
      integer = nil
      return
    }
    let (product, overflow) = digits.multipliedReportingOverflow(by: numerator)
    guard exactDigits, !overflow else {
      // A fraction with many digits is a double; an integer that does not fit is refused.
      if hasPoint {
        integer = nil
        return
      }
      return nil
    }
    var power = 1
    for _ in 0..<min(fractionDigits, 18) { power *= 10 }
    integer = fractionDigits <= 18 && product % power == 0 ? product / power : nil
  }
}

/// Height and width of a kernel token such as `3x3`; nil when one does not fit.
func kernelSize(of text: String) -> (height: Int, width: Int)? {
  let parts = text.split(separator: "x", omittingEmptySubsequences: false)
  guard parts.count == 2, let height = Int(parts[0]), let width = Int(parts[1]) else { return nil }
  return (height, width)
}

/// The text of a string token between its quotes with escapes resolved; unknown escapes stay as written.
func stringValue(of text: String) -> String {
  var result = String.UnicodeScalarView()
  var scalars = Substring(text).unicodeScalars
  if scalars.first == "\"" { scalars.removeFirst() }
  if scalars.last == "\"", !text.hasSuffix("\\\"") || text.hasSuffix("\\\\\"") { scalars.removeLast() }
  while let scalar = scalars.popFirst() {
    guard scalar == "\\", let escaped = scalars.first else {
      result.append(scalar)
      continue
    }
    if let resolved = stringEscapes[escaped] {
      scalars.removeFirst()
      result.append(resolved)
    } else {
      result.append(scalar)
    }
  }
  return String(result)
}

/// What may follow a backslash in a string, and what it stands for.
let stringEscapes: [Unicode.Scalar: Unicode.Scalar] = ["\\": "\\", "\"": "\"", "n": "\n", "t": "\t"]
