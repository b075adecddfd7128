import ArgumentParser
import IRLASDSL
import IRLASDocumentation
import IRLASGraph
import IRLASSearch
import IRLASStudy
import IRLASTraining

extension TableCommand {
  /// `irlas table replay FILE [SEARCH] --table TABLE`
  struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Runs all agents, with and without the mirror, on a table, and compares them with random search.",
      discussion: """
        Every run sees the accuracies of one training seed, as a search would; what it ends with is judged by the mean \
        test accuracy of all seeds. Runs are paired by their seed: the differences come with bootstrap intervals, Vargha \
        and Delaney's A, and Wilcoxon's p after Holm's correction: each strategy less random search, and each agent with \
        the mirror less the same agent without.

        Example:
          irlas table replay samples/searches/cells.irlas --table cells.jsonl --seeds 50
        """)

    @Argument(help: "The program (.irlas).", completion: .file(extensions: ["irlas"]))
    var file: String

    @Argument(help: "The search; needed when the file has more than one.")
    var search: String?

    @Option(help: "The table (JSON lines).", completion: .file(extensions: ["jsonl"]))
    var table: String

    @Option(help: ArgumentHelp("How many runs of each strategy.", valueName: "n"))
    var seeds = 50

    @Option(help: ArgumentHelp("How many trials of each run; the search's own by default.", valueName: "n"))
    var trials: Int?

    @Option(
      help: "Draws the mean course of each strategy (SVG).", completion: .file(extensions: ["svg"]))
    var plot: String?

    @Flag(name: .shortAndLong, help: "No progress.")
    var quiet = false

    func run() throws {
      guard (2...10_000).contains(seeds) else {
        throw CommandFailure.usage("--seeds takes a number from 2 to 10000, not \(seeds)")
      }
      let measured = try TableFile.read(table).table()
      let source = try SearchSource(file: file, search: search, format: .long, color: .auto)
      var plan = source.plan
      plan.limits = []
      if let trials { plan.budget = .trials(trials) }
      guard case .trials(let budget) = plan.budget, budget > 0 else {
        throw CommandFailure.usage("the search has no budget in trials: --trials N")
      }
      guard case .accuracy? = plan.reward.maximised.first, plan.reward.maximised.count == 1,
        plan.reward.minimised.isEmpty
      else { throw CommandFailure.input("a table has accuracies only, but the search seeks something else") }
      let (space, guidance) = try source.scenery(plan: plan, quiet: quiet)
      let strategies = ReplayedStrategy.all(of: plan)
      var progress = ProgressLine(
        title: "replaying", total: strategies.count * seeds, unit: "runs", quiet: quiet)
      var courses: [[TabularSearch.Course]] = []
      for strategy in strategies {
        let search = TabularSearch(
          table: measured, plan: strategy.plan, space: space,
          guidance: strategy.plan.mirror == nil ? .none : guidance)
        var own: [TabularSearch.Course] = []
        for seed in 0..<seeds {
          do throws(TabularSearch.Failure) {
            own.append(try search.run(seed: UInt64(seed)))
          } catch {
            throw CommandFailure.input("\(table): \(error)")
          }
          progress.update(courses.count * seeds + seed + 1)
        }
        courses.append(own)
      }
      progress.finish(strategies.count * seeds)
      print(strategies, courses, measured, budget)
      if let plot { try OutputFile.write(Array(Self.plot(strategies, courses).utf8), to: plot) }
    }

    /// Strategies of one agent have one colour, dashed without the mirror.
    private static func plot(_ strategies: [ReplayedStrategy], _ courses: [[TabularSearch.Course]]) -> String
    {
      var agents: [String] = []
      let lines = zip(strategies, courses).map { strategy, courses in
        if !agents.contains(strategy.agentName) { agents.append(strategy.agentName) }
        let count = courses.map(\.incumbents.count).min() ?? 0
        return CoursePlot.Course(
          name: strategy.name, colour: agents.firstIndex(of: strategy.agentName) ?? 0,
          isDashed: strategy.plan.mirror == nil,
          accuracies: (0..<count).map { trial in
            courses.reduce(0.0) { $0 + $1.incumbents[trial] } / Double(courses.count)
          })
      }
      return CoursePlot(lines).text
    }

    private func print(
      _ strategies: [ReplayedStrategy], _ courses: [[TabularSearch.Course]], _ measured: MeasurementTable,
      _ budget: Int
    ) {
      StandardOutput.line("\(measured.rows.count) programs, \(seeds) runs of \(budget) trials each")
      if let signal = measured.signal {
        StandardOutput.line(
          "test accuracy of the best program \(percent(signal.best)), of the best by one seed "
            + "\(percent(signal.ceiling)), of all \(percent(signal.average))")
      }
      for (title, value) in [
        ("at the end", \TabularSearch.Course.final), ("at any time (mean over the run)", \.anytime),
      ] {
        let values = courses.map { $0.map { $0[keyPath: value] } }
        let others = strategies.indices.dropFirst()
        print(
          [title, "less random"], first: (strategies[0].name, values[0]),
          others.map { (strategies[$0].name, values[0], values[$0]) })
        let mirrored = others.compactMap { index -> (String, [Double], [Double])? in
          guard strategies[index].plan.mirror != nil,
            let plain = strategies.firstIndex(where: {
              $0.agentName == strategies[index].agentName && $0.plan.mirror == nil
            })
          else { return nil }
          return (strategies[index].name, values[plain], values[index])
        }
        if !mirrored.isEmpty { print([title, "less without mirror"], first: nil, mirrored) }
      }
    }

    /// A table of pairs of strategies: the second's mean, and how much it is above the first.
    private func print(
      _ titles: [String], first: (name: String, values: [Double])?, _ pairs: [(String, [Double], [Double])]
    ) {
      func mean(_ values: [Double]) -> String { percent(values.reduce(0, +) / Double(seeds)) }
      let comparisons = pairs.map { Comparison($0.1, $0.2) }
      let corrected = Comparison.holm(comparisons.map(\.p))
      var table = Table([
        (titles[0], .left), ("accuracy", .right), (titles[1], .right), ("95 %", .right), ("A", .right),
        ("p", .right),
      ])
      if let first { table.add([first.name, mean(first.values), "", "", "", ""]) }
      for (index, (name, _, values)) in pairs.enumerated() {
        let comparison = comparisons[index]
        table.add([
          name, mean(values), percent(comparison.difference),
          "\(decimal(comparison.interval.lowerBound * 100, 2)) to "
            + decimal(comparison.interval.upperBound * 100, 2),
          decimal(comparison.effect, 2), decimal(corrected[index], 4),
        ])
      }
      StandardOutput.write("\n" + table.lines.joined(separator: "\n") + "\n")
    }
  }
}
