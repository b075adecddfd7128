import IRLASJSON
import IRLASLanguageServer
import Testing

/// The conversation itself: order, errors, cancellation, the end.
@Suite struct LifecycleTests {
  private func code(_ reply: JSON) -> Int? { reply["error"]?["code"]?.int }

  @Test func requestsBeforeInitializeAreRefused() {
    let client = Conversation(isInitialized: false)
    #expect(code(client.reply(to: "textDocument/hover", [:])) == -32002)
    client.open("cell")
    #expect(client.server.wantsIdle == false)
    #expect(client.reply(to: "initialize", ["capabilities": [:]])["result"]?["capabilities"] != nil)
    #expect(code(client.reply(to: "initialize", [:])) == -32600)
  }

  @Test func exitAfterShutdownIsClean() {
    let client = Conversation()
    #expect(client.reply(to: "shutdown", .null)["result"] == .null)
    #expect(code(client.reply(to: "textDocument/hover", [:])) == -32600)
    client.notify("exit", .null)
    #expect(client.server.exitCode == 0)
  }

  @Test func exitWithoutShutdownIsNot() {
    let client = Conversation()
    client.notify("exit", .null)
    #expect(client.server.exitCode == 1)
  }

  @Test func unknownMethodsAreErrorsAndUnknownNotificationsAreNot() {
    let client = Conversation()
    #expect(code(client.reply(to: "textDocument/nothing", [:])) == -32601)
    #expect(client.server.receive([.message(["jsonrpc": "2.0", "method": "$/nothing"])]).isEmpty)
  }

  @Test(arguments: [
    (#"[1]"#, -32600), (#"{}"#, -32600), (#"{"jsonrpc":"2.0","id":1}"#, -32600),
    (#"{"jsonrpc":"2.0","id":1,"method":7}"#, -32600),
    (#"{"jsonrpc":"2.0","id":1,"method":"m","params":3}"#, -32600),
    (#"{"jsonrpc":"2.0","id":[1],"method":"m"}"#, -32600), (#"{"id":1,"method":"m"}"#, -32600),
    (#"{"jsonrpc":"2.0","id":1,"method":"textDocument/hover","params":{}}"#, -32602),
    (#"{"jsonrpc":"2.0","id":1,"method":"textDocument/hover"}"#, -32602),
  ])
  func messagesOfAnotherFormAreErrors(message: String, expected: Int) throws {
    let client = Conversation()
    let replies = client.server.receive([.message(try JSON.parse(Array(message.utf8)[...]))])
    #expect(replies.count == 1)
    #expect(replies.first.flatMap(code) == expected)
  }

  @Test func malformedBytesAreParseErrors() {
    var decoder = MessageDecoder()
    let client = Conversation()
    let replies = client.server.receive(decoder.receive(Array("Content-Length: 3\r\n\r\n{x}".utf8)))
    #expect(replies.first.flatMap(code) == -32700)
    #expect(replies.first?["id"] == .null)
  }

  @Test func aCancelledRequestIsDropped() {
    let client = Conversation()
    client.open("cell A { in x return x -> relu }")
    let symbols: JSON = [
      "jsonrpc": "2.0", "id": 77, "method": "textDocument/documentSymbol",
      "params": ["textDocument": ["uri": .string(Conversation.uri)]],
    ]
    let cancel: JSON = ["jsonrpc": "2.0", "method": "$/cancelRequest", "params": ["id": 77]]
    let replies = client.server.receive([.message(symbols), .message(cancel)])
    #expect(replies.map(code) == [-32800])
  }

  @Test func aRequestAboutAnOlderTextIsDropped() {
    let client = Conversation()
    client.open("cell A { in x return x -> relu }")
    let symbols: JSON = [
      "jsonrpc": "2.0", "id": 77, "method": "textDocument/documentSymbol",
      "params": ["textDocument": ["uri": .string(Conversation.uri)]],
    ]
    let change: JSON = [
      "jsonrpc": "2.0", "method": "textDocument/didChange",
      "params": [
        "textDocument": ["uri": .string(Conversation.uri), "version": 2],
        "contentChanges": [["text": "cell B"]],
      ],
    ]
    #expect(client.server.receive([.message(symbols), .message(change)]).map(code) == [-32801])
    #expect(client.server.receive([.message(symbols)]).first?["result"] != nil)
  }

  @Test func aBurstOfChangesIsPublishedOnce() {
    let client = Conversation()
    client.open("cell A { in x return x -> relu }")
    for text in ["c", "ce", "cel", "cell"] { client.replace(text) }
    #expect(client.notifications.isEmpty)
    #expect(client.diagnostics().isEmpty == false)
    #expect(client.notifications.count == 1)
    #expect(client.server.wantsIdle == false)
  }

  @Test func closedTextsLoseTheirMessages() {
    let client = Conversation()
    client.open("cell")
    #expect(client.diagnostics().isEmpty == false)
    client.notify("textDocument/didClose", ["textDocument": ["uri": .string(Conversation.uri)]])
    #expect(client.diagnostics().isEmpty)
    #expect(
      code(
        client.reply(to: "textDocument/documentSymbol", ["textDocument": ["uri": .string(Conversation.uri)]]))
        == -32602)
  }
}
