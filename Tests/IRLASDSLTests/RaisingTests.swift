import Foundation
import IRLASGraph
import IRLASTestSupport
import Testing

@testable import IRLASDSL

/// Graphs as programs again.
@Suite struct RaisingTests {
  /// Elaborates the only network of a text.
  static func graph(_ text: String) throws -> Graph {
    let program = Program.load(entry: SourceFile(name: "a", text: text), loader: { _ in .missing })
    let network = try #require(program.networks.last, "\(program.diagnostics.map(\.message))")
    let (elaboration, diagnostics) = program.elaborate(network: network)
    return try #require(elaboration?.graph, "\(diagnostics.map(\.message))\n\(text)")
  }

  /// Raises a graph, and checks that the text is a program without messages that gives the same graph and is
  /// formatted.
  static func raised(_ graph: Graph, _ comment: String = "") throws -> String {
    let result = try raise(graph)
    #expect(result.keepsScopes || graph.scopes.count == 1, "\(comment)\n\(result.text)")
    let program = Program.load(
      entry: SourceFile(name: "raised", text: result.text), loader: { _ in .missing })
    #expect(program.check().diagnostics.isEmpty, "\(comment)\n\(result.text)")
    let again = try self.graph(result.text)
    #expect(again.programHash == graph.programHash, "\(comment)\n\(result.text)")
    #expect(try formatted(result.text) == result.text)
    return result.text
  }

  /// Lines with something on them.
  static func lines(_ text: String) -> Int {
    text.split(separator: "\n").count { !$0.allSatisfy(\.isWhitespace) }
  }

  @Test func publishedNetworksComeBackAboutAsLongAsTheyWereWritten() throws {
    var count = 0
    for path in try Samples.programs(in: "published") {
      let program = try Samples.load(path)
      for network in program.networks {
        guard let graph = program.elaborate(network: network).elaboration?.graph else { continue }
        let text = try Self.raised(graph, path)
        let original = String(decoding: program.sources.files[0].utf8, as: UTF8.self)
        #expect(Self.lines(text) <= 2 * Self.lines(original), "\(path)\n\(text)")
        // Raising is stable: the raised program raises to itself.
        #expect(try raise(Self.graph(text)).text == text, "\(path)")
        count += 1
      }
    }
    #expect(count >= 7)
  }

