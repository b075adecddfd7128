import IRLASTestSupport
import Testing

@testable import IRLASGraph

/// The hashes on graphs that are hard to tell apart: an independent search for an isomorphism must agree, both ways.
@Suite struct SymmetricGraphTests {
  /// A network that is as symmetric as an undirected graph: a convolution for each vertex, a sum for each edge.
  static func network(vertices: Int, edges: [(Int, Int)]) throws -> Graph {
    var builder = GraphBuilder(name: "U")
    let x = try builder.add(.input(index: 0), declared: .image(4, 2, 2))
    let point = Convolution(window: Window(kernelSize: .one))
    var values: [NodeID] = []
    for _ in 0..<vertices { values.append(try builder.conv(x, out: 4, point).result) }
    var ends: [NodeID] = []
    for (a, b) in edges {
      ends.append(try builder.add(.activation(.relu), [try builder.add(.add, [values[a], values[b]])]))
    }
    let y = try builder.add(.add, ends)
    return builder.finish(outputs: [Graph.Output(name: "y", value: y)])
  }

  /// The edges of the graph on `0 ..< count` whose neighbours a rule gives.
  static func edges(_ count: Int, _ areJoined: (Int, Int) -> Bool) -> [(Int, Int)] {
    (0..<count).flatMap { a in (a + 1..<max(a + 1, count)).filter { areJoined(a, $0) }.map { (a, $0) } }
  }

  /// Rook's moves on a 4x4 board: strongly regular with parameters (16, 6, 2, 2).
  static let rook = edges(16) { $0 / 4 == $1 / 4 || $0 % 4 == $1 % 4 }

  /// Shrikhande's graph (1959): the other one with these parameters, on the torus Z4 x Z4.
  static let shrikhande = edges(16) { a, b in
    let step = ((b / 4 - a / 4 + 4) % 4, (b % 4 - a % 4 + 4) % 4)
    return [[0, 1], [0, 3], [1, 0], [3, 0], [1, 1], [3, 3]].contains([step.0, step.1])
  }

  /// Paley's graph on 13 vertices: the differences that are squares.
  static let paley = edges(13) { [1, 3, 4, 9, 10, 12].contains(($1 - $0 + 13) % 13) }

  static let petersen =
    (0..<5).map { ($0, ($0 + 1) % 5) } + (0..<5).map { ($0, $0 + 5) }
    + (0..<5).map { (5 + $0, 5 + ($0 + 2) % 5) }

  @Test func stronglyRegularGraphsAreToldApart() throws {
    let rook = try Self.network(vertices: 16, edges: Self.rook)
    let shrikhande = try Self.network(vertices: 16, edges: Self.shrikhande)
    #expect(Self.rook.count == 48)
    #expect(Self.shrikhande.count == 48)
    #expect(rook.programHash != shrikhande.programHash)
    #expect(rook.topologyHash != shrikhande.topologyHash)
    #expect(!IsomorphismSearch.areIsomorphic(rook, shrikhande))
  }

  @Test(arguments: [(16, rook), (13, paley), (10, petersen)])
  func theHashIgnoresNumbering(vertices: Int, edges: [(Int, Int)]) throws {
    let graph = try Self.network(vertices: vertices, edges: edges)
    var random = RandomSource(seed: UInt64(edges.count))
    let other = graph.disguised(&random)
    #expect(other.programHash == graph.programHash)
    #expect(other.canonicalized().skeleton == graph.canonicalized().skeleton)
    if vertices < 16 { #expect(IsomorphismSearch.areIsomorphic(graph, other)) }
  }

  /// Random graphs in which every vertex has three neighbours: refinement alone tells none of them apart.
  @Test(arguments: 0..<4 as Range<UInt64>)
  func cubicGraphsAgreeWithTheSearch(seed: UInt64) throws {
    var random = RandomSource(seed: seed)
    var graphs: [Graph] = []
    while graphs.count < 8 {
      // A random pairing of three half-edges at each of eight vertices, drawn again until it is simple.
      var ends = (0..<24).map { $0 / 3 }
      ends.shuffle(using: &random)
      let pairs = stride(from: 0, to: 24, by: 2).map {
        (min(ends[$0], ends[$0 + 1]), max(ends[$0], ends[$0 + 1]))
      }
      guard pairs.allSatisfy({ $0.0 != $0.1 }), Set(pairs.map { $0.0 * 8 + $0.1 }).count == 12 else {
        continue
      }
      graphs.append(try Self.network(vertices: 8, edges: pairs))
    }
    var same = 0
    for (index, a) in graphs.enumerated() {
      for b in graphs[..<index] {
        let areSame = IsomorphismSearch.areIsomorphic(a, b)
        same += areSame ? 1 : 0
        #expect((a.programHash == b.programHash) == areSame, "seed \(seed)")
      }
    }
    // Five graphs of this kind are connected, so that both cases occur.
    #expect(same < 28)
  }

  /// Random graphs with every op: the same one disguised, and the same one with one operand exchanged.
  @Test func randomGraphsAgreeWithTheSearch() throws {
    var different = 0
    for seed in 0..<60 as Range<UInt64> {
      let graph = RandomGraph.make(seed: seed, size: 20)
      var random = RandomSource(seed: seed)
      let other = graph.disguised(&random)
      #expect(IsomorphismSearch.areIsomorphic(graph, other), "seed \(seed)")
      guard let changed = graph.withOneOperandExchanged(&random) else { continue }
      let areSame = IsomorphismSearch.areIsomorphic(graph, changed)
      different += areSame ? 0 : 1
      #expect((graph.programHash == changed.programHash) == areSame, "seed \(seed)")
    }
    #expect(different > 20)
  }

  /// Eight layers of eight values, each a function of all values of the layer before: every layer can be permuted
  /// by itself, which is 8! to the eighth power.
  @Test(.timeLimit(.minutes(1))) func fullyConnectedLayersStayCheap() throws {
    var builder = GraphBuilder(name: "F")
    let x = try builder.add(.input(index: 0), declared: .image(4, 4, 4))
    let point = Convolution(window: Window(kernelSize: .one))
    var values = [x, x]
    for _ in 0..<8 {
      var next: [NodeID] = []
      for _ in 0..<8 { next.append(try builder.conv(try builder.add(.add, values), out: 4, point).result) }
      values = next
    }
    let y = try builder.add(.add, values)
    let graph = builder.finish(outputs: [Graph.Output(name: "y", value: y)])
    var random = RandomSource(seed: 3)
    #expect(graph.programHash == graph.disguised(&random).programHash)
  }
}

extension Graph {
  /// The same graph with one operand replaced by another value of its shape; nil where there is none.
  fileprivate func withOneOperandExchanged(_ random: inout RandomSource) -> Graph? {
    for _ in 0..<50 {
      let id = random.pick(ids.filter { !self[$0].inputs.isEmpty })
      let slot = random.pick(0...(self[id].inputs.count - 1))
      let old = self[id].inputs[slot]
      let others = ids.filter { $0 < id && $0 != old && self[$0].shape == self[old].shape }
      guard !others.isEmpty else { continue }
      var nodes = nodes
      nodes[id.index].inputs[slot] = random.pick(others)
      let graph = Graph(name: name, nodes: nodes, scopes: scopes, outputs: outputs, updates: updates)
      if graph.verify().isEmpty { return graph }
    }
    return nil
  }
}
