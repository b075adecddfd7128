import ArgumentParser
import Glibc
import IRLASGraph
import IRLASSearch
import IRLASStudy
import IRLASTraining

extension StudyCommand {
  /// `irlas study compare DIR DIR...`
  struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compares studies with the same seeds: effects, intervals, corrected tests.",
      discussion: """
        Each study is compared with the first, seed by seed. What is compared is the best value of a run, or the volume that \
        its front dominates where several figures are sought: figures are scaled to what all the studies have measured, \
        costs by their logarithms, and the corner is a tenth beyond the worst of everything. --reference fixes the corner \
        beforehand and leaves figures as they are (natural logarithms of costs). A is the share of pairs of runs in which \
        the study is the better one (0.5: no effect); the interval of the mean difference is a 95 % bootstrap interval; p \
        is that of Wilcoxon's signed-rank test, corrected after Holm.

        Example:
          irlas study compare random.study mirror.study
          irlas study compare random.study mirror.study --reference accuracy=0.1,latency=5ms
        """)

    @Argument(help: "The studies, the one to compare with first.", completion: .directory)
    var folders: [String]

    @Option(help: ArgumentHelp("The corner above which volumes are measured.", valueName: "figure=value,..."))
    var reference: String?

    func validate() throws {
      if folders.count < 2 { throw ValidationError("name at least two studies") }
    }

    func run() throws {
      let studies = try folders.map { try OpenStudy($0) }
      for study in studies where study.reward != studies[0].reward {
        throw CommandFailure.input("\(study.folder) seeks other figures than \(studies[0].folder)")
      }
      let runs = try studies.map { try $0.runs() }
      let seeds = runs[0].map(\.seed).filter { seed in
        runs.allSatisfy { $0.contains { $0.seed == seed } }
      }
      guard !seeds.isEmpty else { throw CommandFailure.input("the studies have no seed in common") }
      for (study, runs) in zip(studies, runs) where !runs.allSatisfy(\.isFinished) {
        StandardError.write("note: \(study.folder) is not finished\n")
      }
      let corner = try reference.map { try Corner($0, of: studies[0].reward) }
      let scores = try RunScores(studies, runs, seeds, above: corner)
      StandardOutput.line("\(scores.name), \(seeds.count) seeds in common")
      var table = Table([
        ("study", .left), ("mean", .right), ("difference", .right), ("95 % interval", .left), ("A", .right),
        ("p", .right), ("p (Holm)", .right),
      ])
      let comparisons = (1..<studies.count).map { Comparison(scores.values[0], scores.values[$0]) }
      let corrected = Comparison.holm(comparisons.map(\.p))
      func mean(_ values: [Double]) -> String { decimal(values.reduce(0, +) / Double(values.count), 5) }
      table.add([folders[0], mean(scores.values[0]), "", "", "", "", ""])
      for (index, comparison) in comparisons.enumerated() {
        table.add([
          folders[index + 1], mean(scores.values[index + 1]), decimal(comparison.difference, 5),
          "\(decimal(comparison.interval.lowerBound, 5)) to \(decimal(comparison.interval.upperBound, 5))",
          decimal(comparison.effect, 3), decimal(comparison.p, 4), decimal(corrected[index], 4),
        ])
      }
      StandardOutput.write(table.lines.joined(separator: "\n") + "\n")
      if seeds.count < 6 { StandardError.write("note: with fewer than 6 seeds no p can be below 0.05\n") }
    }
  }
}

/// The worst values that count, one for each figure, as the user gives them.
struct Corner {
  /// In the order of the maximised and then the minimised figures.
  let values: [Double]

