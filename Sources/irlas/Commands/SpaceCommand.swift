import ArgumentParser
import IRLASDSL
import IRLASGraph
import IRLASJSON

/// `irlas space ...`
struct SpaceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "space", abstract: "Tells how large a search space is and what it decides.",
    subcommands: [Count.self, Decisions.self])

  /// `irlas space count FILE [SPACE]`
  struct Count: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Counts the programs of a space.",
      discussion: """
        The number of ways to make all decisions is exact, however large. Small spaces, and with --exact all, are also gone \
        through program by program: what cannot be formed or breaks a `require` is then left out, and equal programs \
        are counted once. For large ones these are estimated from samples.

        Example:
          irlas space count samples/spaces/nsc.irlas
        """)

    @OptionGroup var source: SpaceOptions

    @Flag(help: "Go through all programs, however many.")
    var exact = false

    @Option(help: ArgumentHelp("How many programs to draw for the estimates.", valueName: "n"))
    var samples = 1000

    @Option(help: "text or json.")
    var format = OutputFormat.text

    func run() throws {
      guard samples >= 1 else { throw CommandFailure.usage("--samples takes a number of at least 1") }
      let (program, open) = try source.open()
      let count = open.count()
      var report = Report(space: open.name, count: count)
      if exact || isSmall(open.space, count) {
        report.enumerate(open.space)
      } else {
        report.draw(open.space, samples)
      }
      let ignored = (count?.ignored ?? []).compactMap { span -> String? in
        guard let file = program.program.sources[span.file] else { return nil }
        return "\(file.name):\(file.location(at: Int(span.lower)).line)"
      }
      switch format {
      case .json: StandardOutput.line(report.json(ignored).line)
      case .text: for line in report.lines(ignored) { StandardOutput.line(line) }
      }
    }

    /// Whether all programs have so few nodes together that going through them takes seconds.
    private func isSmall(_ space: Space, _ count: SpaceCount?) -> Bool {
      guard let programs = count?.programs.int, programs <= 20_000 else { return false }
      guard let sample = try? space.sample(seed: 0) else { return true }
      return programs * sample.graph.nodes.count <= 3_000_000
    }
  }

  /// `irlas space decisions FILE [SPACE]`
  struct Decisions: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the decisions of one program of a space, with their options.",
      discussion: """
        Which decisions there are may depend on others; --seed shows those of another program, and --set those that \
        remain when some are made.

        Example:
          irlas space decisions samples/spaces/nsc.irlas --set Net.n=2
        """)

    @OptionGroup var source: SpaceOptions

    @Option(help: "Which program to show.")
    var seed: UInt64 = 0

    @Option(help: "text or json.")
    var format = OutputFormat.text

    func run() throws {
      let (_, open) = try source.open()
      let sample = try SpaceOptions.draw(open.space, seed: seed)
      let options = options(of: open.space, sample.decisions)
      switch format {
      case .json:
        for (decision, labels) in zip(sample.decisions, options) {
          StandardOutput.line(
            JSON.object([
              .init("name", .string(decision.name)), .init("taken", .string(decision.label)),
              .init("options", .array(labels.map(JSON.string))),
            ]).line)
        }
      case .text:
        var table = Table([("decision", .left), ("taken", .left), ("options", .left)])
        for (decision, labels) in zip(sample.decisions, options) {
          let shown = labels.prefix(8).joined(separator: ", ")
          table.add([
            decision.name, decision.label,
            decision.count > 8 ? "\(shown), ... (\(decision.count))" : shown,
          ])
        }
        for line in table.lines { StandardOutput.line(line) }
      }
    }

    /// The labels of all options of each decision.
    private func options(of space: Space, _ decisions: [Decision]) -> [[String]] {
      var taken: [String: Int] = [:]
      for decision in decisions { taken[decision.name] = decision.option }
      var labels: [String: [String]] = [:]
      _ = space.explore { point in
        labels[point.name] = (0..<min(point.count, 64)).map(point.label)
        return taken[point.name] ?? 0
      }
      return decisions.map { labels[$0.name] ?? [] }
    }
  }
}

