/// An integer as programs write it: `34_426_698`.
package func grouped(_ number: Int) -> String {
  var digits: [Character] = []
  for (index, digit) in String(number.magnitude).reversed().enumerated() {
    if index > 0, index % 3 == 0 { digits.append("_") }
    digits.append(digit)
  }
  return (number < 0 ? "-" : "") + String(digits.reversed())
}

/// A number with a fixed count of places, rounded half away from zero; as Swift writes it from 1e12 on.
package func fixed(_ value: Double, places: Int) -> String {
  guard value.isFinite, abs(value) < 1e12 else { return value.description }
  var scale = 1.0
  for _ in 0..<places { scale *= 10 }
  let scaled = Int64((abs(value) * scale).rounded())
  let whole = scaled / Int64(scale)
  let sign = value < 0 && scaled > 0 ? "-" : ""
  guard places > 0 else { return sign + String(whole) }
  let digits = String(scaled % Int64(scale))
  return sign + String(whole) + "." + String(repeating: "0", count: places - digits.count) + digits
}
