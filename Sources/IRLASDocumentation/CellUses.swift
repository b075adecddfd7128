import IRLASDSL
import IRLASGraph

/// Where cells are applied in a network, what goes in and comes out, what it costs.
struct CellUses {
  /// Uses of one cell that agree in everything.
  struct Use: Hashable {
    /// The network, or the program drawn from a space.
    let network: String
    /// The line of the entry file, from 1; nil for applications in other files.
    let line: Int?
    /// How the text names it: `Basic(32, stride: 2)`.
    let label: String
    /// The shapes that go in, in the order in which the cell reads them.
    let inputs: [Shape]
    /// The shapes that are read outside, in the order in which they are made.
    let outputs: [Shape]
    /// Learned numbers of one application.
    let parameters: Int
    /// Multiply-accumulates of one application.
    let macs: Int
  }

  /// The uses of a cell with how often each occurs, in the order of the networks.
  private(set) var uses: [String: [(use: Use, count: Int)]] = [:]
  private var places: [Use: Int] = [:]

  /// Adds the applications of one network.
  mutating func add(_ elaboration: Elaboration, as network: String, in program: Program) {
    let graph = elaboration.graph
    let totals = graph.statistics.scopes
    let boundaries = Self.boundaries(graph)
    for (index, scope) in graph.scopes.enumerated() {
      // What nothing reads is left out of the graph: its scope is empty.
      guard case .cell = scope.kind, totals[index].nodes > 0 else { continue }
      var line: Int?
      if let span = elaboration.sourceMap[scope], span.file == SourceID(0) {
        line = program.sources[span.file]?.location(at: Int(span.lower)).line
      }
      let use = Use(
        network: network, line: line, label: scope.label, inputs: boundaries[index].inputs,
        outputs: boundaries[index].outputs, parameters: totals[index].parameters, macs: totals[index].macs)
      let cell = String(scope.label.prefix { $0 != "(" })
      if let place = places[use] {
        uses[cell]?[place].count += 1
      } else {
        places[use] = uses[cell]?.count ?? 0
        uses[cell, default: []].append((use, 1))
      }
    }
  }

  /// The shapes that cross the border of each scope, by scope id.
  static func boundaries(_ graph: Graph) -> [(inputs: [Shape], outputs: [Shape])] {
    var result = graph.scopes.map { _ in (inputs: [Shape](), outputs: [Shape]()) }
    var depths = [Int](repeating: 0, count: graph.scopes.count)
    for (index, scope) in graph.scopes.enumerated() {
      if let parent = scope.parent { depths[index] = depths[parent.index] + 1 }
    }
    // A value enters or leaves a scope once, however often it is read there.
    struct Crossing: Hashable {
      let value: Int
      let scope: Int
    }
    var entered: Set<Crossing> = []
    var left: Set<Crossing> = []
    func cross(_ value: NodeID, into reader: ScopeID) {
      let shape = graph[value].shape
      var (from, to) = (graph[value].scope, reader)
      while from != to {
        if depths[from.index] >= depths[to.index] {
          if left.insert(Crossing(value: value.index, scope: from.index)).inserted {
            result[from.index].outputs.append(shape)
          }
          guard let parent = graph[from].parent else { return }
          from = parent
        } else {
          if entered.insert(Crossing(value: value.index, scope: to.index)).inserted {
            result[to.index].inputs.append(shape)
          }
          guard let parent = graph[to].parent else { return }
          to = parent
        }
      }
    }
    for id in graph.ids {
      for input in graph[id].inputs {
        switch graph[input].op {
        case .parameter, .state: continue
        default: cross(input, into: graph[id].scope)
        }
      }
    }
    for output in graph.outputs { cross(output.value, into: .root) }
    return result
  }
}

extension [Shape] {
  /// `[64, 8, 8]`, or `([64, 8, 8], [32, 4, 4])`; a dash where nothing crosses, as in a cell that passes its input on.
  var text: String {
    isEmpty ? "–" : count == 1 ? "\(self[0])" : "(" + map(\.description).joined(separator: ", ") + ")"
  }
}
