import IRLASGraph

/// Puts the nodes of a view into canonical order and counts its automorphisms.
///
/// Colours are refined by sweeps down and up the graph until they tell no more nodes apart. Where some are left alike,
/// one of them is singled out: those that an automorphism maps onto each other need one try together, of the others the
/// smallest certificate counts. |Aut| is the product of the orbits of what was singled out (orbit and stabiliser).
struct TopologyLabelling {
  private let kinds: [UInt64]
  /// For each node, in topological order, its predecessors.
  private let predecessors: [[Int]]
  private let count: Int
  /// How many more sweeps may be spent on telling alike nodes apart.
  private var budget: Int

  private struct Leaf {
    var colours: [UInt64]
    var certificate: [UInt64]
    var automorphisms: Double
  }

  /// The view of a normalised block.
  static func view(of raw: RawBlock) -> TopologyView {
    let order = topologicalOrder(raw)
    // The sink is the last node.
    let count = order.count + 1
    var place = [Int](repeating: -1, count: raw.items.count)
    for (index, item) in order.enumerated() { place[item] = index }
    var predecessors: [[Int]] = []
    predecessors.reserveCapacity(count)
    var kinds: [UInt64] = []
    kinds.reserveCapacity(count)
    for item in order {
      predecessors.append(distinct(raw.items[item].inputs, place))
      kinds.append(code(of: raw.items[item]))
    }
    predecessors.append(distinct(raw.outputs, place))
    kinds.append(StableHash.mix(UInt64(TopologyView.Kind.output.rawValue), 0))
    var labelling = TopologyLabelling(kinds: kinds, predecessors: predecessors)
    let leaf = labelling.run()
    return assemble(raw, order, predecessors, leaf)
  }

  private init(kinds: [UInt64], predecessors: [[Int]]) {
    self.kinds = kinds
    self.predecessors = predecessors
    count = kinds.count
    budget = kinds.count <= TopologyView.exactSize ? 4_000_000 / (kinds.count + 10) : 0
  }

  private static func distinct(_ edges: [RawBlock.Edge], _ place: [Int]) -> [Int] {
    var result: [Int] = []
    result.reserveCapacity(edges.count)
    for edge in edges where !result.contains(place[edge.from]) { result.append(place[edge.from]) }
    return result
  }

  private static func code(of item: RawBlock.Item) -> UInt64 {
    let kind = item.isDepthwise ? TopologyView.Kind.depthwise : item.kind
    let groups = item.isDepthwise ? 1 : item.groups
    let window = UInt64(truncatingIfNeeded: item.kernel.height << 24 ^ item.kernel.width)
    return StableHash.mix(UInt64(kind.rawValue) << 32 ^ UInt64(truncatingIfNeeded: groups), window)
  }

  /// The source, then every item behind those it reads.
  private static func topologicalOrder(_ raw: RawBlock) -> [Int] {
    var order: [Int] = [0]
    order.reserveCapacity(raw.items.count)
    var state = [UInt8](repeating: 0, count: raw.items.count)
    state[0] = 2
    var stack: [Int] = []
    for output in raw.outputs {
      stack.append(output.from)
      while let top = stack.last {
        if state[top] == 2 {
          stack.removeLast()
        } else if state[top] == 1 {
          state[top] = 2
          order.append(top)
          stack.removeLast()
        } else {
          state[top] = 1
          for edge in raw.items[top].inputs where state[edge.from] == 0 { stack.append(edge.from) }
        }
      }
    }
    return order
  }

  // MARK: Colours

  private func sum(_ nodes: [Int], _ colours: [UInt64]) -> UInt64 {
    var sum: UInt64 = 0
    for node in nodes { sum &+= StableHash.mix(colours[node] ^ 0x5851_F42D_4C95_7F2D) }
    return sum
  }

  /// Refines until no more nodes are told apart; returns the number of colours.
  private mutating func refine(_ colours: inout [UInt64]) -> Int {
    var known = 0
    var sums = [UInt64](repeating: 0, count: count)
    while true {
      budget -= 1
      for node in 0..<count where !predecessors[node].isEmpty {
        colours[node] = StableHash.mix(colours[node], sum(predecessors[node], colours))
      }
      for node in 0..<count { sums[node] = 0 }
      for node in stride(from: count - 1, through: 0, by: -1) {
        colours[node] = StableHash.mix(colours[node], sums[node])
        let share = StableHash.mix(colours[node] ^ 0x1405_7B7E_F767_814F)
        for predecessor in predecessors[node] { sums[predecessor] &+= share }
      }
      let sorted = colours.sorted()
      var distinct = 1
      for index in 1..<count where sorted[index] != sorted[index - 1] { distinct += 1 }
      if distinct == count || distinct == known { return distinct }
      known = distinct
    }
  }

  /// The nodes of the open colour that is smallest by value.
  private func openClass(_ colours: [UInt64]) -> [Int] {
    let order = (0..<count).sorted { colours[$0] != colours[$1] ? colours[$0] < colours[$1] : $0 < $1 }
    var start = 0
    while start < count {
      var end = start + 1
      while end < count, colours[order[end]] == colours[order[start]] { end += 1 }
      if end - start > 1 { return Array(order[start..<end]) }
      start = end
    }
    return []
  }

  private func singledOut(_ node: Int, _ colours: [UInt64], mark: UInt64 = 1) -> [UInt64] {
    var colours = colours
    colours[node] = StableHash.mix(colours[node], mark)
    return colours
  }

  // MARK: Search

