import IRLASGraph
import Testing

@testable import IRLASDSL

/// What programs mean: equal programs give equal graphs.
@Suite struct ElaborationLanguageTests {
  /// Bodies that say the same thing in two ways.
  static let equalPairs: [(String, String)] = [
    // Composition is associative, from both sides.
    ("return x -> relu -> bn -> relu6", "f = bn -> relu6 return x -> relu -> f"),
    ("return x -> (relu -> bn) -> relu6", "return (x -> relu) -> (bn -> relu6)"),
    ("return x -> repeat 3 relu", "return x -> relu -> relu -> relu"),
    ("return x -> repeat 0 bn", "return x"),
    (
      "return x -> repeat 3 as i conv(3x3, 4 * (i + 1))",
      "return x -> conv(3x3, 4) -> conv(3x3, 8) -> conv(3x3, 12)"
    ),
    (
      "return x -> repeat 3 conv(3x3, 4 then 8, stride: 1 then 2)",
      "return x -> conv(3x3, 4) -> conv(3x3, 8, stride: 2) -> conv(3x3, 8, stride: 2)"
    ),
    ("return x -> repeat 2 (relu then bn)", "return x -> relu -> bn"),
    (
      "return x -> repeat 2 (repeat 2 conv(3x3, 8 then 4))",
      "return x -> conv(3x3, 8) -> conv(3x3, 4) -> conv(3x3, 8) -> conv(3x3, 4)"
    ),
    // Sums are one node, zeros vanish.
    ("y = x -> relu z = x -> bn return x + y + z", "y = x -> relu z = x -> bn return (x, y, z) -> add"),
    ("return x + (x -> zero)", "return x"),
    ("return (x -> zero) + (x -> relu) + x", "return (x -> relu) + x"),
    ("return (x, x -> zero) -> add", "return x"),
    // Gates on either side.
    ("g = x -> global_avg_pool return x * g", "g = x -> global_avg_pool return g * x"),
    ("g = x -> global_avg_pool return x * g", "return (x, x -> global_avg_pool) -> mul"),
    // Only the branch that is taken exists.
    ("return if x.c == 3 { x -> relu } else { x -> conv(0x0, 0) }", "return x -> relu"),
    ("return x -> if x.h < 4 { bn } else if x.h == 32 { relu } else { relu6 }", "return x -> relu"),
    ("return if x.c == 3 or 1 / 0 > 1 { x } else { x -> relu }", "return x"),
    ("return if x.c != 3 and 1 / 0 > 1 { x -> relu } else { x }", "return x"),
    // Tuples splice lists.
    ("a = (x, x -> relu) return (a, x -> bn) -> concat", "return (x, x -> relu, x -> bn) -> concat"),
    ("a, b, _ = (x, x -> relu, x -> bn) return a + b", "return x + (x -> relu)"),
    (
      "grow h[3] = (x, h) -> concat -> conv(3x3, 2) return h.last",
      """
      a = x -> conv(3x3, 2) b = (x, a) -> concat -> conv(3x3, 2)
      c = (x, a, b) -> concat -> conv(3x3, 2) return c
      """
    ),
    (
      "grow h[3] as i = if i == 0 { x } else { h.at(i - 1) -> relu } return h.last",
      "return x -> relu -> relu"
    ),
    (
      "grow h[4] = if h.size == 0 { x -> relu } else { h.last -> bn } return h.first(2) -> concat",
      "a = x -> relu return (a, a -> bn) -> concat"
    ),
    (
      "h = each v, i in (x, x) { v -> conv(3x3, i + 1) } return h -> concat",
      "return (x -> conv(3x3, 1), x -> conv(3x3, 2)) -> concat"
    ),
    (
      "return each n in [2, 4] { x -> conv(3x3, n) } -> concat",
      "return (x -> conv(3x3, 2), x -> conv(3x3, 4)) -> concat"
    ),
    (
      "a = x -> relu b = a -> bn h = (a, b, a -> relu6) return h.leaves -> concat",
      "a = x -> relu return (a -> bn, a -> relu6) -> concat"
    ),
    // Numbers.
    ("return x -> conv(3x3, 8 / 2)", "return x -> conv(3x3, 4)"),
    ("return x -> conv(3x3, 7 / 2 * 2)", "return x -> conv(3x3, 7)"),
    (
      "return x -> conv(3x3, round_to(19.2, 8) + floor(7 / 2) + ceil(7 / 2) - round(5 / 2))",
      "return x -> conv(3x3, 20)"
    ),
    (
      "return x -> conv(3x3, max(2, min(9, 4)) + log2(8) + pow(2, 3) + sqrt(16) + abs(-1) + -7 % 4)",
      "return x -> conv(3x3, 21)"
    ),
    ("return x -> repeat (log2(x.h / 8)) relu", "return x -> relu -> relu"),
    ("return x -> dropout(1 / 4)", "return x -> dropout(0.25)"),
    ("return x -> conv(3x3, [4, 5, 6].at(1) + [1, 2].sum + [1, 2, 3].size)", "return x -> conv(3x3, 11)"),
    ("return x -> conv(3x3, 2K - 1_990)", "return x -> conv(3x3, 10)"),
    // Paddings and pairs.
    ("return x -> conv(3x3, 4, padding: 1)", "return x -> conv(3x3, 4)"),
    ("return x -> conv(3x5, 4, padding: [1, 2])", "return x -> conv(3x5, 4)"),
    (
      "return x -> conv(3x3, 4, padding: [1, 1, 1, 1], stride: [2, 2])", "return x -> conv(3x3, 4, stride: 2)"
    ),
    (
      "return x -> pad(1) -> conv(3x3, 4, padding: valid) -> crop(top: 1)",
      "return x -> pad([1, 1]) -> conv(3x3, 4, padding: 0) -> crop(1)"
    ),
    ("return x -> dwconv(3x3, 2)", "return x -> conv(3x3, 6, groups: 3)"),
    ("return x -> pad_channels(3)", "return x"),
    // Differences, and tensors that the program learns.
    ("y = x -> relu return x - y", "y = x -> relu return x + (y -> negate)"),
    ("y = x -> relu return -y + x", "y = x -> relu return x - y"),
    ("y = x -> relu z = x -> abs return x - y - z", "y = x -> relu z = x -> abs return x - z - y"),
    ("return x - (x -> zero)", "return x"),
    ("return x -> conv(3x3, abs(-4)) -> abs", "return x -> conv(3x3, 4) -> abs"),
    ("return x * learned([3], init: 1)", "return learned([x.c, 1, 1], init: 1.0) * x"),
    ("return x + learned(x.shape, init: normal(0.1))", "return x + learned([3, 32, 32], normal(1 / 10))"),
    ("return x -> layer_norm", "return x -> layer_norm(1e-6)"),
    (
      "return x -> attention(3)",
      "return x -> conv(1x1, 9, bias: true) -> attend(3) -> conv(1x1, 3, bias: true)"
    ),
    ("return x -> std.relu_conv_bn(3x3, 8)", "return x -> relu -> conv(3x3, 8) -> bn"),
    ("return x -> fit(to: [8, 16, 16])", "return x -> conv(1x1, 8, stride: 2) -> bn"),
    ("return x + (x -> fit)", "return x + x"),
    (
      "y = x -> conv(3x3, 8, stride: 2) return y + (x -> fit)",
      "y = x -> conv(3x3, 8, stride: 2) return y + (x -> conv(1x1, 8, stride: 2) -> bn)"
    ),
    (
      "y = x -> conv(3x3, 8) return (x -> fit) + y",
      "y = x -> conv(3x3, 8) return (x -> conv(1x1, 8) -> bn) + y"
    ),
    (
      "y = x -> conv(3x3, 8) return y + (x -> conv(1x1, peer.c))",
      "y = x -> conv(3x3, 8) return y + (x -> conv(1x1, 8))"
    ),
  ]

