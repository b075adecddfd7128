import IRLASGraph

/// Blocks that nobody designed.
package enum RandomBlocks {
  /// Rows drawn at random: 2 to `layers` of them, of any type, reading any earlier ones; half of the convolutions are
  /// dense, the others grouped, separable or depthwise.
  package static func rows(seed: UInt64, layers: Int = 8) -> NetworkStructureCode {
    var numbers = KeyedDraws(seed)
    let count = 2 + numbers.next(below: layers - 1)
    var rows: [NetworkStructureCode.Row] = []
    while rows.count < count {
      let first = numbers.next(below: rows.count + 1)
      let second = numbers.next(below: rows.count + 1)
      let kernel = numbers.next(below: 3)
      switch numbers.next(below: 6) {
      case 0:
        var row = NetworkStructureCode.Row(.convolution, kernel: [1, 3, 5][kernel], first)
        switch numbers.next(below: 6) {
        case 0...2: break
        case 3: row.connection = .groups([2, 4, 8, 16, 32][numbers.next(below: 5)])
        case 4: row.connection = .separable
        default: row.connection = .depthwise
        }
        rows.append(row)
      case 1: rows.append(.init(.maxPool, kernel: 3, first))
      case 2: rows.append(.init(.averagePool, kernel: 3, first))
      case 3: rows.append(.init(.identity, first))
      case 4 where first != second: rows.append(.init(.add, first, second))
      case 5 where first != second: rows.append(.init(.concat, first, second))
      default: continue
      }
    }
    do throws(NetworkStructureCode.Issue) {
      return try NetworkStructureCode(rows)
    } catch {
      preconditionFailure("drawn rows are sound: \(error)")
    }
  }

  /// The view of `rows(seed:layers:)` with 32 channels; nil where the widths do not fit the groups.
  package static func view(seed: UInt64, layers: Int = 8) -> TopologyView? {
    let code = rows(seed: seed, layers: layers)
    do throws(ShapeIssue) {
      let graph = try code.graph(
        name: "Block", input: .image(32, 8, 8), channels: 32, style: .plain, isFitting: true)
      return TopologyView(graph)
    } catch {
      return nil
    }
  }

  /// A random graph with the nodes, edges, operations and final operands of a given one: a Markov chain of changes that
  /// keep these. Nil where the chain has found only graphs that are excluded.
  package static func matched(_ view: TopologyView, seed: UInt64, excluding codes: Set<UInt64>)
    -> TopologyView?
  {
    var numbers = KeyedDraws(seed)
    var graph = MatchedGraph(view)
    for _ in 0..<20 {
      for _ in 0..<40 * (view.edgeCount + 1) { graph.change(&numbers) }
      let result = graph.view(arity: view.arity)
      if result.size == view.size, result.edgeCount == view.edgeCount, !codes.contains(result.code) {
        return result
      }
    }
    return nil
  }
}

/// A graph under random changes. Nodes are operations of a view; the last one's number of operands stays.
private struct MatchedGraph {
  private var items: [TopologyView.Node]
  private var operands: [[Int]]

  init(_ view: TopologyView) {
    items = view.nodes
    operands = view.nodes.map(\.predecessors)
  }

  private func readers(of node: Int) -> Int { operands.reduce(0) { $0 + ($1.contains(node) ? 1 : 0) } }

  /// Whether `b` is computed from `a`, or is it.
  private func reaches(_ a: Int, _ b: Int) -> Bool {
    var stack = [b]
    var seen = [Bool](repeating: false, count: items.count)
    while let node = stack.popLast() {
      if node == a { return true }
      for operand in operands[node] where !seen[operand] {
        seen[operand] = true
        stack.append(operand)
      }
    }
    return false
  }

  /// Tries one change; what is not possible changes nothing.
  mutating func change(_ numbers: inout KeyedDraws) {
    let count = items.count
    guard count > 3 else { return }
    let a = 1 + numbers.next(below: count - 1)
    let b = 1 + numbers.next(below: count - 1)
    switch numbers.next(below: 4) {
    case 0:
      // Two operations change places.
      guard a < count - 1, b < count - 1, items[a].kind.isMerge == items[b].kind.isMerge else { return }
      items.swapAt(a, b)
    case 1:
      // Two edges exchange their ends.
      guard a != b else { return }
      let i = numbers.next(below: operands[a].count)
      let j = numbers.next(below: operands[b].count)
      let (u, v) = (operands[a][i], operands[b][j])
      guard u != v, !operands[a].contains(v), !operands[b].contains(u) else { return }
      operands[a][i] = v
      operands[b][j] = u
      if reaches(a, v) || reaches(b, u) {
        operands[a][i] = u
        operands[b][j] = v
      }
    case 2:
      // An edge comes from another node.
      let i = numbers.next(below: operands[a].count)
      let u = operands[a][i]
      let v = numbers.next(below: count - 1)
      guard u != v, !operands[a].contains(v), readers(of: u) > 1 else { return }
      operands[a][i] = v
      if reaches(a, v) { operands[a][i] = u }
    default:
      // A merge gives an operand to another one; the sink's own operand, and what that joins, stay.
      let last = operands[count - 1].count == 1 ? operands[count - 1][0] : count - 1
      guard a != b, a < count - 1, b < count - 1, a != last, b != last, items[a].kind.isMerge,
        items[b].kind.isMerge, operands[a].count > 2
      else { return }
      let i = numbers.next(below: operands[a].count)
      let u = operands[a][i]
      guard !operands[b].contains(u), !reaches(b, u) else { return }
      operands[a].remove(at: i)
      operands[b].append(u)
    }
  }

  /// As a view; whatever could be joined stays apart.
  func view(arity: Int) -> TopologyView {
    var raw = RawBlock()
    for (node, item) in items.enumerated().dropFirst().dropLast() {
      var copy = RawBlock.Item(kind: item.kind, kernel: item.kernel)
      copy.groups = item.groups
      copy.inputs = operands[node].map { RawBlock.Edge(from: $0, gap: .nonlinear) }
      raw.items.append(copy)
    }
    raw.outputs = operands[items.count - 1].map { RawBlock.Edge(from: $0, gap: .nonlinear) }
    raw.arity = arity
    return TopologyLabelling.view(of: raw)
  }
}

extension TopologyView {
  /// The block with alike 1x1 convolutions of its input made one. A searched cell projects each of the two values it
  /// reads; where both are one value, one projection is enough, and two would tell the cell from others.
  package var sharingProjections: TopologyView {
    let projections = nodes.indices.filter {
      nodes[$0].kind == .convolution && nodes[$0].kernel == .one && nodes[$0].predecessors == [0]
    }
    var raw = RawBlock()
    for node in nodes.dropFirst().dropLast() {
      var copy = RawBlock.Item(kind: node.kind, kernel: node.kernel)
      copy.groups = node.groups
      copy.members = node.members
      copy.inputs = node.predecessors.map { operand in
        let shared = projections.first {
          projections.contains(operand) && nodes[$0].code == nodes[operand].code
        }
        return RawBlock.Edge(from: shared ?? operand, gap: .nonlinear)
      }
      raw.items.append(copy)
    }
    raw.outputs = nodes[nodes.count - 1].predecessors.map { RawBlock.Edge(from: $0, gap: .nonlinear) }
    raw.arity = 1
    raw.normalize()
    return TopologyLabelling.view(of: raw)
  }
}
