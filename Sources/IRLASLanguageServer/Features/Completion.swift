import IRLASDSL
import IRLASJSON

extension LanguageServer {
  /// The words that may stand at a place.
  func completion(_ place: Place) -> JSON {
    let analysis = place.analysis
    let candidates = analysis.program.complete(at: place.offset, in: SourceID(0), index: analysis.index)
    guard let tree = analysis.tree else { return .null }
    let word = CursorPlace(tree, at: place.offset).word
    let range = range(word, in: analysis)
    let items = candidates.enumerated().map { position, candidate in
      var item: JSON = [
        "label": .string(candidate.label), "kind": JSON(candidate.kind.number),
        "sortText": .string(Self.sortText(position)),
        "textEdit": ["range": range, "newText": .string(candidate.insertion ?? candidate.label)],
      ]
      if let detail = candidate.detail { item = item.with("detail", .string(detail)) }
      if let text = candidate.documentation {
        item = item.with("documentation", ["kind": "markdown", "value": .string(text)])
      }
      return item
    }
    return ["isIncomplete": false, "items": .array(items)]
  }

  private static func sortText(_ position: Int) -> String {
    let digits = String(position)
    return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
  }

  /// The signature of the call around a place.
  func signatureHelp(_ place: Place) -> JSON {
    let analysis = place.analysis
    guard
      let call = analysis.program.call(around: place.offset, in: SourceID(0), index: analysis.index)
    else { return .null }
    var signature: JSON = [
      "label": .string(call.description.signature),
      "parameters": .array(call.parameters.map { ["label": .string($0)] }),
    ]
    if let text = call.description.documentation {
      signature = signature.with("documentation", ["kind": "markdown", "value": .string(text)])
    }
    return [
      "signatures": [signature], "activeSignature": 0,
      "activeParameter": JSON(call.active ?? call.parameters.count),
    ]
  }
}

extension Candidate.Kind {
  /// The number of the protocol's `CompletionItemKind`.
  fileprivate var number: Int {
    switch self {
    case .keyword: 14
    case .primitive: 3
    case .cell: 7
    case .network: 9
    case .space: 22
    case .recipe: 23
    case .search: 23
    case .parameter: 5
    case .variable: 6
    case .function: 3
    case .member: 10
    case .type: 25
    case .field: 10
    case .value: 12
    case .file: 17
    }
  }
}
