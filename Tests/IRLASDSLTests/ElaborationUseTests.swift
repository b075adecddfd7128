import Testing

@testable import IRLASDSL

/// Programs of several files.
@Suite struct ElaborationUseTests {
  private let network = "network Net { in x: [3, 8, 8] return x -> Block(4) }"
  private let block =
    "irlas 1 cell Block(c) { in x return x -> conv(3x3, c) } cell Other { in x return x -> relu }"

  private func check(_ text: String, _ files: [String: String], _ expected: String) {
    #expect(messages(text, files: files) == expected)
  }

  @Test func files() {
    check("irlas 1 use \"lib/block.irlas\" \(network)", ["lib/block.irlas": block], "")
    check("irlas 1 use lib.block \(network)", ["lib/block.irlas": block], "")
    check("irlas 1 use \"b.irlas\" { Block } \(network)", ["b.irlas": block], "")
    check(
      "irlas 1 use \"b.irlas\" { Other as Block, Block as B } \(network.replacing("Block(4)", with: "B(4) -> Block"))",
      ["b.irlas": block], "")
    check(
      "irlas 1 use lib.block \(network.replacing("Block", with: "block.Block"))", ["lib/block.irlas": block],
      "")
    // A file finds what it uses beside itself, and its own names stay its own.
    check(
      "irlas 1 use \"a/one.irlas\" { One } network Net { in x: [3, 8, 8] return x -> One }",
      [
        "a/one.irlas": "irlas 1 use \"../b/two.irlas\" cell One { in x return x -> Two }",
        "a/../b/two.irlas": "irlas 1 use std cell Two { in x return x -> relu_conv_bn(1x1, 3) }",
      ], "")
    check(
      "irlas 1 use \"b.irlas\" { Other } \(network)", ["b.irlas": block],
      "error[L0104] 1:75: no layer named `Block`")
  }

  @Test func mistakes() {
    check(
      "irlas 1 use \"b.irlas\" \(network)", [:],
      "error[L0101] 1:13: there is no file `b.irlas`")
    let circle = messages(
      "irlas 1 use \"b.irlas\" \(network)",
      files: ["b.irlas": "\(block.replacing("irlas 1", with: "irlas 1 use \"main.irlas\""))"])
    #expect(circle == "error[L0107] 1:13: files use one another in a circle")
    let both = ["a.irlas": block, "b.irlas": block]
    check(
      "irlas 1 use \"a.irlas\" use \"b.irlas\" { Block } \(network)", both,
      "error[L0103] 1:39: two used files declare `Block`")
    // The file's own declaration wins over what comes along.
    check("irlas 1 use \"a.irlas\" cell Block(n) { in x return x -> repeat n relu } \(network)", both, "")
  }

  @Test func unreadable() {
    let text = "irlas 1 use \"b.irlas\""
    let program = Program.load(entry: SourceFile(name: "main.irlas", text: text)) { _ in
      .unreadable("permission denied")
    }
    #expect(short(program.diagnostics, program.sources) == "error[L0109] 1:13: `b.irlas` cannot be read")
    let binary = Program.load(entry: SourceFile(name: "main.irlas", text: text)) { _ in .bytes([0xFF, 0xFE]) }
    #expect(binary.diagnostics.map(\.code) == [.notUTF8])
  }

  /// A thousand files in a row are read, and no more.
  @Test func manyFiles() {
    let program = Program.load(entry: SourceFile(name: "0", text: "irlas 1 use \"1\"")) { path in
      .bytes(Array("irlas 1 use \"\((Int(path) ?? 0) + 1)\"".utf8))
    }
    #expect(program.diagnostics.map(\.message) == ["this program uses more than 1000 files"])
  }

  /// A cell under the name of a network is a mistake, and is not taken for the network.
  @Test func cellUnderTheNameOfANetwork() {
    let text = "cell A { in x: [8, 4, 4]  return x }  network A { in x: [3, 4, 4]  return x -> relu }"
    let program = Program.load(entry: SourceFile(name: "a.irlas", text: text)) { _ in .missing }
    #expect(program.diagnostics.map(\.code) == [.duplicateName])
    #expect(program.elaborate(network: "A").elaboration != nil)
  }

  /// A file that is used by a path in quotes has no name of its own.
  @Test func nameOfAQuotedFile() {
    let wrong = network.replacing("Block(4)", with: "b.Block(4)")
    check(
      "irlas 1 use \"lib/b.irlas\" \(wrong)", ["lib/b.irlas": block],
      "error[L0105] 1:69: no value named `b`: a file used by its path brings its names as they are")
    for (use, fixed) in [
      ("", "return x -> Block(4)"), ("{ Other }", nil), ("{ Block }", "return x -> Block(4)"),
    ] {
      let program = program("irlas 1 use \"b.irlas\" \(use) \(wrong)", files: ["b.irlas": block])
      let found = program.check().diagnostics
      #expect(found.count == 1)
      let edits = found.first?.help.first?.edits ?? []
      #expect(edits.isEmpty == (fixed == nil))
      if let fixed, let edit = edits.first, let source = program.sources[edit.span.file] {
        var bytes = source.utf8
        bytes.replaceSubrange(edit.span.range, with: edit.replacement.utf8)
        #expect(String(decoding: bytes, as: UTF8.self).contains(fixed))
      }
    }
    // What is unknown is reported, what is a member of it is not.
    #expect(
      messages("irlas 1 network N { in x: [3, 8, 8] return x -> y.Block }")
        == "error[L0105] 1:49: no value named `y`")
  }

  /// A file's own `fit` hides neither `std.fit` nor that it needs the other operands.
  @Test func qualifiedCellOfTheSameName() throws {
    let text = """
      irlas 1
      use std
      cell fit { in x return x -> relu }
      network Net {
        in x: [3, 8, 8]
        h = x -> conv(3x3, 8)
        y = (x -> std.fit) + h
        z = h + (x -> std.fit(to: h.shape))
        return y + (z -> fit)
      }
      """
    #expect(messages(text) == "")
  }
}
