package import IRLASDSL
package import IRLASJSON

/// What the server needs from the world around it.
package struct ServerEnvironment {
  /// Reads a file by its absolute path.
  package var read: (String) -> Program.LoadResult
  /// The URI of a readable copy of the standard library; nil when there is none.
  package var standardLibraryURI: () -> String?
  /// What the server calls itself to clients.
  package var version: String

  /// An environment of the given parts.
  package init(
    version: String, read: @escaping (String) -> Program.LoadResult,
    standardLibraryURI: @escaping () -> String?
  ) {
    self.version = version
    self.read = read
    self.standardLibraryURI = standardLibraryURI
  }
}

/// The language server without its transport: messages in, messages out.
///
/// Batches of messages are taken as they arrive. Changes of texts are only noted; diagnostics are published when the
/// caller has nothing more to read (`idle()`), so that a burst of keystrokes costs one analysis. Elaborations that are
/// too long for that are handed out as work for another thread (`takeWork()`).
package final class LanguageServer {
  /// Where the conversation stands.
  enum Phase: Equatable {
    case starting
    case running
    case shuttingDown
    case exited
  }

  let environment: ServerEnvironment
  var workspace: Workspace
  var encoding = PositionEncoding.utf16
  private(set) var phase = Phase.starting
  private var outgoing: [JSON] = []
  private var requestCount = 0
  /// What the client can refresh when asked.
  private var refreshes: [String] = []
  /// The messages last published for a URI, by the document whose program they come from.
  private var published: [String: JSON] = [:]
  private var isDirty = false
  private var running: Set<String> = []
  /// Set by `exit`: 0 after a `shutdown`, else 1.
  package private(set) var exitCode: Int32?

  /// A server that has not met its client yet.
  package init(_ environment: ServerEnvironment) {
    self.environment = environment
    workspace = Workspace(read: environment.read)
  }

  // MARK: Messages

  /// Takes messages that arrived together and returns the replies.
  package func receive(_ batch: [Incoming]) -> [JSON] {
    outgoing = []
    let cancelled = cancelledIDs(batch)
    for (position, incoming) in batch.enumerated() where exitCode == nil {
      switch incoming {
      case .malformed(let problem): reply(.null, failing: RequestFailure(.parseError, problem))
      case .message(.array(let parts)) where !parts.isEmpty:
        for part in parts.prefix(1000) { handle(part, cancelled, []) }
      case .message(let json): handle(json, cancelled, batch[(position + 1)...])
      }
    }
    return outgoing
  }

  private func cancelledIDs(_ batch: [Incoming]) -> [JSON] {
    batch.compactMap { incoming in
      guard case .message(let json) = incoming, json["method"]?.text == "$/cancelRequest" else { return nil }
      return json["params"]?["id"]
    }
  }

  private func handle(_ json: JSON, _ cancelled: [JSON], _ later: ArraySlice<Incoming>) {
    switch ClientMessage(json) {
    case .response: break
    case .invalid(let id, let problem): reply(id, failing: RequestFailure(.invalidRequest, problem))
    case .notification(let method, let parameters): notified(method, parameters)
    case .request(let id, let method, let parameters):
      if cancelled.contains(id) {
        return reply(id, failing: RequestFailure(.requestCancelled, "cancelled"))
      }
      if isStale(method, parameters, later) {
        return reply(id, failing: RequestFailure(.contentModified, "the text has changed"))
      }
      do throws(RequestFailure) {
        outgoing.append(ServerMessage.result(id, try result(of: method, parameters)))
      } catch {
        reply(id, failing: error)
      }
    }
  }

  private func reply(_ id: JSON, failing failure: RequestFailure) {
    outgoing.append(ServerMessage.error(id, failure))
  }

  /// Whether a later message of the batch changes the text that a request is about, so that its result would be shown
  /// at wrong places; clients ask for these again.
  private func isStale(_ method: String, _ parameters: JSON, _ later: ArraySlice<Incoming>) -> Bool {
    switch method {
    case "textDocument/semanticTokens/full", "textDocument/inlayHint", "textDocument/codeLens",
      "textDocument/foldingRange", "textDocument/documentSymbol":
      break
    default: return false
    }
    guard let uri = parameters["textDocument"]?["uri"]?.text else { return false }
    return later.contains { incoming in
      guard case .message(let json) = incoming else { return false }
      return json["method"]?.text == "textDocument/didChange"
        && json["params"]?["textDocument"]?["uri"]?.text == uri
    }
  }

  // MARK: Life

  private func notified(_ method: String, _ parameters: JSON) {
    if method == "exit" {
      exitCode = phase == .shuttingDown ? 0 : 1
      phase = .exited
      return
    }
    guard phase == .running else { return }
    switch method {
    case "textDocument/didOpen":
      guard let document = parameters["textDocument"], let uri = document["uri"]?.text,
        let text = document["text"]?.text
      else { return }
      workspace.open(uri: uri, version: document["version"]?.int, text: Array(text.utf8))
      isDirty = true
    case "textDocument/didChange": change(parameters)
    case "textDocument/didClose":
      guard let uri = parameters["textDocument"]?["uri"]?.text else { return }
      workspace.close(uri: uri)
      isDirty = true
    case "textDocument/didSave":
      isDirty = true
    case "workspace/didChangeWatchedFiles":
      for change in parameters["changes"]?.elements ?? [] {
        if let uri = change["uri"]?.text { workspace.touch(DocumentURI.normalized(DocumentURI.path(uri))) }
      }
      isDirty = true
    default: break
    }
  }

  private func change(_ parameters: JSON) {
    guard let identifier = parameters["textDocument"], let uri = identifier["uri"]?.text,
      let document = workspace[uri]
    else { return }
    var source = document.source
    for change in parameters["contentChanges"]?.elements ?? [] {
      guard let text = change["text"]?.text else { continue }
      var bytes = source.utf8
      if change["range"] != nil {
        guard let range = LineMap(source, encoding).range(change["range"]) else { continue }
        bytes.replaceSubrange(range, with: text.utf8)
      } else {
        bytes = Array(text.utf8)
      }
      source = SourceFile(name: source.name, utf8: bytes)
    }
    workspace.open(uri: uri, version: identifier["version"]?.int, text: source.utf8)
    isDirty = true
  }

  private func result(of method: String, _ parameters: JSON) throws(RequestFailure) -> JSON {
    switch (phase, method) {
    case (.starting, "initialize"): return initialize(parameters)
    case (.starting, _): throw RequestFailure(.serverNotInitialized, "`initialize` comes first")
    case (_, "initialize"): throw RequestFailure(.invalidRequest, "`initialize` comes once")
    case (.running, "shutdown"):
      phase = .shuttingDown
      return .null
    case (.running, _): return try feature(method, parameters)
    default: throw RequestFailure(.invalidRequest, "the server is shutting down")
    }
  }

  private func initialize(_ parameters: JSON) -> JSON {
    phase = .running
    let capabilities = parameters["capabilities"]
    let encodings = capabilities?["general"]?["positionEncodings"]?.elements ?? []
    if encodings.contains("utf-8") { encoding = .utf8 }
    for (section, method) in [
      ("inlayHint", "workspace/inlayHint/refresh"), ("codeLens", "workspace/codeLens/refresh"),
    ] where capabilities?["workspace"]?[section]?["refreshSupport"]?.bool == true {
      refreshes.append(method)
    }
    return [
      "capabilities": Self.capabilities.with("positionEncoding", .string(encoding.rawValue)),
      "serverInfo": ["name": "irlas", "version": .string(environment.version)],
    ]
  }

  // MARK: Diagnostics

  /// Whether `idle()` would do anything.
  package var wantsIdle: Bool { isDirty }

  /// To be called when no message waits: publishes what is wrong with the open documents.
  package func idle() -> [JSON] {
    guard isDirty, phase == .running else { return [] }
    isDirty = false
    return publish()
  }

  private func publish() -> [JSON] {
    var messages: [String: [JSON]] = [:]
    var uris: [String] = workspace.order
    var seen: Set<PublishedMessage> = []
    for uri in workspace.order {
      guard let analysis = workspace.analysis(of: uri) else { continue }
      for diagnostic in analysis.diagnostics {
        let path = analysis.paths[Int(diagnostic.span.file.index)]
        guard path != Workspace.standardPath else { continue }
        let target = workspace.uri(of: path)
        guard seen.insert(PublishedMessage(uri: target, diagnostic: diagnostic)).inserted else { continue }
        if messages[target] == nil, !uris.contains(target) { uris.append(target) }
        messages[target, default: []].append(json(diagnostic, analysis))
      }
    }
    // What was published for a document and is true no longer is taken back.
    for uri in published.keys.sorted() where !uris.contains(uri) { uris.append(uri) }
    var result: [JSON] = []
    for uri in uris {
      var parameters: JSON = ["uri": .string(uri)]
      if let version = workspace[uri]?.version { parameters = parameters.with("version", JSON(version)) }
      let list = JSON.array(messages[uri] ?? [])
      parameters = parameters.with("diagnostics", list)
      if published[uri] == parameters { continue }
      published[uri] = workspace[uri] == nil && messages[uri] == nil ? nil : parameters
      result.append(ServerMessage.notification("textDocument/publishDiagnostics", parameters))
    }
    return result
  }

  /// One message at one place is published once, whichever programs it comes from.
  private struct PublishedMessage: Hashable {
    let uri: String
    let code: DiagnosticCode
    let range: Range<UInt32>

    init(uri: String, diagnostic: Diagnostic) {
      self.uri = uri
      code = diagnostic.code
      range = diagnostic.span.lower..<diagnostic.span.upper
    }
  }

  // MARK: Long work

  /// An elaboration for another thread.
  package struct Work: Sendable {
    let uri: String
    let analysis: Analysis

    /// Does it; takes as long as it takes.
    package func run() -> Result { Result(uri: uri, analysis: analysis.completed()) }
  }

  /// What an elaboration on another thread found out.
  package struct Result: Sendable {
    let uri: String
    let analysis: Analysis
  }

  /// The next elaboration that was too long to be done at once; to be asked for after a pause of the typist.
  package func takeWork() -> Work? {
    guard let (uri, analysis) = workspace.pending(), running.insert(uri).inserted else { return nil }
    return Work(uri: uri, analysis: analysis)
  }

  /// Takes the result of `takeWork()`.
  package func finish(_ result: Result) -> [JSON] {
    running.remove(result.uri)
    guard workspace.complete(result.uri, result.analysis), phase == .running else { return [] }
    var messages = publish()
    for method in refreshes {
      requestCount += 1
      messages.append(ServerMessage.request(requestCount, method))
    }
    return messages
  }
}
