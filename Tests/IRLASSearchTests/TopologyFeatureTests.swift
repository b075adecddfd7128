import Foundation
import IRLASGraph
import Testing

@testable import IRLASSearch

@Suite struct TopologyFeatureTests {
  /// Random blocks as rows.
  static func randomView(_ seed: UInt64, layers: Int) -> TopologyView? {
    var numbers = KeyedNumbers(seed)
    var rows: [NetworkStructureCode.Row] = []
    for index in 1...layers {
      let a = numbers.next(below: index)
      let b = numbers.next(below: index)
      switch numbers.next(below: 5) {
      case 0: rows.append(.init(.convolution, kernel: 3, a))
      case 1: rows.append(.init(.convolution, kernel: [1, 5][numbers.next(below: 2)], a))
      case 2: rows.append(.init(.maxPool, kernel: 3, a))
      case 3 where a != b: rows.append(.init(.add, a, b))
      case 4 where a != b: rows.append(.init(.concat, a, b))
      default: rows.append(.init(.convolution, kernel: 3, a))
      }
    }
    guard let code = try? NetworkStructureCode(rows) else { return nil }
    let graph = try? code.graph(
      name: "Block", input: .image(4, 4, 4), channels: 4, style: .plain, isFitting: true)
    return graph.map { TopologyView($0) }
  }

  static let views = (0..<300).compactMap { randomView(UInt64($0), layers: 3 + $0 % 6) }

