import IRLASGraph

/// One part of a scope as the comparison sees it: a layer, or a scope of its own.
struct ComparedItem {
  /// What it is.
  enum Content {
    case layer(NodeID, RaisedLayer)
    case cell(ScopeID)
    case repetition(ScopeID, count: Int)
  }

  let content: Content
  /// How the text names it: `conv(3x3, 64)`, `Block(64, stride: 2)`, `repeat 3 Block(64)`.
  let text: String
  /// What is compared first: the layer's word, the cell's name.
  let word: String
  /// A hash of the text of everything inside.
  let fingerprint: UInt64

  /// What replacing this item by another costs, where adding or removing one costs 100.
  func distance(to other: ComparedItem) -> Int {
    if fingerprint == other.fingerprint { return 0 }
    switch (content, other.content) {
    case (.layer, .layer): return word == other.word ? 40 : 150
    case (.cell, .cell), (.repetition, .repetition): return word == other.word ? 30 : 120
    case (.cell, .repetition), (.repetition, .cell): return word == other.word ? 60 : 160
    default: return 190
    }
  }
}

/// The parts of all kept scopes of one graph.
struct ComparedScopes {
  let graph: Graph
  let scopes: RaisingScopes
  private(set) var items: [[ComparedItem]]

  init(_ graph: Graph, keepsScopes: Bool) {
    self.graph = graph
    scopes = RaisingScopes(graph, keepsScopes: keepsScopes)
    items = [[ComparedItem]](repeating: [], count: graph.scopes.count)
    for index in graph.scopes.indices.reversed() where scopes.isKept[index] {
      items[index] = scopes.items[index].compactMap { item($0) }
    }
  }

  /// Whether a scope is std's `fit`, whose insides follow from the shapes around it.
  func isFit(_ scope: ScopeID) -> Bool { scopes.baseName(scope) == "fit" && graph[scope].kind == .cell }

  /// The layer that a node is, as text would apply it.
  private func layer(_ id: NodeID) -> RaisedLayer {
    let node = graph[id]
    if let step = try? graph.raisedStep(id), case .layer(let layer) = step.action { return layer }
    let arguments = node.op.attributes.map { RaisedArgument($0.name, .text("\($0.value)")) }
    return RaisedLayer(callee: .layer(node.op.mnemonic), arguments: arguments)
  }

  private func item(_ part: RaisingScopes.Item) -> ComparedItem? {
    switch part {
    case .node(let id):
      let layer = layer(id)
      return ComparedItem(
        content: .layer(id, layer), text: layer.text, word: graph[id].op.mnemonic,
        fingerprint: Self.hash(layer.text, []))
    case .scope(let scope):
      let inside = items[scope.index]
      switch graph[scope].kind {
      case .cell:
        if isFit(scope) {
          return ComparedItem(
            content: .cell(scope), text: "fit", word: "fit", fingerprint: Self.hash("fit", []))
        }
        let name = scopes.baseName(scope)
        return ComparedItem(
          content: .cell(scope), text: graph[scope].label, word: name,
          fingerprint: Self.hash(graph[scope].label, inside))
      case .repetition(let count):
        // What is repeated: the only cell of the first copy, or its layers.
        let copy = scopes.items[scope.index].lazy.compactMap {
          if case .scope(let copy) = $0 { copy } else { nil }
        }.first { _ in true }
        let parts = copy.map { items[$0.index] } ?? []
        let what = parts.count == 1 ? parts[0].text : "(\(parts.map(\.text).joined(separator: " -> ")))"
        let word = parts.count == 1 ? parts[0].word : "repeat"
        return ComparedItem(
          content: .repetition(scope, count: count), text: "repeat \(count) \(what)", word: word,
          fingerprint: Self.hash("repeat \(count)", inside))
      case .copy:
        return ComparedItem(
          content: .cell(scope), text: graph[scope].label, word: "copy",
          fingerprint: Self.hash("copy", inside))
      case .network: return nil
      }
    }
  }

  private static func hash(_ text: String, _ items: [ComparedItem]) -> UInt64 {
    var hash = StableHash(seed: 6)
    hash.combine(text)
    for item in items { hash.combine(item.fingerprint) }
    return hash.value
  }
}

extension RaisedLayer {
  /// The layer as the language writes it, without what need not be written.
  var text: String {
    guard case .layer(let word) = callee else { return "" }
    var mustLabel = false
    var parts: [String] = []
    for argument in arguments {
      if argument.fallback == argument.value {
        mustLabel = true
      } else {
        let isNamed = argument.isLabelled || mustLabel
        parts.append(isNamed ? "\(argument.role): \(argument.value.text)" : argument.value.text)
      }
    }
    return parts.isEmpty ? word : "\(word)(\(parts.joined(separator: ", ")))"
  }
}
