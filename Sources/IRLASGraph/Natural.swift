/// A natural number of any size: what the programs of a space are counted with.
package struct Natural: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Digits to the base 2^64, the lowest first, without leading zeros.
  private var digits: [UInt64]

  package static let zero = Natural(0)
  package static let one = Natural(1)

  /// The number `value`, which is not negative.
  package init(_ value: Int) { digits = value == 0 ? [] : [UInt64(value)] }

  package static func += (a: inout Natural, b: Natural) {
    var carry: UInt64 = 0
    for index in 0..<max(a.digits.count, b.digits.count) {
      let left = index < a.digits.count ? a.digits[index] : 0
      let right = index < b.digits.count ? b.digits[index] : 0
      let (sum, overflow) = left.addingReportingOverflow(right)
      let (total, carried) = sum.addingReportingOverflow(carry)
      carry = (overflow ? 1 : 0) + (carried ? 1 : 0)
      if index < a.digits.count { a.digits[index] = total } else { a.digits.append(total) }
    }
    if carry > 0 { a.digits.append(carry) }
  }

  package static func + (a: Natural, b: Natural) -> Natural {
    var sum = a
    sum += b
    return sum
  }

  package static func * (a: Natural, b: Natural) -> Natural {
    var digits = [UInt64](repeating: 0, count: a.digits.count + b.digits.count)
    for (i, x) in a.digits.enumerated() {
      var carry: UInt64 = 0
      for (j, y) in b.digits.enumerated() {
        let (high, low) = x.multipliedFullWidth(by: y)
        let (sum, first) = digits[i + j].addingReportingOverflow(low)
        let (total, second) = sum.addingReportingOverflow(carry)
        digits[i + j] = total
        // Below 2^64: the product of two digits leaves room for two carries.
        carry = high + (first ? 1 : 0) + (second ? 1 : 0)
      }
      digits[i + b.digits.count] = carry
    }
    while digits.last == 0 { digits.removeLast() }
    var product = Natural.zero
    product.digits = digits
    return product
  }

  package static func < (a: Natural, b: Natural) -> Bool {
    if a.digits.count != b.digits.count { return a.digits.count < b.digits.count }
    for (x, y) in zip(a.digits.reversed(), b.digits.reversed()) where x != y { return x < y }
    return false
  }

  /// The nearest double, infinity when there is none.
  package var double: Double { digits.reversed().reduce(0) { $0 * 0x1p64 + Double($1) } }

  /// The number as an Int; nil when it is too large.
  package var int: Int? { digits.count > 1 ? nil : digits.first.map { Int(exactly: $0) } ?? 0 }

  /// The decimal digits.
  package var description: String {
    var groups: [String] = []
    var rest = digits
    let base: UInt64 = 1_000_000_000_000_000_000
    while !rest.isEmpty {
      var remainder: UInt64 = 0
      for index in rest.indices.reversed() {
        (rest[index], remainder) = base.dividingFullWidth((remainder, rest[index]))
      }
      while rest.last == 0 { rest.removeLast() }
      let text = String(remainder)
      groups.append(rest.isEmpty ? text : String(repeating: "0", count: 18 - text.count) + text)
    }
    return groups.isEmpty ? "0" : groups.reversed().joined()
  }
}
