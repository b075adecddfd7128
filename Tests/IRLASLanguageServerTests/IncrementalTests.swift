import IRLASJSON
import IRLASTestSupport
import Testing

/// However a text came about, the server says the same about it.
@Suite struct IncrementalTests {
  @Test(arguments: 0..<12)
  func randomEditsGiveTheFinalText(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let samples = samplePrograms
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
