import IRLASDSL
import IRLASJSON
import IRLASTestSupport
import Testing

/// Rename, extract, inline, project: the text changes, the program does not.
@Suite struct RefactoringTests {
  private func action(_ kind: String, _ client: Conversation, _ range: Range<Int>) -> JSON? {
    client.actions(range).first { $0["kind"]?.text == kind }
  }

  @Test func extractMakesACellOfLinks() throws {
    let marked = Marked(
      """
      /// The net.
      network Net(width = 8, k = 3x3) {
        in x: [3, 8, 8]
        s = 2
        return x ¦-> conv(k, width * s) -> bn -> relu¦ -> global_avg_pool
      }
      """)
    let client = Conversation()
    client.open(marked.text)
    let found = try #require(action("refactor.extract", client, marked.offsets[0]..<marked.offsets[1]))
    let result = client.applying(found["edit"])
    #expect(
      result == """
        cell Extracted(k: Kernel, width: Int, s) {
          in x
          return x -> conv(k, width * s) -> bn -> relu
        }

        /// The net.
        network Net(width = 8, k = 3x3) {
          in x: [3, 8, 8]
          s = 2
          return x -> Extracted(k: k, width: width, s: s) -> global_avg_pool
        }
        """)
    #expect(hashes(of: result) == hashes(of: marked.text))
    #expect(hashes(of: result).first != .some(nil))
  }

  @Test(arguments: [
    "h + (x ¦-> fit¦)", "x ¦-> repeat 2 (conv(1x1, 2 then 3)¦ -> bn)", "x ¦-> conv(3x3, x.c)¦ -> bn",
    "¦x¦ -> conv(3x3, 4)", "x -> (¦conv(3x3, 4)¦ -> bn)",
  ])
  func extractIsNotOfferedWhereItWouldChangeTheMeaning(body: String) {
    let marked = Marked("use std\nnetwork Net { in x: [3, 8, 8] h = x -> conv(3x3, 3) return \(body) }")
    let client = Conversation()
    client.open(marked.text)
    #expect(action("refactor.extract", client, marked.offsets[0]..<marked.offsets[1]) == nil)
  }

  @Test func inlinePutsStatementsBefore() throws {
    let marked = Marked(
      """
      use std
      cell Block(out, stride = 1) {
        in x
        h = x -> conv(3x3, out, stride: stride) -> bn
        return h + (x -> fit) -> relu
      }
      network Net(width = 8) {
        in image: [3, 8, 8]
        h = image -> conv(3x3, width)
        return h -> relu -> Bl¦ock(2 * width) -> global_avg_pool
      }
      """)
    let client = Conversation()
    client.open(marked.text)
    let found = try #require(action("refactor.inline", client, marked.offset..<marked.offset))
    let result = client.applying(found["edit"])
    #expect(
      result.hasSuffix(
        """
          x = h -> relu
          h2 = x -> conv(3x3, 2 * width, stride: 1) -> bn
          return h2 + (x -> fit) -> relu -> global_avg_pool
        }
        """), "\(result)")
    #expect(hashes(of: result) == hashes(of: marked.text))
    #expect(hashes(of: result).first != .some(nil))
  }

  @Test func projectAddsFit() throws {
    let marked = Marked(
      "network Net { in x: [3, 8, 8] y = x -> conv(3x3, 8) return y + ¦x -> relu }")
    let client = Conversation()
    client.open(marked.text)
    let found = try #require(action("refactor.rewrite", client, marked.offset..<marked.offset))
    let result = client.applying(found["edit"])
    #expect(result == "use std\n" + marked.text.replacing("y + x", with: "y + (x -> fit)"))
    #expect(hashes(of: result).first != .some(nil))
  }

  /// The sample networks that elaborate, which the laws are tested on.
  static let samples: [SampleProgram] = networkPrograms.filter { sample in
    let known = hashes(of: sample.text)
    return !known.isEmpty && !known.contains(nil)
  }

  @Test func enoughSamplesElaborate() { #expect(Self.samples.count >= 5, "\(networkPrograms.map(\.name))") }

  @Test(arguments: samples)
  func renameKeepsTheProgram(sample: SampleProgram) {
    let client = Conversation()
    client.open(sample.text)
    let before = hashes(of: sample.text)
    let program = Program.load(entry: SourceFile(name: "/program.irlas", text: sample.text)) { _ in .missing }
    var done: Set<Symbol> = []
    for occurrence in program.nameIndex(of: SourceID(0)).occurrences
    where occurrence.symbol.isDeclared && done.insert(occurrence.symbol).inserted {
      if let definition = program.definition(of: occurrence.symbol), definition.file != SourceID(0) {
        continue
      }
      let name = program.text(occurrence.span)
      let parameters = Conversation.place(Marked(sample.text, at: Int(occurrence.span.lower)))
      let edit = client.request("textDocument/rename", parameters.with("newName", "fresh_name_7"))
      let result = client.applying(edit)
      #expect(hashes(of: result) == before, "\(name) in \(sample.name)")
      #expect(result != sample.text)
    }
    #expect(!done.isEmpty)
  }

  @Test func renameRefusesWhatWouldChangeTheMeaning() {
    let text = "cell A(n) { in x y = x -> conv(3x3, n) return y + (x -> conv(3x3, n)) }"
    let client = Conversation()
    for (mark, name) in [
      ("¦y =", "x"), ("¦n)", "x"), ("¦y =", ""), ("¦y =", "a`b"), ("¦y =", "conv"), ("x -> co¦nv", "other"),
    ] {
      let marked = Marked(text.replacing(mark.replacing("¦", with: ""), with: mark, maxReplacements: 1))
      client.open(marked.text)
      let reply = client.reply(
        to: "textDocument/rename", Conversation.place(marked).with("newName", .string(name)))
      if name == "conv" {
        // Bound after its only uses as a layer: `conv` of the last line would mean the binding.
        #expect(reply["error"]?["code"]?.int == -32803)
      } else {
        #expect(reply["error"]?["code"]?.int == -32803, "\(mark) to \(name)")
      }
    }
  }

  @Test func renameGoesAcrossFiles() {
    let cell = "cell Body(out) { in x return x -> conv(3x3, out) }"
    let main = "use \"cell.irlas\"\nnetwork Net { in x: [3, 8, 8] return x -> Body(out: 8) }"
    let client = Conversation()
    client.open(cell, uri: "file:///cell.irlas")
    client.open(main)
    let place = Conversation.place(Marked("cell ¦Body(out) {"), uri: "file:///cell.irlas")
    let edit = client.request("textDocument/rename", place.with("newName", "part"))
    #expect(client.applying(edit) == main.replacing("Body", with: "part"))
    #expect(client.applying(edit, uri: "file:///cell.irlas") == cell.replacing("Body", with: "part"))
    let keyword = client.request("textDocument/rename", place.with("newName", "repeat"))
    #expect(client.applying(keyword) == main.replacing("Body", with: "`repeat`"))
  }

  @Test(arguments: samples)
  func extractThenInlineKeepsTheProgram(sample: SampleProgram) throws {
    let seed = UInt64(20_260)
    var random = SplitMix64(seed: seed)
    let before = hashes(of: sample.text)
    let chains = Self.linkRanges(sample.text)
    var extracted = 0
    for _ in 0..<60 where extracted < 12 {
      guard !chains.isEmpty else { break }
      let links = chains[random.below(chains.count)]
      let first = random.below(links.count)
      let last = first + random.below(links.count - first)
      let client = Conversation()
      client.open(sample.text)
      guard
        let found = action("refactor.extract", client, links[first].lowerBound..<links[last].upperBound)
      else { continue }
      extracted += 1
      let text = client.applying(found["edit"])
      #expect(hashes(of: text) == before, "seed \(seed), extract in \(sample.name):\n\(text)")
      client.replace(text)
      let use = try #require(Self.lastUse(of: "Extracted", in: text))
      let inline = try #require(self.action("refactor.inline", client, use..<use), "seed \(seed):\n\(text)")
      let back = client.applying(inline["edit"])
      #expect(hashes(of: back) == before, "seed \(seed), inline in \(sample.name):\n\(back)")
    }
    // A sample none of whose chains can be a cell by itself would test nothing.
    if chains.count > 3 { #expect(extracted > 0, "\(sample.name)") }
  }

  @Test(arguments: samples)
  func inlineKeepsTheProgram(sample: SampleProgram) {
    let before = hashes(of: sample.text)
    let program = Program.load(entry: SourceFile(name: "/program.irlas", text: sample.text)) { _ in .missing }
    let client = Conversation()
    client.open(sample.text)
    for occurrence in program.nameIndex(of: SourceID(0)).occurrences where occurrence.role == .use {
      guard case .module = occurrence.symbol else { continue }
      let offset = Int(occurrence.span.lower)
      guard let found = action("refactor.inline", client, offset..<offset) else { continue }
      let result = client.applying(found["edit"])
      #expect(hashes(of: result) == before, "\(program.text(occurrence.span)) in \(sample.name):\n\(result)")
    }
  }

  /// For each chain of a text the ranges of its links.
  private static func linkRanges(_ text: String) -> [[Range<Int>]] {
    let tree = parse(SourceFile(name: "", text: text)).tree
    return tree.root.node.descendants.filter { $0.kind == .chain }.map { node in
      node.children.map(\.span.range)
    }
  }

  private static func lastUse(of name: String, in text: String) -> Int? {
    let tree = parse(SourceFile(name: "", text: text)).tree
    let token = tree.tokens.last {
      $0.kind == .identifier && text.utf8.count >= Int($0.upper)
        && String(decoding: Array(text.utf8)[$0.range], as: UTF8.self) == name
    }
    return token.map { Int($0.lower) }
  }
}

extension Marked {
  /// A text with one place.
  init(_ text: String, at offset: Int) {
    self.text = text
    offsets = [offset]
  }
}
