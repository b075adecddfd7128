import Glibc
import IRLASGraph
import IRLASJSON
import IRLASStudy
import IRLASTraining

/// A study that is read, with errors as commands report them.
struct OpenStudy {
  let folder: String
  let record: StudyRecord
  /// What was sought, as far as ranking needs it.
  let reward: SearchPlan.Reward
  /// The figures that are sought or limited.
  let figures: [SearchPlan.Figure]
  let store: StudyStore

  init(_ folder: String) throws {
    self.folder = folder
    (store, record) = try reportingFailures { () throws(StoreError) in
      let store = try StudyStore.open(in: folder, isReadOnly: true)
      return (store, try store.study())
    }
    (reward, figures) = record.sought
  }

  func runs() throws -> [RunRecord] { try reportingFailures { () throws(StoreError) in try store.runs() } }

  func run(seed: UInt64?) throws -> RunRecord {
    let runs = try runs()
    guard let run = seed.map({ seed in runs.first { $0.seed == seed } }) ?? runs.first else {
      throw CommandFailure.input(
        seed.map {
          "\(folder) has no run with seed \($0); it has \(runs.map { "\($0.seed)" }.joined(separator: ", "))"
        }
          ?? "\(folder) has no run yet")
    }
    return run
  }

  /// All trials without decisions and curves.
  func trials() throws -> [TrialRecord] {
    try reportingFailures { () throws(StoreError) in try store.trials(detail: .figures) }
  }

  /// The last trials of a run; all where `count` is nil.
  func lastTrials(of run: Int, _ count: Int?) throws -> [TrialRecord] {
    try reportingFailures { () throws(StoreError) in
      let total = try store.trialCounts(run: run).reduce(0) { $0 + $1.count }
      return try store.trials(run: run, from: count.map { max(0, total - $0) } ?? 0, detail: .figures)
    }
  }

  func trial(_ number: Int, of run: Int) throws -> TrialRecord? {
    try reportingFailures { () throws(StoreError) in
      try store.trials(run: run, from: number, limit: 1).first { $0.trial == number }
    }
  }

  func program(_ hash: GraphHash) throws -> ProgramRecord? {
    try reportingFailures { () throws(StoreError) in try store.program(hash) }
  }

  func planSummary(of program: GraphHash) throws -> String? {
    try reportingFailures { () throws(StoreError) in try store.planSummary(of: program) }
  }

  // MARK: Texts

  /// What the study is about.
  var headLines: [String] {
    [
      "search \(record.search) of \(record.program)",
      "begun \(Self.date(record.created)) with irlas \(record.version) on \(record.host)",
    ] + record.settings.map { "--\($0.name) \($0.value)" }
  }

  func line(of run: RunRecord) throws -> String {
    let counts = try reportingFailures { () throws(StoreError) in try store.trialCounts(run: run.run) }
    let states = counts.filter { $0.count > 0 }.map { "\($0.count) \($0.state.rawValue)" }
    let total = counts.reduce(0) { $0 + $1.count }
    return "seed \(run.seed): \(total) trials in \(run.batches) batches, "
      + "\(ProgressReport.duration(run.elapsed)), \(run.isFinished ? "finished" : "not finished")"
      + (states.isEmpty ? "" : " (\(states.joined(separator: ", ")))")
  }

  /// A table of trials whose first columns are given.
  func table(_ columns: [String]) -> Table {
    Table(
      columns.map { ($0, .right) } + [("state", .left)] + figures.map { ($0.description, .right) }
        + [("likeness", .right), ("program", .left), ("", .left)])
  }

  /// The cells of a trial after the first columns.
  func row(_ trial: TrialRecord) -> [String] {
    [trial.state.rawValue]
      + figures.map { figure in
        trial.value(figure.description).map { SearchDisplay.text(figure, $0) } ?? ""
      } + [
        trial.likeness.max().map { decimal($0, 3) } ?? "", trial.program.description,
        trial.repeats.map { "= trial \($0)" } ?? trial.reason ?? "",
      ]
  }

