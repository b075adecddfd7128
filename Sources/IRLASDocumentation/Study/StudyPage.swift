package import IRLASCompiler
import IRLASDSL
import IRLASGraph

/// The page about a search: how it went, what it found beside its expert, and why. One HTML text that needs nothing
/// else, and is well-formed XML too. The same report gives the same bytes.
package func studyPage(of report: StudyReport) throws(DrawingError) -> String {
  var writer = StudyPageWriter(report: report)
  return try writer.page()
}

/// Writes the page, section by section.
private struct StudyPageWriter {
  let report: StudyReport
  var figures = FigureMaker()

  /// Rows of the table and dots of a chart that a reader can survey; the best ones are shown.
  private static let mostRows = 200
  private static let mostDots = 5000

  init(report: StudyReport) { self.report = report }

  mutating func page() throws(DrawingError) -> String {
    var main = Markup.table(
      [("", false), ("", false)], report.facts.map { [Markup($0.name), Markup($0.value)] })
    if !report.winners.isEmpty || !report.experts.isEmpty {
      main += heading("Found")
      main += try gallery()
    }
    if !report.speakers.isEmpty {
      main += heading("What the mirror says")
      main += explanation
    }
    main += heading("Course")
    main += progress
    main += fronts
    main += learningCurves
    main += heading("Trials")
    main += trials
    return htmlPage(title: report.title, main)
  }

  private func heading(_ text: String) -> Markup {
    .element("h2", ["id": text.lowercased().replacing(" ", with: "-")], Markup(text)) + Markup(verbatim: "\n")
  }

  // MARK: Networks

  private mutating func gallery() throws(DrawingError) -> Markup {
    var page = Markup.empty
    for (index, network) in (report.winners + report.experts).enumerated() {
      let isWinner = index < report.winners.count
      var content = Markup.element("h3", text: network.title)
      content += .table(
        [("", false), ("", false)], network.facts.map { [Markup($0.name), Markup($0.value)] })
      content += try figures.figure(network.graph, caption: isWinner ? "found" : "the expert")
      if !network.text.isEmpty {
        let program = Program.load(
          entry: SourceFile(name: "winner.irlas", text: network.text), loader: { _ in .missing })
        var listing = SourceListing(program, hasAnchors: false)
        content += .element(
          "details", [:],
          .element("summary", text: "the program")
            + (listing?.wholeFile() ?? .element("pre", text: network.text)))
      }
      page += .element("section", ["class": "beside"], content)
    }
    return .element("div", ["class": "gallery"], page) + Markup(verbatim: "\n")
  }

  private var explanation: Markup {
    let bars = report.speakers.map {
      BarChart.Bar(name: $0.feature, value: $0.contribution, note: $0.note)
    }
    let text =
      "Each bar is what a feature of the topology adds to the score of the best winner: the weight that was learned for "
      + "it, times how far the winner is from the mean of random programs. The score of the expert itself is 1, that of "
      + "the mean 0."
    return .element("p", text: text)
      + BarChart(title: "what speaks for and against the winner", bars: bars).markup
  }

  // MARK: Charts

  private func unit(_ unit: StudyReport.Objective.Unit) -> AxisScale.Unit {
    switch unit {
    case .number: .number
    case .share: .share
    case .seconds: .seconds
    case .bytes: .bytes
    }
  }

  private func note(_ trial: StudyReport.Trial) -> String {
    var parts = [
      report.runs.count > 1 ? "\(report.runs[trial.run]), trial \(trial.index)" : "trial \(trial.index)"
    ]
    for (objective, value) in zip(report.objectives, trial.values) {
      if let value { parts.append("\(objective.name) \(AxisScale.text(value, unit(objective.unit)))") }
    }
    return parts.joined(separator: ", ")
  }

  /// Every trial's first objective, and the best so far of each run.
  private var progress: Markup {
    guard let objective = report.objectives.first else { return .empty }
    let measured = report.trials.filter { $0.values.first.flatMap { $0 } != nil }
    guard !measured.isEmpty else { return .element("p", text: "No trial was measured to its end.") }
    var series: [Chart.Series] = []
    for (run, name) in report.runs.enumerated() {
      let own = measured.filter { $0.run == run }
      var best: Double?
      var line: [Chart.Point] = []
      for trial in own {
        guard let value = trial.values[0] else { continue }
        let isBetter = best.map { objective.isMaximised ? value > $0 : value < $0 } ?? true
        if isBetter {
          best = value
          line.append(Chart.Point(x: Double(trial.index), y: value))
        }
      }
      if let last = own.last, let best { line.append(Chart.Point(x: Double(last.index), y: best)) }
      let stride = max(1, own.count * report.runs.count / Self.mostDots)
      let dots = own.enumerated().filter { $0.offset % stride == 0 }.map {
        Chart.Point(x: Double($0.element.index), y: $0.element.values[0] ?? .nan, note: note($0.element))
      }
      series.append(Chart.Series(name: "", form: .faintDots, colour: run, points: dots))
      series.append(Chart.Series(name: name, form: .steps, colour: run, points: line))
    }
    return Chart(
      title: "best \(objective.name) so far",
      x: AxisScale("trial", .number, [0] + measured.map { Double($0.index) }),
      y: AxisScale(objective.name, unit(objective.unit), measured.compactMap { $0.values[0] }), series: series
    ).markup
  }

