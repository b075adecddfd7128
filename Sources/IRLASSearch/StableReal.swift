/// `e` to the power `x`, to about one unit in the last place. Made of IEEE additions and multiplications alone, so that
/// it is the same on every machine: C libraries choose among variants by the CPU, and these differ in the last bit.
///
/// Cody and Waite's reduction to |r| <= ln 2 / 2 and the Taylor polynomial of degree 13, whose remainder is below
/// 2^-57.
package func stableExp(_ x: Double) -> Double {
  if x.isNaN { return x }
  if x > 709.79 { return .infinity }
  if x < -745.2 { return 0 }
  let exponent = (x * 1.442695040888963407).rounded()
  let r = (x - exponent * naturalLog2High) - exponent * naturalLog2Low
  var sum = 1.0
  for n in stride(from: 13.0, through: 1, by: -1) { sum = 1 + r / n * sum }
  // Two factors, as the power of two alone may be subnormal or too large.
  let half = (exponent / 2).rounded(.down)
  return sum * Double(sign: .plus, exponent: Int(half), significand: 1)
    * Double(sign: .plus, exponent: Int(exponent - half), significand: 1)
}

/// The natural logarithm, to about one unit in the last place; the same on every machine, as `stableExp`. NaN below 0,
/// minus infinity at 0.
///
/// With x = 2^k m and m in [1/sqrt 2, sqrt 2): k ln 2 + 2 artanh((m - 1) / (m + 1)).
package func stableLog(_ x: Double) -> Double {
  if x.isNaN || x < 0 { return .nan }
  if x == 0 { return -.infinity }
  if x.isInfinite { return x }
  var exponent = Double(x.exponent)
  var m = x.significand
  if m > 1.4142135623730951 {
    m /= 2
    exponent += 1
  }
  let f = (m - 1) / (m + 1)
  let square = f * f
  var series = 0.0
  for n in stride(from: 23.0, through: 3, by: -2) { series = square * (1 / n + series) }
  return exponent * naturalLog2High + (2 * f + (2 * f * series + exponent * naturalLog2Low))
}

/// ln 2 in two parts; the first has 32 bits, so that its product with an exponent is exact.
private let naturalLog2High = 0x1.62e42feep-1
private let naturalLog2Low = 0x1.a39ef35793c76p-33