  /// Two ways to say the same thing.
  @Test(arguments: equalPairs)
  func equalPrograms(a: String, b: String) throws {
    let first = try graph(body: a)
    let second = try graph(body: b)
    #expect(first.programHash == second.programHash, "\(first.text)\n\(second.text)")
  }

  /// Outputs of a cell are read by label, also where it is that of an attribute, and a label may be a whole list.
  @Test(arguments: [
    ("y = x -> Two return y.left + y.h", "a, b = x -> Two return a + b"),
    ("y = x -> repeat 1 Two return y.h", "_, b = x -> repeat 1 Two return b"),
    ("y = x -> Three return y.both.last - y.rest", "_, b, c = x -> Three return b - c"),
  ])
  func labelledOutputs(a: String, b: String) throws {
    let cells = """
      cell Two { in x return left: x -> relu, h: x -> sigmoid }
      cell Three { in x return both: (x -> relu, x -> sigmoid), rest: x -> silu }
      """
    #expect(try graph(body: a, after: cells).programHash == graph(body: b, after: cells).programHash)
  }

  /// What learned tensors, attention and differences cannot be.
  @Test(arguments: [
    ("return x -> attention(2)", "error[L0312] 3:25: 2 heads cannot split 3 channels"),
    ("return x -> attention(0)", "error[L0309] 3:25: `heads` of `attention` is 0, but must be at least 1"),
    (
      "return x -> conv(1x1, 4) -> attend(1)",
      "error[L0312] 3:31: `attend` takes queries, keys and values, but 4 is not three times a width"
    ),
    (
      "return x -> layer_norm(eps: 0)",
      "error[L0309] 3:26: `eps` of `layer_norm` is 0.0, but must be positive"
    ),
    ("return x -> learned([3], init: 0)", "error[L0204] 3:15: after an arrow stands a layer"),
    ("return x * learned([3])", "error[L0302] 3:14: `learned` needs `init`"),
    (
      "return x * learned([3, 4], init: 0)",
      "error[L0301] 3:22: `shape` of `learned` is a [c] or [c, h, w]"
    ),
    (
      "return x * learned([0], init: 0)",
      "error[L0309] 3:22: `shape` of `learned` is 0, but must be at least 1"
    ),
    (
      "return x * learned([3], init: relu)",
      "error[L0301] 3:33: `init` of `learned` is a number, normal(d) or trunc_normal(d)"
    ),
    ("return x * learned([3], init: normal(-1))", "error[L0309] 3:33: a distribution of negative deviation"),
    ("return x - (x -> conv(1x1, 4))", "error[L0201] 3:12: the two sides of `-` have different shapes"),
    ("shared f = learned([3], init: 1) return x * f", "error[L0301] 3:14: `shared` binds a layer"),
    (
      "shared f = Scale y = x -> f return y -> conv(1x1, 5) -> f",
      "error[L0201] 3:59: this use of a shared layer needs other weights than its first use"
    ),
  ])
  func mistakesInTransformers(body: String, expected: String) {
    let cell = "cell Scale { in x return x * learned([x.c], init: 1) }"
    #expect(messages("irlas 1 \(cell)\nnetwork N { in x: [3, 8, 8]\n  \(body) }") == expected)
  }

