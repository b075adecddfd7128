import IRLASGraph

/// Why an operation on values has no result.
enum ArithmeticFailure: Error, Hashable {
  /// An operand is of a type that the operation does not take.
  case type
  case overflow
  case divisionByZero
  /// A function outside the numbers that it is defined for; the text says which.
  case domain(String)
}

/// `+ - * / %` on numbers.
enum ArithmeticOperator: String, Hashable, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case remainder = "%"

  /// The operator of a token.
  init?(_ kind: TokenKind) {
    switch kind {
    case .plus: self = .add
    case .minus: self = .subtract
    case .star: self = .multiply
    case .slash: self = .divide
    case .percent: self = .remainder
    default: return nil
    }
  }

  /// The result on two numbers: exact on integers and fractions, a float as soon as one operand is.
  func apply(_ a: Value, _ b: Value) throws(ArithmeticFailure) -> Value {
    switch (a, b) {
    case (.integer(let x), .integer(let y)): return try integers(x, y)
    case (.integer, .rational), (.rational, .integer), (.rational, .rational): return try fractions(a, b)
    default:
      guard let x = a.number, let y = b.number else { throw .type }
      return try floats(x, y)
    }
  }

  private func integers(_ x: Int, _ y: Int) throws(ArithmeticFailure) -> Value {
    let (result, overflow): (Int, Bool)
    switch self {
    case .add: (result, overflow) = x.addingReportingOverflow(y)
    case .subtract: (result, overflow) = x.subtractingReportingOverflow(y)
    case .multiply: (result, overflow) = x.multipliedReportingOverflow(by: y)
    case .divide:
      guard y != 0 else { throw .divisionByZero }
      guard let value = Rational.value(x, over: y) else { throw .overflow }
      return value
    case .remainder:
      guard y != 0 else { throw .divisionByZero }
      (result, overflow) = x.remainderReportingOverflow(dividingBy: y)
      // The sign of the divisor, so that `i % n` is an index.
      if !overflow, result != 0, (result < 0) != (y < 0) { return .integer(result + y) }
    }
    guard !overflow else { throw .overflow }
    return .integer(result)
  }

  private func fractions(_ a: Value, _ b: Value) throws(ArithmeticFailure) -> Value {
    let (x, y) = (a.fraction, b.fraction)
    let (n, d): (Int?, Int?)
    switch self {
    case .add: (n, d) = (sum(product(x.n, y.d), product(y.n, x.d)), product(x.d, y.d))
    case .subtract: (n, d) = (sum(product(x.n, y.d), product(-1, product(y.n, x.d))), product(x.d, y.d))
    case .multiply: (n, d) = (product(x.n, y.n), product(x.d, y.d))
    case .divide:
      guard y.n != 0 else { throw .divisionByZero }
      (n, d) = (product(x.n, y.d), product(x.d, y.n))
    case .remainder: throw .type
    }
    guard let n, let d, let value = Rational.value(n, over: d) else { throw .overflow }
    return value
  }

  private func floats(_ x: Double, _ y: Double) throws(ArithmeticFailure) -> Value {
    let result: Double
    switch self {
    case .add: result = x + y
    case .subtract: result = x - y
    case .multiply: result = x * y
    case .divide:
      guard y != 0 else { throw .divisionByZero }
      result = x / y
    case .remainder: throw .type
    }
    guard result.isFinite else { throw .overflow }
    return .float(result)
  }
}

private func product(_ a: Int?, _ b: Int?) -> Int? {
  guard let a, let b else { return nil }
  let (result, overflow) = a.multipliedReportingOverflow(by: b)
  return overflow ? nil : result
}

private func sum(_ a: Int?, _ b: Int?) -> Int? {
  guard let a, let b else { return nil }
  let (result, overflow) = a.addingReportingOverflow(b)
  return overflow ? nil : result
}

extension Value {
  fileprivate var fraction: (n: Int, d: Int) {
    switch self {
    case .integer(let value): (value, 1)
    case .rational(let value): (value.numerator, value.denominator)
    default: (0, 1)
    }
  }

  /// The number with its sign changed.
  func negated() throws(ArithmeticFailure) -> Value {
    switch self {
    case .integer(let value):
      guard value != Int.min else { throw .overflow }
      return .integer(-value)
    case .rational(let value):
      return .rational(Rational(numerator: -value.numerator, denominator: value.denominator))
    case .float(let value): return .float(-value)
    default: throw .type
    }
  }
}

/// `== != < <= > >=`
enum Comparator: String, Hashable, Sendable {
  case equal = "=="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="

  /// The comparator of a token.
  init?(_ kind: TokenKind) {
    guard let spelling = kind.spelling else { return nil }
    self.init(rawValue: spelling)
  }

  /// Whether the comparison holds. Numbers compare by value, tensors by identity, the rest by content;
  /// only numbers are ordered.
  func apply(_ a: Value, _ b: Value) throws(ArithmeticFailure) -> Bool {
    switch self {
    case .equal: return try areEqual(a, b)
    case .notEqual: return try !areEqual(a, b)
    default: break
    }
    let order: Int
    if case .integer(let x) = a, case .integer(let y) = b {
      order = x < y ? -1 : (x == y ? 0 : 1)
    } else {
      guard let x = a.number, let y = b.number else { throw .type }
      order = x < y ? -1 : (x == y ? 0 : 1)
    }
    switch self {
    case .less: return order < 0
    case .lessOrEqual: return order <= 0
    case .greater: return order > 0
    default: return order >= 0
    }
  }

  private func areEqual(_ a: Value, _ b: Value) throws(ArithmeticFailure) -> Bool {
    switch (a, b) {
    case (.integer(let x), .integer(let y)): return x == y
    case (.rational(let x), .rational(let y)): return x == y
    case (.boolean(let x), .boolean(let y)): return x == y
    case (.string(let x), .string(let y)): return x == y
    case (.kernel(let x), .kernel(let y)): return x == y
    case (.shape(let x), .shape(let y)): return x == y
    case (.padding(let x), .padding(let y)): return x == y
    case (.axis(let x), .axis(let y)): return x == y
    case (.tensor(let x), .tensor(let y)): return x.node == y.node
    case (.layer(let x), .layer(let y)): return x.isSame(as: y)
    case (.shape(let x), .list(let y)), (.list(let y), .shape(let x)): return y.integers == x.dimensions
    case (.list(let x), .list(let y)):
      guard x.elements.count == y.elements.count else { return false }
      for (p, q) in zip(x.elements, y.elements) {
        // Lists of lists are compared one level deep: what nests deeper is no value that programs compare.
        if case .list = p { throw .type }
        if try !areEqual(p, q) { return false }
      }
      return true
    default:
      guard let x = a.number, let y = b.number else { throw .type }
      return x == y
    }
  }
}

extension LayerValue {
  /// Whether two layers are the same value: one object, or one cell or primitive with equal plain arguments.
  func isSame(as other: LayerValue) -> Bool {
    if self === other { return true }
    switch (kind, other.kind) {
    case (.primitive(let a, let x), .primitive(let b, let y)): return a == b && haveEqualText(x, y)
    case (.module(let a, let x, _), .module(let b, let y, _)): return a == b && haveEqualText(x, y)
    default: return false
    }
  }

  private func haveEqualText(_ x: [Value?], _ y: [Value?]) -> Bool {
    for (p, q) in zip(x, y) {
      switch (p, q) {
      case (nil, nil): continue
      case (.layer(let a)?, .layer(let b)?): if a !== b { return false }
      case (let p?, let q?): if p.text != q.text { return false }
      default: return false
      }
    }
    return true
  }
}
