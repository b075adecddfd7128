import ArgumentParser
import IRLASDSL
import IRLASGraph
import IRLASSearch
import IRLASTraining

/// The block to look at: of a network its characteristic one, or a cell by name.
struct BlockOptions: ParsableArguments {
  @Argument(help: "The program (.irlas).", completion: .file(extensions: ["irlas"]))
  var file: String

  @Argument(help: "The network or cell; needed when the file has more than one network.")
  var name: String?

  @Option(help: ArgumentHelp("The cell, by its name, that is the block.", valueName: "name"))
  var cell: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Gives a parameter of the network another value.", valueName: "param=value"))
  var settings: [String] = []

  @Flag(help: "One line per message.")
  var short = false

  @Option(help: "Colour in messages: auto, always or never; auto follows the terminal and NO_COLOR.")
  var color = ColorChoice.auto

  /// Elaborates the network and takes its block out.
  func block() throws -> Block {
    try BlockChoice(file: file, name: name, cell: cell, settings: settings, short: short, color: color)
      .block()
  }
}

/// Which block of which network a command is about.
struct BlockChoice {
  var file: String
  var name: String?
  var cell: String?
  var settings: [String]
  var short: Bool
  var color = ColorChoice.auto
  /// Elaborates the network and takes its block out.
  func block() throws -> Block {
    let loaded = try LoadedProgram(file: file, format: short ? .short : .long, color: color)
    try loaded.messages.print(loaded.program.diagnostics)
    var name = self.name
    var cell = self.cell
    if cell == nil, let given = name, !isNetwork(given, loaded), loaded.program.cells.contains(given) {
      cell = given
      name = nil
    }
    let settings = try parsedSettings(settings)
    if let cell, name == nil, loaded.program.networks.count > 1 {
      // The first network that uses the cell.
      for network in loaded.program.networks {
        let known = settings.isEmpty ? try? loaded.elaborate(network, settings: []).graph : nil
        if let graph = known, let view = TopologyView(graph, cellNamed: cell) {
          return Block(graph: graph, view: view, cell: cell)
        }
      }
    }
    let graph = try loaded.elaborate(try loaded.networkName(name), settings: settings).graph
    guard let cell else { return Block(graph: graph, view: TopologyView(graph), cell: nil) }
    guard let view = TopologyView(graph, cellNamed: cell) else {
      throw CommandFailure.input("`\(graph.name)` uses no cell `\(cell)`\(Self.cells(of: graph))")
    }
    return Block(graph: graph, view: view, cell: cell)
  }

  private func isNetwork(_ name: String, _ loaded: LoadedProgram) -> Bool {
    loaded.program.networks.contains(name) || loaded.program.spaces.contains(name)
  }

  /// The names of the cells that a network uses, for a message.
  private static func cells(of graph: Graph) -> String {
    var names: [String] = []
    for scope in graph.scopes where scope.kind == .cell {
      let name = String(scope.label.prefix { $0 != "(" })
      if !names.contains(name) { names.append(name) }
    }
    return names.isEmpty ? "" : "; it uses " + names.map { "`\($0)`" }.joined(separator: ", ")
  }
}

/// A block and the network that it was found in.
struct Block {
  /// The network.
  var graph: Graph
  var view: TopologyView
  /// The cell that was asked for; nil for the network's characteristic block.
  var cell: String?
}
