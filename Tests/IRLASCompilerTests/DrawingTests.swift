import IRLASGraph
import IRLASTestSupport
import Testing

@testable import IRLASCompiler

@Suite struct DrawingTests {
  static func diagram(_ graph: Graph, depth: Int?, collapse: [String] = [], fuses: Bool? = nil) -> Diagram {
    Diagram(graph, options: DiagramOptions(depth: depth, collapse: collapse, fusesChains: fuses))
  }

  /// Title, detail and badge of every drawn box.
  static func summary(_ diagram: Diagram) -> [String] {
    diagram.boxes.compactMap { box in
      guard let box else { return nil }
      let smalls = (box.before + box.after).map { "+\($0.word)" }.joined()
      return "\(box.title)\(smalls) \(box.detail)\(box.badge > 1 ? " × \(box.badge)" : "")"
    }
  }

  @Test func foldedRepeatsAreDrawnOnce() throws {
    let diagram = Self.diagram(try SampleNetworks.resNeXt(), depth: 0)
    #expect(
      Self.summary(diagram) == [
        "image 3×32×32", "conv 3×3+bn+relu 3 → 64",
        "Bottleneck 256, width: 512, groups: 8, stride: 1 × 3",
        "Bottleneck 512, width: 1024, groups: 8, stride: 2 then 1 × 3",
        "Bottleneck 1024, width: 2048, groups: 8, stride: 2 then 1 × 3", "global_avg_pool ",
        "linear 1024 → 10",
        "output 10",
      ])
    #expect(diagram.frames.isEmpty)
    #expect(
      diagram.arrows.map { DiagramText.shape($0.shape) } == [
        "3×32×32", "64×32×32", "256×32×32", "512×16×16", "1024×8×8", "1024", "10",
      ])
  }

  /// Whatever is folded, drawn once or fused, the boxes together cost what the graph costs.
  @Test func boxesAddUpToTheGraph() throws {
    var graphs = [
      try SampleNetworks.resNeXt(copies: 4), try SampleNetworks.twoInputCells(),
      try SampleNetworks.deep(blocks: 8),
    ]
    graphs += (0..<40 as Range<UInt64>).map { RandomGraph.make(seed: $0, size: 40) }
    for (index, graph) in graphs.enumerated() {
      for depth in 0...3 {
        for fuses in [false, true] {
          let diagram = Self.diagram(graph, depth: depth, fuses: fuses)
          let statistics = graph.statistics
          #expect(diagram.boxes.reduce(0) { $0 + ($1?.macs ?? 0) } == statistics.macs, "graph \(index)")
          #expect(
            diagram.boxes.reduce(0) { $0 + ($1?.parameters ?? 0) } == statistics.parameters, "graph \(index)")
          let framed = diagram.frames.flatMap(\.boxes) + diagram.freeBoxes
          #expect(
            framed.sorted() == diagram.boxes.indices.filter { diagram.boxes[$0] != nil }, "graph \(index)")
          for arrow in diagram.arrows {
            #expect(
              diagram.boxes[arrow.from] != nil && diagram.boxes[arrow.to] != nil && arrow.from != arrow.to)
          }
        }
      }
    }
  }

  /// At full depth, without fusing, in a graph without repeats every node is a box and every edge an arrow.
  @Test func fullDepthShowsEveryOp() throws {
    let graph = try SampleNetworks.deep(blocks: 8)
    let diagram = Self.diagram(graph, depth: 9)
    #expect(diagram.boxCount == graph.computeNodeCount + 2)
    let edges = graph.nodes.reduce(0) { total, node in
      total
        + node.inputs.filter {
          if case .parameter = graph[$0].op {
            false
          } else if case .state = graph[$0].op {
            false
          } else {
            true
          }
        }.count
    }
    #expect(diagram.arrows.count == edges + 1)
    #expect(diagram.frames.count == graph.scopes.count - 1)
  }

  @Test func copiesThatDifferAreDrawnApart() throws {
    let diagram = Self.diagram(try SampleNetworks.resNeXt(), depth: 1)
    // The first copy of each stage projects its shortcut, the others do not.
    #expect(diagram.frames.filter { $0.title == "Bottleneck" }.map(\.badge) == [1, 2, 1, 2, 1, 2])
  }

  @Test func cellsWithTwoInputsGetBoth() throws {
    let diagram = Self.diagram(try SampleNetworks.twoInputCells(), depth: 0)
    let titles = diagram.boxes.map { $0?.title ?? "" }
    let reduction = try #require(titles.firstIndex(of: "Reduction"))
    #expect(diagram.arrows.filter { $0.to == reduction }.count == 2)
    #expect(diagram.boxes.compactMap { $0?.badge }.filter { $0 > 1 } == [6, 6, 6])
  }

  @Test func cellsFoldByName() throws {
    let graph = try SampleNetworks.twoInputCells()
    let diagram = Self.diagram(graph, depth: 9, collapse: ["sep_conv"])
    let titles = Set(diagram.boxes.compactMap { $0?.title })
    #expect(titles.contains("sep_conv") && titles.contains("conv 1×1"))
    #expect(!titles.contains("dwconv 3×3"))
  }

  @Test func defaultDepthStaysReadable() throws {
    let graphs = [
      try SampleNetworks.deep(blocks: 80), try SampleNetworks.resNeXt(copies: 40),
      try SampleNetworks.twoInputCells(),
    ]
    for graph in graphs {
      #expect(graph.computeNodeCount > 1000)
      #expect(Self.diagram(graph, depth: nil).boxCount <= Diagram.readableBoxCount)
    }
    #expect(Self.diagram(try SampleNetworks.resNeXt(), depth: nil).frames.count > 6)
  }

  /// A box stands out as much as the strongest of its nodes, also where it is drawn for others.
  @Test func highlightsGoToTheBoxes() throws {
    let graph = try SampleNetworks.resNeXt()
    let nodes = graph.ids.filter { if case .conv = graph[$0].op { true } else { false } }
    var options = DiagramOptions(depth: 9, highlights: [.init(node: nodes[1], strength: 0.25)])
    options.highlights += [.init(node: nodes[1], strength: -0.5), .init(node: nodes[2], strength: 7)]
    let diagram = Diagram(graph, options: options)
    #expect(diagram.boxes.compactMap { $0?.highlight }.filter { $0 != 0 } == [-0.5, 1])
    let text = dot(graph, options: options)
    #expect(text.contains("color=\"#b91c1c\", penwidth=\"4.0\""))
    #expect(text.contains("color=\"#15803d\", penwidth=\"6.0\""))
    // A folded cell shows what is in it; a drawing without highlights has none of these colours.
    options.depth = 0
    #expect(Diagram(graph, options: options).boxes.compactMap { $0?.highlight }.filter { $0 != 0 } == [1])
    #expect(!dot(graph).contains("#15803d") && !dot(graph).contains("#b91c1c"))
    // All copies of a block are drawn once: what is said of one is seen.
    let last = try #require(nodes.last)
    let folded = Diagram(
      graph, options: DiagramOptions(depth: 0, highlights: [.init(node: last, strength: 1)]))
    #expect(folded.boxes.contains { $0?.highlight == 1 && $0?.badge == 3 })
  }

  @Test func svgIsTheSameEveryTimeAndNamesNoVersion() throws {
    let graph = try SampleNetworks.twoInputCells()
    let options = DiagramOptions(
      depth: 1, theme: .dark, link: { DiagramOptions.Link(url: "net.irlas#L\($0)", text: "net.irlas:\($0)") })
    let bytes = try render(graph, options: options, as: .svg)
    #expect(try render(graph, options: options, as: .svg) == bytes)
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.hasPrefix("<?xml") && text.hasSuffix("</svg>\n"))
    #expect(!text.contains("<!--") && !text.lowercased().contains("graphviz"))
    #expect(text.contains("xlink:href=\"net.irlas#L2\""))
    #expect(text.contains("multiply"))
    // The frames come in the order of the program; Graphviz left alone orders them by addresses.
    let frames = text.ranges(of: "id=\"frame").map { text[$0.upperBound...].prefix { $0 != "\"" } }.compactMap
    { Int($0) }
    #expect(frames == Array(0..<frames.count) && frames.count > 5)
  }

  @Test(arguments: [
    (DiagramFormat.png, [0x89, 0x50, 0x4E, 0x47]), (.pdf, [0x25, 0x50, 0x44, 0x46]), (.svg, [0x3C, 0x3F]),
  ])
  func formatsBeginAsTheyShould(format: DiagramFormat, magic: [UInt8]) throws {
    let graph = try SampleNetworks.resNeXt()
    let bytes = try render(graph, as: format)
    #expect(bytes.starts(with: magic))
    #expect(try render(graph, as: format) == bytes)
  }

  /// Names with every awkward character, from graphs with every op, in both themes.
  @Test func anyGraphCanBeDrawn() throws {
    for seed in 0..<25 as Range<UInt64> {
      let graph = RandomGraph.make(seed: seed, size: 30)
      let options = DiagramOptions(depth: Int(seed % 4), theme: seed % 2 == 0 ? .light : .dark)
      let svg = String(decoding: try render(graph, options: options, as: .svg), as: UTF8.self)
      #expect(svg.contains("</svg>"), "seed \(seed)")
    }
    var builder = GraphBuilder(name: "a \"b\" <c> & \\N \\G \u{1}")
    builder.openScope(.cell, name: "x<y>", label: "x<y>(\"&\\l\", -->)")
    let image = try builder.add(.input(index: 0), declared: .image(1, 2, 2), name: "<i>\\n]]>")
    let y = try builder.add(.activation(.relu), [image])
    let graph = builder.finish(outputs: [Graph.Output(name: "</svg>", value: y)])
    for depth in 0...1 {
      let svg = String(
        decoding: try render(graph, options: DiagramOptions(depth: depth), as: .svg), as: UTF8.self)
      #expect(svg.ranges(of: "</svg>").count == 1)
      #expect(svg.contains("a &quot;b&quot; &lt;c&gt; &amp;"))
    }
  }

  @Test(.timeLimit(.minutes(1))) func thousandNodesOpenedFinish() throws {
    let graph = try SampleNetworks.deep(blocks: 80)
    #expect(graph.computeNodeCount > 1000)
    let svg = try render(graph, options: DiagramOptions(depth: 9), as: .svg)
    #expect(svg.count > 500_000)
  }

  /// Every layer reads all earlier ones: few boxes, many long arrows, which is what layout is slow at.
  @Test(.timeLimit(.minutes(1))) func denseConnectionsFinish() throws {
    var builder = GraphBuilder(name: "Dense")
    var x = try builder.add(.input(index: 0), declared: .image(4, 8, 8))
    let point = Convolution(window: Window(kernelSize: .one))
    for _ in 0..<3 {
      var values = [x]
      for _ in 0..<12 {
        let joined = try builder.add(.concat(.channel), values)
        let h = try builder.add(.activation(.relu), [try builder.batchNorm(joined).result])
        values.append(try builder.conv(h, out: 4, point).result)
      }
      x = try builder.add(.concat(.channel), values)
    }
    let graph = builder.finish(outputs: [Graph.Output(name: "y", value: x)])
    #expect(try !render(graph, options: DiagramOptions(depth: 1), as: .svg).isEmpty)
  }

  /// Nesting is the user's to choose; nothing here may recurse over it.
  @Test func deepNestingIsFine() throws {
    var builder = GraphBuilder(name: "N")
    var x = try builder.add(.input(index: 0), declared: .image(1, 2, 2))
    for _ in 0..<3000 { builder.openScope(.cell, name: "c", label: "c()") }
    for _ in 0..<3 { x = try builder.add(.activation(.relu), [x]) }
    let graph = builder.finish(outputs: [Graph.Output(name: "y", value: x)])
    #expect(try !render(graph, options: DiagramOptions(depth: 5000), as: .svg).isEmpty)
    #expect(try !render(graph, options: DiagramOptions(depth: 5), as: .svg).isEmpty)
  }

  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1.00 k"), (9994, "9.99 k"), (9995, "10.0 k"), (34_426_698, "34.4 M"),
    (999_499, "999 k"), (999_500, "1.00 M"), (5_387_266_048, "5.39 G"), (Int.max, "9223372 T"),
  ])
  func quantitiesHaveThreeDigits(value: Int, text: String) { #expect(DiagramText.quantity(value) == text) }
}
