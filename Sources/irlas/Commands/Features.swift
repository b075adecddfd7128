import ArgumentParser
import IRLASGraph
import IRLASJSON
import IRLASSearch

/// `irlas features FILE [NAME]`
struct Features: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows the topology of a block, and its features.",
    discussion: """
      The block is the network's most frequent cell, or the one that `--cell` names. Widths, names and the order of
      statements make no difference. A value is the quantity divided by its cap, at most 1; docs/method.md defines them.

      Examples:
        irlas features samples/published/resnext29.irlas
        irlas features samples/published/inception_v3.irlas --cell C
        irlas features samples/published/darts_v2.irlas Reduction --format json
      """)

  @OptionGroup var source: BlockOptions

  @Option(help: "text or json.")
  var format = OutputFormat.text

  @Flag(help: "Also features that are 0.")
  var all = false

  func run() throws {
    let block = try source.block()
    let features = TopologyFeatures(block.view)
    switch format {
    case .text: printTable(block, features)
    case .json: StandardOutput.line(json(block, features).line)
    }
  }

  private func printTable(_ block: Block, _ features: TopologyFeatures) {
    let place = block.cell.map { "\($0) of \(block.graph.name)" } ?? block.graph.name
    StandardOutput.line("\(place): \(block.view.size) nodes, \(block.view.edgeCount) edges")
    for line in block.view.description.split(separator: "\n") { StandardOutput.line("  \(line)") }
    StandardOutput.line()
    var table = Table([("feature", .left), ("group", .left), ("value", .right)])
    for (feature, value) in zip(TopologyFeatures.table, features.values) where all || value != 0 {
      table.add([feature.name, feature.group.rawValue, Self.fourDecimals(value)])
    }
    for line in table.lines { StandardOutput.line(line) }
  }

  /// A number in [0, 1].
  private static func fourDecimals(_ value: Double) -> String {
    let rounded = Int((value * 10_000).rounded())
    let digits = String(rounded % 10_000)
    return "\(rounded / 10_000)." + String(repeating: "0", count: 4 - digits.count) + digits
  }

  private func json(_ block: Block, _ features: TopologyFeatures) -> JSON {
    let nodes = block.view.nodes.map { node in
      JSON.object([
        .init("kind", .string("\(node.kind)")),
        .init("kernel", .array([.integer(Int64(node.kernel.height)), .integer(Int64(node.kernel.width))])),
        .init("groups", .integer(Int64(node.groups))),
        .init("reads", .array(node.predecessors.map { .integer(Int64($0)) })),
        .init("members", .array(node.members.map { .string(block.graph.path(of: $0)) })),
      ])
    }
    let values = zip(TopologyFeatures.table, features.values).map { feature, value in
      JSON.object([
        .init("name", .string(feature.name)),
        .init("group", .string(feature.group.rawValue)),
        .init("value", .number(value)),
      ])
    }
    return .object([
      .init("network", .string(block.graph.name)),
      .init("cell", block.cell.map { .string($0) } ?? .null),
      .init("topology", .string("\(GraphHash(block.view.code))")),
      .init("nodes", .array(nodes)),
      .init("version", .integer(Int64(TopologyFeatures.version))),
      .init("features", .array(values)),
    ])
  }
}
