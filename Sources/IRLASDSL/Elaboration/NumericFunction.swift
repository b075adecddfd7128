import IRLASGraph

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// Inside the enum the cases hide the C functions of the same names.
private func logarithm(_ x: Double) -> Double { log(x) }
private func logarithm2(_ x: Double) -> Double { log2(x) }
private func exponential(_ x: Double) -> Double { exp(x) }
private func realPower(_ x: Double, _ y: Double) -> Double { pow(x, y) }

/// The functions on numbers that hyper-parameters may use.
package enum NumericFunction: String, CaseIterable, Hashable, Sendable {
  case min
  case max
  case abs
  case floor
  case ceil
  case round
  case roundTo = "round_to"
  case log
  case log2
  case pow
  case exp
  case sqrt
  case normal
  case truncatedNormal = "trunc_normal"

  /// The numbers of arguments that the function takes.
  package var arity: ClosedRange<Int> {
    switch self {
    case .min, .max: 1...64
    case .roundTo, .pow: 2...2
    case .abs, .floor, .ceil, .round, .log, .log2, .exp, .sqrt, .normal, .truncatedNormal: 1...1
    }
  }

  /// How the manual writes the function, and what it does.
  package var documentation: (signature: String, text: String) {
    switch self {
    case .min: ("min(a, b, ...)", "the smallest number")
    case .max: ("max(a, b, ...)", "the largest number")
    case .abs: ("abs(a)", "the absolute value")
    case .floor: ("floor(a)", "the largest Int that is not larger")
    case .ceil: ("ceil(a)", "the smallest Int that is not smaller")
    case .round: ("round(a)", "the nearest Int; halves go away from zero")
    case .roundTo: ("round_to(a, n)", "the nearest multiple of the Int n; halves go away from zero")
    case .log: ("log(a)", "the natural logarithm")
    case .log2: ("log2(a)", "the logarithm to base 2; an Int where it is whole")
    case .pow: ("pow(a, b)", "a to the power b; an Int for an Int and a natural number")
    case .exp: ("exp(a)", "e to the power a")
    case .sqrt: ("sqrt(a)", "the square root; an Int where it is whole")
    case .normal: ("normal(d)", "a normal distribution of deviation d around 0, for `init`")
    case .truncatedNormal: ("trunc_normal(d)", "the same without what is beyond 2d, for `init`")
    }
  }

  /// The result on numbers, as many as `arity` allows; a list of numbers counts as its elements for `min` and
  /// `max`.
  func apply(_ arguments: [Value]) throws(ArithmeticFailure) -> Value {
    guard let first = arguments.first else { throw .type }
    switch self {
    case .min: return try extreme(arguments, .less)
    case .max: return try extreme(arguments, .greater)
    case .abs:
      guard let number = first.number else { throw .type }
      return number < 0 ? try first.negated() : first
    case .floor:
      if case .rational(let value) = first { return .integer(value.floor) }
      return try whole(first) { $0.rounded(.down) }
    case .ceil:
      if case .rational(let value) = first { return .integer(value.floor + 1) }
      return try whole(first) { $0.rounded(.up) }
    case .round:
      return try rounded(first)
    case .roundTo:
      guard case .integer(let unit) = arguments[1] else { throw .type }
      guard unit > 0 else { throw .domain("round_to needs a positive multiple") }
      return try ArithmeticOperator.multiply.apply(
        rounded(try ArithmeticOperator.divide.apply(first, .integer(unit))), .integer(unit))
    case .log:
      return try float(first, "log of a number that is not positive") { $0 > 0 ? logarithm($0) : nil }
    case .exp: return try float(first, "") { exponential($0) }
    case .log2:
      if case .integer(let value) = first, value > 0, value & (value - 1) == 0 {
        return .integer(value.trailingZeroBitCount)
      }
      return try float(first, "log2 of a number that is not positive") { $0 > 0 ? logarithm2($0) : nil }
    case .sqrt:
      if case .integer(let value) = first, value >= 0 {
        let root = Int(Double(value).squareRoot().rounded())
        if root < 3_000_000_000, root * root == value { return .integer(root) }
      }
      return try float(first, "square root of a negative number") { $0 >= 0 ? $0.squareRoot() : nil }
    case .pow:
      return try power(first, arguments[1])
    case .normal:
      return .initializer(.normal(deviation: try deviation(first)))
    case .truncatedNormal:
      return .initializer(.truncatedNormal(deviation: try deviation(first)))
    }
  }

  private func deviation(_ value: Value) throws(ArithmeticFailure) -> Double {
    guard let number = value.number else { throw .type }
    guard number >= 0, number.isFinite else { throw .domain("a distribution of negative deviation") }
    return number
  }

  private func extreme(_ arguments: [Value], _ comparator: Comparator) throws(ArithmeticFailure) -> Value {
    var numbers = arguments
    if arguments.count == 1, case .list(let list) = arguments[0] { numbers = list.elements }
    guard var best = numbers.first, best.number != nil else { throw .type }
    for value in numbers.dropFirst() where try comparator.apply(value, best) { best = value }
    return best
  }

  private func whole(_ value: Value, _ body: (Double) -> Double) throws(ArithmeticFailure) -> Value {
    if case .integer = value { return value }
    guard let number = value.number else { throw .type }
    guard let result = Int(exactly: body(number)) else { throw .overflow }
    return .integer(result)
  }

  private func rounded(_ value: Value) throws(ArithmeticFailure) -> Value {
    guard case .rational(let fraction) = value else {
      return try whole(value) { $0.rounded(.toNearestOrAwayFromZero) }
    }
    // Exact: a half of an integer is the only tie, and its denominator is 2.
    let below = fraction.floor
    if fraction.denominator == 2 { return .integer(fraction.numerator < 0 ? below : below + 1) }
    let (offset, overflow) = below.multipliedReportingOverflow(by: fraction.denominator)
    guard !overflow else { throw .overflow }
    return .integer(fraction.numerator - offset > fraction.denominator / 2 ? below + 1 : below)
  }

  private func float(_ value: Value, _ domain: String, _ body: (Double) -> Double?)
    throws(ArithmeticFailure) -> Value
  {
    guard let number = value.number else { throw .type }
    guard let result = body(number) else { throw .domain(domain) }
    guard result.isFinite else { throw .overflow }
    return .float(result)
  }

  private func power(_ base: Value, _ exponent: Value) throws(ArithmeticFailure) -> Value {
    if case .integer(let b) = base, case .integer(let e) = exponent, e >= 0 {
      var result = 1
      // Numbers above 1 overflow within 63 steps; 0, 1 and -1 need no more than the parity.
      let steps = (-1...1).contains(b) ? (e == 0 ? 0 : 2 - e % 2) : e
      for _ in 0..<Swift.min(steps, 64) {
        let (product, overflow) = result.multipliedReportingOverflow(by: b)
        guard !overflow else { throw .overflow }
        result = product
      }
      return .integer(result)
    }
    guard let b = base.number, let e = exponent.number else { throw .type }
    let result = realPower(b, e)
    guard !result.isNaN else { throw .domain("a fractional power of a negative number") }
    guard result.isFinite else { throw .overflow }
    return .float(result)
  }
}
