import IRLASGraph

/// Gives a graph without cells the scopes that a person would see: parts between places where one value carries
/// everything become cells where they occur again, and like parts after one another become repetitions.
struct RecoveredScopes {
  /// A run of computed nodes after which only the last one's value is read on.
  private struct Piece {
    var nodes: Range<Int>
    /// Equal for pieces that differ at most in numbers: instances of one cell.
    var key: String
    /// Equal for pieces that do not differ at all: copies of a repetition.
    var text: String
  }

  /// The longest run of pieces that is looked for as a repeated whole.
  private static let longestPeriod = 16

  private let graph: Graph
  /// The computed nodes, each one's operands right before its first reader.
  private let order: [NodeID]
  /// How many of them the first output needs; what others branch off from it does not keep parts from being cells.
  private let mainCount: Int
  private var pieces: [Piece] = []

  /// The same graph with scopes; nil where nothing occurs twice.
  static func graph(_ graph: Graph) -> Graph? {
    var recovery = RecoveredScopes(graph)
    recovery.findPieces()
    return recovery.rebuilt()
  }

  private init(_ graph: Graph) {
    self.graph = graph
    (order, mainCount) = Self.depthFirst(graph)
  }

  /// The computed nodes in the order in which a walk from the outputs leaves them, and how many the first one needs.
  private static func depthFirst(_ graph: Graph) -> ([NodeID], Int) {
    var order: [NodeID] = []
    let zeros = graph.writtenZeros
    var mainCount: Int?
    var isPlaced = [Bool](repeating: false, count: graph.nodes.count)
    for output in graph.outputs {
      var stack: [(id: NodeID, next: Int)] = [(output.value, 0)]
      while let (id, next) = stack.last {
        if !isPlaced[id.index], next < graph[id].inputs.count {
          stack[stack.count - 1].next += 1
          let input = graph[id].inputs[next]
          if !isPlaced[input.index] { stack.append((input, 0)) }
          continue
        }
        stack.removeLast()
        if !isPlaced[id.index] {
          isPlaced[id.index] = true
          if RaisingScopes.isStep(id, of: graph, zeros: zeros) { order.append(id) }
        }
      }
      if mainCount == nil { mainCount = order.count }
    }
    return (order, mainCount ?? 0)
  }

  // MARK: Pieces

  private mutating func findPieces() {
    var places = [Int](repeating: -1, count: graph.nodes.count)
    for (place, id) in order.enumerated() { places[id.index] = place }
    var lastUse = [Int](repeating: -1, count: graph.nodes.count)
    for (place, id) in order.enumerated() {
      for input in graph[id].inputs {
        let isBranch = place >= mainCount && places[input.index] < mainCount && places[input.index] >= 0
        if !isBranch { lastUse[input.index] = place }
      }
    }
    var expiring = [Int](repeating: 0, count: order.count)
    var alive = 0
    for id in graph.ids where lastUse[id.index] >= 0 {
      let isInput = if case .input = graph[id].op { true } else { false }
      guard isInput || places[id.index] >= 0 else { continue }
      expiring[lastUse[id.index]] += 1
      if isInput { alive += 1 }
    }
    var start = 0
    for (place, id) in order.enumerated() {
      let isRead = lastUse[id.index] > place
      alive += lastUse[id.index] >= 0 ? 1 : 0
      alive -= expiring[place]
      if alive == 0 || (alive == 1 && isRead) || place + 1 == mainCount {
        pieces.append(piece(start..<place + 1))
        start = place + 1
      }
    }
    if start < order.count { pieces.append(piece(start..<order.count)) }
  }

  private func piece(_ range: Range<Int>) -> Piece {
    var local: [NodeID: Int] = [:]
    var piece = Piece(nodes: range, key: "", text: "")
    for place in range {
      let id = order[place]
      var (kind, text) = (graph[id].op.text, graph[id].op.text)
      if let step = try? graph.raisedStep(id) {
        kind = step.kind
        if case .layer(let layer) = step.action { text = layer.text }
      }
      var operands = ""
      for input in graph[id].inputs where !graph[input].op.isSource || isInput(input) {
        if local[input] == nil { local[input] = local.count }
        operands += " \(local[input] ?? 0)"
      }
      if local[id] == nil { local[id] = local.count }
      piece.key += ";\(kind)\(operands)"
      piece.text += ";\(text)\(operands)"
    }
    return piece
  }

  private func isInput(_ id: NodeID) -> Bool { if case .input = graph[id].op { true } else { false } }

  // MARK: Repetitions

  /// The best repetition that starts at a piece: its period and number of copies.
  private func repetition(at start: Int) -> (period: Int, count: Int)? {
    var best: (period: Int, count: Int)?
    var covered = 0
    for period in 1...Self.longestPeriod where start + 2 * period <= pieces.count {
      var count = 1
      while start + (count + 1) * period <= pieces.count,
        (0..<period).allSatisfy({ pieces[start + $0].text == pieces[start + count * period + $0].text })
      {
        count += 1
      }
      guard count > 1 else { continue }
      let nodes = pieces[start + count * period - 1].nodes.upperBound - pieces[start].nodes.lowerBound
      // Two single layers are no repetition, and a longer period has to cover more.
      if nodes / count < 2, count < 3 { continue }
      if nodes > covered {
        best = (period, count)
        covered = nodes
      }
    }
    return best
  }

  // MARK: Rebuilding

  private func rebuilt() -> Graph? {
    var occurrences: [String: Int] = [:]
    for piece in pieces { occurrences[piece.key, default: 0] += 1 }
    var builder = GraphBuilder(name: graph.name)
    var places: [NodeID: NodeID] = [:]
    var hasScopes = false

    func add(_ id: NodeID) -> Bool {
      for input in graph[id].inputs where places[input] == nil { if !add(leaf: input) { return false } }
      return add(leaf: id)
    }
    func add(leaf id: NodeID) -> Bool {
      let node = graph[id]
      let inputs = node.inputs.compactMap { places[$0] }
      guard inputs.count == node.inputs.count,
        let place = try? builder.add(
          node.op, inputs, declared: node.shape, name: isInput(id) ? node.name : nil)
      else { return false }
      places[id] = place
      return true
    }
    func add(_ piece: Piece) -> Bool {
      let isCell = piece.nodes.count > 1 && occurrences[piece.key, default: 0] > 1
      if isCell {
        hasScopes = true
        builder.openScope(.cell, name: "Block", label: "Block")
      }
      for place in piece.nodes where !add(order[place]) { return false }
      if isCell { builder.closeScope() }
      return true
    }

    let inputs = graph.ids.filter(isInput)
    for input in inputs where !add(leaf: input) { return nil }
    var index = 0
    while index < pieces.count {
      guard let (period, count) = repetition(at: index) else {
        guard add(pieces[index]) else { return nil }
        index += 1
        continue
      }
      hasScopes = true
      builder.openScope(.repetition(count: count), name: "repeat", label: "repeat \(count)")
      for copy in 0..<count {
        builder.openScope(.copy(index: copy), name: "\(copy)", label: "copy")
        for piece in 0..<period where !add(pieces[index + copy * period + piece]) { return nil }
        builder.closeScope()
      }
      builder.closeScope()
      index += period * count
    }
    guard hasScopes else { return nil }
    var outputs: [Graph.Output] = []
    for output in graph.outputs {
      guard let value = places[output.value] else { return nil }
      outputs.append(Graph.Output(name: output.name, value: value, isAuxiliary: output.isAuxiliary))
    }
    return builder.finish(outputs: outputs)
  }
}
