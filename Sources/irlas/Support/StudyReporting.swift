import IRLASCompiler
import IRLASDSL
import IRLASDocumentation
import IRLASGraph
import IRLASSearch
import IRLASStudy
import IRLASTraining

/// Gathers what the page about a study shows.
struct StudyReporting {
  let study: OpenStudy

  /// Winners that are drawn; a front may have more.
  private static let drawn = 3
  /// Bars of the mirror's explanation.
  private static let bars = 16
  /// Studies with more trials show the learning curves of the front only.
  private static let curves = 2000

  /// Writes the page.
  func write(to path: String) throws {
    let page: String
    let report = try report()
    do {
      page = try studyPage(of: report)
    } catch {
      throw CommandFailure.machine(error.description)
    }
    try OutputFile.write(Array(page.utf8), to: path)
  }

  private func report() throws -> StudyReport {
    let runs = try study.runs()
    let trials = try study.trials()
    let sought = study.reward.maximised + study.reward.minimised
    let front = Front.of(trials, study.reward)
    let frontKeys = Set(front.map { [$0.run, $0.trial] })
    let sizes = try study.sizes()
    let curves = try study.curves(trials.count <= Self.curves ? nil : front)
    var report = StudyReport(
      title: "The search \(study.record.search)", facts: try facts(runs),
      runs: runs.map { "seed \($0.seed)" },
      objectives: sought.enumerated().map { index, figure in
        .init(
          name: figure.description, unit: Self.unit(figure), isMaximised: index < study.reward.maximised.count
        )
      },
      trials: trials.compactMap { trial in
        guard trial.repeats == nil, let run = runs.firstIndex(where: { $0.run == trial.run }) else {
          return nil
        }
        let size = sizes[trial.program]
        let state = trial.state == .completed ? "completed" : "\(trial.state.rawValue): \(trial.reason ?? "")"
        return StudyReport.Trial(
          index: trial.trial, run: run, state: trial.reason == nil ? trial.state.rawValue : state,
          values: sought.map { trial.value($0.description) }, likeness: trial.likeness.max(),
          parameters: size?.params ?? 0, macs: size?.macs ?? 0, hash: trial.program.description,
          isOnFront: frontKeys.contains([trial.run, trial.trial]),
          curve: curves[[trial.run, trial.trial]] ?? [])
      })
    for trial in front.prefix(Self.drawn) {
      guard let program = try study.program(trial.program), let text = program.text,
        let graph = Self.graph(of: text)
      else { continue }
      let seed = runs.first { $0.run == trial.run }?.seed ?? 0
      var facts = trial.figures.map { ($0.figure, study.text($0)) }
      for (figure, name, value) in [("params", "parameters", program.params), ("macs", "MACs", program.macs)]
      where trial.value(figure) == nil {
        facts.append((name, grouped(value)))
      }
      if let likeness = trial.likeness.max() {
        facts.append(("likeness to the expert", decimal(likeness, 3)))
      }
      report.winners.append(
        .init(title: "Trial \(trial.trial) of seed \(seed)", graph: graph, facts: facts, text: text))
      if report.speakers.isEmpty, let run = runs.first(where: { $0.run == trial.run }) {
        report.speakers = Self.speakers(run, program.features)
      }
    }
    report.experts = experts()
    return report
  }

  private func facts(_ runs: [RunRecord]) throws -> [(name: String, value: String)] {
    let record = study.record
    var facts: [(name: String, value: String)] = [("program", record.program)]
    for line in record.plan.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      facts.append((trimmed(parts[0]), trimmed(parts[1])))
    }
    for run in runs { facts.append(("run", try study.line(of: run))) }
    facts.append(("made with", "irlas \(record.version) on \(record.host)"))
    return facts
  }

  private func trimmed(_ text: Substring) -> String {
    var text = text
    while text.first == " " { text.removeFirst() }
    return String(text)
  }

  private static func unit(_ figure: SearchPlan.Figure) -> StudyReport.Objective.Unit {
    switch figure {
    case .accuracy: .share
    case .latency: .seconds
    case .memory: .bytes
    case .params, .macs, .depth: .number
    }
  }

  private static func graph(of text: String) -> Graph? {
    let program = IRLASDSL.Program.load(
      entry: SourceFile(name: "found.irlas", text: text), loader: { _ in .missing })
    return program.networks.first.flatMap { program.elaborate(network: $0).elaboration?.graph }
  }

  /// The experts of the search, from the program as the study keeps it.
  private func experts() -> [StudyReport.Drawn] {
    let sources = study.record.sources
    guard let entry = sources.first else { return [] }
    let program = IRLASDSL.Program.load(entry: SourceFile(name: entry.name, text: entry.text)) { path in
      sources.first { $0.name == path }.map { .bytes(Array($0.text.utf8)) } ?? .missing
    }
    guard let plan = program.search(named: study.record.search).plan else { return [] }
    return plan.experts.compactMap { expert in
      let arguments = expert.arguments.map { (name: $0.name, value: $0.value) }
      guard let graph = program.elaborate(network: expert.name, arguments: arguments).elaboration?.graph
      else {
        return nil
      }
      return .init(
        title: "The expert \(expert)", graph: graph,
        facts: [("parameters", grouped(graph.parameterCount)), ("MACs", grouped(graph.macs))])
    }
  }

  /// What the mirror of a run says about features, the weightiest first.
  private static func speakers(_ run: RunRecord, _ features: [Double]) -> [StudyReport.Speaker] {
    let names = run.features.split(separator: " ")
    guard !run.mirrors.isEmpty, let mirror = try? Mirror(parsing: run.mirrors), names.count == features.count
    else { return [] }
    // A mirror reads some of the features.
    let values = mirror.features.compactMap { name in names.firstIndex { $0 == name }.map { features[$0] } }
    guard values.count == mirror.features.count else { return [] }
    let order = mirror.contributions(values).sorted {
      abs($0.share) == abs($1.share) ? $0.feature < $1.feature : abs($0.share) > abs($1.share)
    }
    return order.prefix(bars).map { contribution in
      let meaning = TopologyFeatures.index(of: contribution.name).map {
        TopologyFeatures.table[$0].documentation
      }
      return StudyReport.Speaker(
        feature: contribution.name, contribution: contribution.share,
        note: "\(meaning ?? contribution.name): \(decimal(contribution.value, 3)), "
          + "the expert \(decimal(contribution.expert, 3)), random programs \(decimal(contribution.pool, 3))")
    }
  }
}

extension OpenStudy {
  /// The parameters and MACs of all programs.
  fileprivate func sizes() throws -> [GraphHash: (params: Int, macs: Int)] {
    try reportingFailures { () throws(StoreError) in try store.sizes() }
  }

  /// Learning curves by run and trial: of some trials, or of all.
  fileprivate func curves(_ chosen: [TrialRecord]?) throws -> [[Int]: [Double]] {
    let trials = try reportingFailures { () throws(StoreError) in
      guard let chosen else { return try store.trials() }
      var trials: [TrialRecord] = []
      for trial in chosen.prefix(50) {
        trials += try store.trials(run: trial.run, from: trial.trial, limit: 1)
      }
      return trials
    }
    var curves: [[Int]: [Double]] = [:]
    for trial in trials { curves[[trial.run, trial.trial]] = trial.curve }
    return curves
  }
}
