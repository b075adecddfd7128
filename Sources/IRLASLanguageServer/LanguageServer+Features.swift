import IRLASDSL
import IRLASJSON

extension LanguageServer {
  /// What the server can do.
  static let capabilities: JSON = [
    "textDocumentSync": ["openClose": true, "change": 2, "save": ["includeText": false]],
    "hoverProvider": true,
    "completionProvider": ["triggerCharacters": [".", ">", "(", ",", ":", "@"]],
    "signatureHelpProvider": ["triggerCharacters": ["(", ","], "retriggerCharacters": [":"]],
    "definitionProvider": true,
    "referencesProvider": true,
    "documentHighlightProvider": true,
    "renameProvider": ["prepareProvider": true],
    "documentSymbolProvider": true,
    "foldingRangeProvider": true,
    "documentFormattingProvider": true,
    "codeActionProvider": [
      "codeActionKinds": ["quickfix", "refactor.extract", "refactor.inline", "refactor.rewrite"]
    ],
    "codeLensProvider": ["resolveProvider": false],
    "inlayHintProvider": ["resolveProvider": false],
    "semanticTokensProvider": [
      "legend": [
        "tokenTypes": .array(SemanticTokenType.allCases.map { .string($0.rawValue) }),
        "tokenModifiers": .array(SemanticTokenModifier.allCases.map { .string($0.rawValue) }),
      ],
      "full": true,
    ],
  ]

  /// The result of a request.
  func feature(_ method: String, _ parameters: JSON) throws(RequestFailure) -> JSON {
    switch method {
    case "textDocument/hover": return try hover(place(parameters))
    case "textDocument/definition": return try definition(place(parameters))
    case "textDocument/references":
      return try references(place(parameters), parameters["context"]?["includeDeclaration"]?.bool ?? true)
    case "textDocument/documentHighlight": return try highlights(place(parameters))
    case "textDocument/prepareRename": return try prepareRename(place(parameters))
    case "textDocument/rename":
      guard let name = parameters["newName"]?.text else { throw .parameters("newName") }
      return try rename(place(parameters), to: name)
    case "textDocument/completion": return try completion(place(parameters))
    case "textDocument/signatureHelp": return try signatureHelp(place(parameters))
    case "textDocument/documentSymbol": return try symbols(document(parameters))
    case "textDocument/foldingRange": return try folds(document(parameters))
    case "textDocument/semanticTokens/full": return try semanticTokens(document(parameters))
    case "textDocument/codeLens": return try lenses(document(parameters))
    case "textDocument/inlayHint":
      let document = try document(parameters)
      let range = LineMap(document.analysis.source, encoding).range(parameters["range"])
      return hints(document, in: range ?? 0..<document.analysis.source.utf8.count)
    case "textDocument/codeAction":
      let document = try document(parameters)
      guard let range = LineMap(document.analysis.source, encoding).range(parameters["range"]) else {
        throw .parameters("a range")
      }
      return actions(document, in: range, only: parameters["context"]?["only"]?.elements?.compactMap(\.text))
    case "textDocument/formatting": return try formatting(document(parameters))
    default: throw RequestFailure(.methodNotFound, "there is no method `\(method)`")
    }
  }

  /// An open document with what is known about it.
  struct OpenDocument {
    /// The client's name of it.
    let uri: String
    /// What is known about the program that starts there.
    let analysis: Analysis
  }

  /// A place in an open document.
  struct Place {
    /// The document.
    let document: OpenDocument
    /// The byte.
    let offset: Int
    /// What is known about the document.
    var analysis: Analysis { document.analysis }
  }

  private func document(_ parameters: JSON) throws(RequestFailure) -> OpenDocument {
    guard let uri = parameters["textDocument"]?["uri"]?.text else { throw .parameters("textDocument.uri") }
    guard let analysis = workspace.analysis(of: uri) else {
      throw RequestFailure(.invalidParams, "`\(uri)` is not open")
    }
    return OpenDocument(uri: uri, analysis: analysis)
  }

