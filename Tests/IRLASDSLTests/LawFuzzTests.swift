import Foundation
import IRLASGraph
import IRLASTestSupport
import Testing

@testable import IRLASDSL

/// The laws of the language, on programs that spaces generate: what is drawn is raised to text, and the text is printed,
/// formatted, renamed and reordered without becoming another program.
@Suite struct LawFuzzTests {
  /// Spaces whose programs have something of everything.
  static let generators: [(name: String, text: String)] = [
    (
      "Mixed",
      """
      irlas 1
      use std

      space Unit(c, stride = 1) {
        in x
        k = choose(1x1, 3x3, 1x3, 5x5)
        act = choose(relu, silu, gelu, hard_swish, sigmoid)
        return x -> choose(
          plain: conv(k, c, stride: stride) -> bn -> act,
          depth: dwconv(k, stride: stride, multiplier: choose(1, 2)) -> conv(1x1, c, bias: choose(false, true)),
          group: conv(1x1, c, stride: stride) -> conv(k, c, groups: choose(2, 4)) -> shuffle(2) -> bn -> act,
          sep:   sep_conv(3x3, c, stride: stride),
          pool:  choose(max_pool(3x3, stride: stride), avg_pool(3x3, stride: stride)) -> conv(1x1, c),
          dil:   dil_conv(3x3, c, stride: stride, dilation: choose(2, 3)),
        )
      }

      space Residual(c) {
        in x
        h = x -> repeat 1..2 Unit(c)
        gate = x -> global_avg_pool -> conv(1x1, c) -> sigmoid
        return choose(
          sum:  h + (x -> fit) -> relu,
          gate: h * gate + (x -> fit),
          cat:  (h, x) -> concat -> conv(1x1, c),
          diff: (x -> fit) - h -> abs,
        )
      }

      space Mixed {
        in image: [4, 8, 8]
        c = choose(4, 8)
        body = sample Residual
        shared f = conv(3x3, c) -> relu
        x = image -> conv(3x3, c) -> choose(bn, layer_norm, identity)
        y = x -> repeat 1..3 body(c) -> choose(f, f -> f, Unit(c, stride: 2), body(c))
        return y -> global_avg_pool -> choose(dropout(0.2), identity) -> linear(choose(3, 10))
      }
      """
    ),
    (
      "Grown",
      """
      irlas 1
      use std

      space Cell(c) {
        in s0, s1
        a = s0 -> relu_conv_bn(1x1, c)
        b = s1 -> relu_conv_bn(1x1, c)
        grow n[1..3] = each v in pick(2, a, b, n) {
          v -> choose(none: zero, skip: identity, conv: conv(3x3, c) -> bn, pool: max_pool(3x3))
        } -> add
        return s1, (n.leaves, a) -> concat
      }

      space Grown {
        in image: [3, 8, 8]
        body = sample Cell
        stem = image -> conv(3x3, 4)
        _, y = (stem, stem) -> repeat 1..3 body(4) -> Cell(8)
        return y -> max_pool(2x2, stride: 2) -> flatten -> linear(5)
      }
      """
    ),
    (
      "Blocks",
      """
      irlas 1
      use std

      space Block(c) {
        in x
        grow h[1..5] = choose(
          conv:   pick(x, h) -> relu -> conv(choose(1x1, 3x3, 5x5), c) -> bn,
          pool:   pick(x, h) -> choose(max_pool(3x3), avg_pool(3x3)),
          same:   pick(x, h),
          add:    pick(x, h) + (pick(x, h) -> fit),
          concat: (pick(x, h), pick(x, h)) -> concat,
        )
        return h.leaves -> concat
      }

      space Blocks {
        in image: [3, 8, 8]
        block = sample Block
        return image -> conv(3x3, 8) -> repeat 1..2 block(8) -> max_pool(2x2, stride: 2) -> block(16)
          -> global_avg_pool -> linear(4)
      }
      """
    ),
    (
      "Outputs",
      """
      irlas 1

      space Head(out) {
        in x
        return x -> global_avg_pool -> repeat 0..2 (conv(1x1, 8) -> relu) -> linear(out)
      }

      space Outputs {
        in left: [3, 8, 8], right: [3, 8, 8]
        shared f = conv(3x3, 8) -> bn -> relu
        a = left -> f
        b = right -> choose(f, conv(3x3, 8))
        t = choose(a * b, a - b, (a, b) -> concat, (a, b) -> add)
        parts = t -> split(2)
        scale = learned([t.c], init: 1)
        u = t -> choose(crop(top: 1, left: 1), pad(1), upsample(2), pad_channels(20))
        return main: t * scale -> Head(5), side: u -> Head(3), aux early: parts.at(0) -> Head(choose(2, 4))
      }
      """
    ),
  ]