  func summary(of trial: TrialRecord) -> String {
    (reward.maximised + reward.minimised).compactMap { figure in
      trial.value(figure.description).map { SearchDisplay.text(figure, $0) }
    }.joined(separator: ", ")
  }

  func text(_ value: FigureValue) -> String {
    figures.first { $0.description == value.figure }.map { SearchDisplay.text($0, value.value) }
      ?? "\(value.value)"
  }

  private static func date(_ seconds: Double) -> String {
    var time = time_t(seconds)
    var parts = tm()
    localtime_r(&time, &parts)
    func two(_ number: Int32) -> String { (number < 10 ? "0" : "") + String(number) }
    return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) "
      + "\(two(parts.tm_hour)):\(two(parts.tm_min))"
  }
}

// MARK: Export

extension OpenStudy {
  /// A row for each trial, as RFC 4180 has it.
  func exported(asCSV: Void) throws -> String {
    let runs = try runs()
    let names = figures.map(\.description)
    func cell(_ text: String) -> String {
      text.contains { $0 == "," || $0 == "\"" || $0 == "\n" }
        ? "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
          + "\"" : text
    }
    var text =
      (["seed", "trial", "batch", "state", "program", "repeats"] + names + [
        "likeness", "training_seed", "seconds", "reason",
      ])
      .map(cell).joined(separator: ",") + "\n"
    for trial in try trials() {
      var cells = [
        runs.first { $0.run == trial.run }.map { "\($0.seed)" } ?? "", "\(trial.trial)", "\(trial.batch)",
        trial.state.rawValue, trial.program.description, trial.repeats.map(String.init) ?? "",
      ]
      cells += names.map { trial.value($0).map { "\($0)" } ?? "" }
      cells += [
        trial.likeness.map { "\($0)" }.joined(separator: " "), "\(trial.seed)", "\(trial.seconds)",
        trial.reason ?? "",
      ]
      text += cells.map(cell).joined(separator: ",") + "\n"
    }
    return text
  }

  /// A line for each trial.
  func exported(asJSON: Void) throws -> String {
    let runs = try runs()
    let trials = try reportingFailures { () throws(StoreError) in try store.trials() }
    var text = ""
    var programs: [GraphHash: String?] = [:]
    for trial in trials {
      if programs[trial.program] == nil { programs[trial.program] = try program(trial.program)?.text }
      text +=
        JSON.object([
          .init("seed", .string(runs.first { $0.run == trial.run }.map { "\($0.seed)" } ?? "")),
          .init("trial", .integer(Int64(trial.trial))), .init("batch", .integer(Int64(trial.batch))),
          .init("state", .string(trial.state.rawValue)),
          .init("reason", trial.reason.map { .string($0) } ?? .null),
          .init("program", .string(trial.program.description)),
          .init("repeats", trial.repeats.map { .integer(Int64($0)) } ?? .null),
          .init("figures", .object(trial.figures.map { .init($0.figure, .number($0.value)) })),
          .init("likeness", .array(trial.likeness.map { .number($0) })),
          .init("curve", .array(trial.curve.map { .number($0) })),
          .init("training_seed", .string("\(trial.seed)")), .init("seconds", .number(trial.seconds)),
          .init(
            "decisions",
            .array(
              trial.decisions.map {
                .object([.init("name", .string($0.name)), .init("option", .string($0.label))])
              })),
          .init("text", (programs[trial.program] ?? nil).map { .string($0) } ?? .null),
        ]).line + "\n"
    }
    return text
  }
}

/// Folders with studies in them.
enum StudyFolders {
  /// The names of the folders in `folder` that hold a study, sorted.
  static func studies(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != "..", StudyStore.exists(in: FileBytes.join(folder, name)) { names.append(name) }
    }
    return names.sorted()
  }
}
