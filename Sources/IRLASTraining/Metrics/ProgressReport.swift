import IRLASGraph

/// The text that shows how far a long piece of work has come.
///
/// A value that turns counts and times into text to print: it reads no clock and writes nothing itself.
package struct ProgressReport: Sendable {
  /// How progress is shown.
  package enum Style: Sendable, Equatable {
    /// One line that is drawn over again, for a terminal of this many columns.
    case bar(columns: Int)
    /// A line of its own every so many seconds, for logs.
    case lines(every: Double)
    /// Nothing.
    case quiet
  }

  /// How progress is shown.
  package let style: Style
  /// What is being done, such as `epoch 3/12`.
  package let title: String
  /// How many units there are to do.
  package let total: Int
  /// What a unit is called, in the plural, such as `images`.
  package let unit: String
  /// Units that were done before `start`, by an earlier run: they do not count for the rate.
  package let initial: Int
  private let start: Double
  private var shown: Double?
  private var lastWidth = 0

  /// A report on work that starts at `start`, in seconds of any steady clock.
  package init(
    _ style: Style, title: String, total: Int, unit: String, initial: Int = 0, start: Double
  ) {
    self.style = style
    self.title = title
    self.total = total
    self.unit = unit
    self.initial = initial
    self.start = start
  }

  /// Text to print once `done` units are done at time `now`; nil while there is nothing new to show.
  ///
  /// - Parameter note: What else to say, such as the loss.
  package mutating func update(done: Int, now: Double, note: String = "") -> String? {
    switch style {
    case .quiet: return nil
    case .bar(let columns):
      // Ten times a second is as fast as one can read.
      if let shown, now - shown < 0.1, done < total { return nil }
      shown = now
      return redraw(barLine(done: done, now: now, note: note, columns: columns))
    case .lines(let interval):
      guard now - (shown ?? start) >= interval else { return nil }
      shown = now
      return plainLine(done: done, now: now, note: note) + "\n"
    }
  }

  /// Text that ends the report with the totals.
  package mutating func finish(done: Int, now: Double, note: String = "") -> String? {
    let seconds = max(0, now - start)
    let text =
      [
        title, "\(done) \(unit)", rate(done: done, now: now), "in \(ProgressReport.duration(seconds))", note,
      ].filter { !$0.isEmpty }.joined(separator: "  ")
    switch style {
    case .quiet: return nil
    case .bar: return redraw(text) + "\n"
    case .lines: return text + "\n"
    }
  }

  private mutating func redraw(_ line: String) -> String {
    // Blanks instead of an escape code: it works on every terminal.
    let blanks = String(repeating: " ", count: max(0, lastWidth - line.count))
    lastWidth = line.count
    return "\r" + line + blanks
  }

  private func barLine(done: Int, now: Double, note: String, columns: Int) -> String {
    let tail = [rate(done: done, now: now), left(done: done, now: now), note]
      .filter { !$0.isEmpty }.joined(separator: "  ")
    let share = total > 0 ? min(1, max(0, Double(done) / Double(total))) : 1
    let percent = "\(Int(share * 100))%"
    let head = "\(title) \(String(repeating: " ", count: max(0, 4 - percent.count)))\(percent) "
    // The last column stays empty: some terminals wrap when it is filled.
    let room = columns - 1 - head.count - tail.count - 3
    guard room >= 5 else { return String((head + tail).prefix(max(0, columns - 1))) }
    let width = min(room, 30)
    let filled = Int(share * Double(width))
    let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled)
    return head + "[" + bar + "] " + tail
  }

  private func plainLine(done: Int, now: Double, note: String) -> String {
    [
      title, "\(done)/\(total) \(unit)", rate(done: done, now: now), left(done: done, now: now), note,
    ].filter { !$0.isEmpty }.joined(separator: "  ")
  }

  private func rate(done: Int, now: Double) -> String {
    let seconds = now - start
    guard seconds > 0, done > initial else { return "" }
    let rate = Double(done - initial) / seconds
    return (rate >= 10 ? String(Int(rate.rounded())) : fixed(rate, places: 1)) + " \(unit)/s"
  }

  private func left(done: Int, now: Double) -> String {
    let seconds = now - start
    guard seconds > 0, done > initial, done < total else { return "" }
    return ProgressReport.duration(seconds / Double(done - initial) * Double(total - done)) + " left"
  }

  /// Seconds as people say them: `8s`, `2m05s`, `3h20m`.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "long" }
    if seconds < 9.95 { return fixed(max(0, seconds), places: 1) + "s" }
    let whole = Int(seconds.rounded())
    func two(_ value: Int) -> String { (value < 10 ? "0" : "") + String(value) }
    if whole < 60 { return "\(whole)s" }
    if whole < 3600 { return "\(whole / 60)m\(two(whole % 60))s" }
    return "\(whole / 3600)h\(two(whole / 60 % 60))m"
  }
}
