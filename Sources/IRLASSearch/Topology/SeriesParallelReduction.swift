import IRLASGraph

/// The series-parallel tree of a block, as far as it has one (Valdes, Tarjan and Lawler, 1982): a node with one edge in
/// and one out makes one edge of the two, edges between the same nodes become one, until nothing more can be joined.
///
/// Every edge carries a hash of the tree below it. Hashes of series are polynomials, so that they do not depend on the
/// order in which a chain was joined; those of parallels are sums.
struct SeriesParallelReduction {
  /// Edges that could not be joined; 1 for a series-parallel block.
  private(set) var remaining = 0
  /// The largest number of isomorphic siblings below one parallel node; plain edges do not count.
  private(set) var multiplicity = 1
  /// Siblings, plain edges aside, of parallel nodes that have at least two of them.
  private(set) var siblings = 0
  /// Those of them that are isomorphic to another one.
  private(set) var alike = 0

  private struct Edge {
    var from: Int
    var to: Int
    /// The polynomial hash of what stands in series on the edge, and its base to the power of the length.
    var hash: UInt64 = 0
    var power: UInt64 = 1
    /// The hashes of the parallel edges that were joined into this one; none for a series.
    var branches: [UInt64] = []
    var isDead = false

    var code: UInt64 { StableHash.mix(hash, power) }
  }

  private static let base: UInt64 = 0x9E6C_63D0_876A_68DD
  private static let plain = Edge(from: 0, to: 0).code

  private var edges: [Edge] = []
  /// The edges into and out of each node, dead ones among them.
  private var incoming: [[Int]]
  private var outgoing: [[Int]]
  private var inDegree: [Int]
  private var outDegree: [Int]

  init(_ view: TopologyView) {
    let count = view.nodes.count
    incoming = [[Int]](repeating: [], count: count)
    outgoing = incoming
    inDegree = [Int](repeating: 0, count: count)
    outDegree = inDegree
    edges.reserveCapacity(2 * view.edgeCount)
    for (node, value) in view.nodes.enumerated() {
      for operand in value.predecessors { add(Edge(from: operand, to: node)) }
    }
    var work = (1..<max(1, count - 1)).reversed().filter { inDegree[$0] == 1 && outDegree[$0] == 1 }
    while let node = work.popLast() {
      guard inDegree[node] == 1, outDegree[node] == 1 else { continue }
      joinSeries(at: node, view.nodes[node], &work)
    }
    for index in edges.indices where !edges[index].isDead {
      remaining += 1
      close(index)
    }
  }

  private mutating func add(_ edge: Edge) {
    edges.append(edge)
    outgoing[edge.from].append(edges.count - 1)
    incoming[edge.to].append(edges.count - 1)
    outDegree[edge.from] += 1
    inDegree[edge.to] += 1
  }

  private mutating func remove(_ index: Int) {
    edges[index].isDead = true
    outDegree[edges[index].from] -= 1
    inDegree[edges[index].to] -= 1
  }

  private mutating func joinSeries(at node: Int, _ value: TopologyView.Node, _ work: inout [Int]) {
    guard let first = incoming[node].last(where: { !edges[$0].isDead }),
      let second = outgoing[node].last(where: { !edges[$0].isDead })
    else { return }
    close(first)
    close(second)
    var joined = Edge(from: edges[first].from, to: edges[second].to)
    joined.hash = edges[first].hash
    joined.power = edges[first].power
    Self.append(value.code, Self.base, to: &joined)
    Self.append(edges[second].hash, edges[second].power, to: &joined)
    remove(first)
    remove(second)
    // At most one live edge between two nodes, this one aside.
    let candidates =
      outgoing[joined.from].count < incoming[joined.to].count
      ? outgoing[joined.from] : incoming[joined.to]
    if let parallel = candidates.last(where: {
      !edges[$0].isDead && edges[$0].from == joined.from && edges[$0].to == joined.to
    }) {
      if edges[parallel].branches.isEmpty { edges[parallel].branches = [edges[parallel].code] }
      edges[parallel].branches.append(joined.code)
      if joined.to < inDegree.count - 1 { work.append(joined.to) }
      if joined.from > 0 { work.append(joined.from) }
    } else {
      add(joined)
    }
  }

  private static func append(_ hash: UInt64, _ power: UInt64, to edge: inout Edge) {
    edge.hash = edge.hash &* power &+ hash
    edge.power = edge.power &* power
  }

  /// Ends a bundle of parallel edges: no more can join it.
  private mutating func close(_ index: Int) {
    guard !edges[index].branches.isEmpty else { return }
    let branches = edges[index].branches.sorted()
    var sum: UInt64 = 0
    var run = 0
    var members = 0
    var likes = 0
    for (place, branch) in branches.enumerated() {
      sum &+= StableHash.mix(branch)
      guard branch != Self.plain else { continue }
      members += 1
      run = place > 0 && branches[place - 1] == branch ? run + 1 : 1
      if run > 1 { likes += run == 2 ? 2 : 1 }
      multiplicity = max(multiplicity, run)
    }
    if members > 1 {
      siblings += members
      alike += likes
    }
    edges[index].hash = StableHash.mix(sum, UInt64(branches.count))
    edges[index].power = Self.base
    edges[index].branches = []
  }
}

extension TopologyView.Node {
  /// A hash of what the node computes.
  var code: UInt64 {
    StableHash.mix(
      UInt64(kind.rawValue) << 32 ^ UInt64(truncatingIfNeeded: groups),
      UInt64(truncatingIfNeeded: kernel.height << 24 ^ kernel.width))
  }
}
