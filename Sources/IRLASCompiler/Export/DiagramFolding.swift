import IRLASGraph

/// Decides what of a graph a diagram shows: which cells are one box, which ops share a box, and which copies of a
/// `repeat` one drawing stands for.
struct DiagramFolding {
  let graph: Graph
  let statistics: GraphStatistics
  /// For each scope the outermost folded cell that it is or lies in.
  private(set) var foldedCell: [ScopeID?] = []
  /// All boxes, also those that another stands for.
  var boxes: [Diagram.Box] = []
  /// For each node its box; nil for parameters, state and hyper-parameters.
  private(set) var boxOfNode: [Int?] = []
  /// For each box the one that is drawn for it, itself or an earlier one.
  var drawnFor: [Int] = []
  /// What must agree for two boxes to be drawn as one.
  private(set) var keys: [String] = []
  /// For each scope that is a copy, the first copy of the run of equal copies that it belongs to, and the
  /// length of the run.
  var runs: [(first: ScopeID, count: Int)?] = []

  init(_ graph: Graph, depth: Int, collapse: [String], fusesChains: Bool) {
    self.graph = graph
    statistics = graph.statistics
    fold(depth: depth, collapse: collapse)
    makeBoxes(fusesChains: fusesChains)
    drawnFor = Array(boxes.indices)
    mergeCopies()
  }

  /// How many cells lie in one another at most.
  static func deepestLevel(of graph: Graph) -> Int {
    var levels: [Int] = []
    for scope in graph.scopes {
      let outer = scope.parent.map { levels[$0.index] } ?? 0
      levels.append(outer + (scope.kind == .cell ? 1 : 0))
    }
    return levels.max() ?? 0
  }

  /// The name of a cell without its arguments.
  static func cellName(_ scope: Scope) -> String { DiagramText.parts(ofLabel: scope.label).name }

  private mutating func fold(depth: Int, collapse: [String]) {
    var levels: [Int] = []
    for (index, scope) in graph.scopes.enumerated() {
      let isCell = scope.kind == .cell
      let level = (scope.parent.map { levels[$0.index] } ?? 0) + (isCell ? 1 : 0)
      levels.append(level)
      if let outer = scope.parent.flatMap({ foldedCell[$0.index] }) {
        foldedCell.append(outer)
      } else if isCell,
        level > depth || collapse.contains(where: { scope.isCell(named: $0) })
      {
        foldedCell.append(ScopeID(index))
      } else {
        foldedCell.append(nil)
      }
    }
  }

  // MARK: Boxes

  private mutating func makeBoxes(fusesChains: Bool) {
    boxOfNode = [Int?](repeating: nil, count: graph.nodes.count)
    var boxOfCell: [ScopeID: Int] = [:]
    var layers = statistics.layers.makeIterator()
    let consumers = graph.consumers()
    /// By box, whether the chain in it has its convolution or linear layer yet.
    var hasWeighted: [Int: Bool] = [:]
    for id in graph.ids {
      let node = graph[id]
      let layer = node.op.isSource ? nil : layers.next()
      switch node.op {
      case .parameter, .state, .hyperparameter: continue
      default: break
      }
      if let cell = foldedCell[node.scope.index] {
        if boxOfCell[cell] == nil {
          boxOfCell[cell] = boxes.count
          appendCell(cell)
        }
        boxOfNode[id.index] = boxOfCell[cell]
        continue
      }
      if fusesChains, let box = chain(for: id, consumers, hasWeighted) {
        extend(box, with: id, layer, hasWeighted: hasWeighted[box] ?? false)
        if node.op.isWeightedLayer { hasWeighted[box] = true }
        boxOfNode[id.index] = box
        continue
      }
      if node.op.isChainable { hasWeighted[boxes.count] = node.op.isWeightedLayer }
      boxOfNode[id.index] = boxes.count
      appendOp(id, layer)
    }
  }

  /// The box that a node can join: its operand's, when nothing else reads that operand and both belong to a
  /// sequence of one convolution or linear layer with norms and activations around it.
  private func chain(for id: NodeID, _ consumers: [[NodeID]], _ hasWeighted: [Int: Bool]) -> Int? {
    let node = graph[id]
    guard node.op.isChainable, let operand = node.inputs.first, graph[operand].scope == node.scope,
      graph[operand].op.isChainable, consumers[operand.index].count == 1,
      !graph.outputs.contains(where: { $0.value == operand }),
      let box = boxOfNode[operand.index], let weighted = hasWeighted[box]
    else { return nil }
    // A second activation in a row is the first op of what follows.
    if case (.activation, .activation) = (graph[operand].op, node.op) { return nil }
    return weighted && node.op.isWeightedLayer ? nil : box
  }