  @Test func theExpertLooksHandWritten() throws {
    let program = try Samples.load("published/resnext29.irlas")
    let graph = try #require(program.elaborate(network: "ResNeXt29").elaboration?.graph)
    #expect(
      try Self.raised(graph) == """
        irlas 1
        use std

        cell Bottleneck(out, width, stride = 1) {
          in x
          a = x
            -> conv(1x1, width)                            -> bn -> relu
            -> conv(3x3, width, stride: stride, groups: 8) -> bn -> relu
            -> conv(1x1, out)                              -> bn
          return a + (x -> fit) -> relu
        }

        network ResNeXt29 {
          in image: [3, 32, 32]
          return image
            -> conv(3x3, 64) -> bn -> relu
            -> repeat 3 Bottleneck( 256, width: 512)
            -> repeat 3 Bottleneck( 512, width: 1024, stride: 2 then 1)
            -> repeat 3 Bottleneck(1024, width: 2048, stride: 2 then 1)
            -> global_avg_pool -> linear(10)
        }

        """)
  }

  @Test func cellsThatHandOnAnInputAreRepeated() throws {
    let program = try Samples.load("published/darts_v2.irlas")
    let graph = try #require(program.elaborate(network: "DARTS").elaboration?.graph)
    let text = try Self.raised(graph)
    #expect(text.contains("repeat 6 Normal(36)"))
    #expect(text.contains("sep_conv(3x3, c)"))
    #expect(text.contains("return s1, "))
  }

  /// Random programs with cells in cells, repeats, shared layers and several outputs.
  @Test(arguments: 0..<4)
  func randomProgramsComeBack(part: Int) throws {
    let count = Fuzzing.count(40, share: 400)
    var raisedCount = 0
    for seed in UInt64(part * 100_000)..<UInt64(part * 100_000 + count) {
      let text = RandomProgram.make(seed: seed)
      let program = Program.load(entry: SourceFile(name: "a", text: text), loader: { _ in .missing })
      // Some of them add tensors of different shapes.
      guard let graph = program.elaborate(network: "Net").elaboration?.graph else { continue }
      _ = try Self.raised(graph, "seed \(seed)")
      raisedCount += 1
    }
    #expect(raisedCount * 10 >= count * 9)
  }

  /// A graph from elsewhere has no scopes: cells and repeats are found in it.
  @Test(arguments: [
    ("published/resnet20.irlas", "ResNet20"), ("published/mobilenet_v2.irlas", "MobileNetV2"),
    ("published/resnext29.irlas", "ResNeXt29"), ("published/vit_ti16.irlas", "ViTTi16"),
  ])
  func repeatsOfFlatGraphsAreFound(path: String, network: String) throws {
    let graph = try #require(Samples.load(path).elaborate(network: network).elaboration?.graph)
    var builder = GraphBuilder(name: graph.name)
    for node in graph.nodes { try builder.add(node.op, node.inputs, declared: node.shape) }
    let flat = builder.finish(outputs: graph.outputs)
    #expect(flat.scopes.count == 1)
    let text = try Self.raised(flat, path)
    #expect(text.contains("repeat "), "\(text)")
    #expect(text.contains("cell Block"), "\(text)")
    #expect(Self.lines(text) <= Self.lines(try raise(graph).text) * 2, "\(text)")
  }

  /// Random networks without scopes: what the language has no words for is an error, never another program.
  @Test func randomNetworksComeBackOrAreRefused() throws {
    var count = 0
    for seed in 0..<120 as Range<UInt64> {
      let graph = randomNetwork(seed: seed)
      do {
        let text = try raise(graph).text
        #expect(try Self.graph(text).programHash == graph.programHash, "seed \(seed)")
        count += 1
      } catch let error as RaisingIssue {
        #expect(error.reason.contains("cannot be written"), "seed \(seed): \(error)")
      }
    }
    #expect(count >= 50)
  }

  @Test func whatOnlyTheCompilerMakesIsRefused() throws {
    var refused = 0
    for seed in 0..<20 as Range<UInt64> {
      do throws(RaisingIssue) { _ = try raise(RandomGraph.make(seed: seed, size: 20)) } catch { refused += 1 }
    }
    #expect(refused == 20)
  }

  /// One construct each: the text of the cells and the network, and what the raised text must have in it.
  @Test(arguments: [
    (
      "cell B(c) { in x return x + (x -> conv(3x3, c)) }", "image -> conv(1x1, 8) -> repeat 3 B(8)",
      "repeat 3 B"
    ),
    ("cell B(c) { in x return x -> conv(3x3, c) -> bn }", "image -> B(8) -> B(16) -> B(8)", "B(16)"),
    (
      "cell B { in x a, b = x -> split(2) return a, b -> relu }", "image -> conv(3x3, 8) -> B -> add",
      "split(2)"
    ),
    ("shared", "(image -> f) + (image -> relu -> f)", "shared "),
    ("cell B { in x return x -> conv(3x3, 8) -> dropout(0.5) }", "image -> B", "dropout(0.5)"),
    ("", "image -> pad_channels(8) -> conv(1x1, 8, padding: valid, bias: true)", "pad_channels(8)"),
    (
      "", "image -> conv(3x5, 8, stride: [1, 2], dilation: 2, padding: [1, 2, 3, 4])", "padding: [1, 2, 3, 4]"
    ),
    (
      "", "image -> avg_pool(2x2, stride: 2, count_padding: true) -> upsample(2) -> crop(left: 1)",
      "crop(left: 1)"
    ),
    (
      "cell D(k) { in x grow h[4] = (x, h) -> concat -> relu -> conv(3x3, k) return (x, h) -> concat }",
      "image -> D(6)", "grow a[4] = (x, a) -> concat -> relu -> conv(3x3, 6)"
    ),
    ("", "image -> repeat 4 (conv(3x3, 8) -> relu)", "repeat 4 (conv(3x3, 8) -> relu)"),
    ("", "image -> conv(1x1, 4) -> repeat 2 repeat 3 (conv(3x3, 4) -> bn)", "repeat 3 (conv(3x3, 4) -> bn)"),
  ])
  func constructs(cells: String, chain: String, expected: String) throws {
    let isShared = cells == "shared"
    let text = """
      irlas 1
      use std
      \(isShared ? "" : cells)
      network N { in image: [4, 12, 12] \(isShared ? "shared f = conv(3x3, 8)" : "") return \(chain) }
      """
    let raised = try Self.raised(Self.graph(text))
    #expect(raised.contains(expected), "\(raised)")
  }

  @Test func outputsKeepTheirLabels() throws {
    let text = """
      irlas 1
      network N {
        in left: [3, 8, 8], right: [3, 8, 8]
        s = left + right
        return logits: s -> flatten -> linear(3), aux early: right -> flatten -> linear(2)
      }
      """
    let graph = try Self.graph(text)
    let again = try Self.graph(Self.raised(graph))
    #expect(again.outputs.map(\.name) == ["logits", "early"])
    #expect(again.outputs.map(\.isAuxiliary) == [false, true])
    #expect(
      again.nodes.filter { if case .input = $0.op { true } else { false } }.map(\.name) == ["left", "right"])
  }

  @Test func longChainsAreCut() throws {
    var random = RandomSource(seed: 1)
    var builder = GraphBuilder(name: "Long")
    var x = try builder.add(.input(index: 0), declared: .image(1, 2, 2))
    for _ in 0..<2000 { x = try builder.add(.activation(random.pick(Activation.allCases)), [x]) }
    let graph = builder.finish(outputs: [Graph.Output(name: "output", value: x)])
    let text = try raise(graph).text
    #expect(try Self.graph(text).programHash == graph.programHash)
    #expect(Self.lines(text) > 5)
  }

  /// The names of a graph from elsewhere may be any text.
  @Test func oddNamesBecomeNames() throws {
    var builder = GraphBuilder(name: "1 odd \"name\"")
    let x = try builder.add(.input(index: 0), declared: .image(3, 4, 4), name: "repeat")
    builder.openScope(.cell, name: "relu", label: "relu(3)")
    let y = try builder.add(.activation(.relu), [x])
    let z = try builder.add(.add, [x, y])
    builder.closeScope()
    builder.openScope(.cell, name: "a b", label: "ä b")
    let v = try builder.add(.multiply, [z, y])
    builder.closeScope()
    _ = try Self.raised(builder.finish(outputs: [Graph.Output(name: "in", value: v)]))
  }
}
