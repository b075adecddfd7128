import IRLASDSL
import IRLASJSON
import IRLASTestSupport
import Testing

/// However a text came about, the server says the same about it.
@Suite struct IncrementalTests {
  @Test(arguments: 0..<12)
  func randomEditsGiveTheFinalText(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let samples = networkPrograms
    let client = Conversation()
    var text = samples[random.below(samples.count)].text
    client.open(text)
    for _ in 0..<30 {
      var changes: [JSON] = []
      for _ in 0...random.below(3) {
        let (range, replacement) = Self.edit(text, &random)
        changes.append(["range": Conversation.range(range, in: text), "text": .string(replacement)])
        var bytes = Array(text.utf8)
        bytes.replaceSubrange(range, with: replacement.utf8)
        text = String(decoding: bytes, as: UTF8.self)
      }
      client.change(changes)
      if random.below(4) == 0 { _ = client.diagnostics() }
    }
    let other = Conversation()
    other.open(text)
    #expect(client.diagnostics() == other.diagnostics(), "seed \(seed)")
    let uri: JSON = ["textDocument": ["uri": .string(Conversation.uri)]]
    for method in ["semanticTokens/full", "documentSymbol", "foldingRange", "codeLens"] {
      let name = "textDocument/\(method)"
      #expect(client.request(name, uri) == other.request(name, uri), "seed \(seed), \(method)")
    }
  }

  static let twoNetworks = """
    use std
    cell Wide(out) { in x return x -> conv(3x3, out) -> bn }
    cell Odd { in x return x -> conv(3x3, 8, groups: 3) }
    network A { in x: [3, 8, 8] return x -> Wide(16) -> relu }
    network B { in x: [4, 8, 8] return x -> Odd -> relu }
    check A() { params == 464 }
    check B() { params == 1 }
    """

  private func program(_ text: String) -> Program {
    Program.load(entry: SourceFile(name: "/program.irlas", text: text)) { _ in .missing }
  }

  private func short(_ report: CheckReport) -> [String] {
    report.diagnostics.map { "\($0.code) \($0.span.range) \($0.message) \($0.help) \($0.trace)" }
      + report.checks.map { "\($0.target) \($0.span.range) \($0.claims) \($0.passed)" }
  }

  /// What an edit does not touch is not elaborated again, and what is taken over speaks of where the text is now.
  @Test(arguments: [
    ("use std", "// é\n\nuse std", 0), ("cell Odd", "// between\ncell Odd", 0),
    ("params == 1 ", "params == 2 ", 1),
    ("out) -> bn", "out) -> bn -> relu", 2), ("groups: 3", "groups: 4", 2), ("[4, 8, 8]", "[6, 8, 8]", 2),
    ("network A", "network C", 1), ("cell Odd {", "cell Odd(n = 2) {", 2),
    ("cell Odd", "cell bn { in x return x }\ncell Odd", 2),
  ])
  func onlyWhatIsTouchedIsElaboratedAgain(old: String, new: String, redone: Int) {
    let before = program(Self.twoNetworks).inspect()
    let edited = program(Self.twoNetworks.replacing(old, with: new))
    let fresh = edited.inspect()
    let reused = edited.inspect(reusing: before.record)
    #expect(reused.report == fresh.report)
    // A network under a new name is new: nothing is known about it.
    if old != "network A" { #expect((edited.work(reusing: before.record) > 0) == (redone > 0)) }
    for occurrence in edited.nameIndex(of: SourceID(0)).occurrences {
      #expect(reused.record.finding(at: occurrence.span) == fresh.record.finding(at: occurrence.span))
      #expect(reused.record.figures(at: occurrence.span) == fresh.record.figures(at: occurrence.span))
    }
    let partial = edited.inspect(reusing: before.record, budget: 0)
    #expect(partial.record.isComplete == (redone == 0))
    let completed = edited.inspect(reusing: partial.record)
    #expect(completed.report == fresh.report)
  }

  /// Random edits of a program that stays nearly right.
  @Test(arguments: 0..<6)
  func takingOverIsTheSameAsStartingAfresh(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    var text = Self.twoNetworks
    var record = program(text).inspect().record
    let words = ["16", "8", "3", "relu", "bn", "Wide(16)", "Odd", "[3, 8, 8]", "// c\n", "3x3", "out"]
    for _ in 0..<60 {
      let (old, new) = (words[random.below(words.count)], words[random.below(words.count)])
      let next = text.replacing(old, with: new, maxReplacements: 1 + random.below(2))
      let edited = program(next)
      let (report, reused) = edited.inspect(reusing: record)
      #expect(short(report) == short(edited.inspect().report), "seed \(seed):\n\(next)")
      record = reused
      if next.utf8.count < 2000, random.below(3) > 0 { text = next }
    }
  }

  /// A deletion, insertion or replacement between characters.
  private static func edit(_ text: String, _ random: inout SplitMix64) -> (Range<Int>, String) {
    let bytes = Array(text.utf8)
    func boundary() -> Int {
      var offset = random.below(bytes.count + 1)
      while offset < bytes.count, bytes[offset] & 0xC0 == 0x80 { offset -= 1 }
      return offset
    }
    let start = boundary()
    var end = min(bytes.count, start + random.below(12))
    while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
    let pieces = [
      "", "", "x", " -> relu", "\n", "😀", "// é\n", "(", "}", "conv(3x3, 8)", "cell A { in x return x }\n",
    ]
    return (start..<max(start, end), pieces[random.below(pieces.count)])
  }
}
