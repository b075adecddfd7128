import IRLASDSL
import IRLASGraph
import IRLASStudy
import IRLASTraining

/// What a search has found, as files: `found/1.irlas` and so forth, the best first.
struct FoundPrograms {
  let store: StudyStore
  let plan: SearchPlan
  let folder: String
  /// How it was found, for the head of the files.
  let command: String

  /// More of a front than anybody reads.
  private static let limit = 50

  /// Writes the best program, or those of the front, each checked to be the one that was measured.
  func write(recipe: Recipe?) throws {
    let (runs, front) = try reportingFailures { () throws(StoreError) in
      (try store.runs(), Front.of(try store.trials(detail: .figures), plan.reward))
    }
    guard !front.isEmpty else {
      StandardOutput.line("no program completed; `irlas study list \(folder)` says why")
      return
    }
    for (index, trial) in front.prefix(Self.limit).enumerated() {
      let path = FileBytes.join(FileBytes.join(folder, "found"), "\(index + 1).irlas")
      let seed = runs.first { $0.run == trial.run }?.seed ?? 0
      let summary = SearchDisplay.summary(of: trial, plan)
      guard let text = try text(of: trial, seed: seed, recipe: recipe) else {
        StandardError.write("note: the language has no words for the program of trial \(trial.trial)\n")
        continue
      }
      try OutputFile.write(Array(text.utf8), to: path)
      StandardOutput.line("\(path)  \(summary)  (seed \(seed), trial \(trial.trial))")
    }
    if front.count > Self.limit {
      StandardOutput.line("and \(front.count - Self.limit) more: irlas study best \(folder)")
    }
  }

  /// The program with where it comes from and how it was trained; nil where it has no text.
  func text(of trial: TrialRecord, seed: UInt64, recipe: Recipe?) throws -> String? {
    let program = try reportingFailures { () throws(StoreError) in try store.program(trial.program) }
    guard let program, let body = program.text else { return nil }
    var lines = [
      "//! Found by `\(command)`:",
      "//! search \(plan.name), seed \(seed), trial \(trial.trial), program \(trial.program).",
      "//!",
    ]
    for value in trial.figures {
      let figure = plan.figures.first { $0.description == value.figure }
      lines.append(
        "//! \(value.figure): \(figure.map { SearchDisplay.text($0, value.value) } ?? "\(value.value)")")
    }
    if let likeness = trial.likeness.max() {
      lines.append("//! likeness to the expert: \(decimal(likeness, 3))")
    }
    var text = lines.joined(separator: "\n") + "\n" + body
    if var recipe {
      recipe.data.folder = nil
      text +=
        "\n/// As in the search, on \(recipe.data.validation) held-out images; its own seed is \(trial.seed).\n\(recipe)"
    }
    do {
      text = try formatted(text)
    } catch {
      throw CommandFailure.input("the program of trial \(trial.trial) cannot be written: \(error)")
    }
    let check = IRLASDSL.Program.load(entry: SourceFile(name: "found", text: text), loader: { _ in .missing })
    let made = check.networks.first.flatMap { check.elaborate(network: $0).elaboration?.graph.programHash }
    guard made == trial.program else {
      throw CommandFailure.input(
        "the program of trial \(trial.trial) does not elaborate to the hash \(trial.program) that is on record"
      )
    }
    return text
  }
}
