import IRLASGraph
import Testing

@testable import IRLASDSL

/// `irlas hash`: networks by their graphs, cells with parameters and input shapes symbolic.
@Suite struct ProgramIdentityTests {
  static func identity(_ text: String, _ name: String, _ arguments: [(name: String, value: String)] = [])
    -> ModuleIdentity?
  {
    let program = Program.load(
      entry: SourceFile(name: "a.irlas", text: "irlas 1\nuse std\n\(text)"), loader: { _ in .missing })
    let (identity, diagnostics, _) = program.identity(of: name, arguments: arguments)
    #expect((identity == nil) == diagnostics.contains { $0.severity == .error })
    return identity
  }

  /// Whether two cells `C` have the same hashes.
  static func compare(_ a: String, _ b: String) throws -> (program: Bool, topology: Bool) {
    let (x, y) = (try #require(identity(a, "C")), try #require(identity(b, "C")))
    return (x.program == y.program, x.topology == y.topology)
  }

  @Test func namesAndOrderOfStatementsDoNotCount() throws {
    let a = """
      cell C(out, width, groups = 1, stride = 1) {
        in x
        a = x -> conv(3x3, width, stride: stride) -> bn
        b = x -> conv(1x1, width, stride: stride)
        return (a + b) -> conv(1x1, out, groups: groups)
      }
      """
    let b = """
      cell C(o, w, g = 1, s = 1) {
        in image
        second = image -> conv(kernel: 1x1, out: w, stride: s)
        first = image -> conv(3x3, w, stride: s)
        return second + (first -> bn) -> conv(1x1, o, groups: g)
      }
      """
    #expect(try Self.compare(a, b) == (true, true))
    #expect(Self.identity(a, "C", [("groups", "2")])?.program != Self.identity(a, "C")?.program)
    #expect(Self.identity(a, "C", [("groups", "1")])?.program == Self.identity(a, "C")?.program)
  }

  @Test func widthsAreSymbolic() throws {
    let a = "cell C(c) { in x return x -> conv(3x3, c) }"
    let twice = "cell C(c) { in x return x -> conv(3x3, 2 * c) }"
    let sum = "cell C(c) { in x return x -> conv(3x3, c + c) }"
    let input = "cell C(c) { in x return x -> conv(3x3, x.c) }"
    let fixed = "cell C(c) { in x return x -> conv(3x3, 1920) }"
    #expect(try Self.compare(a, twice) == (false, true))
    #expect(try Self.compare(twice, sum) == (true, true))
    #expect(try Self.compare(a, input) == (false, true))
    #expect(try Self.compare(a, fixed) == (false, true))
    #expect(try Self.compare(a, "cell C(c) { in x return x -> conv(5x5, c) }") == (false, false))
  }

  @Test func fitIsAnOp() throws {
    let fit = "cell C(c) { in x return (x -> conv(3x3, c) -> bn) + (x -> fit) }"
    let strict = "cell C(c) { in x return (x -> conv(3x3, c) -> bn) + x }"
    let projection = "cell C(c) { in x return (x -> conv(3x3, c) -> bn) + (x -> conv(1x1, c) -> bn) }"
    let swapped = "cell C(c) { in x a = x -> fit(to: b.shape) b = x -> conv(3x3, c) -> bn return a + b }"
    #expect(try Self.compare(fit, strict) == (false, false))
    #expect(try Self.compare(fit, projection) == (false, false))
    #expect(
      try Self.compare(fit, "cell C(c) { in y return (y -> fit) + (y -> conv(3x3, c) -> bn) }") == (
        true, true
      ))
    // A binding is used before it stands there.
    #expect(Self.identity(swapped, "C") == nil)
  }

  @Test func cellsOfManyKindsHaveAHash() throws {
    let cells = [
      "cell C(n, k) { in x grow h[n] = (x, h) -> concat -> conv(3x3, k) return (x, h) -> concat }",
      "cell C(c) { in s0, s1 a = s0 -> if s0.h == s1.h { relu_conv_bn(1x1, c) } else { factorized_reduce(c) } return s1, a }",
      "cell C(c) { in x: [c, h, w] return (x -> conv(3x3, c)) + x }",
      "cell C { in x: [3, 32, 32] return x -> conv(3x3, 8) }",
      "cell C(c, g) { in x return x -> conv(3x3, c, groups: g) -> shuffle(g) }",
      "cell C(c) { in xs[n] return xs -> concat -> conv(1x1, c) }",
      "cell C(act: Layer, k: Kernel, deep: Bool, rate: Float) { in x return x -> conv(k, 8) -> act -> dropout(rate) }",
      "cell C(c) { in x return x + (x -> conv(3x3, c)) }",
      "cell C(times) { in x return x -> repeat times (conv(3x3, x.c) -> relu) }",
    ]
    var seen: Set<GraphHash> = []
    for cell in cells {
      let identity = try #require(Self.identity(cell, "C"), "\(cell)")
      #expect(seen.insert(identity.program).inserted)
    }
    #expect(
      Self.identity("cell C(c) { in x return (x -> conv(3x3, c)) + (x -> conv(1x1, 2 * c)) }", "C") == nil)
  }

  @Test func networksHaveTheHashOfTheirGraph() throws {
    let text = "network N(c = 8) { in image: [3, 8, 8] return image -> conv(3x3, c) -> fit(to: image.shape) }"
    let identity = try #require(Self.identity(text, "N"))
    let program = Program.load(
      entry: SourceFile(name: "a", text: "irlas 1\nuse std\n" + text), loader: { _ in .missing })
    #expect(identity.program == program.elaborate(network: "N").elaboration?.graph.programHash)
    #expect(Self.identity(text, "N", [("c", "16")])?.program != identity.program)
    #expect(Self.identity(text, "N", [("c", "16")])?.topology == identity.topology)
  }

  @Test func atomicCellsAreMarkedInTheGraph() throws {
    let program = Program.load(
      entry: SourceFile(
        name: "a",
        text: """
          irlas 1
          use std
          @atomic cell Own { in x return x -> relu }
          network N { in image: [3, 8, 8] y = image -> sep_conv(3x3, 8) -> Own return y + (y -> relu -> fit) }
          """), loader: { _ in .missing })
    let graph = try #require(program.elaborate(network: "N").elaboration?.graph)
    #expect(graph.scopes.filter(\.isAtomic).map(\.name) == ["sep_conv", "Own"])
    #expect(try Graph(parsing: graph.text) == graph)
  }
}
