import IRLASGraph

/// The numbers of one axis of a chart, and how they are written.
struct AxisScale: Hashable, Sendable {
  /// What a number means.
  enum Unit: Hashable, Sendable {
    /// A number without unit.
    case number
    /// A share, written as a percentage.
    case share
    /// Seconds, written with the prefix that suits.
    case seconds
    /// Bytes, in powers of 1024.
    case bytes
  }

  /// What stands beside the axis.
  let title: String
  let unit: Unit
  /// The ends of the axis, `lower < upper`, both finite.
  let lower: Double
  let upper: Double

  /// An axis for the given values; the range is widened to round numbers.
  init(_ title: String, _ unit: Unit, _ values: some Sequence<Double>) {
    let finite = values.filter(\.isFinite)
    var (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
    if high <= low {
      let margin = max(abs(low) * 0.1, 1e-9)
      (low, high) = (low - margin, high + margin)
    }
    let step = Self.step(low, high)
    self.title = title
    self.unit = unit
    lower = (low / step).rounded(.down) * step
    upper = (high / step).rounded(.up) * step
  }

  /// A round distance between ticks: 1, 2 or 5 times a power of ten, so that there are about five.
  private static func step(_ low: Double, _ high: Double) -> Double {
    let rough = (high - low) / 5
    var power = 1.0
    while power * 10 <= rough { power *= 10 }
    while power > rough, power > 1e-300 { power /= 10 }
    return [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? power * 10
  }

  /// The numbers that are marked.
  var ticks: [Double] {
    let step = Self.step(lower, upper)
    let count = min(20, Int(((upper - lower) / step).rounded()))
    return (0...max(count, 0)).map { lower + Double($0) * step }
  }

  /// Where a number stands, 0 at the lower end and 1 at the upper one.
  func place(_ value: Double) -> Double { (value - lower) / (upper - lower) }

  /// A number of the axis as text.
  func label(_ value: Double) -> String { Self.text(value, unit) }

  /// A number with its unit, to about three digits.
  static func text(_ value: Double, _ unit: Unit) -> String {
    guard value.isFinite else { return "–" }
    switch unit {
    case .share: return digits(value * 100) + " %"
    case .seconds:
      let size = abs(value)
      if size >= 1 || size == 0 { return digits(value) + " s" }
      if size >= 1e-3 { return digits(value * 1e3) + " ms" }
      return digits(value * 1e6) + " µs"
    case .bytes:
      let size = abs(value)
      if size >= 0x1p30 { return digits(value / 0x1p30) + " GiB" }
      if size >= 0x1p20 { return digits(value / 0x1p20) + " MiB" }
      if size >= 0x1p10 { return digits(value / 0x1p10) + " KiB" }
      return digits(value) + " B"
    case .number:
      let size = abs(value)
      if size >= 1e9 { return digits(value / 1e9) + "G" }
      if size >= 1e6 { return digits(value / 1e6) + "M" }
      if size >= 1e4 { return digits(value / 1e3) + "K" }
      return digits(value)
    }
  }

  /// About three significant digits, without zeros at the end.
  private static func digits(_ value: Double) -> String {
    let size = abs(value)
    var text = fixed(value, places: size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3)
    guard text.contains(".") else { return text }
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text == "-0" ? "0" : text
  }
}