  /// A law takes ten times as long as a mutated program.
  private static let count = Fuzzing.count(2000, share: 10)

  private func load(_ text: String) -> Program {
    Program.load(entry: SourceFile(name: "law.irlas", text: text), loader: { _ in .missing })
  }

  /// The graph of the only network of a text.
  private func graph(_ text: String, _ context: Comment) throws -> Graph {
    let program = load(text)
    #expect(program.diagnostics.isEmpty, context)
    let (elaboration, diagnostics) = program.elaborate(network: try #require(program.networks.first))
    #expect(diagnostics.isEmpty, context)
    return try #require(elaboration, context).graph
  }

  @Test(arguments: generators.indices)
  func laws(of index: Int) throws {
    let (name, text) = Self.generators[index]
    let program = load(text)
    #expect(program.diagnostics.isEmpty, "\(program.diagnostics.map(\.message))")
    let (open, diagnostics) = program.space(named: name)
    #expect(diagnostics.isEmpty)
    let space = try #require(open).space
    var random = RandomSource(seed: UInt64(index))
    var seen: Set<GraphHash> = []
    for seed in 0..<UInt64(Self.count / Self.generators.count) {
      let context: Comment = "\(name), seed \(seed)"
      let drawn = try space.sample(seed: seed).graph
      seen.insert(drawn.programHash)
      #expect(drawn.verify().isEmpty, context)
      let raised = try raise(drawn).text
      // Printing keeps every byte, and raised text is formatted already.
      let source = SourceFile(id: SourceID(0), name: "law.irlas", text: raised)
      let (tree, problems) = parse(source)
      #expect(problems.isEmpty && tree.printed() == Array(raised.utf8), context)
      #expect(try formatted(raised) == raised, context)
      // The text is the program.
      let again = try graph(raised, context)
      #expect(again.programHash == drawn.programHash && again.topologyHash == drawn.topologyHash, context)
      // So it is under other names, and with independent statements in another order.
      let renamed = renaming(raised)
      #expect(renamed != raised)
      #expect(try graph(renamed, context).programHash == drawn.programHash, "\(name), seed \(seed), renamed")
      let reordered = reordering(raised, &random)
      #expect(
        try graph(reordered, context).programHash == drawn.programHash, "\(name), seed \(seed), reordered")
    }
    // The generator generates: most of the first programs differ. A small space comes to its end later on.
    #expect(seen.count * 4 > min(500, Self.count / Self.generators.count), "\(seen.count)")
  }

  /// The text with all its own names replaced.
  private func renaming(_ text: String) -> String {
    let program = load(text)
    let file = SourceID(0)
    var edits: [Diagnostic.Edit] = []
    for occurrence in program.nameIndex(of: file).occurrences where occurrence.symbol.isDeclared {
      // Cells of the library keep their names; what a used file declares is not this text's.
      guard let definition = program.definition(of: occurrence.symbol), definition.file == file else {
        continue
      }
      let name = program.text(occurrence.span)
      if name != "_" { edits.append(.init(occurrence.span, "q_\(name)")) }
    }
    return String(
      decoding: applying(edits, to: SourceFile(name: "law.irlas", text: text)) ?? [], as: UTF8.self)
  }

  /// The text with some neighbouring statements exchanged that do not read each other.
  private func reordering(_ text: String, _ random: inout RandomSource) -> String {
    let (tree, _) = parse(SourceFile(id: SourceID(0), name: "law.irlas", text: text))
    var edits: [Diagnostic.Edit] = []
    for case .module(let module) in tree.root.declarations {
      var previous: StatementSyntax?
      for statement in module.statements {
        guard case .binding(let first)? = previous, case .binding(let second) = statement,
          random.pick(0...1) == 0, isIndependent(second, of: first, in: tree)
        else {
          previous = statement
          continue
        }
        edits.append(.init(first.span, second.node.text))
        edits.append(.init(second.span, first.node.text))
        // A statement moves once.
        previous = nil
      }
    }
    return String(
      decoding: applying(edits, to: SourceFile(name: "law.irlas", text: text)) ?? [], as: UTF8.self)
  }

  /// Whether a statement reads nothing that the one before it binds.
  private func isIndependent(_ second: BindingSyntax, of first: BindingSyntax, in tree: SyntaxTree) -> Bool {
    let bound = Set(first.names.map(\.name))
    return second.node.tokenRange.allSatisfy { !bound.contains(TokenSyntax(tree: tree, index: $0).name) }
  }
}