  @Test func labelsThatAreNotThere() {
    let cell =
      "cell Two { in x return left: x -> relu, right: x -> sigmoid } cell One { in x return up: x -> relu }"
    func said(_ body: String) -> String {
      messages("irlas 1\n\(cell)\nnetwork N {\n  in x: [3, 8, 8]\n  \(body)\n}")
    }
    #expect(said("return (x -> Two).rihgt") == "error[L0102] 5:21: no value has an attribute `rihgt`")
    #expect(said("return (x -> Two).up") == "error[L0102] 5:21: these outputs have no `up`")
    #expect(said("return (x -> One).up") == "error[L0102] 5:21: a tensor has no `up`")
    #expect(said("return x.left") == "error[L0102] 5:12: a tensor has no `left`")
  }

  /// Names, the order of independent statements and cells do not change the network.
  @Test func renamingAndReordering() throws {
    let a = try graph(
      body: "a = x -> conv(3x3, 8) -> bn b = x -> conv(5x5, 8) -> bn return a + b -> Block(4)",
      after: "cell Block(out) { in x return x -> conv(1x1, out) -> relu }")
    let b = try graph(
      body: "q = x -> conv(5x5, 8) -> bn p = x -> conv(3x3, 8) -> bn return p + q -> Renamed(o: 4)",
      after: "cell Renamed(o) { in t return t -> conv(1x1, o) -> relu }")
    #expect(a.programHash == b.programHash)
  }

  @Test func sharedLayersHaveOneSetOfWeights() throws {
    let text = """
      irlas 1
      cell Branch(c) { in x  return x -> conv(3x3, c) -> bn -> repeat 2 conv(3x3, c) }
      network Siamese {
        in left: [1, 16, 16], right: [1, 16, 16]
        shared f = Branch(8) -> relu -> global_avg_pool -> linear(4)
        a = left -> f
        b = right -> f
        return (a, b) -> concat -> linear(1)
      }
      """
    let result = try graph(text)
    #expect(result.parameterCount == (72 + 16 + 2 * 576) + (8 * 4 + 4) + 9)
    #expect(result.macs == 2 * ((72 + 2 * 576) * 256 + 32) + 8)
    // Without `shared` every application has weights of its own.
    let own = try graph(text.replacing("shared f", with: "f"))
    #expect(own.parameterCount == 2 * ((72 + 16 + 2 * 576) + (8 * 4 + 4)) + 9)
  }