  private func value(_ name: String, _ view: TopologyView) throws -> Double {
    TopologyFeatures(view).values[try #require(TopologyFeatures.index(of: name))]
  }

  @Test func theTableHasOneRowForEachValue() throws {
    #expect(Set(TopologyFeatures.table.map(\.name)).count == TopologyFeatures.table.count)
    for view in Self.views {
      let values = TopologyFeatures(view).values
      #expect(values.count == TopologyFeatures.table.count)
      #expect(values.allSatisfy { $0 >= 0 && $0 <= 1 })
    }
    for group in TopologyFeatures.Group.allCases {
      #expect(TopologyFeatures.table[TopologyFeatures.range(of: group)].allSatisfy { $0.group == group })
    }
    // Every feature tells some blocks apart.
    let drawn =
      try Self.views + (0..<500).compactMap { RandomBlocks.view(seed: $0) }
      + BlockPrograms.published().map { TopologyView($0) }
    let rows = drawn.map { TopologyFeatures($0).values }
    for (index, feature) in TopologyFeatures.table.enumerated() {
      #expect(Set(rows.map { $0[index] }).count > 1, "\(feature.name) is constant")
    }
  }

  /// |Aut| by trying all permutations.
  @Test func automorphismsAreCounted() {
    var symmetric = 0
    for view in Self.views where view.size <= 7 {
      var count = 0
      var image = [Int](repeating: -1, count: view.nodes.count)
      var isUsed = [Bool](repeating: false, count: view.nodes.count)
      func extend(_ node: Int) {
        guard node < view.nodes.count else {
          count += 1
          return
        }
        let predecessors = Set(view.nodes[node].predecessors.map { image[$0] })
        for candidate in view.nodes.indices where !isUsed[candidate] {
          guard view.nodes[candidate].code == view.nodes[node].code,
            Set(view.nodes[candidate].predecessors) == predecessors
          else { continue }
          image[node] = candidate
          isUsed[candidate] = true
          extend(node + 1)
          isUsed[candidate] = false
        }
      }
      extend(0)
      #expect(abs(view.automorphisms - log2(Double(count))) < 1e-12, "\(view)")
      if count > 1 { symmetric += 1 }
    }
    #expect(symmetric > 5)
  }

  /// The width by trying all sets of operations.
  @Test func widthsAreAntichains() {
    for view in Self.views where view.size <= 10 {
      let structure = BlockStructure(view)
      let operations = view.nodes.indices.filter { view.nodes[$0].kind.isOperation }
      var best = 0
      for set in 0..<(1 << operations.count) {
        let chosen = operations.indices.filter { set >> $0 & 1 == 1 }.map { operations[$0] }
        let isAntichain = chosen.allSatisfy { a in
          chosen.allSatisfy { b in !structure.isAncestor(a, of: b, in: view) }
        }
        if isAntichain { best = max(best, chosen.count) }
      }
      #expect(structure.width(of: view) == best, "\(view)")
    }
  }

  /// Paths by walking all of them.
  @Test func pathsAreCounted() {
    for view in Self.views {
      var lengths: [Int] = []
      var stack = [(node: view.nodes.count - 1, length: 0)]
      while let (node, length) = stack.popLast() {
        let here = length + (view.nodes[node].kind.isOperation ? 1 : 0)
        if node == 0 { lengths.append(here) }
        for operand in view.nodes[node].predecessors { stack.append((operand, here)) }
      }
      let paths = PathStatistics(view)
      let mean = Double(lengths.reduce(0, +)) / Double(lengths.count)
      let square = Double(lengths.reduce(0) { $0 + $1 * $1 }) / Double(lengths.count)
      #expect(abs(paths.bits - log2(Double(lengths.count))) < 1e-9)
      #expect(abs(paths.mean - mean) < 1e-9 && abs(paths.variance - (square - mean * mean)) < 1e-9)
      #expect(paths.longest == lengths.max())
      for length in 0..<5 {
        let share = lengths.filter { length < 4 ? $0 == length : $0 >= 4 }.count
        #expect(abs(paths.lengths[length] - Double(share) / Double(lengths.count)) < 1e-9)
      }
    }
  }

  /// Blocks whose quantities are known.
  static let known: [(expression: String, feature: String, expected: Double)] = [
    // A chain.
    ("x -> conv(1x1, 64) -> conv(3x3, 64)", "cardinality", 0.0),
    ("x -> conv(1x1, 64) -> conv(3x3, 64)", "crossing", 0),
    ("x -> conv(1x1, 64) -> conv(3x3, 64)", "cycles", 0),
    // Branches that are no chains, alike: each a residual connection of its own.
    (
      """
      grow ys[4] = x -> conv(3x3, 64) -> relu
      bs = each y in ys { y + (y -> conv(5x5, 64) -> relu) -> relu }
      bs -> add
      """, "cardinality", 2.0 / 5
    ),
    ("x -> conv(3x3, 64, groups: 32)", "cardinality", 1),
    ("x -> dwconv(3x3)", "cardinality", 1),
    ("(x -> conv(3x3, 64)) + x", "sums.residual", 1),
    ("(x -> conv(3x3, 64)) + (x -> max_pool(3x3))", "sums.residual", 0),
    ("(x -> conv(3x3, 64), x) -> concat", "concats.dense", 1),
    ("(x -> conv(3x3, 64), x -> conv(5x5, 64), x -> max_pool(3x3)) -> concat", "width_share", 1),
    ("(x -> conv(3x3, 64), x -> conv(5x5, 64), x -> max_pool(3x3)) -> concat", "homogeneity", 0),
    ("(x -> max_pool(3x3), x -> max_pool(3x3)) -> concat", "symmetry", 1.0 / 3),
  ]

  @Test(arguments: known)
  func knownBlocks(expression: String, feature: String, expected: Double) throws {
    var lines = expression.split(separator: "\n").map(String.init)
    let last = lines.removeLast()
    let view = TopologyView(try BlockPrograms.graph((lines + ["return \(last)"]).joined(separator: "\n")))
    let value = try value(feature, view)
    #expect(abs(value - expected) < 1e-12, "\(feature) of \(expression) is \(value)\n\(view)")
  }

  /// The smallest graph that is not series-parallel: the bridge.
  @Test func theBridgeIsNoSeriesParallelGraph() throws {
    let view = TopologyView(
      try BlockPrograms.graph(
        """
          a = x -> conv(3x3, 64) -> relu
          b = x -> conv(5x5, 64) -> relu
          c = a + b -> relu -> conv(1x1, 64) -> relu
          return a + c -> relu
        """))
    let bridge = TopologyView(
      try BlockPrograms.graph(
        """
          a = x -> conv(3x3, 64) -> relu
          b = (x -> conv(5x5, 64) -> relu) + a -> relu -> conv(1x1, 64) -> relu
          return b + (a -> max_pool(3x3) -> relu) + (x -> conv(7x7, 64) -> relu) -> relu
        """))
    // Only the two chains of one operation each are joined.
    #expect(abs(try value("crossing", view) * Double(view.edgeCount) - 6) < 1e-9, "\(view)")
    #expect(try value("crossing", bridge) > 0, "\(bridge)")
  }

  @Test func stepsAverageToTheBlock() {
    for view in Self.views {
      let codes = StepFeatures.codes(view)
      #expect(codes.count == view.size + 1)
      let values = TopologyFeatures(view).values
      for column in 0..<StepFeatures.count - 1 {
        let mean = codes.dropLast().reduce(0) { $0 + $1[column] } / Double(max(1, view.size))
        #expect(abs(mean - values[column]) < 1e-9)
      }
      #expect(codes.last?.last == values[StepFeatures.count - 1])
    }
  }

  /// The table of docs/method.md is made from the one that the code uses.
  @Test func theManualListsTheFeatures() throws {
    let page = BlockPrograms.samples.deletingLastPathComponent().appending(path: "docs/method.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    let from = try #require(text.range(of: "<!-- features -->\n"))
    let to = try #require(
      text.range(of: "\n<!-- end of features -->", range: from.upperBound..<text.endIndex))
    #expect(text[from.upperBound..<to.lowerBound] == TopologyFeatures.manualTable)
  }

  // MARK: Rows

  @Test func rowsOfAViewMakeItAgain() throws {
    for view in Self.views {
      let code = try NetworkStructureCode(view)
      #expect(try NetworkStructureCode(parsing: code.description) == code)
      let graph = try code.graph(
        name: "Block", input: .image(4, 4, 4), channels: 4, style: .plain, isFitting: true)
      #expect(TopologyView(graph) == view, "\(code)\n\(view)")
    }
  }

  @Test func connectionsAreRows() throws {
    let text = "(1,1,1,0,0) (2,1,3,1,0,8) (3,1,5,2,0,sep) (4,1,3,3,0,dw) (5,5,0,0,4) (6,7,0,0,0)"
    let code = try NetworkStructureCode(parsing: text)
    #expect(code.description == text)
    let graph = try code.graph(name: "Block", input: .image(32, 8, 8), channels: 32, style: .plain)
    let view = TopologyView(graph)
    #expect(
      view.nodes.map(\.kind) == [.input, .convolution, .convolution, .separable, .depthwise, .add, .output])
    #expect(try NetworkStructureCode(view) == code)
  }

  @Test(arguments: [
    ("x -> conv(7x7, 64)", "a convolution with a 7x7 window is no row"),
    ("x -> global_avg_pool", "no row for the average pool over all places"),
    ("x -> global_avg_pool -> linear(4)", "no row"),
    ("x -> avg_pool(2x2)", "2x2 window"),
  ])
  func whatIsNoRowIsNamed(expression: String, message: String) throws {
    let view = TopologyView(try BlockPrograms.graph("  return \(expression)"))
    let error = #expect(throws: NetworkStructureCode.Inexpressible.self) { try NetworkStructureCode(view) }
    #expect(error.map { $0.description.contains(message) } == true, "\(String(describing: error))")
  }
}