  private func place(_ parameters: JSON) throws(RequestFailure) -> Place {
    let document = try document(parameters)
    guard let offset = LineMap(document.analysis.source, encoding).offset(parameters["position"]) else {
      throw .parameters("a position")
    }
    return Place(document: document, offset: offset)
  }

  // MARK: Places

  /// The URI of a program's file; nil for the standard library where it has none.
  func uri(of file: SourceID, in analysis: Analysis) -> String? {
    guard Int(file.index) < analysis.paths.count else { return nil }
    let path = analysis.paths[Int(file.index)]
    return path == Workspace.standardPath ? environment.standardLibraryURI() : workspace.uri(of: path)
  }

  /// A `Location`; nil for what has no URI.
  func location(_ span: SourceSpan, in analysis: Analysis) -> JSON? {
    guard let uri = uri(of: span.file, in: analysis), let source = analysis.program.sources[span.file] else {
      return nil
    }
    var lines = LineMap(source, encoding)
    return ["uri": .string(uri), "range": lines.json(span.range)]
  }

  /// A `Range` of the entry file.
  func range(_ range: Range<Int>, in analysis: Analysis) -> JSON {
    var lines = LineMap(analysis.source, encoding)
    return lines.json(range)
  }

  /// A `TextEdit` for each edit of one file.
  func textEdits(_ edits: [Diagnostic.Edit], in source: SourceFile) -> JSON {
    var lines = LineMap(source, encoding)
    return .array(
      edits.sorted { $0.span.lower < $1.span.lower }.map {
        ["range": lines.json($0.span.range), "newText": .string($0.replacement)]
      })
  }

  /// A `WorkspaceEdit`; nil when a file cannot be edited.
  func workspaceEdit(_ edits: [Diagnostic.Edit], in analysis: Analysis) -> JSON? {
    var files: [SourceID] = []
    for edit in edits where !files.contains(edit.span.file) { files.append(edit.span.file) }
    var changes: [JSON.Member] = []
    for file in files.sorted() {
      guard file != analysis.program.standardFile, let uri = uri(of: file, in: analysis),
        let source = analysis.program.sources[file]
      else { return nil }
      changes.append(.init(uri, textEdits(edits.filter { $0.span.file == file }, in: source)))
    }
    return ["changes": .object(changes)]
  }

  /// A `Diagnostic`.
  func json(_ diagnostic: Diagnostic, _ analysis: Analysis) -> JSON {
    guard let source = analysis.program.sources[diagnostic.span.file] else { return .null }
    var lines = LineMap(source, encoding)
    let severity =
      switch diagnostic.severity {
      case .error: 1
      case .warning: 2
      case .note: 3
      }
    var text = diagnostic.message
    if let label = diagnostic.labels.first(where: { $0.style == .primary })?.text, !label.isEmpty {
      text += ": \(label)"
    }
    for note in diagnostic.notes { text += "\n\(note)" }
    for help in diagnostic.help { text += "\nhelp: \(help.message)" }
    var result: JSON = [
      "range": lines.json(diagnostic.span.range), "severity": JSON(severity),
      "code": .string(diagnostic.code.code), "source": "irlas", "message": .string(text),
    ]
    if diagnostic.code == .unusedBinding { result = result.with("tags", [1]) }
    var related: [JSON] = []
    for label in diagnostic.labels where label.span != diagnostic.span && !label.text.isEmpty {
      if let location = location(label.span, in: analysis) {
        related.append(["location": location, "message": .string(label.text)])
      }
    }
    for step in diagnostic.trace {
      if let span = step.span, let location = location(span, in: analysis) {
        related.append(["location": location, "message": .string("in \(step.text)")])
      }
    }
    return related.isEmpty ? result : result.with("relatedInformation", .array(related))
  }
}