/// What `irlas space count` finds out.
private struct Report {
  let space: String
  let count: SpaceCount?
  private(set) var sound: Int?
  private(set) var drawn: Int?
  private(set) var runs = 0
  private(set) var graphs = 0
  private(set) var topologies = 0
  private(set) var estimate: Double?

  init(space: String, count: SpaceCount?) {
    self.space = space
    self.count = count
  }

  /// Goes through all programs.
  mutating func enumerate(_ space: Space) {
    var programs: Set<GraphHash> = []
    var shapes: Set<GraphHash> = []
    var number = 0
    space.enumerate { exploration in
      if let graph = exploration.graph {
        number += 1
        if programs.insert(graph.programHash).inserted { shapes.insert(graph.topologyHash) }
      }
      return true
    }
    (sound, graphs, topologies) = (number, programs.count, shapes.count)
  }

  /// Draws programs, and estimates from the repeats among them how many distinct ones there are at least
  /// (A. Chao, "Nonparametric Estimation of the Number of Classes in a Population", 1984).
  mutating func draw(_ space: Space, _ number: Int) {
    var programs: [GraphHash: Int] = [:]
    var shapes: Set<GraphHash> = []
    var drawn = 0
    for seed in 0..<UInt64(number) {
      guard let sample = try? space.sample(seed: seed, runs: 1000) else { continue }
      drawn += 1
      runs += sample.runs
      programs[sample.graph.programHash, default: 0] += 1
      shapes.insert(sample.graph.topologyHash)
    }
    let counts = programs.values
    let once = Double(counts.count { $0 == 1 })
    let twice = Double(counts.count { $0 == 2 })
    if once < Double(drawn) {
      estimate = Double(programs.count) + (twice > 0 ? once * once / (2 * twice) : once * (once - 1) / 2)
    }
    (self.drawn, graphs, topologies) = (drawn, programs.count, shapes.count)
  }

  /// As text.
  func lines(_ ignored: [String]) -> [String] {
    var lines: [String] = []
    if let count {
      lines.append("\(space): \(digits(count.programs)) ways to make all decisions")
      if !ignored.isEmpty {
        lines.append(
          "  without regard to what depends on shapes or on the whole network: \(ignored.joined(separator: ", "))"
        )
      }
    } else {
      lines.append("\(space): too many different states to count the ways to decide")
    }
    if let sound {
      lines.append("  \(grouped(sound)) of them are sound programs")
      lines.append("  \(grouped(graphs)) distinct programs, \(grouped(topologies)) distinct topologies")
    }
    if let drawn {
      let share = runs == 0 ? 0 : 100 * Double(drawn) / Double(runs)
      lines.append("  \(grouped(drawn)) drawn in \(grouped(runs)) runs (\(oneDecimal(share)) % sound)")
      lines.append(
        "  among them \(grouped(graphs)) distinct programs, \(grouped(topologies)) distinct topologies")
      if let estimate {
        lines.append("  at least about \(grouped(Int(estimate.rounded()))) distinct programs in all")
      } else {
        lines.append("  no repeats: too many distinct programs to estimate")
      }
    }
    return lines
  }

  /// As JSON.
  func json(_ ignored: [String]) -> JSON {
    var members: [JSON.Member] = [.init("space", .string(space))]
    if let count { members.append(.init("decisions", .string(count.programs.description))) }
    members.append(.init("ignored", .array(ignored.map(JSON.string))))
    if let sound { members.append(.init("sound", .integer(Int64(sound)))) }
    if let drawn {
      members.append(.init("drawn", .integer(Int64(drawn))))
      members.append(.init("runs", .integer(Int64(runs))))
    }
    members.append(.init("distinct_programs", .integer(Int64(graphs))))
    members.append(.init("distinct_topologies", .integer(Int64(topologies))))
    if let estimate { members.append(.init("distinct_at_least", .number(estimate.rounded()))) }
    return .object(members)
  }

  private func oneDecimal(_ value: Double) -> String { String(Double(Int((value * 10).rounded())) / 10) }

  /// All digits, in groups.
  private func digits(_ number: Natural) -> String {
    let digits = Array(number.description)
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append("_") }
      text.append(digit)
    }
    return text
  }
}