  private mutating func run() -> Leaf {
    var colours = kinds
    guard count > 1 else { return Leaf(colours: colours, certificate: [], automorphisms: 0) }
    let distinct = refine(&colours)
    if distinct == count { return Leaf(colours: colours, certificate: [], automorphisms: 0) }
    return count <= TopologyView.exactSize ? explore(colours, depth: 0) : descend(colours)
  }

  /// The best leaf below refined colours.
  private mutating func explore(_ colours: [UInt64], depth: Int) -> Leaf {
    let members = openClass(colours)
    guard let first = members.first else {
      return Leaf(colours: colours, certificate: certificate(colours), automorphisms: 0)
    }
    var tried = singledOut(first, colours)
    _ = refine(&tried)
    var others: [[UInt64]] = []
    var orbit = 1
    for member in members.dropFirst() {
      guard budget > 0 else {
        orbit += 1
        continue
      }
      var attempt = singledOut(member, colours)
      _ = refine(&attempt)
      if areIsomorphic(tried, attempt) { orbit += 1 } else { others.append(attempt) }
    }
    var best = explore(tried, depth: depth + 1)
    best.automorphisms += stableLog(Double(orbit)) * log2e
    for attempt in others where budget > 0 {
      let leaf = explore(attempt, depth: depth + 1)
      if leaf.certificate.lexicographicallyPrecedes(best.certificate) {
        best.colours = leaf.colours
        best.certificate = leaf.certificate
      }
    }
    return best
  }

  /// Whether some automorphism of the graph maps the one colouring onto the other.
  private mutating func areIsomorphic(_ a: [UInt64], _ b: [UInt64]) -> Bool {
    guard a.sorted() == b.sorted() else { return false }
    let members = openClass(a)
    guard let first = members.first else { return certificate(a) == certificate(b) }
    guard budget > 0 else { return true }
    var next = singledOut(first, a)
    _ = refine(&next)
    for node in 0..<count where b[node] == a[first] {
      var attempt = singledOut(node, b)
      _ = refine(&attempt)
      if areIsomorphic(next, attempt) { return true }
      if budget <= 0 { return true }
    }
    return false
  }

  /// The edges by the ranks of the colours, which are all different.
  private func certificate(_ colours: [UInt64]) -> [UInt64] {
    var edges: [UInt64] = []
    for node in 0..<count {
      for predecessor in predecessors[node] {
        edges.append(StableHash.mix(colours[node], colours[predecessor]))
      }
    }
    return edges.sorted()
  }

  /// For large graphs: all nodes of a colour count as exchangeable and are singled out in their order.
  private mutating func descend(_ refined: [UInt64]) -> Leaf {
    var leaf = Leaf(colours: refined, certificate: [], automorphisms: 0)
    while true {
      let members = openClass(leaf.colours)
      if members.isEmpty { return leaf }
      for (index, member) in members.enumerated() {
        leaf.colours = singledOut(member, leaf.colours, mark: UInt64(index) + 1)
        leaf.automorphisms += stableLog(Double(index + 1)) * log2e
      }
      _ = refine(&leaf.colours)
    }
  }

  // MARK: Order

  /// The view, with its nodes in the order in which a walk from the sink leaves them: an operand stands right before
  /// its first reader where it can, longer branches before shorter ones. Colours decide between equal ones.
  private static func assemble(_ raw: RawBlock, _ topological: [Int], _ predecessors: [[Int]], _ leaf: Leaf)
    -> TopologyView
  {
    let count = predecessors.count
    var levels = [Int](repeating: 0, count: count)
    for node in 0..<count {
      for predecessor in predecessors[node] { levels[node] = max(levels[node], levels[predecessor] + 1) }
    }
    var places = [Int](repeating: -1, count: count)
    var order: [Int] = []
    order.reserveCapacity(count)
    var stack: [(node: Int, isOpen: Bool)] = [(count - 1, false)]
    if predecessors[count - 1].isEmpty {
      places[0] = 0
      order.append(0)
    }
    while let top = stack.popLast() {
      if places[top.node] >= 0 { continue }
      if top.isOpen {
        places[top.node] = order.count
        order.append(top.node)
        continue
      }
      stack.append((top.node, true))
      // The last one pushed is visited first.
      var operands = predecessors[top.node]
      if operands.count > 1 {
        operands.sort {
          levels[$0] != levels[$1] ? levels[$0] < levels[$1] : leaf.colours[$0] > leaf.colours[$1]
        }
      }
      for operand in operands where places[operand] < 0 { stack.append((operand, false)) }
    }
    var hash = StableHash(seed: 6)
    hash.combine(raw.arity)
    var nodes: [TopologyView.Node] = []
    nodes.reserveCapacity(count)
    for node in order {
      var reads = predecessors[node]
      for index in reads.indices { reads[index] = places[reads[index]] }
      reads.sort()
      if node == count - 1 {
        nodes.append(
          TopologyView.Node(
            kind: .output, kernel: Extent(0, 0), groups: 1, members: [], predecessors: reads))
        hash.combine(UInt64(TopologyView.Kind.output.rawValue))
      } else {
        let item = raw.items[topological[node]]
        nodes.append(
          TopologyView.Node(
            kind: item.isDepthwise ? .depthwise : item.kind, kernel: item.kernel,
            groups: item.isDepthwise ? 1 : item.groups, members: item.members.sorted(), predecessors: reads))
        hash.combine(code(of: item))
      }
      hash.combine(reads.count)
      for read in reads { hash.combine(read) }
    }
    return TopologyView(nodes: nodes, arity: raw.arity, automorphisms: leaf.automorphisms, code: hash.value)
  }
}

/// From natural to binary logarithms.
let log2e = 1.442695040888963407
