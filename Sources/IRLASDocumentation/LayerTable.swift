import IRLASDSL
import IRLASGraph

/// The layers of a network that learn or multiply, under the cells that they belong to. Copies of a repeat that agree in
/// everything are shown once.
struct LayerTable {
  /// What a row says.
  private enum Row {
    case cell(ScopeID, copies: Int)
    case layer(GraphStatistics.Layer, name: String)
  }

  private let graph: Graph
  private let statistics: GraphStatistics
  private var rows: [Row] = []
  /// How many layers stand in the table, those of copies left out.
  private(set) var layerCount = 0

  /// The table of a graph.
  init(_ graph: Graph) {
    self.graph = graph
    statistics = graph.statistics
    let copies = Self.copies(graph, statistics)
    var current = ScopeID.root
    for layer in statistics.layers where layer.parameters > 0 || layer.macs > 0 {
      let scope = graph[layer.node].scope
      // Innermost first: the scopes around the layer.
      var around: [ScopeID] = []
      var isShown = true
      var next: ScopeID? = scope
      while let id = next {
        around.append(id)
        if copies[id.index] == 0 { isShown = false }
        next = graph[id].parent
      }
      guard isShown else { continue }
      if scope != current {
        // The factor of a heading is that of all repeats around it.
        rows.append(.cell(scope, copies: around.reduce(1) { saturatingProduct($0, copies[$1.index]) }))
        current = scope
      }
      rows.append(.layer(layer, name: graph[layer.node].name))
      layerCount += 1
    }
  }

  /// By scope: how many copies of a repeat it stands for, itself included; 0 for those that an earlier one stands for.
  private static func copies(_ graph: Graph, _ statistics: GraphStatistics) -> [Int] {
    var signatures = [StableHash](repeating: StableHash(seed: 0), count: graph.scopes.count)
    for layer in statistics.layers {
      var next: ScopeID? = graph[layer.node].scope
      var names = StableHash(seed: 0)
      names.combine(graph[layer.node].name)
      names.combine(layer.summary)
      names.combine(layer.shape.description)
      names.combine(UInt64(layer.parameters))
      names.combine(UInt64(layer.macs))
      while let id = next {
        signatures[id.index].combine(names.value)
        names.combine(graph[id].label)
        next = graph[id].parent
      }
    }
    var counts = [Int](repeating: 1, count: graph.scopes.count)
    // The first copy of the present run of equal ones, by repetition.
    var first: [ScopeID: Int] = [:]
    for (index, scope) in graph.scopes.enumerated() {
      guard case .copy = scope.kind, let parent = scope.parent else { continue }
      if let earlier = first[parent], signatures[earlier].value == signatures[index].value {
        counts[earlier] += 1
        counts[index] = 0
      } else {
        first[parent] = index
      }
    }
    return counts
  }

  /// The table; the names of cells of the program are links.
  func markup(anchorOfCell: (String) -> String?) -> Markup {
    var cells: [[Markup]] = []
    for row in rows {
      switch row {
      case .layer(let layer, let name):
        cells.append([
          Markup(name), Markup(layer.summary), Markup(layer.shape.description),
          Markup(layer.parameters == 0 ? "" : grouped(layer.parameters)),
          Markup(layer.macs == 0 ? "" : grouped(layer.macs)),
        ])
      case .cell(let id, let copies):
        cells.append([heading(id, copies, anchorOfCell)])
      }
    }
    cells.append([
      Markup("in all"), .empty, .empty, Markup(grouped(statistics.parameters)),
      Markup(grouped(statistics.macs)),
    ])
    return .table(
      [("layer", false), ("op", false), ("output", false), ("parameters", true), ("MACs", true)], cells,
      ["class": "layers"])
  }

  private func heading(_ id: ScopeID, _ copies: Int, _ anchorOfCell: (String) -> String?) -> Markup {
    if id == .root { return Markup(graph.name) }
    var cell: ScopeID? = id
    while let current = cell {
      if case .cell = graph[current].kind { break }
      cell = graph[current].parent
    }
    var content = Markup.element("b", text: graph.path(of: id))
    if let cell {
      let label = graph[cell].label
      let name = String(label.prefix { $0 != "(" })
      let text = Markup(label)
      content += Markup(" ") + (anchorOfCell(name).map { .link(to: $0, text) } ?? text)
    }
    if copies > 1 { content += Markup(" ") + .element("span", ["class": "badge"], text: "× \(copies)") }
    return content
  }
}
