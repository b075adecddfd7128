import IRLASDSL
import IRLASJSON

/// The types of the protocol that the server uses, in the order of its legend.
enum SemanticTokenType: String, CaseIterable {
  case keyword, comment, string, number, `operator`, function, `class`, namespace, parameter, variable,
    property
  case type, decorator, enumMember
}

/// The modifiers of the protocol that the server uses, in the order of its legend.
enum SemanticTokenModifier: String, CaseIterable {
  case declaration, documentation, defaultLibrary, readonly
}

extension LanguageServer {
  /// What every token of a file is.
  func semanticTokens(_ document: OpenDocument) -> JSON {
    guard let tree = document.analysis.tree else { return ["data": []] }
    let source = tree.source
    var lines = LineMap(source, encoding)
    var data: [JSON] = []
    var last = (line: 0, character: 0)
    var occurrences = document.analysis.index.occurrences[...]

    func emit(_ range: Range<Int>, _ type: SemanticTokenType, _ modifiers: [SemanticTokenModifier] = []) {
      let start = lines.position(at: range.lowerBound)
      let end = lines.position(at: range.upperBound)
      guard start.line == end.line, end.character > start.character else { return }
      let isSameLine = start.line == last.line
      var bits = 0
      for modifier in modifiers {
        bits |= 1 << (SemanticTokenModifier.allCases.firstIndex(of: modifier) ?? 0)
      }
      data += [
        JSON(start.line - last.line), JSON(isSameLine ? start.character - last.character : start.character),
        JSON(end.character - start.character), JSON(SemanticTokenType.allCases.firstIndex(of: type) ?? 0),
        JSON(bits),
      ]
      last = start
    }

    for (index, token) in tree.tokens.enumerated() {
      for piece in triviaPieces(in: source.utf8[tree.leadingTrivia(of: index)]) {
        switch piece.kind {
        case .comment: emit(piece.range, .comment)
        case .documentation, .fileDocumentation: emit(piece.range, .comment, [.documentation])
        case .blank, .byteOrderMark: break
        }
      }
      while let first = occurrences.first, first.span.upper <= token.lower {
        occurrences = occurrences.dropFirst()
      }
      if let occurrence = occurrences.first, occurrence.span.lower == token.lower,
        occurrence.span.upper == token.upper,
        token.kind.isWord
      {
        let (type, modifiers) = kind(of: occurrence, document.analysis)
        emit(token.range, type, modifiers)
        continue
      }
      switch token.kind {
      case .number, .kernel: emit(token.range, .number)
      case .string: emit(token.range, .string)
      case .arrow, .equalEqual, .notEqual, .less, .lessEqual, .greater, .greaterEqual, .plus, .minus, .star,
        .slash,
        .percent, .dotDot, .equal:
        emit(token.range, .operator)
      case _ where token.kind.isKeyword:
        // A word before a colon is a label, whatever it is elsewhere.
        let isLabel = tree.tokens[min(index + 1, tree.tokens.count - 1)].kind == .colon
        emit(token.range, isLabel ? .property : .keyword)
      default: break
      }
    }
    return ["data": .array(data)]
  }

  private func kind(of occurrence: Occurrence, _ analysis: Analysis) -> (
    SemanticTokenType, [SemanticTokenModifier]
  ) {
    let declaration: [SemanticTokenModifier] = occurrence.role == .definition ? [.declaration] : []
    switch occurrence.symbol {
    case .module(let id):
      let isStandard = analysis.program.module(id).file == Int(analysis.program.standardFile.index)
      return (.class, declaration + (isStandard ? [.defaultLibrary] : []))
    case .alias: return (.class, declaration)
    case .recipe, .search: return (.class, declaration)
    case .parameter: return (occurrence.role == .label ? .property : .parameter, declaration)
    case .primitiveParameter, .field, .label: return (.property, declaration)
    case .local: return (.variable, declaration + [.readonly])
    case .file: return (.namespace, [])
    case .primitive, .function, .choice, .form: return (.function, [.defaultLibrary])
    case .metric: return (.variable, [.defaultLibrary, .readonly])
    case .member: return (.property, [.defaultLibrary])
    case .padding: return (.enumMember, [.defaultLibrary])
    case .type: return (.type, [.defaultLibrary])
    case .attribute: return (.decorator, [])
    }
  }
}
