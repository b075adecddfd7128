import IRLASTestSupport
import Testing

@testable import IRLASGraph

@Suite struct TextTests {
  /// Every mnemonic of the IR.
  static let mnemonics: Set<String> = [
    "input", "labels", "hyperparameter", "parameter", "state", "zero", "conv", "linear", "bn", "max_pool",
    "avg_pool", "global_avg_pool", "add", "mul", "concat", "slice", "shuffle", "crop", "pad", "upsample",
    "dropout",
    "drop_path", "identity", "flatten", "cross_entropy", "conv_input_grad", "conv_weight_grad", "bias_grad",
    "linear_input_grad", "linear_weight_grad", "bn_statistics", "bn_normalize", "bn_reduce", "bn_input_grad",
    "row", "running_mean", "running_variance", "max_pool_grad", "avg_pool_grad", "global_avg_pool_grad",
    "spatial_sum", "embed", "unflatten", "upsample_grad", "random_mask", "cross_entropy_grad", "sgd_velocity",
    "sgd_step", "folded_weight", "folded_bias", "layer_norm", "attend", "flatten_places", "learned",
    "layer_norm_reduce", "layer_norm_input_grad", "attend_grad", "learned_grad",
    "softmax", "softmax_grad", "composed_weight", "composed_bias",
  ]

  @Test func parsingGivesTheSameGraphBack() throws {
    var seen = Set<String>()
    for seed in 0..<300 as Range<UInt64> {
      let graph = RandomGraph.make(seed: seed, size: 30)
      #expect(graph.verify() == [], "seed \(seed)")
      let text = graph.text
      let parsed = try Graph(parsing: text)
      #expect(parsed == graph, "seed \(seed)")
      #expect(parsed.text == text, "seed \(seed)")
      seen.formUnion(graph.nodes.map(\.op.mnemonic))
    }
    let activations = Activation.allCases.flatMap { [$0.rawValue, "\($0.rawValue)_grad"] }
    #expect(seen == Self.mnemonics.union(activations), "the random graphs must use every op")
  }

  @Test func mutatedTextsNeverCrash() {
    var random = RandomSource(seed: 11)
    let spare = Array("[]{}()%@:=,\"\\0123456789-xe. \nabz".utf8)
    let texts = (0..<40 as Range<UInt64>).map { RandomGraph.make(seed: $0, size: 6).text }
    var accepted = 0
    for round in 0..<3000 {
      var bytes = Array(texts[round % texts.count].utf8)
      for _ in 0..<random.pick(1...3) {
        let index = random.pick(0...(bytes.count - 1))
        switch random.pick(0...4) {
        case 0: bytes.remove(at: index)
        case 1: bytes.insert(random.pick(spare), at: index)
        case 2: bytes[index] = random.pick(spare)
        case 3: bytes.insert(contentsOf: Array("9223372036854775807".utf8), at: index)
        default: bytes.removeSubrange(index..<min(bytes.count, index + random.pick(1...40)))
        }
      }
      guard let graph = try? Graph(parsing: String(decoding: bytes, as: UTF8.self)) else { continue }
      accepted += 1
      #expect(graph.verify() == [])
      #expect((try? Graph(parsing: graph.text)) == graph)
    }
    #expect(accepted > 0)
  }

  @Test(arguments: [
    ("", "1:1: `irlas` is missing here"),
    ("irlas graph 2 \"N\"", "1:13: this reads version 1 of the text form only"),
    ("irlas graph 1 \"N\"\nscope @1 cell \"a\"", "2:7: scopes are numbered in order: this one is @0"),
    ("irlas graph 1 \"N\n", "1:15: the string does not end on its line"),
    (
      "irlas graph 1 \"N\"\nscope @0 network \"N\"\n%0 = relu %0 : [1, 2, 2] in @0 \"r\"",
      "3:1: node %0: its operand %0 is not an earlier node"
    ),
    (
      "irlas graph 1 \"N\"\nscope @0 network \"N\"\n%0 = soup : [1, 2, 2] in @0 \"r\"",
      "3:6: there is no op `soup`"
    ),
    (
      "irlas graph 1 \"N\"\nscope @0 network \"N\"\n%0 = input(index: 99999999999999999999) : [] in @0 \"r\"",
      "3:19: `99999999999999999999` is not a number in range"
    ),
    (
      "irlas graph 1 \"N\"\nscope @0 network \"N\"\n%0 = dropout(rate: nan) : [] in @0 \"r\"",
      "3:6: the attribute `rate` must be a real number such as 0.1 or 1e-05"
    ),
    (
      "irlas graph 1 \"N\"\nscope @0 network \"N\"\n%0 = input(index: 0) : [1, 2, 2, 2, 2] in @0 \"r\"",
      "3:24: a shape has at most four dimensions"
    ),
  ])
  func errorsNameThePlaceAndTheReason(text: String, message: String) {
    #expect { try Graph(parsing: text) } throws: { "\($0)" == message }
  }

  @Test func formIsReadable() throws {
    var builder = GraphBuilder(name: "Net")
    let image = try builder.add(.input(index: 0), declared: .image(4, 8, 8), name: "image")
    builder.openScope(.cell, name: "Block", label: "Block(8)", origin: 3)
    let window = Window(
      kernelSize: Extent(square: 3), stride: Extent(2, 2),
      padding: Border(top: 1, left: 1, bottom: 1, right: 1))
    let y = try builder.conv(image, out: 8, Convolution(window: window, groups: 2), origin: 4).result
    builder.closeScope()
    let graph = builder.finish(outputs: [Graph.Output(name: "output", value: y)])
    #expect(
      graph.text == """
        irlas graph 1 "Net"

        scope @0 network "Net"
        scope @1 cell "Block" in @0 label "Block(8)" origin 3

        %0 = input(index: 0) : [4, 8, 8] in @0 "image"
        %1 = parameter(role: weight, fan_in: 18) : {8, 2, 3, 3} in @1 "conv.weight" origin 4
        %2 = conv(kernel: 3x3, stride: 2x2, padding: [1, 1, 1, 1], groups: 2) %0 %1 : [8, 4, 4] in @1 "conv" origin 4

        output "output" = %2

        """)
    #expect(
      graph[y].op.summary(inputs: graph.inputShapes(of: y), result: graph[y].shape) == "conv 3x3 4->8 /2 g2")
  }
}
