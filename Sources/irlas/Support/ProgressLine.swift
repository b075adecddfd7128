import IRLASTraining

/// Progress on standard error: a bar on a terminal, plain lines elsewhere, nothing when quiet.
struct ProgressLine {
  private var report: ProgressReport

  init(title: String, total: Int, unit: String, quiet: Bool, initial: Int = 0) {
    let style: ProgressReport.Style =
      quiet ? .quiet : StandardError.isTerminal ? .bar(columns: StandardError.width) : .lines(every: 10)
    report = ProgressReport(
      style, title: title, total: total, unit: unit, initial: initial, start: monotonicSeconds())
  }

  mutating func update(_ done: Int, note: String = "") {
    if let text = report.update(done: done, now: monotonicSeconds(), note: note) { StandardError.write(text) }
  }

  mutating func finish(_ done: Int, note: String = "") {
    if let text = report.finish(done: done, now: monotonicSeconds(), note: note) { StandardError.write(text) }
  }
}
