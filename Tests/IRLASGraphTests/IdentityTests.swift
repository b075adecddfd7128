import IRLASTestSupport
import Testing

@testable import IRLASGraph

@Suite struct IdentityTests {
  @Test func renamingAndReorderingKeepTheHashes() throws {
    for seed in 0..<120 as Range<UInt64> {
      let graph = RandomGraph.make(seed: seed, size: 25)
      var random = RandomSource(seed: seed + 1000)
      let other = graph.disguised(&random)
      #expect(other.verify() == [], "seed \(seed)")
      #expect(graph.programHash == other.programHash, "seed \(seed)")
      #expect(graph.topologyHash == other.topologyHash, "seed \(seed)")
      let (a, b) = (graph.canonicalized(), other.canonicalized())
      #expect(a.verify() == [], "seed \(seed)")
      #expect(a.skeleton == b.skeleton, "seed \(seed)")
      #expect(a.canonicalized() == a, "seed \(seed)")
      #expect(a.programHash == graph.programHash, "seed \(seed)")
    }
  }

  /// The hash of two small graphs is equal exactly when a search through all bijections finds an isomorphism.
  @Test(arguments: 0..<6 as Range<UInt64>)
  func hashAgreesWithBruteForce(seed: UInt64) throws {
    var random = RandomSource(seed: seed)
    var graphs: [Graph] = []
    for _ in 0..<70 { graphs.append(try Self.small(&random)) }
    graphs += graphs.prefix(10).map { $0.disguised(&random) }
    var equal = 0
    for (index, a) in graphs.enumerated() {
      for b in graphs[..<index] {
        let isSame = a.isIsomorphic(to: b)
        if index % 10 == 0 { #expect(isSame == IsomorphismSearch.areIsomorphic(a, b)) }
        if isSame { equal += 1 }
        #expect((a.programHash == b.programHash) == isSame, "seed \(seed)\n\(a.text)\n\(b.text)")
      }
    }
    #expect(equal >= 10)
  }

  /// Few ops of one shape, so that many graphs are almost alike.
  static func small(_ random: inout RandomSource) throws -> Graph {
    var builder = GraphBuilder(name: "S")
    let shape = Shape.image(2, 2, 2)
    var values: [NodeID] = []
    for index in 0..<random.pick(1...2) {
      values.append(try builder.add(.input(index: index), declared: shape))
    }
    for _ in 0..<random.pick(3...6) {
      switch random.pick(0...4) {
      case 0: values.append(try builder.add(.activation(.relu), [random.pick(values)]))
      case 1: values.append(try builder.add(.multiply, [random.pick(values), random.pick(values)]))
      case 2: values.append(try builder.add(.activation(.sigmoid), [random.pick(values)]))
      default: values.append(try builder.add(.add, [random.pick(values), random.pick(values)]))
      }
    }
    var isRead = [Bool](repeating: false, count: builder.nodes.count)
    for node in builder.nodes { for input in node.inputs { isRead[input.index] = true } }
    let ends = values.filter { !isRead[$0.index] }
    let end = ends.count > 1 ? try builder.add(.add, ends) : ends[0]
    return builder.finish(outputs: [Graph.Output(name: "y", value: end)])
  }

  /// A sum of `branches` equal branches, `blocks` times: the worst case of individualisation.
  static func branches(_ branches: Int, blocks: Int, width: Int = 4, concat: Bool = false) throws -> Graph {
    var builder = GraphBuilder(name: "B")
    var x = try builder.add(.input(index: 0), declared: .image(8, 4, 4))
    let point = Convolution(window: Window(kernelSize: .one))
    for _ in 0..<blocks {
      var ends: [NodeID] = []
      for _ in 0..<branches {
        let a = try builder.conv(x, out: width, point).result
        let b = try builder.add(.activation(.relu), [try builder.batchNorm(a).result])
        ends.append(try builder.conv(b, out: 8, point).result)
      }
      let joined = try builder.add(concat ? .concat(.channel) : .add, ends)
      x = concat ? try builder.conv(joined, out: 8, point).result : try builder.add(.add, [joined, x])
    }
    return builder.finish(outputs: [Graph.Output(name: "y", value: x)])
  }

  @Test(.timeLimit(.minutes(1))) func manyEqualBranchesStayCheap() throws {
    let graph = try Self.branches(32, blocks: 16)
    var random = RandomSource(seed: 5)
    #expect(graph.nodes.count > 4000)
    #expect(graph.programHash == graph.disguised(&random).programHash)
    let concat = try Self.branches(16, blocks: 4, concat: true)
    #expect(concat.topologyHash == concat.disguised(&random).topologyHash)
  }

  /// Branches that hold equal branches themselves; the sums make all of it symmetric.
  static func nested(_ outer: Int, _ inner: Int, odd: Bool = false) throws -> Graph {
    var builder = GraphBuilder(name: "B")
    let x = try builder.add(.input(index: 0), declared: .image(8, 4, 4))
    let point = Convolution(window: Window(kernelSize: .one))
    var ends: [NodeID] = []
    for branch in 0..<outer {
      let y = try builder.conv(x, out: 8, point).result
      var inners: [NodeID] = []
      for part in 0..<inner {
        let a = try builder.conv(y, out: 8, point).result
        let isOdd = odd && branch == 0 && part == 0
        inners.append(try builder.add(.activation(isOdd ? .sigmoid : .relu), [a]))
      }
      ends.append(try builder.add(.add, inners))
    }
    let y = try builder.add(.add, ends)
    return builder.finish(outputs: [Graph.Output(name: "y", value: y)])
  }

  @Test(arguments: [(3, 3), (6, 4), (2, 7), (16, 8)])
  func nestedSymmetryStaysCheapAndExact(outer: Int, inner: Int) throws {
    var random = RandomSource(seed: 9)
    for odd in [false, true] {
      let graph = try Self.nested(outer, inner, odd: odd)
      let hashes = (0..<4).map { _ in graph.disguised(&random).programHash }
      #expect(Set(hashes) == [graph.programHash])
    }
    #expect(try Self.nested(outer, inner).programHash != Self.nested(outer, inner, odd: true).programHash)
  }

  /// Cycles of sums: every value is read by two sums, each sum reads two neighbours. One ring of 2n and two rings
  /// of n look the same to refinement alone.
  static func rings(_ lengths: [Int]) throws -> Graph {
    var builder = GraphBuilder(name: "R")
    let x = try builder.add(.input(index: 0), declared: .image(8, 4, 4))
    let point = Convolution(window: Window(kernelSize: .one))
    var sums: [NodeID] = []
    for length in lengths {
      var values: [NodeID] = []
      for _ in 0..<length { values.append(try builder.conv(x, out: 8, point).result) }
      for index in 0..<length {
        sums.append(try builder.add(.add, [values[index], values[(index + 1) % length]]))
      }
    }
    var ends: [NodeID] = []
    for sum in sums { ends.append(try builder.add(.activation(.relu), [sum])) }
    let y = try builder.add(.add, ends)
    return builder.finish(outputs: [Graph.Output(name: "y", value: y)])
  }

  @Test func ringsAreToldApart() throws {
    var random = RandomSource(seed: 10)
    let graphs = [
      try Self.rings([12]), try Self.rings([6, 6]), try Self.rings([4, 8]), try Self.rings([4, 4, 4]),
      try Self.rings([3, 3, 3, 3]),
    ]
    #expect(Set(graphs.map(\.programHash)).count == graphs.count)
    for graph in graphs {
      let hashes = (0..<5).map { _ in graph.disguised(&random).programHash }
      #expect(Set(hashes) == [graph.programHash])
    }
  }

  @Test func sharingIsNotRepetition() throws {
    func network(shared: Bool) throws -> Graph {
      var builder = GraphBuilder(name: "N")
      let x = try builder.add(.input(index: 0), declared: .image(4, 4, 4))
      let point = Convolution(window: Window(kernelSize: .one))
      let (a, parameters) = try builder.conv(x, out: 4, point)
      let a2 = try builder.add(.activation(.relu), [a])
      let (b, _) = try builder.conv(a2, out: 4, point, sharing: shared ? parameters : nil)
      return builder.finish(outputs: [Graph.Output(name: "y", value: b)])
    }
    #expect(try network(shared: true).programHash != network(shared: false).programHash)
    #expect(try network(shared: true).topologyHash != network(shared: false).topologyHash)
  }

  /// One convolution used twice and two equal convolutions: a hash of operands alone confuses them.
  @Test func oneConvolutionTwiceIsNotTwo() throws {
    func network(twice: Bool) throws -> Graph {
      var builder = GraphBuilder(name: "N")
      let x = try builder.add(.input(index: 0), declared: .image(4, 4, 4))
      let point = Convolution(window: Window(kernelSize: .one))
      let a = try builder.conv(x, out: 4, point).result
      let b = twice ? a : try builder.conv(x, out: 4, point).result
      let y = try builder.add(.add, [a, b])
      return builder.finish(outputs: [Graph.Output(name: "y", value: y)])
    }
    #expect(try network(twice: true).programHash != network(twice: false).programHash)
    #expect(try network(twice: true).topologyHash != network(twice: false).topologyHash)
  }

  @Test func topologyIgnoresWidthsAndConcatOrder() throws {
    func network(width: Int, swapped: Bool) throws -> Graph {
      var builder = GraphBuilder(name: "N")
      let x = try builder.add(.input(index: 0), declared: .image(width, 6, 6))
      let a = try builder.conv(x, out: width, Convolution(window: Window(kernelSize: .one))).result
      let b = try builder.add(.activation(.relu), [x])
      let y = try builder.add(.concat(.channel), swapped ? [b, a] : [a, b])
      return builder.finish(outputs: [Graph.Output(name: "y", value: y)])
    }
    let graphs = [
      try network(width: 4, swapped: false), try network(width: 4, swapped: true),
      try network(width: 8, swapped: false),
    ]
    #expect(Set(graphs.map(\.programHash)).count == 3)
    #expect(Set(graphs.map(\.topologyHash)).count == 1)
  }

  /// Pinned values: the hashes must not change between runs, platforms and releases without notice.
  @Test func hashesAreStable() throws {
    let graph = try Self.branches(2, blocks: 1)
    #expect("\(graph.programHash)" == "1d3e4d32a7331c22")
    #expect("\(graph.topologyHash)" == "95c10226dfc9374d")
  }
}

extension Graph {
  /// The same program with other names, another order of independent nodes and of the operands of sums.
  func disguised(_ random: inout RandomSource) -> Graph {
    let consumers = consumers()
    var missing = nodes.map(\.inputs.count)
    var ready = ids.filter { missing[$0.index] == 0 }
    var places = [NodeID](repeating: NodeID(0), count: nodes.count)
    var shuffled: [Node] = []
    while !ready.isEmpty {
      let id = ready.remove(at: random.pick(0...(ready.count - 1)))
      places[id.index] = NodeID(shuffled.count)
      var node = self[id]
      node.inputs = node.inputs.map { places[$0.index] }
      if node.op == .add { node.inputs.shuffle(using: &random) }
      node.name = "n\(id.index)"
      node.scope = .root
      node.origin = Int32(random.pick(0...9))
      shuffled.append(node)
      for reader in consumers[id.index] {
        missing[reader.index] -= 1
        if missing[reader.index] == 0 { ready.append(reader) }
      }
    }
    return Graph(
      name: "Other", nodes: shuffled,
      scopes: [Scope(kind: .network, parent: nil, name: "O", label: "", origin: 0)],
      outputs: outputs.map {
        Output(name: "o\($0.name)", value: places[$0.value.index], isAuxiliary: $0.isAuxiliary)
      },
      updates: updates.map { Update(target: places[$0.target.index], value: places[$0.value.index]) }
        .shuffled(
          using: &random))
  }

