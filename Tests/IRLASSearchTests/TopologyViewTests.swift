import IRLASDSL
import IRLASGraph
import Testing

@testable import IRLASSearch

@Suite struct TopologyViewTests {
  /// Xie et al., CVPR 2017, figure 3: branches that are summed, branches that are concatenated, groups.
  static let forms: [String] = [
    """
      grow bs[8] = x -> conv(1x1, 4) -> bn -> relu -> conv(3x3, 4) -> bn -> relu -> conv(1x1, 64) -> bn
      return (bs -> add) + x -> relu
    """,
    """
      grow bs[8] = x -> conv(1x1, 4) -> bn -> relu -> conv(3x3, 4) -> bn -> relu
      return (bs -> concat -> conv(1x1, 64) -> bn) + x -> relu
    """,
    """
      h = x -> conv(1x1, 32) -> bn -> relu -> conv(3x3, 32, groups: 8) -> bn -> relu -> conv(1x1, 64) -> bn
      return h + x -> relu
    """,
  ]

  @Test func theThreeFormsOfResNeXtAreOne() throws {
    let views = try Self.forms.map { TopologyView(try BlockPrograms.graph($0)) }
    #expect(
      views[2].description == """
        0 input
        1 convolution 1x1 <- 0
        2 convolution 3x3 / 8 <- 1
        3 convolution 1x1 <- 2
        4 add <- 0 3
        5 output <- 4
        """)
    for view in views {
      #expect(view == views[2], "\(view)")
      #expect(TopologyFeatures(view) == TopologyFeatures(views[2]))
    }
    // All that was merged is still a member.
    #expect(views[0].nodes[2].members.count > 8 * views[2].nodes[2].members.count / 2)
  }

  /// Pairs of bodies with one view: how a cell is written makes no difference.
  @Test(arguments: [
    ("x -> conv(3x3, 64) -> bn -> relu", "x -> relu_conv_bn(3x3, 64)"),
    ("x -> relu -> conv(3x3, 64)", "x -> relu_conv_bn(3x3, 64)"),
    ("x -> dwconv(5x5) -> conv(1x1, 64) -> bn", "x -> sep_conv(5x5, 64)"),
    ("x -> dil_conv(5x5, 64)", "x -> sep_conv(5x5, 64)"),
    ("(x -> conv(3x3, 32)) + (x -> fit)", "(x -> conv(3x3, 64)) + x"),
    (
      "(x -> conv(3x3, 32, stride: 2) -> bn) + (x -> conv(1x1, 32, stride: 2) -> bn)",
      "(x -> conv(3x3, 64)) + x"
    ),
    ("x -> identity -> max_pool(1x1) -> conv(3x3, 64) -> dropout(0.5)", "x -> conv(3x3, 8)"),
    ("(x -> conv(3x3, 64)) + (x -> zero) + x", "(x -> conv(3x3, 64)) + x"),
    ("x + (x -> conv(3x3, 64)) + (x -> conv(5x5, 64))", "(x -> conv(5x5, 64)) + ((x -> conv(3x3, 64)) + x)"),
    (
      "((x -> conv(3x3, 64), x) -> concat, x -> conv(5x5, 64)) -> concat",
      "(x, x -> conv(5x5, 64), x -> conv(3x3, 8)) -> concat"
    ),
    ("(x -> conv(3x3, 32), x -> conv(3x3, 32)) -> concat", "x -> conv(3x3, 64)"),
    ("(x -> conv(3x3, 32), x -> conv(3x3, 16)) -> concat", "x -> conv(3x3, 64)"),
    ("(x -> split(4) -> each v { v -> conv(3x3, 16) }) -> concat", "x -> conv(3x3, 64, groups: 4)"),
    ("x -> shuffle(groups: 4) -> conv(3x3, 64)", "x -> conv(3x3, 64)"),
  ])
  func spellings(a: String, b: String) throws {
    let first = TopologyView(try BlockPrograms.graph(Self.body(a)))
    let second = TopologyView(try BlockPrograms.graph(Self.body(b)))
    #expect(first == second, "\(a):\n\(first)\n\(b):\n\(second)")
    #expect(first.code == second.code)
  }

  private static func body(_ expression: String) -> String {
    // `each` needs a list with a name.
    guard expression.contains("each v") else { return "  return \(expression)" }
    return "  xs = x -> split(4)\n  return each v in xs { v -> conv(3x3, 16) } -> concat"
  }

  /// Pairs of bodies with different views.
  @Test(arguments: [
    ("x -> conv(3x3, 64)", "x -> conv(5x5, 64)"),
    ("x -> conv(3x3, 64)", "x -> conv(3x3, 64, groups: 2)"),
    ("x -> conv(3x3, 64)", "x -> dwconv(3x3)"),
    ("x -> conv(3x3, 64) -> conv(3x3, 64)", "x -> conv(3x3, 64)"),
    ("(x -> conv(3x3, 64)) + x", "(x -> conv(3x3, 64), x) -> concat"),
    ("(x -> relu -> conv(1x1, 64) -> bn) + x", "x"),
    ("(x -> conv(3x3, 64) -> relu) + (x -> conv(3x3, 64) -> relu)", "x -> conv(3x3, 64)"),
    ("x -> dwconv(3x3) -> bn -> relu -> conv(1x1, 64)", "x -> sep_conv(3x3, 64)"),
    ("x -> max_pool(3x3)", "x -> avg_pool(3x3)"),
  ])
  func differences(a: String, b: String) throws {
    let first = TopologyView(try BlockPrograms.graph(Self.body(a)))
    let second = TopologyView(try BlockPrograms.graph(Self.body(b)))
    #expect(first != second, "\(a) and \(b):\n\(first)")
    #expect(first.code != second.code)
  }

  /// The cell that makes the network what it is.
  @Test(arguments: [
    ("published/resnext29.irlas", "ResNeXt29", "Bottleneck"),
    ("published/resnet_basic.irlas", "ResNet34", "Basic"),
    ("published/googlenet.irlas", "GoogLeNet", "Inception"),
    ("published/inception_v3.irlas", "InceptionV3", "B"),
    ("published/efficientnet.irlas", "EfficientNetB0", "MBConv"),
    ("published/nasnet_a.irlas", "NASNetAMobile", "Normal"),
    ("published/xception.irlas", "Xception", "Middle"),
    ("published/irlas_mobile.irlas", "IRLASMobile", "Block"),
    ("published/densenet.irlas", "DenseNet121", "Dense"),
    ("published/squeezenet.irlas", "SqueezeNet11", "Fire"),
  ])
  func characteristicCells(file: String, network: String, cell: String) throws {
    let graph = try #require(try BlockPrograms.load(file).elaborate(network: network).elaboration?.graph)
    let named = try #require(TopologyView(graph, cellNamed: cell))
    #expect(TopologyView(graph).code == named.code)
    #expect(TopologyView(graph, cellNamed: "Nothing") == nil)
  }

  @Test func thePublishedBlockIsTheOneInItsRows() throws {
    let rows = try NetworkStructureCode(parsing: NetworkStructureCodeTests.published)
    let block = try rows.graph(name: "Block", input: .image(8, 8, 8), channels: 8, style: .separable)
    let network = try #require(
      try BlockPrograms.load("published/irlas_mobile.irlas").elaborate(network: "IRLASMobile").elaboration)
    #expect(TopologyView(block) == TopologyView(network.graph))
  }

  /// The order of nodes, their names and the order of the operands of sums and concatenations.
  @Test(arguments: [
    ("nsc.irlas", "Net", [("layers", "7")]), ("irlas.irlas", "Mobile", []), ("nb101.irlas", "NB101", []),
    ("darts.irlas", "DARTS", [("n", "1")]),
  ])
  func drawnBlocksAreInvariant(file: String, space: String, settings: [(String, String)]) throws {
    let known = settings.filter { $0.0 != "layers" }
    for (seed, graph) in try BlockPrograms.drawn(file, space, settings: known, count: 12).enumerated() {
      try expectInvariant(graph, seed: UInt64(seed))
    }
  }

  @Test func publishedNetworksAreInvariant() throws {
    for (seed, graph) in try BlockPrograms.published().enumerated() {
      try expectInvariant(graph, seed: UInt64(seed))
    }
  }

  private func expectInvariant(_ graph: Graph, seed: UInt64) throws {
    let view = TopologyView(graph)
    let other = TopologyView(try graph.renumbered(seed: seed))
    #expect(view == other, "\(graph.name), seed \(seed)\n\(view)\n\(other)")
    #expect(TopologyFeatures(view) == TopologyFeatures(other), "\(graph.name), seed \(seed)")
    let whole = TopologyView(graph, cell: .root)
    guard whole.nodes.count <= TopologyView.exactSize else { return }
    #expect(whole == TopologyView(try graph.renumbered(seed: seed &+ 99), cell: .root), "\(graph.name)")
  }

  /// Sources come first, sinks last, and every node reads what stands before it; no two edges are the same.
  @Test func viewsAreWellFormed() throws {
    for graph in try BlockPrograms.published() {
      for view in [TopologyView(graph), TopologyView(graph, cell: .root)] {
        #expect(view.nodes.first?.kind == .input && view.nodes.last?.kind == .output)
        for (index, node) in view.nodes.enumerated() {
          #expect(node.predecessors.allSatisfy { $0 < index })
          #expect(Set(node.predecessors).count == node.predecessors.count)
          #expect(index == 0 || !node.predecessors.isEmpty)
          #expect(!node.kind.isMerge || node.predecessors.count > 1)
        }
      }
    }
  }

  /// Two thousand operations, many of them alike, in a moment.
  @Test func largeNetworksTakeNoTime() throws {
    var builder = GraphBuilder(name: "Large")
    var layer = [try builder.add(.input(index: 0), declared: .image(4, 4, 4))]
    for _ in 0..<40 {
      let sum = layer.count == 1 ? layer[0] : try builder.add(.add, layer)
      layer = try (0..<50).map { _ in
        let value = try builder.add(.activation(.relu), [sum])
        return try builder.add(
          .activation(.relu),
          [try builder.conv(value, out: 4, Convolution(window: Window(kernelSize: .one))).result])
      }
    }
    let joined = try builder.add(.concat(.channel), layer)
    let graph = builder.finish(outputs: [Graph.Output(name: "output", value: joined)])
    let clock = ContinuousClock()
    let time = clock.measure {
      let view = TopologyView(graph)
      #expect(view.size > 1900)
      let features = TopologyFeatures(view)
      #expect(features.values.allSatisfy { $0.isFinite && $0 >= 0 && $0 <= 1 })
    }
    #expect(time < .seconds(20))
  }
}
