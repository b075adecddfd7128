import IRLASGraph
import Testing

@testable import IRLASDSL

/// Programs that would never end, or need more memory or stack than there is, end quickly with one message.
/// Swift Testing runs them on threads with small stacks.
@Suite struct ElaborationLimitTests {
  private var small: ElaborationLimits {
    var limits = ElaborationLimits()
    limits.nodes = 2000
    limits.steps = 200_000
    return limits
  }

  private func network(_ body: String, _ cells: String = "") -> String {
    "irlas 1\n\(cells)\nnetwork Net { in x: [3, 4, 4]\n\(body)\n}"
  }

  /// Bodies, and the code of the message that stops them.
  static let endless: [(String, String)] = [
    ("return x -> repeat 1_000_000 relu", "L0314"),
    ("return x -> repeat 1000 (repeat 1000 relu)", "L0314"),
    ("return x -> repeat 9_000_000_000_000_000_000 relu", "L0314"),
    ("grow h[1_000_000] = x -> relu return h.last", "L0314"),
    ("grow h[1000] = (h, h, x) return h -> concat", "L0032"),
    ("grow h[1500] = [h] return h.at(0)", "L0032"),
    ("grow f[1500] = if f.size == 0 { relu } else { f.last -> f.last } return x -> f.last", "L0314"),
    (
      "h = each a in [1, 2, 3] { repeat 1000 conv(3x3, 3) } return x -> h.at(0) -> h.at(1) -> h.at(2)",
      "L0314"
    ),
    ("a, b = x -> split(1_000_000_000) return a + b", "L0309"),
    ("return x -> upsample(1_000_000_000)", "L0309"),
    (
      "a = (x, x, x, x, x) b = (a, a, a, a, a) c = (b, b, b, b, b, b, b) grow d[2000] = c == c return x -> d.last",
      "L0314"
    ),
    ("n = 2000 grow a[n] = 1 grow d[n] = a.sum return x -> repeat (d.size) relu", "L0314"),
    ("return x -> conv(3x3, 9_223_372_036_854_775_807)", "L0309"),
    ("return x -> conv(9223372036854775807x9223372036854775807, 3)", "L0309"),
    ("return x -> max_pool(3x3, padding: 9_223_372_036_854_775_807)", "L0309"),
    ("return x -> pad(9_223_372_036_854_775_807)", "L0309"),
    ("return x -> crop(top: 9_223_372_036_854_775_807, bottom: 9_223_372_036_854_775_807)", "L0203"),
    (
      "return x -> conv(3x3, 3, dilation: 9_223_372_036_854_775_807, stride: 9_223_372_036_854_775_807)",
      "L0309"
    ),
    ("return x -> dwconv(3x3, 9_223_372_036_854_775_807)", "L0309"),
    ("return x -> pad_channels(9_223_372_036_854_775_807)", "L0309"),
    ("return x -> conv(3x3, pow(10, 19))", "L0306"),
    ("return x -> conv(3x3, 9_223_372_036_854_775_807 + 1)", "L0306"),
    ("return x -> conv(3x3, -9_223_372_036_854_775_807 - 2)", "L0306"),
    ("return x -> conv(3x3, floor(1e300))", "L0306"),
    ("return x -> conv(3x3, round_to(9_223_372_036_854_775_807, 2))", "L0306"),
    ("return x -> dropout(exp(1e6))", "L0306"),
    ("return x -> dropout(log(0))", "L0309"),
    ("return x -> conv(3x3, 5 % 0)", "L0308"),
    ("return x -> repeat (0 - 1) relu", "L0309"),
  ]

  /// Bodies, and the code that stops them.
  @Test(arguments: endless)
  func ends(body: String, code: String) {
    let clock = ContinuousClock()
    let start = clock.now
    let found = messages(network(body), limits: small)
    #expect(found.split(separator: "\n").count == 1, "\(found)")
    #expect(found.contains("[\(code)]"), "\(found)")
    #expect(clock.now - start < .seconds(20))
  }

  /// Many unknown names beside as many declarations: the work on messages does not grow with their product.
  @Test func manyUnknownNames() {
    let cells = (0..<5000).map { "cell C\($0) { in x return x -> foo\($0) }\n" }.joined()
    let clock = ContinuousClock()
    for use in ["", "use std\n"] {
      var found = ""
      let time = clock.measure { found = messages("irlas 1\n\(use)\(cells)") }
      #expect(found.hasPrefix("error[L0104]"))
      #expect(time < .seconds(20))
    }
  }

  @Test func selfApplication() {
    let found = messages(
      network("return x -> Twice(Twice)", "cell Twice(f: Layer) { in x return x -> f(f) }"))
    #expect(found == "error[L0314] 2:41: layers nested more than 256 levels deep")
  }

  /// Two hundred cells, each using the one before it: deep, but finite.
  @Test func deepCells() throws {
    var cells = "cell C0 { in x return x -> relu }\n"
    for index in 1...200 { cells += "cell C\(index) { in x return x + (x -> (C\(index - 1) -> relu)) }\n" }
    let result = try graph(body: "return x -> C120", after: cells)
    #expect(result.computeNodeCount == 1 + 2 * 120)
    let found = messages(network("return x -> C200", cells))
    #expect(found.contains("[L0314]"))
  }

  /// A chain, a sum and a conditional as long as a file allows need no native stack.
  @Test func longExpressions() throws {
    let count = 20_000
    let chain = try graph(body: "return x" + String(repeating: " -> relu", count: count))
    #expect(chain.computeNodeCount == count)
    let sum = try graph(body: "return x" + String(repeating: " + x", count: count))
    #expect(sum.computeNodeCount == 1)
    let branches = String(repeating: "if x.c == 0 { x -> bn } else ", count: 5000)
    let conditional = try graph(body: "return \(branches) { x }")
    #expect(conditional.computeNodeCount == 0)
    let number = try graph(body: "return x -> conv(3x3, 1" + String(repeating: " + 1", count: 99) + ")")
    #expect(number.value(of: .params) == 2700)
  }

  /// Brackets as deep as the parser lets pass.
  @Test func deepNesting() throws {
    let depth = 100
    let open = String(repeating: "(x + (", count: depth / 2)
    let close = String(repeating: "))", count: depth / 2)
    let result = try graph(body: "return \(open)x\(close)")
    #expect(result.computeNodeCount == depth / 2)
    // Beyond the limit there is a message and no crash.
    for text in ["(", "repeat 2 ", "if x.c == 3 { ", "not ", "-", "[", "x + (x -> ", "conv(3x3, "] {
      let found = messages(network("return x -> " + String(repeating: text, count: 100_000)), limits: small)
      #expect(!found.isEmpty, "\(text)")
    }
  }
}
