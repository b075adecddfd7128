import ArgumentParser
import IRLASDSL
import IRLASGraph
import IRLASJSON
import IRLASTraining

/// `irlas diff A B`
struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says what changed between two networks, in terms of cells and layers.",
    discussion: """
      Names, the order of independent statements and how a network is cut into cells do not count. The exit code is 0 for
      equal programs and 1 for different ones.

      Examples:
        irlas diff resnet.irlas wider.irlas
        irlas diff net.irlas net.irlas --set-b stride=2 --format json
      """)

  @Argument(help: "The program before.", completion: .file(extensions: ["irlas"]))
  var before: String

  @Argument(help: "The program after.", completion: .file(extensions: ["irlas"]))
  var after: String

  @Option(help: "The network; needed when a file has more than one.")
  var network: String?

  @Option(
    name: .customLong("set-a"), parsing: .singleValue,
    help: ArgumentHelp("Gives a parameter of the first network a value.", valueName: "param=value"))
  var settingsBefore: [String] = []

  @Option(
    name: .customLong("set-b"), parsing: .singleValue,
    help: ArgumentHelp("Gives a parameter of the second network a value.", valueName: "param=value"))
  var settingsAfter: [String] = []

  @Flag(help: "One line per message.")
  var short = false

  @Option(help: "text or json.")
  var format = OutputFormat.text

  func run() throws {
    let a = try graph(before, settingsBefore)
    let b = try graph(after, settingsAfter)
    let difference = difference(from: a, to: b)
    switch format {
    case .json: StandardOutput.line(json(difference).line)
    case .text: print(difference)
    }
    if !difference.isEmpty { throw CommandFailure.alreadyReported }
  }

  private func graph(_ file: String, _ settings: [String]) throws -> Graph {
    let loaded = try LoadedProgram(file: file, format: short ? .short : .long)
    try loaded.messages.print(loaded.program.diagnostics)
    let name = try loaded.networkName(network)
    return try loaded.elaborate(name, settings: try parsedSettings(settings)).graph
  }

  private func json(_ difference: GraphDifference) -> JSON {
    func figures(_ figures: GraphDifference.Figures) -> JSON {
      .object([
        .init("program", .string("\(figures.hash)")),
        .init("params", .integer(Int64(figures.parameters))),
        .init("macs", .integer(Int64(figures.macs))),
        .init("depth", .integer(Int64(figures.depth))),
      ])
    }
    let changes = difference.changes.map { change in
      JSON.object([
        .init("kind", .string(change.kind.rawValue)),
        .init("place", .string(change.place)),
        .init("before", change.before.map { .string($0) } ?? .null),
        .init("after", change.after.map { .string($0) } ?? .null),
        .init("paths", .array(change.paths.map { .string($0) })),
      ])
    }
    return .object([
      .init("equal", .bool(difference.isEmpty)),
      .init("before", figures(difference.before)),
      .init("after", figures(difference.after)),
      .init("changes", .array(changes)),
    ])
  }

  private func print(_ difference: GraphDifference) {
    if difference.isEmpty {
      return StandardOutput.line("the same program, \(difference.after.hash)")
    }
    for change in difference.changes {
      let (mark, colour) =
        switch change.kind {
        case .added: ("+", "32")
        case .removed: ("-", "31")
        case .changed: ("~", "33")
        case .connection: ("~", "36")
        }
      let line = "\(mark) \(change.place): \(change.text)\(places(change.paths))"
      StandardOutput.line(StandardOutput.usesColor ? "\u{1B}[\(colour)m\(line)\u{1B}[0m" : line)
    }
    StandardOutput.line()
    let (a, b) = (difference.before, difference.after)
    for (name, old, new) in [
      ("params", a.parameters, b.parameters), ("macs", a.macs, b.macs), ("depth", a.depth, b.depth),
    ] {
      let label = name.padded(to: 8)
      StandardOutput.line(
        old == new ? "\(label)\(grouped(new))" : "\(label)\(grouped(old)) -> \(grouped(new))")
    }
  }

  /// Where a change shows when it shows more than once.
  private func places(_ paths: [String]) -> String {
    guard paths.count > 1 else { return paths.first.map { "  (\($0))" } ?? "" }
    let more = paths.count > 2 ? ", ..." : ""
    return "  (\(paths.count) times: \(paths[0]), \(paths[1])\(more))"
  }
}

extension String {
  /// The text with blanks up to a width.
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