  /// Reads `accuracy=0.1,latency=5ms`; seconds are `s`, `ms` or `us`.
  init(_ text: String, of reward: SearchPlan.Reward) throws {
    let figures = reward.maximised + reward.minimised
    guard figures.count > 1 else {
      throw CommandFailure.usage("--reference is for fronts; these studies seek one figure")
    }
    var values: [Double?] = figures.map { _ in nil }
    for part in text.split(separator: ",") {
      let sides = part.split(separator: "=").map { $0.filter { $0 != " " } }
      guard sides.count == 2, let place = figures.firstIndex(where: { Self.word(of: $0) == sides[0] }),
        let value = Self.number(sides[1])
      else {
        throw CommandFailure.usage(
          "--reference takes a value for each of \(figures.map(Self.word).joined(separator: ", ")), "
            + "such as \(Self.word(of: figures[0]))=0.1, not `\(part)`")
      }
      values[place] = value
    }
    if let missing = values.firstIndex(of: nil) {
      throw CommandFailure.usage("--reference says nothing of \(Self.word(of: figures[missing]))")
    }
    self.values = values.compactMap { $0 }
  }

  /// `latency` of `latency(batch: 16)`.
  private static func word(of figure: SearchPlan.Figure) -> String {
    String(figure.description.prefix { $0 != "(" })
  }

  private static func number(_ text: String) -> Double? {
    for (unit, scale) in [("ms", 1e-3), ("us", 1e-6), ("s", 1)] where text.hasSuffix(unit) {
      return Double(text.dropLast(unit.count)).map { $0 * scale }
    }
    return Double(text)
  }
}

/// One number for each run: what a comparison compares.
struct RunScores {
  /// What the numbers are.
  let name: String
  /// By study, then by seed.
  let values: [[Double]]

  init(_ studies: [OpenStudy], _ runs: [[RunRecord]], _ seeds: [UInt64], above corner: Corner? = nil) throws {
    let reward = studies[0].reward
    let figures = reward.maximised + reward.minimised
    let fronts = try zip(studies, runs).map { study, runs in
      let trials = try study.trials()
      return seeds.map { seed in
        let run = runs.first { $0.seed == seed }?.run
        return Front.of(trials.filter { $0.run == run }, reward).map { trial in
          figures.enumerated().map { index, figure in
            RunScores.coordinate(
              trial.value(figure.description) ?? .nan, isCost: index >= reward.maximised.count)
          }
        }
      }
    }
    guard !fronts.contains(where: { $0.contains(where: \.isEmpty) }) else {
      throw CommandFailure.input("in some run no trial completed")
    }
    guard figures.count <= 3 else {
      throw CommandFailure.input("fronts of more than three figures are not compared")
    }
    guard figures.count > 1 else {
      let isCost = reward.maximised.isEmpty
      name = isCost ? "least \(figures[0])" : "best \(figures[0])"
      values = try zip(studies, runs).map { study, runs in
        let trials = try study.trials()
        return seeds.map { seed in
          let run = runs.first { $0.seed == seed }?.run
          let best = Front.of(trials.filter { $0.run == run }, reward).first
          return best?.value(figures[0].description) ?? .nan
        }
      }
      return
    }
    name = "dominated volume of \(figures.map(\.description).joined(separator: ", "))"
    if let corner {
      let reference = figures.indices.map { axis in
        Self.coordinate(corner.values[axis], isCost: axis >= reward.maximised.count)
      }
      values = fronts.map { study in
        study.map { ParetoFront.hypervolume($0, above: reference) ?? .nan }
      }
      return
    }
    let all = fronts.flatMap { $0.flatMap(\.self) }
    let lowest = figures.indices.map { axis in all.map { $0[axis] }.min() ?? 0 }
    let highest = figures.indices.map { axis in all.map { $0[axis] }.max() ?? 1 }
    // A tenth beyond the worst, so that the ends of a front count.
    values = fronts.map { study in
      study.map { front in
        let scaled = front.map { point in
          point.indices.map { axis in
            let width = highest[axis] - lowest[axis]
            return width > 0 ? (point[axis] - lowest[axis]) / width : 1
          }
        }
        return ParetoFront.hypervolume(scaled, above: figures.map { _ in -0.1 }) ?? .nan
      }
    }
  }

  private static func coordinate(_ value: Double, isCost: Bool) -> Double {
    isCost ? -log(max(value, 1e-300)) : value
  }
}