  private mutating func appendOp(_ id: NodeID, _ layer: GraphStatistics.Layer?) {
    let node = graph[id]
    let inputs = graph.inputShapes(of: id)
    let word = node.op.word(inputs: inputs)
    var box = Diagram.Box(
      form: .box, family: node.op.family, title: word, detail: "", scope: node.scope,
      path: graph.path(of: id),
      origin: node.origin)
    switch node.op {
    case .add: box.form = .sign("+")
    case .multiply: box.form = .sign("×")
    case .input, .labels:
      box.form = .terminal
      box.title = node.name
      box.detail = DiagramText.shape(node.shape)
    default: describe(&box, id, inputs)
    }
    box.parameters = layer?.parameters ?? 0
    box.macs = layer?.macs ?? 0
    box.shapesIn = Array(inputs.prefix(1))
    box.shapesOut = [node.shape]
    boxes.append(box)
    keys.append("\(word) \(node.op.kernelText)")
  }

  /// Title and small print: the kernel belongs to the title, all else to the detail.
  private func describe(_ box: inout Diagram.Box, _ id: NodeID, _ inputs: [Shape]) {
    let op = graph[id].op
    box.family = op.family
    let kernel = op.kernelText
    let word = op.word(inputs: inputs)
    box.title = kernel.isEmpty ? word : "\(word) \(kernel.replacing("x", with: "×"))"
    var detail = op.detail(inputs: inputs, result: graph[id].shape)
    if detail.hasPrefix(kernel) { detail = String(detail.dropFirst(kernel.count)) }
    box.detail = detail.split(separator: " ").joined(separator: " ").replacing("->", with: " → ")
  }

  private mutating func extend(
    _ box: Int, with id: NodeID, _ layer: GraphStatistics.Layer?, hasWeighted: Bool
  ) {
    let node = graph[id]
    let inputs = graph.inputShapes(of: id)
    let word = node.op.word(inputs: inputs)
    if node.op.isWeightedLayer {
      boxes[box].before.append(Diagram.Box.Small(word: boxes[box].title, family: boxes[box].family))
      boxes[box].before += boxes[box].after
      boxes[box].after = []
      describe(&boxes[box], id, inputs)
    } else {
      boxes[box].after.append(Diagram.Box.Small(word: word, family: node.op.family))
    }
    boxes[box].parameters = saturatingSum(boxes[box].parameters, layer?.parameters ?? 0)
    boxes[box].macs = saturatingSum(boxes[box].macs, layer?.macs ?? 0)
    boxes[box].shapesOut = [node.shape]
    keys[box] += "|\(word) \(node.op.kernelText)"
  }

  private mutating func appendCell(_ cell: ScopeID) {
    let scope = graph[cell]
    let (name, arguments) = DiagramText.parts(ofLabel: scope.label)
    let total = statistics.scopes[cell.index]
    boxes.append(
      Diagram.Box(
        form: .cell, family: .cell, title: name, detail: arguments, scope: scope.parent ?? .root,
        path: graph.path(of: cell), origin: scope.origin, parameters: total.parameters, macs: total.macs))
    keys.append("cell \(name)")
  }
}

extension Op {
  /// Whether the op may share a box with the one before or after it.
  fileprivate var isChainable: Bool {
    switch self {
    case .conv, .linear, .batchNorm, .activation: true
    default: false
    }
  }

  /// The window of a convolution or pool, which a title shows; empty for other ops.
  fileprivate var kernelText: String {
    switch self {
    case .conv(let convolution): "\(convolution.window.kernelSize)"
    case .maxPool(let pool), .averagePool(let pool): "\(pool.window.kernelSize)"
    default: ""
    }
  }
}

extension Scope {
  /// Whether `--collapse name` means this cell: its name in the program, or its place in the instance path.
  func isCell(named name: String) -> Bool {
    kind == .cell && (DiagramFolding.cellName(self) == name || self.name == name)
  }
}

extension Graph {
  /// The names of all cells that are instantiated, each once, in the order of the graph: what a diagram can fold.
  package var cellNames: [String] {
    var names: [String] = []
    for scope in scopes where scope.kind == .cell {
      let name = DiagramFolding.cellName(scope)
      if !names.contains(name) { names.append(name) }
    }
    return names
  }

  /// Whether some cell goes by this name.
  package func hasCell(named name: String) -> Bool { scopes.contains { $0.isCell(named: name) } }
}
