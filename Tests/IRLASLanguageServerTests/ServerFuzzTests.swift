import IRLASDSL
import IRLASJSON
import IRLASLanguageServer
import IRLASTestSupport
import Testing

/// Whatever arrives, the server answers and lives.
@Suite struct ServerFuzzTests {
  /// Every request, asked at every so many bytes of damaged programs.
  @Test func everyRequestSurvivesDamagedPrograms() {
    let seed: UInt64 = 11
    let mutator = ProgramMutator(networkPrograms.map(\.text), seed: seed)
    for index in 0..<40 {
      let text = String(decoding: mutator.mutation(index), as: UTF8.self)
      let client = Conversation()
      client.open(text)
      _ = client.diagnostics()
      Self.askEverything(client, text, step: max(1, text.utf8.count / 12))
    }
  }

  @Test func everyRequestSurvivesUnfinishedPrograms() {
    for sample in networkPrograms.prefix(6) {
      let bytes = Array(sample.text.utf8)
      let client = Conversation()
      client.open("")
      var end = 0
      while end < bytes.count {
        end = min(bytes.count, end + 23)
        let text = String(decoding: bytes[..<end], as: UTF8.self)
        client.replace(text)
        let place = Conversation.place(Marked(text, at: text.utf8.count))
        client.request("textDocument/completion", place)
        client.request("textDocument/signatureHelp", place)
        client.request("textDocument/hover", place)
      }
    }
  }

  private static func askEverything(_ client: Conversation, _ text: String, step: Int) {
    let uri: JSON = ["textDocument": ["uri": .string(Conversation.uri)]]
    for method in ["documentSymbol", "foldingRange", "semanticTokens/full", "codeLens"] {
      client.request("textDocument/\(method)", uri)
    }
    let whole = Conversation.range(0..<text.utf8.count, in: text)
    client.request("textDocument/inlayHint", uri.with("range", whole))
    for offset in stride(from: 0, through: text.utf8.count, by: step) {
      let place = uri.with("position", Conversation.position(offset, in: text))
      for method in [
        "hover", "completion", "signatureHelp", "definition", "references", "documentHighlight",
      ] {
        client.request("textDocument/\(method)", place)
      }
      _ = client.reply(to: "textDocument/rename", place.with("newName", "other"))
      _ = client.actions(offset..<min(text.utf8.count, offset + step))
    }
  }

  /// Damaged bytes of a real conversation: each request of it that arrives whole is answered.
  @Test func damagedBytesAreNoCrash() {
    let seed: UInt64 = 5
    var conversation: [UInt8] = []
    let open: JSON = [
      "jsonrpc": "2.0", "method": "textDocument/didOpen",
      "params": [
        "textDocument": ["uri": "file:///a.irlas", "version": 1, "text": "cell A { in x return x -> relu }"]
      ],
    ]
    conversation += encoded([
      "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": ["capabilities": [:]],
    ])
    conversation += encoded(open)
    for (id, method) in ["hover", "completion", "rename", "documentSymbol", "codeAction"].enumerated() {
      conversation += encoded([
        "jsonrpc": "2.0", "id": JSON(id + 2), "method": .string("textDocument/\(method)"),
        "params": [
          "textDocument": ["uri": "file:///a.irlas"], "position": ["line": 0, "character": 26],
          "newName": "b",
          "range": ["start": ["line": 0, "character": 20], "end": ["line": 0, "character": 30]],
        ],
      ])
    }
    var random = SplitMix64(seed: seed)
    for _ in 0..<1500 {
      var bytes = conversation
      for _ in 0...random.below(4) {
        let at = random.below(bytes.count)
        switch random.below(4) {
        case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes.removeSubrange(at..<min(bytes.count, at + 1 + random.below(30)))
        case 2:
          bytes.insert(
            contentsOf: bytes[at..<min(bytes.count, at + random.below(40))], at: random.below(bytes.count))
        default: bytes[at] = [0x30, 0x39, 0x22, 0x7B, 0x7D, 0x5B, 0x2D, 0x0A][random.below(8)]
        }
        if bytes.isEmpty { bytes = [0x0A] }
      }
      var decoder = MessageDecoder()
      let server = LanguageServer(
        ServerEnvironment(version: "", read: { _ in .missing }, standardLibraryURI: { nil }))
      for message in server.receive(decoder.receive(bytes)) { #expect(message["jsonrpc"] == "2.0") }
      _ = server.idle()
    }
  }
}
