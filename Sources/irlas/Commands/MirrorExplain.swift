import ArgumentParser
import IRLASCompiler
import IRLASDSL
import IRLASGraph
import IRLASJSON
import IRLASSearch

extension MirrorCommand {
  /// `irlas mirror explain FILE [NETWORK]`
  struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tells what makes a network like the expert, and what does not.",
      discussion: """
        The first bars say which features raise the score above that of the mean block of the space, the second which \
        lower it below the expert's. With --svg the network is drawn, and the nodes that these features come from have \
        a green line where they raise the score and a red one where they lower it.

        Examples:
          irlas mirror explain samples/published/resnet50.irlas --mirror resnext.mirror
          irlas mirror explain net.irlas --mirror resnext.mirror --svg net.svg
        """)

    @OptionGroup var source: ProgramOptions

    @Option(
      name: .shortAndLong, help: "The mirror, as `irlas mirror learn` writes it.",
      completion: .file(extensions: ["mirror"]))
    var mirror: String

    @Option(
      help: ArgumentHelp("Draws the network with the nodes that matter highlighted.", valueName: "file"),
      completion: .file(extensions: ["svg"]))
    var svg: String?

    @Option(help: "How many levels of cells are open in the drawing.")
    var depth: Int?

    @Option(help: ArgumentHelp("How many features to show on each side.", valueName: "n"))
    var top = 10

    @Option(help: "text or json.")
    var format = OutputFormat.text

    func validate() throws {
      guard top >= 1 else { throw ValidationError("--top takes a number from 1, not \(top)") }
      if let depth, depth < 0 { throw ValidationError("--depth takes a number from 0, not \(depth)") }
    }

    func run() throws {
      let reader = try MirrorFile.read(mirror)
      let (loaded, elaboration) = try source.elaborate()
      let graph = elaboration.graph
      let view = TopologyView(graph)
      let row = reader.row(TopologyFeatures(view))
      let (place, score) = reader.mirror.match(row)
      let expert = reader.mirror.experts[place]
      let contributions = reader.mirror.contributions(row, to: place)
      // Below this a bar has no length that could be seen.
      let speaksFor = contributions.filter { $0.share > 5e-4 }.sorted { $0.share > $1.share }.prefix(top)
      let speaksAgainst = contributions.filter { $0.gap < -5e-4 }.sorted { $0.gap < $1.gap }.prefix(top)
      switch format {
      case .json: print(json: graph.name, score, expert.likeness(ofScore: score), expert.name, contributions)
      case .text:
        StandardOutput.line(
          "\(graph.name) scores \(decimal(score, 3)) as \(expert.name) (the expert 1, the mean block of \(reader.mirror.space) 0), "
            + "no lower than \(percent(expert.likeness(ofScore: score))) of the blocks")
        var chart = BarChart(
          largest: (speaksFor.map(\.share) + speaksAgainst.map { -$0.gap }).max() ?? 1,
          nameWidth: (speaksFor + speaksAgainst).map(\.name.count).max() ?? 0, usesColor: usesColor)
        StandardOutput.line()
        StandardOutput.line("like \(expert.name), in comparison with the mean block:")
        for item in speaksFor { chart.add(item, item.share, reference: item.pool, "mean") }
        if speaksFor.isEmpty { StandardOutput.line("  nothing") }
        StandardOutput.line()
        StandardOutput.line("unlike \(expert.name):")
        for item in speaksAgainst { chart.add(item, item.gap, reference: item.expert, "expert") }
        if speaksAgainst.isEmpty { StandardOutput.line("  nothing") }
      }
      guard let svg else { return }
      let shown = Set((speaksFor + speaksAgainst).map(\.feature))
      let influences = reader.influences(view, counting: shown)
      let largest = influences.reduce(0) { max($0, abs($1.influence)) }
      var options = DiagramOptions()
      // A tenth of the strongest is hardly seen.
      for item in influences where largest > 0 && abs(item.influence) >= 0.1 * largest {
        options.highlights += item.members.map { .init(node: $0, strength: item.influence / largest) }
      }
      // Open enough that these nodes are seen.
      options.depth = depth ?? options.highlights.map { cellDepth(of: $0.node, in: graph) }.max()
      options.fusesChains = true
      options.link = loaded.links(elaboration.sourceMap)
      do {
        try OutputFile.write(try render(graph, options: options, as: .svg), to: svg)
      } catch let error as DrawingError {
        throw CommandFailure.machine(error.description)
      }
      if format == .text {
        StandardOutput.line()
        StandardOutput.line(svg)
      }
    }

    /// How many cells a node lies in.
    private func cellDepth(of node: NodeID, in graph: Graph) -> Int {
      var depth = 0
      var scope: ScopeID? = graph[node].scope
      while let current = scope {
        if graph.scopes[current.index].kind == .cell { depth += 1 }
        scope = graph.scopes[current.index].parent
      }
      return depth
    }

    private var usesColor: Bool {
      switch source.color {
      case .auto: StandardOutput.usesColor
      case .always: true
      case .never: false
      }
    }

    private func print(
      json network: String, _ score: Double, _ likeness: Double, _ expert: String,
      _ contributions: [Mirror.Contribution]
    ) {
      StandardOutput.line(
        JSON.object([
          .init("network", .string(network)),
          .init("expert", .string(expert)),
          .init("score", .number(score)),
          .init("likeness", .number(likeness)),
          .init(
            "features",
            .array(
              contributions.map {
                .object([
                  .init("name", .string($0.name)), .init("value", .number($0.value)),
                  .init("expert", .number($0.expert)), .init("pool", .number($0.pool)),
                  .init("share", .number($0.share)), .init("gap", .number($0.gap)),
                  .init("spread", .number($0.spread)),
                ])
              })),
        ]).line)
    }
  }
}

/// Bars of blocks and eighths of blocks.
private struct BarChart {
  private static let columns = 24.0
  let largest: Double
  let nameWidth: Int
  let usesColor: Bool

  mutating func add(_ item: Mirror.Contribution, _ amount: Double, reference: Double, _ referenceName: String)
  {
    let name = item.name + String(repeating: " ", count: nameWidth - item.name.count)
    let eighths = Int((abs(amount) / largest * Self.columns * 8).rounded())
    var bar = String(repeating: "█", count: eighths / 8)
    if eighths % 8 > 0 { bar.append(["▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8 - 1]) }
    let space = String(repeating: " ", count: Int(Self.columns) + 1 - bar.count)
    if usesColor { bar = "\u{1B}[\(amount > 0 ? 32 : 31)m\(bar)\u{1B}[0m" }
    StandardOutput.line(
      "  \(name)  \(signed(amount, 3))  \(bar)\(space)\(decimal(item.value, 3)), \(referenceName) \(decimal(reference, 3))"
    )
  }
}
