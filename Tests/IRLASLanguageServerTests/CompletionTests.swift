import IRLASJSON
import Testing

/// What may stand where.
@Suite struct CompletionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let text: String
    let has: [String]
    let lacks: [String]
    var testDescription: String { text }

    init(_ text: String, has: [String], lacks: [String] = []) {
      self.text = text
      self.has = has
      self.lacks = lacks
    }
  }

  static let cases = [
    Case("¦", has: ["cell", "network", "use", "recipe"], lacks: ["conv", "return"]),
    Case("cell A { in x return x }\nne¦", has: ["network", "check"], lacks: ["conv"]),
    Case("use ¦", has: ["std"], lacks: ["conv"]),
    Case("use std { se¦ }", has: ["sep_conv", "fit"], lacks: ["conv"]),
    Case(
      "cell A(n, f: Layer = relu) { in x return x -> ¦ }", has: ["conv", "relu", "f", "repeat"],
      lacks: ["n", "x"]),
    Case("use std\ncell A { in x return x -> s¦ }", has: ["sep_conv"]),
    Case("cell A { in x return x -> conv(¦", has: ["kernel:", "out:", "stride:"], lacks: ["then"]),
    Case("cell A { in x return x -> conv(3x3, 8, ¦", has: ["stride:", "bias:"], lacks: ["kernel:", "out:"]),
    Case(
      "cell A { in x return x -> conv(3x3, 8, stride: 2, ¦) }", has: ["bias:"],
      lacks: ["stride:"]),
    Case("cell A { in x return x -> conv(3x3, 8, padding: ¦) }", has: ["same", "valid"], lacks: ["stride:"]),
    Case("cell A { in x return x -> conv(3x3, 8, bias: ¦) }", has: ["true", "false"]),
    Case(
      "cell B(depth, wide = 3) { in x return x }\ncell A { in x return x -> B(¦", has: ["depth:", "wide:"]),
    Case("cell A(n: ¦", has: ["Int", "Kernel", "Layer"], lacks: ["conv"]),
    Case("cell A(¦", has: [], lacks: ["Int", "conv"]),
    Case("cell A { in x y = x.¦ }", has: ["c", "h", "w", "shape"], lacks: ["conv"]),
    Case("cell A { in x y = x ¦", has: ["return", "grow", "require"], lacks: ["conv"]),
    Case("cell A { ¦", has: ["in"], lacks: ["return"]),
    Case("cell A { in first second = first return f¦ }", has: ["first", "second"]),
    Case("cell A { in first return f¦ }\ncell B { in other return other }", has: ["first"], lacks: ["other"]),
    Case("network N { in x: [3, 8, 8] require ¦", has: ["params", "macs", "depth"]),
    Case(
      "network N { in x: [3, 8, 8] return x }\ncell B { in y return y }\ncheck ¦", has: ["N"], lacks: ["B"]),
    Case("network N { in x: [3, 8, 8] return x }\ncheck N() { ¦", has: ["params", "macs"]),
    Case("recipe R { ¦", has: ["data", "optimizer"], lacks: ["conv"]),
    Case("recipe R { batch: 12 ¦ }", has: ["data", "optimizer"], lacks: ["batch"]),
    Case("recipe R { data: ¦", has: ["cifar10"], lacks: ["flip", "conv"]),
    Case("recipe R { data: cifar10 -> ¦", has: ["flip", "normalize"], lacks: ["cifar10", "conv"]),
    Case("recipe R { optimizer: sgd(¦", has: ["lr:", "momentum:"], lacks: ["conv"]),
    Case("recipe R { schedule: ¦", has: ["cosine", "warmup"]),
    Case("search S { ¦", has: ["over", "reward", "budget", "require"]),
    Case("network N { in x: [3, 8, 8] return x }\nsearch S { expert: ¦", has: ["N"], lacks: ["conv"]),
    Case(
      "space N { in x: [3, 8, 8] return x }\nsearch S { over: ¦", has: ["N"], lacks: ["accuracy", "conv"]),
    Case(
      "recipe Quick { }\nsearch S { reward: ¦", has: ["accuracy", "pareto", "macs"], lacks: ["Quick", "flip"]),
    Case("recipe Quick { }\nsearch S { reward: accuracy(¦", has: ["Quick", "recipe:"], lacks: ["conv"]),
    Case("search S { reward: pareto(max: ¦", has: ["accuracy", "latency"], lacks: ["pareto", "conv"]),
    Case("search S { mirror: max_entropy(mode: ¦", has: ["terminal"], lacks: ["conv"]),
    Case("search S { mirror: max_entropy(¦", has: ["weight:", "anneal:"], lacks: ["conv"]),
    Case("search S { agent: ¦", has: ["q_learning", "evolution"], lacks: ["accuracy"]),
    Case("search S { seeds: [0] require ¦", has: ["latency", "params"], lacks: ["q_learning", "over"]),
    Case("search S { require latency <= 5ms ¦", has: ["over", "require"], lacks: ["q_learning"]),
    Case("@¦ cell A { in x return x }", has: ["atomic"]),
    Case("cell A { in x // relu ¦\n return x }", has: [], lacks: ["conv", "return"]),
    Case("use \"fi¦", has: [], lacks: ["std"]),
    Case("cell ¦", has: [], lacks: ["conv", "cell"]),
    Case("space S { in x return ¦ }", has: ["choose", "pick", "x"]),
  ]

  @Test(arguments: cases)
  func offers(example: Case) {
    let client = Conversation()
    let marked = Marked(example.text)
    client.open(marked.text)
    let items = client.request("textDocument/completion", Conversation.place(marked))["items"]?.elements ?? []
    let labels = items.compactMap { $0["label"]?.text }
    for label in example.has { #expect(labels.contains(label), "\(label) in \(labels)") }
    for label in example.lacks { #expect(!labels.contains(label), "\(label)") }
    #expect(Set(labels).count == labels.count)
  }

  @Test func aWordIsReplacedAsAWhole() {
    let client = Conversation()
    let marked = Marked("cell A { in x return x -> re¦l }")
    client.open(marked.text)
    let items = client.request("textDocument/completion", Conversation.place(marked))["items"]?.elements ?? []
    let relu = items.first { $0["label"]?.text == "relu" }
    #expect(
      Conversation.applying(.array([relu?["textEdit"] ?? .null]), to: marked.text)
        == "cell A { in x return x -> relu }")
  }

  /// Every field of a recipe and of a search says what it is for, in the list and where it stands.
  @Test(arguments: ["recipe R { ¦", "search S { ¦"])
  func fieldsAreDocumented(text: String) {
    let client = Conversation()
    let marked = Marked(text)
    client.open(marked.text)
    let items = client.request("textDocument/completion", Conversation.place(marked))["items"]?.elements ?? []
    let fields = items.filter { $0["label"] != "require" }
    #expect(fields.count >= 7)
    for field in fields {
      #expect(field["documentation"] != nil, "\(field.line)")
      let name = field["label"]?.text ?? ""
      let hovered = Marked(marked.text + "¦\(name): 1 }")
      client.replace(hovered.text)
      let hover = client.request("textDocument/hover", Conversation.place(hovered)).line
      #expect(
        hover.contains(field["documentation"]?["value"]?.text ?? field["documentation"]?.text ?? "?"),
        "\(hover)")
    }
  }

  /// The words of a search's fields are known like those of a recipe's.
  @Test func wordsOfSearchesAreDescribed() {
    let client = Conversation()
    let marked = Marked("search S { agent: q_le¦arning(epsilon: [1, 0]) require lat¦ency <= 5ms }")
    client.open(marked.text)
    for (offset, said) in zip(marked.offsets, ["BlockQNN", "median time"]) {
      let place: JSON = [
        "textDocument": ["uri": .string(Conversation.uri)],
        "position": Conversation.position(offset, in: marked.text),
      ]
      #expect(client.request("textDocument/hover", place).line.contains(said))
    }
  }
}
