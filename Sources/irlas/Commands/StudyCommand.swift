import ArgumentParser
import IRLASGraph
import IRLASJSON
import IRLASStudy
import IRLASTraining

/// `irlas study ...`
struct StudyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "study", abstract: "Shows what searches have recorded.",
    subcommands: [List.self, Show.self, Best.self, Export.self, Compare.self, Report.self])

  /// `irlas study list DIR`
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the trials of a study, or the studies of a folder.",
      discussion: """
        Example:
          irlas study list study --last 50
        """)

    @Argument(help: "A study, or a folder with studies.", completion: .directory)
    var folder = "."

    @Option(
      help: ArgumentHelp(
        "How many trials of each run, the last ones; all of them by --last all.", valueName: "n"))
    var last = "20"

    func run() throws {
      guard StudyStore.exists(in: folder) else { return try listStudies() }
      let count: Int? = last == "all" ? nil : Int(last)
      guard last == "all" || (count ?? -1) >= 0 else {
        throw CommandFailure.usage("--last takes a number, or all")
      }
      let study = try OpenStudy(folder)
      for line in study.headLines { StandardOutput.line(line) }
      let runs = try study.runs()
      for run in runs {
        let trials = try study.lastTrials(of: run.run, count)
        StandardOutput.line()
        StandardOutput.line(try study.line(of: run))
        var table = study.table(["trial", "batch"])
        for trial in trials { table.add(["\(trial.trial)", "\(trial.batch)"] + study.row(trial)) }
        StandardOutput.write(table.lines.joined(separator: "\n") + "\n")
      }
    }

    private func listStudies() throws {
      var table = Table([
        ("study", .left), ("search", .left), ("runs", .right), ("trials", .right), ("state", .left),
        ("best", .left),
      ])
      let names = StudyFolders.studies(in: folder)
      guard !names.isEmpty else {
        throw CommandFailure.input(
          "\(folder) is no study, and holds none\nhelp: `irlas search FILE --out DIR` makes one")
      }
      for name in names {
        let study = try OpenStudy(FileBytes.join(folder, name))
        let runs = try study.runs()
        let trials = try study.trials()
        let best = Front.of(trials, study.reward).first
        table.add([
          name, study.record.search, "\(runs.count)", "\(trials.count)",
          !runs.isEmpty && runs.allSatisfy(\.isFinished) ? "finished" : "begun",
          best.map { study.summary(of: $0) } ?? "",
        ])
      }
      StandardOutput.write(table.lines.joined(separator: "\n") + "\n")
    }
  }

  /// `irlas study show DIR TRIAL`
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows one trial: its program, decisions, figures and the course of its training.",
      discussion: """
        Example:
          irlas study show study 12
        """)

    @Argument(help: "The study.", completion: .directory)
    var folder: String

    @Argument(help: "The number of the trial.")
    var trial: Int

    @Option(help: "The seed of the run; the first run by default.")
    var seed: UInt64?

    func run() throws {
      let study = try OpenStudy(folder)
      let run = try study.run(seed: seed)
      guard trial >= 0, let found = try study.trial(trial, of: run.run) else {
        throw CommandFailure.input("\(folder) has no trial \(trial) with seed \(run.seed)")
      }
      let program = try study.program(found.program)
      StandardOutput.line(
        "trial \(found.trial) of seed \(run.seed), batch \(found.batch): \(found.state.rawValue)")
      if let reason = found.reason { StandardOutput.line("  \(reason)") }
      if let first = found.repeats { StandardOutput.line("  the program of trial \(first) again") }
      StandardOutput.line(
        "program \(found.program), topology \(program.map { "\($0.topology)" } ?? "unknown")")
      for value in found.figures { StandardOutput.line("\(value.figure)  \(study.text(value))") }
      if !found.likeness.isEmpty {
        StandardOutput.line("likeness  \(found.likeness.map { decimal($0, 3) }.joined(separator: ", "))")
      }
      for (epoch, accuracy) in found.curve.enumerated() {
        let bar = String(repeating: "#", count: Int((max(0, min(1, accuracy)) * 40).rounded()))
        StandardOutput.line("epoch \(epoch + 1)  \(percent(accuracy))  \(bar)")
      }
      StandardOutput.line(
        "evaluated in \(ProgressReport.duration(found.seconds)), training seed \(found.seed)")
      if let plan = try study.planSummary(of: found.program) {
        for line in plan.split(separator: "\n") { StandardOutput.line("  \(line)") }
      }
      StandardOutput.line()
      for decision in found.decisions { StandardOutput.line("\(decision.name) = \(decision.label)") }
      if let text = program?.text { StandardOutput.write("\n" + text) }
    }
  }

  /// `irlas study best DIR`
  struct Best: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows the best trial of all runs, or the front where several figures are sought.",
      discussion: """
        Example:
          irlas study best study --program > net.irlas
        """)

    @Argument(help: "The study.", completion: .directory)
    var folder: String

    @Flag(help: "Print the best program instead.")
    var program = false

    func run() throws {
      let study = try OpenStudy(folder)
      let front = Front.of(try study.trials(), study.reward)
      guard let best = front.first else { throw CommandFailure.input("no trial of \(folder) has completed") }
      if program {
        guard let text = try study.program(best.program)?.text else {
          throw CommandFailure.input("the language has no words for the program of trial \(best.trial)")
        }
        return StandardOutput.write(text)
      }
      let runs = try study.runs()
      var table = study.table(["seed", "trial"])
      for trial in front {
        let seed = runs.first { $0.run == trial.run }?.seed ?? 0
        table.add(["\(seed)", "\(trial.trial)"] + study.row(trial))
      }
      StandardOutput.write(table.lines.joined(separator: "\n") + "\n")
    }
  }

  /// `irlas study export DIR`
  struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes all trials as CSV or JSON.",
      discussion: """
        JSON has a line for each trial, with decisions, curve and program; CSV has a row for each, with the figures.

        Example:
          irlas study export study --format csv -o trials.csv
        """)

    enum Format: String, CaseIterable, ExpressibleByArgument {
      case csv
      case json
    }

    @Argument(help: "The study.", completion: .directory)
    var folder: String

    @Option(help: "csv or json.")
    var format = Format.csv

    @Option(name: [.customShort("o"), .long], help: "The file to write.", completion: .file())
    var output: String?

    func run() throws {
      let study = try OpenStudy(folder)
      let text = try format == .csv ? study.exported(asCSV: ()) : study.exported(asJSON: ())
      if let output {
        try OutputFile.write(Array(text.utf8), to: output)
      } else {
        StandardOutput.write(text)
      }
    }
  }
}
