import IRLASDSL
import IRLASGraph
import IRLASJSON
import IRLASLanguageServer
import Testing

/// A client that talks to a server in the same process, about files that exist in memory alone.
final class Conversation {
  let server: LanguageServer
  /// What the server said without being asked, in order.
  private(set) var notifications: [JSON] = []
  /// The texts as the client has them.
  private(set) var texts: [String: String] = [:]
  private var nextID = 1
  private var version = 1

  /// A conversation that has begun with `initialize`.
  init(files: [String: String] = [:], capabilities: JSON = [:], isInitialized: Bool = true) {
    server = LanguageServer(
      ServerEnvironment(
        version: "test",
        read: { path in files[path].map { .bytes(Array($0.utf8)) } ?? .missing },
        standardLibraryURI: { "file:///std.irlas" }))
    guard isInitialized else { return }
    _ = request("initialize", ["capabilities": capabilities])
    notify("initialized", [:])
  }

  /// Sends one request and returns its result; an error is recorded as an issue.
  @discardableResult
  func request(_ method: String, _ parameters: JSON, _ location: Testing.SourceLocation = #_sourceLocation)
    -> JSON
  {
    let reply = reply(to: method, parameters)
    if let error = reply["error"] { Issue.record("\(method): \(error.line)", sourceLocation: location) }
    return reply["result"] ?? .null
  }

  /// Sends one request and returns the whole reply.
  func reply(to method: String, _ parameters: JSON) -> JSON {
    let id = JSON(nextID)
    nextID += 1
    let message: JSON = ["jsonrpc": "2.0", "id": id, "method": .string(method), "params": parameters]
    let replies = server.receive([.message(message)])
    notifications += replies.filter { $0["id"] == nil }
    return replies.first { $0["id"] == id } ?? .null
  }

  /// Sends one notification.
  func notify(_ method: String, _ parameters: JSON) {
    let message: JSON = ["jsonrpc": "2.0", "method": .string(method), "params": parameters]
    notifications += server.receive([.message(message)])
  }

  static let uri = "file:///program.irlas"

  /// Opens a text.
  func open(_ text: String, uri: String = Conversation.uri) {
    texts[uri] = text
    notify(
      "textDocument/didOpen",
      ["textDocument": ["uri": .string(uri), "languageId": "irlas", "version": 1, "text": .string(text)]])
  }

  /// Replaces the whole text.
  func replace(_ text: String, uri: String = Conversation.uri) {
    texts[uri] = text
    change([["text": .string(text)]], uri: uri)
  }

  /// Sends changes.
  func change(_ changes: [JSON], uri: String = Conversation.uri) {
    version += 1
    notify(
      "textDocument/didChange",
      ["textDocument": ["uri": .string(uri), "version": JSON(version)], "contentChanges": .array(changes)])
  }

  /// The messages that are published for a text once the server is idle, long elaborations included.
  func diagnostics(uri: String = Conversation.uri) -> [JSON] {
    notifications += server.idle()
    while let work = server.takeWork() { notifications += server.finish(work.run()) }
    let last = notifications.last {
      $0["method"] == "textDocument/publishDiagnostics" && $0["params"]?["uri"]?.text == uri
    }
    return last?["params"]?["diagnostics"]?.elements ?? []
  }

  /// The parameters of a request about a place.
  static func place(_ marked: Marked, uri: String = Conversation.uri) -> JSON {
    ["textDocument": ["uri": .string(uri)], "position": position(marked.offset, in: marked.text)]
  }

  /// A `Position` in UTF-16.
  static func position(_ offset: Int, in text: String) -> JSON {
    let bytes = Array(text.utf8)[..<offset]
    let start = (bytes.lastIndex(of: 0x0A) ?? -1) + 1
    let line = bytes.count { $0 == 0x0A }
    let character = String(decoding: bytes[start...], as: UTF8.self).utf16.count
    return ["line": JSON(line), "character": JSON(character)]
  }

  /// A `Range` in UTF-16.
  static func range(_ range: Range<Int>, in text: String) -> JSON {
    ["start": position(range.lowerBound, in: text), "end": position(range.upperBound, in: text)]
  }

  /// The code actions for a range.
  func actions(_ range: Range<Int>, uri: String = Conversation.uri) -> [JSON] {
    let text = texts[uri] ?? ""
    let parameters: JSON = [
      "textDocument": ["uri": .string(uri)], "range": Self.range(range, in: text),
      "context": ["diagnostics": []],
    ]
    return request("textDocument/codeAction", parameters).elements ?? []
  }

  /// Applies a `WorkspaceEdit` to the client's texts and returns that of a URI.
  func applying(_ edit: JSON?, uri: String = Conversation.uri) -> String {
    guard case .object(let members)? = edit?["changes"], let member = members.first(where: { $0.key == uri })
    else {
      return texts[uri] ?? ""
    }
    return Self.applying(member.value, to: texts[uri] ?? "")
  }

  /// Applies `TextEdit`s, which do not overlap.
  static func applying(_ edits: JSON, to text: String) -> String {
    var bytes = Array(text.utf8)
    let ranges = (edits.elements ?? []).map { edit in
      (
        offset(edit["range"]?["start"], in: text)..<offset(edit["range"]?["end"], in: text),
        edit["newText"]?.text ?? ""
      )
    }
    for (range, replacement) in ranges.enumerated().sorted(by: {
      ($0.element.0.lowerBound, $0.offset) > ($1.element.0.lowerBound, $1.offset)
    }).map(\.element) {
      bytes.replaceSubrange(range, with: replacement.utf8)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func offset(_ position: JSON?, in text: String) -> Int {
    guard let line = position?["line"]?.int, let character = position?["character"]?.int else { return 0 }
    var offset = 0
    for (index, part) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if index == line {
        return offset + String(decoding: Array(part.utf16.prefix(character)), as: UTF16.self).utf8.count
      }
      offset += part.utf8.count + 1
    }
    return text.utf8.count
  }
}

/// A text with places marked by `¦`.
struct Marked {
  let text: String
  let offsets: [Int]
  /// The first mark.
  var offset: Int { offsets.first ?? 0 }

  init(_ marked: String) {
    var text: [UInt8] = []
    var offsets: [Int] = []
    for (index, part) in marked.split(separator: "¦", omittingEmptySubsequences: false).enumerated() {
      if index > 0 { offsets.append(text.count) }
      text += part.utf8
    }
    self.text = String(decoding: text, as: UTF8.self)
    self.offsets = offsets
  }
}

/// The program hashes of the networks of a text, by their order; nil for those with errors.
func hashes(of text: String, name: String = "/program.irlas", files: [String: String] = [:]) -> [String?] {
  let program = Program.load(entry: SourceFile(name: name, text: text)) { path in
    files[path].map { .bytes(Array($0.utf8)) } ?? .missing
  }
  if program.hasErrors { return [nil] }
  return program.networks.map { program.elaborate(network: $0).elaboration?.graph.programHash.description }
}
