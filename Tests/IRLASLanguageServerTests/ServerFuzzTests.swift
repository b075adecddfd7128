import IRLASDSL
import IRLASJSON
import IRLASLanguageServer
import IRLASTestSupport
import Testing

/// Whatever arrives, the server answers and lives.
@Suite struct ServerFuzzTests {
  /// Every request, asked at a dozen places of damaged programs.
  @Test func everyRequestSurvivesDamagedPrograms() {
    let count = Fuzzing.count(1000, share: 1000)
    let seed = Fuzzing.seed(11)
    print("server fuzz: every request in \(count) mutations of seed \(seed)")
    let mutator = ProgramMutator(Self.programs, seed: seed)
    for index in 0..<count {
      let text = String(decoding: mutator.mutation(index), as: UTF8.self)
      let client = Conversation()
      client.open(text)
      _ = client.diagnostics()
      Self.askEverything(client, text, step: max(1, text.utf8.count / 12))
    }
  }

  private static let programs = networkPrograms.map(\.text) + spacePrograms.map(\.text)

  /// A client that damages its text again and again, and asks something at a random place each time.
  @Test func oneRequestSurvivesDamagedPrograms() {
    let count = Fuzzing.count(5000, share: 20)
    let seed = Fuzzing.seed(12)
    print("server fuzz: a request in each of \(count) mutations of seed \(seed)")
    let mutator = ProgramMutator(Self.programs, seed: seed)
    var random = SplitMix64(seed: seed)
    var client = Conversation()
    for index in 0..<count {
      let text = String(decoding: mutator.mutation(index), as: UTF8.self)
      if index.isMultiple(of: 50) {
        client = Conversation()
        client.open(text)
      } else {
        client.replace(text)
      }
      // Not every text is looked at before the next one comes.
      if random.below(4) > 0 { _ = client.diagnostics() }
      let offset = random.below(text.utf8.count + 1)
      let method = Self.wholeRequests[random.below(Self.wholeRequests.count)]
      let uri: JSON = ["textDocument": ["uri": .string(Conversation.uri)]]
      switch random.below(3) {
      case 0:
        client.request(
          "textDocument/\(method)", uri.with("range", Conversation.range(0..<text.utf8.count, in: text)))
      case 1: _ = client.actions(offset..<min(text.utf8.count, offset + random.below(40)))
      default:
        let method = Self.placeRequests[random.below(Self.placeRequests.count)]
        client.request(
          "textDocument/\(method)", uri.with("position", Conversation.position(offset, in: text)))
      }
    }
  }

  private static let wholeRequests = [
    "documentSymbol", "foldingRange", "semanticTokens/full", "codeLens", "inlayHint",
  ]
  private static let placeRequests = [
    "hover", "completion", "signatureHelp", "definition", "references", "documentHighlight",
  ]

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
    let whole = uri.with("range", Conversation.range(0..<text.utf8.count, in: text))
    for method in wholeRequests { client.request("textDocument/\(method)", whole) }
    for offset in stride(from: 0, through: text.utf8.count, by: step) {
      let place = uri.with("position", Conversation.position(offset, in: text))
      for method in placeRequests { client.request("textDocument/\(method)", place) }
      _ = client.reply(to: "textDocument/rename", place.with("newName", "other"))
      _ = client.actions(offset..<min(text.utf8.count, offset + step))
    }
  }

  /// Damaged bytes of a real conversation: each request of it that arrives whole is answered.
  @Test func damagedBytesAreNoCrash() {
    let count = Fuzzing.count(20_000)
    let seed = Fuzzing.seed(5)
    print("server fuzz: \(count) damaged conversations of seed \(seed)")
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
    for _ in 0..<count {
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
