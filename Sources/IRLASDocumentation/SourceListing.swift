import IRLASDSL

/// Parts of a program's text with its words in colour, names linked to what they stand for.
struct SourceListing {
  private let program: Program
  private let tree: SyntaxTree
  private let index: NameIndex
  /// Whether lines get numbers, and ids that diagrams and tables link to, and names lead to their declarations: the
  /// text is that of the page, not of a program drawn from it.
  private let hasAnchors: Bool
  /// The lines that have an id already: an id may stand on a page once.
  private var numbered: Set<Int> = []

  /// Listings of the entry file of `program`; nil for a program without one.
  init?(_ program: Program, hasAnchors: Bool) {
    let entry = SourceID(0)
    guard let tree = program.tree(of: entry) else { return nil }
    self.program = program
    self.tree = tree
    self.hasAnchors = hasAnchors
    index = program.nameIndex(of: entry)
  }

  /// The lines of a node, from its first token to its last.
  mutating func listing(of node: SyntaxNode) -> Markup { listing(tokens: node.tokenRange) }

  /// The whole file, comments at its end included.
  mutating func wholeFile() -> Markup { listing(tokens: tree.tokens.indices) }

  /// A node in one line of running text.
  func inline(_ node: SyntaxNode) -> Markup {
    var content = Markup.empty
    for piece in pieces(node.tokenRange) { content += markup(piece) }
    return .element("code", ["class": "irlas"], content)
  }

  private mutating func listing(tokens range: Range<Int>) -> Markup {
    guard let first = range.first else { return .empty }
    var number = tree.source.lineIndex(at: Int(tree.tokens[first].lower)) + 1
    var lines: [Markup] = [.empty]
    for piece in pieces(range) {
      for (part, text) in piece.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
        if part > 0 { lines.append(.empty) }
        lines[lines.count - 1] += markup(Piece(text: String(text), style: piece.style, symbol: piece.symbol))
      }
    }
    var content = Markup.empty
    for line in lines {
      if hasAnchors {
        let label = Markup.element("span", ["class": "n"], text: "\(number)")
        content +=
          numbered.insert(number).inserted
          ? .element("span", ["class": "line", "id": "L\(number)"], label + line)
          : .element("span", ["class": "line"], label + line)
      } else {
        content += line
      }
      content += Markup("\n")
      number += 1
    }
    return .element("pre", ["class": "irlas"], .element("code", [:], content)) + Markup(verbatim: "\n")
  }

  // MARK: Pieces

  /// A run of text of one kind.
  private struct Piece {
    var text: String
    /// The class of its colour; nil for plain text.
    var style: String?
    /// What a name stands for.
    var symbol: Symbol?
  }

  private func pieces(_ range: Range<Int>) -> [Piece] {
    var pieces: [Piece] = []
    for token in range {
      // What stands before the first token belongs to what came before, but at the start of a file.
      if token > range.lowerBound || token == 0 {
        for trivia in triviaPieces(in: tree.source.utf8[tree.leadingTrivia(of: token)]) {
          let text = String(decoding: tree.source.utf8[trivia.range], as: UTF8.self)
          switch trivia.kind {
          case .blank: pieces.append(Piece(text: text.replacing("\r", with: "")))
          case .byteOrderMark: break
          case .comment, .documentation, .fileDocumentation:
            pieces.append(Piece(text: text, style: "comment"))
          }
        }
      }
      let kind = tree.tokens[token].kind
      let span = tree.source.span(tree.tokens[token].range)
      var piece = Piece(text: tree.source.text(span))
      let next = tree.tokens[min(token + 1, tree.tokens.count - 1)].kind
      if kind.isWord, let occurrence = occurrence(at: span) {
        piece.symbol = occurrence.symbol
        piece.style = style(of: occurrence)
      } else if kind == .number || kind == .kernel {
        piece.style = "value"
      } else if kind == .string {
        piece.style = "text"
      } else if kind.isKeyword || (token == 0 && piece.text == "irlas") {
        piece.style = next == .colon ? "field" : "keyword"
      } else if kind == .arrow {
        piece.style = "arrow"
      }
      pieces.append(piece)
    }
    return pieces
  }

  private func occurrence(at span: SourceSpan) -> Occurrence? {
    guard let found = index.occurrence(at: Int(span.lower)), found.span == span else { return nil }
    return found
  }

  private func style(of occurrence: Occurrence) -> String? {
    switch occurrence.symbol {
    case .module, .alias, .recipe, .search, .file: "declared"
    case .primitive, .function, .choice, .form: "layer"
    case .primitiveParameter, .field, .label, .member, .attribute: "field"
    case .parameter: occurrence.role == .label ? "field" : "parameter"
    case .metric, .padding, .type: "type"
    case .local: nil
    }
  }

  private func markup(_ piece: Piece) -> Markup {
    let text = Markup(piece.text)
    guard let style = piece.style else { return text }
    switch piece.symbol {
    case .module(let id)? where hasAnchors && program.module(id).file == 0:
      let module = program.module(id)
      return .element(
        "a", ["class": style, "href": "#" + anchor(module.keyword.rawValue, module.name)], text)
    case .recipe? where hasAnchors, .search? where hasAnchors:
      guard let symbol = piece.symbol, let place = program.definition(of: symbol), place.file == SourceID(0)
      else {
        break
      }
      let kind = if case .recipe = symbol { "recipe" } else { "search" }
      return .element("a", ["class": style, "href": "#" + anchor(kind, program.text(place))], text)
    case .module?, .alias?, .primitive?:
      guard let symbol = program.callee(piece.symbol, in: 0) else { break }
      return .element("span", ["class": style, "title": program.describe(symbol).signature], text)
    default: break
    }
    return .element("span", ["class": style], text)
  }
}
