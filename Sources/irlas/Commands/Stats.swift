import IRLASJSON
import ArgumentParser
import IRLASDSL
import IRLASGraph
import IRLASTraining

/// `irlas stats FILE [NETWORK]`
struct Stats: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Counts a network: shapes, parameters and multiply-accumulates, layer by layer.",
    discussion: """
      Multiply-accumulates are those of convolutions and linear layers for one image. `depth` is the number of such
      layers on the longest path.

      Examples:
        irlas stats samples/digits.irlas
        irlas stats samples/published/resnext29.irlas --set classes=100 --format json
      """)

  @OptionGroup var source: ProgramOptions

  @Option(help: "text or json.")
  var format = OutputFormat.text

  @Flag(help: "Every layer, also those without parameters.")
  var all = false

  func run() throws {
    let graph = try source.elaborate().elaboration.graph.withoutAuxiliaryOutputs
    let statistics = graph.statistics
    switch format {
    case .json: StandardOutput.line(json(graph, statistics).line)
    case .text: printTable(graph, statistics)
    }
  }

  private func json(_ graph: Graph, _ statistics: GraphStatistics) -> JSON {
    let layers = statistics.layers.map { layer in
      JSON.object([
        .init("name", .string(layer.path)),
        .init("op", .string(layer.summary)),
        .init("shape", .array(layer.shape.dimensions.map { .integer(Int64($0)) })),
        .init("params", .integer(Int64(layer.parameters))),
        .init("macs", .integer(Int64(layer.macs))),
      ])
    }
    return .object([
      .init("network", .string(graph.name)),
      .init("params", .integer(Int64(statistics.parameters))),
      .init("macs", .integer(Int64(statistics.macs))),
      .init("nodes", .integer(Int64(statistics.nodes))),
      .init("depth", .integer(Int64(statistics.depth))),
      .init("layers", .array(layers)),
    ])
  }

  private func printTable(_ graph: Graph, _ statistics: GraphStatistics) {
    var table = Table([
      ("layer", .left), ("op", .left), ("output", .left), ("parameters", .right), ("MACs", .right),
    ])
    for layer in statistics.layers where all || layer.parameters > 0 || layer.macs > 0 {
      table.add([
        layer.path, layer.summary, layer.shape.description,
        layer.parameters == 0 ? "" : grouped(layer.parameters),
        layer.macs == 0 ? "" : grouped(layer.macs),
      ])
    }
    table.add([graph.name, "", "", grouped(statistics.parameters), grouped(statistics.macs)])
    for line in table.lines { StandardOutput.line(line) }
    StandardOutput.line()
    let nodes = statistics.nodes == 1 ? "1 node" : "\(statistics.nodes) nodes"
    StandardOutput.line("\(nodes), depth \(statistics.depth)")
  }
}