  /// The first objective against each of the others; against the parameters where it is the only one.
  private var fronts: Markup {
    guard let first = report.objectives.first else { return .empty }
    var page = Markup.empty
    var others: [(title: String, unit: AxisScale.Unit, value: (StudyReport.Trial) -> Double?)] = []
    for (index, objective) in report.objectives.enumerated().dropFirst() {
      others.append((objective.name, unit(objective.unit), { $0.values[index] }))
    }
    if others.isEmpty { others.append(("parameters", .number, { Double($0.parameters) })) }
    for other in others {
      var dots: [Chart.Point] = []
      var front: [Chart.Point] = []
      for trial in report.trials {
        guard let y = trial.values[0], let x = other.value(trial) else { continue }
        let point = Chart.Point(x: x, y: y, note: note(trial))
        if trial.isOnFront { front.append(point) } else { dots.append(point) }
      }
      guard !dots.isEmpty || !front.isEmpty else { continue }
      let stride = max(1, dots.count / Self.mostDots)
      let shown = dots.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
      let all = dots + front
      page +=
        Chart(
          title: "\(first.name) against \(other.title)", x: AxisScale(other.title, other.unit, all.map(\.x)),
          y: AxisScale(first.name, unit(first.unit), all.map(\.y)),
          series: [
            Chart.Series(name: "trials", form: .faintDots, colour: 0, points: shown),
            Chart.Series(
              name: report.objectives.count > 1 ? "the front: nothing else is better in all" : "the best",
              form: .diamonds, colour: 1, points: front),
          ]
        ).markup
    }
    return page
  }

  /// The accuracy after each epoch, of the trials that were trained longest.
  private var learningCurves: Markup {
    let trained = report.trials.filter { $0.curve.count > 1 }
    guard let longest = trained.map(\.curve.count).max() else { return .empty }
    let shown = trained.filter { $0.curve.count == longest }.prefix(60)
    let series = shown.map { trial in
      Chart.Series(
        name: "", form: .line, colour: trial.isOnFront ? 1 : 0,
        points: trial.curve.enumerated().map { Chart.Point(x: Double($0.offset + 1), y: $0.element) })
    }
    return Chart(
      title: "validation accuracy of \(shown.count) trials that were trained longest",
      x: AxisScale("epoch", .number, (1...longest).map(Double.init)),
      y: AxisScale("accuracy", .share, shown.flatMap(\.curve)), series: Array(series)
    ).markup
  }

  // MARK: Table

  private var trials: Markup {
    let objectives = report.objectives
    let hasLikeness = report.trials.contains { $0.likeness != nil }
    func isBefore(_ a: StudyReport.Trial, _ b: StudyReport.Trial) -> Bool {
      if a.isOnFront != b.isOnFront { return a.isOnFront }
      if let objective = objectives.first {
        switch (a.values[0], b.values[0]) {
        case (let x?, let y?) where x != y: return objective.isMaximised ? x > y : x < y
        case (_?, nil): return true
        case (nil, _?): return false
        default: break
        }
      }
      return (a.run, a.index) < (b.run, b.index)
    }
    let sorted = report.trials.sorted(by: isBefore)
    let rows: [[Markup]] = sorted.prefix(Self.mostRows).map { trial in
      var cells = [
        Markup(trial.isOnFront ? "◆" : ""), Markup(report.runs[trial.run]), Markup("\(trial.index)"),
      ]
      for (objective, value) in zip(objectives, trial.values) {
        cells.append(Markup(value.map { AxisScale.text($0, unit(objective.unit)) } ?? "–"))
      }
      if hasLikeness { cells.append(Markup(trial.likeness.map { fixed($0, places: 2) } ?? "–")) }
      cells += [
        Markup(grouped(trial.parameters)), Markup(grouped(trial.macs)), Markup(trial.state),
        .element("code", text: trial.hash),
      ]
      return cells
    }
    var columns: [(title: String, isNumber: Bool)] = [("", false), ("run", false), ("trial", true)]
    columns += objectives.map { ($0.name, true) }
    if hasLikeness { columns.append(("likeness", true)) }
    columns += [("parameters", true), ("MACs", true), ("state", false), ("hash", false)]
    var page = Markup.table(columns, rows)
    if sorted.count > Self.mostRows {
      page += .element(
        "p", ["class": "faint"],
        Markup("The best \(Self.mostRows) of \(grouped(sorted.count)) trials; `irlas study export` has all."))
    }
    return page
  }
}