  /// A shared layer inside a shared layer, used twice by each of two applications.
  @Test func nestedSharing() throws {
    let result = try graph(
      body: "shared g = Twice return (x -> g) + (x -> g)",
      after: "cell Twice { in x shared f = conv(3x3, 3) return x -> f -> f -> conv(1x1, 3) }")
    #expect(result.parameterCount == 81 + 9)
    #expect(result.macs == 2 * (2 * 81 + 9) * 1024)
  }

  @Test func auxiliaryOutputsDoNotCount() throws {
    let result = try graph(
      body:
        "t = x -> conv(3x3, 8) return logits: t -> global_avg_pool -> linear(10), aux early: x -> conv(7x7, 64)"
    )
    #expect(result.outputs.map(\.name) == ["logits", "early"])
    #expect(result.outputs.map(\.isAuxiliary) == [false, true])
    #expect(result.value(of: .params) == 216 + 90)
    #expect(result.value(of: .macs) == 216 * 1024 + 80)
    #expect(result.value(of: .depth) == 2)
  }

  @Test func layersAsParameters() throws {
    let result = try graph(
      body: "return x -> Body(Block: Wide(2), act: silu) -> Body(act: relu -> bn)",
      after: """
        cell Wide(n, out = 8) { in x  return x -> conv(1x1, n * out) }
        cell Body(Block: Layer = conv(3x3, 4), act: Layer = relu) { in x  return x -> Block -> act }
        """)
    let other = try graph(body: "return x -> conv(1x1, 16) -> silu -> conv(3x3, 4) -> relu -> bn")
    #expect(result.programHash == other.programHash)
  }

  @Test func partialApplication() throws {
    let result = try graph(
      body: "body = Wide(act: relu6) return x -> body(4) -> body(out: 8)",
      after: "cell Wide(out, act: Layer = relu) { in x  return x -> conv(1x1, out) -> act }")
    let other = try graph(body: "return x -> conv(1x1, 4) -> relu6 -> conv(1x1, 8) -> relu6")
    #expect(result.programHash == other.programHash)
  }

  @Test func scopesNameWhatTheTextInstantiates() throws {
    let result = try graph(
      body: "return x -> repeat 2 Block(8, act: relu) -> sep_conv(3x3, 4)",
      after: "cell Block(out, act: Layer) { in x  return x -> conv(3x3, out) -> act }")
    #expect(
      result.scopes.map(\.label) == [
        "Net", "repeat 2 Block", "Block", "Block(8, act: relu)", "Block", "Block(8, act: relu)",
        "sep_conv(3x3, 4)",
      ])
    let names = result.ids.map { result.path(of: $0) }.filter { !$0.contains("weight") }
    #expect(names.contains("repeat.1.Block.conv"))
    #expect(Set(names).count == names.count)
  }

  /// Every node and scope knows its text.
  @Test func sourceMap() throws {
    let text = "irlas 1\nnetwork Net { in x: [3, 8, 8] return x -> repeat 2 conv(3x3, 4) -> bn }"
    let program = program(text)
    let elaboration = try #require(program.elaborate(network: "Net").elaboration)
    for node in elaboration.graph.nodes {
      let span = try #require(elaboration.sourceMap[node])
      let words = program.sources.files[0].text(span)
      switch node.op {
      case .conv: #expect(words == "conv(3x3, 4)")
      case .batchNorm: #expect(words == "bn")
      case .input: #expect(words == "x")
      default: break
      }
    }
    #expect(elaboration.graph.scopes.allSatisfy { elaboration.sourceMap[$0] != nil })
  }

  @Test func lateRequirements() throws {
    #expect(messages(body: "require params <= 100, \"small\"\nreturn x -> conv(3x3, 3)") == "")
    #expect(
      messages(body: "require params <= 80, \"small\"\nreturn x -> conv(3x3, 3)") == "error[L0311] 3:9: small"
    )
  }

  @Test func variadicInputs() throws {
    let cells = """
      cell Mix(c) { in xs[n]  return (each v in xs { v -> conv(1x1, c * n) }) -> add }
      cell Pair { in first, rest[2]  return first, rest -> concat }
      """
    let result = try graph(body: "return (x, x, x) -> Mix(2)", after: cells)
    #expect(result[result.outputs[0].value].shape == .image(6, 32, 32))
    let pair = try graph(body: "return (x, x, x) -> Pair", after: cells)
    #expect(pair.outputs.count == 2)
    let wrong = "irlas 1 \(cells)\nnetwork Net { in x: [3, 8, 8] return (x, x) -> Pair }"
    #expect(messages(wrong).contains("error[L0230]"))
  }
}
