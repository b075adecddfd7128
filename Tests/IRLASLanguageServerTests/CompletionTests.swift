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
}