  /// The graph without names, scopes and origins.
  var skeleton: Graph {
    Graph(
      name: "",
      nodes: nodes.map {
        Node(op: $0.op, inputs: $0.inputs, shape: $0.shape, scope: .root, name: "", origin: 0)
      },
      scopes: [], outputs: outputs.map { Output(name: "", value: $0.value, isAuxiliary: $0.isAuxiliary) },
      updates: updates)
  }

  /// Tries all bijections, node by node; the operands of sums may come in any order.
  func isIsomorphic(to other: Graph) -> Bool {
    guard nodes.count == other.nodes.count, outputs.count == other.outputs.count else { return false }
    var image = [Int](repeating: -1, count: nodes.count)
    var isUsed = [Bool](repeating: false, count: nodes.count)
    func extend(_ index: Int) -> Bool {
      if index == nodes.count {
        return zip(outputs, other.outputs).allSatisfy { image[$0.value.index] == $1.value.index }
      }
      let node = nodes[index]
      for candidate in other.nodes.indices where !isUsed[candidate] {
        let match = other.nodes[candidate]
        guard match.op == node.op, match.shape == node.shape else { continue }
        var mapped = node.inputs.map { image[$0.index] }
        var wanted = match.inputs.map(\.index)
        if node.op == .add {
          mapped.sort()
          wanted.sort()
        }
        guard mapped == wanted else { continue }
        image[index] = candidate
        isUsed[candidate] = true
        if extend(index + 1) { return true }
        isUsed[candidate] = false
      }
      return false
    }
    return extend(0)
  }
}
