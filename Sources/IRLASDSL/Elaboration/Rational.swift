/// An exact fraction: what `/` on integers gives where it does not divide.
///
/// Always in lowest terms with a denominator of at least 2: a fraction that is whole is an integer value instead.
struct Rational: Hashable, Sendable {
  /// The numerator; carries the sign.
  let numerator: Int
  /// The denominator, at least 2.
  let denominator: Int

  /// The nearest double.
  var double: Double { Double(numerator) / Double(denominator) }

  /// The largest integer that is not larger.
  var floor: Int {
    let quotient = numerator / denominator
    return numerator < 0 ? quotient - 1 : quotient  // never whole, so never exact
  }

  /// The fraction `numerator / denominator` as a value: an integer where it is whole.
  ///
  /// - Returns: nil when the denominator is 0 or the result does not fit.
  static func value(_ numerator: Int, over denominator: Int) -> Value? {
    guard denominator != 0, numerator != Int.min, denominator != Int.min else { return nil }
    let divisor = greatestCommonDivisor(numerator.magnitude, denominator.magnitude)
    let sign = denominator < 0 ? -1 : 1
    let n = sign * (numerator / Int(divisor))
    let d = sign * (denominator / Int(divisor))
    return d == 1 ? .integer(n) : .rational(Rational(numerator: n, denominator: d))
  }

  private static func greatestCommonDivisor(_ a: UInt, _ b: UInt) -> UInt {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return max(a, 1)
  }
}
