/// What surrounds a place in the text, found from the tokens before it, so that it works in unfinished text.
package struct CursorPlace: Sendable {
  /// What the brackets around the place are.
  package enum Surroundings: Hashable, Sendable {
    /// Outside all declarations.
    case file
    /// In the braces of a `use`.
    case useItems
    /// In the parentheses of a declaration's parameters.
    case parameters
    /// In the braces of a cell, network or space, or in a bracket of no other kind.
    case body
    /// In the braces of a recipe or search.
    case fields(isSearch: Bool)
    /// In the braces of a `check`.
    case claims
    /// In the parentheses after a name, by the index of its token.
    case call(name: Int)
    /// In parentheses, brackets or braces of an expression.
    case expression
  }

  /// The innermost surroundings.
  package let surroundings: Surroundings
  /// The token before the place, or before the word that ends there; -1 for none.
  package let previous: Int
  /// The bytes of the word that ends at the place or holds it; empty between words.
  package let word: Range<Int>
  /// Whether the place is in a comment or a string, where nothing is completed.
  package let isText: Bool
  /// In a call, the index of the argument and its label.
  package let argument: (position: Int, label: String?)
  /// In a call, the labels that stand already.
  package let labels: [String]
  /// In a recipe or search, the field whose value the place is in; `require` for a limit.
  package let field: (name: String, isSearch: Bool)?
  /// The field names that stand already in the recipe or search around the place.
  package let givenFields: [String]

  /// The place at `offset` of a tree's text.
  package init(_ tree: SyntaxTree, at offset: Int) {
    let tokens = tree.tokens
    // The first token that ends at or after the place.
    var (low, high) = (0, tokens.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if Int(tokens[middle].upper) < offset { low = middle + 1 } else { high = middle }
    }
    let here = tokens[low]
    var before = low - 1
    var word = offset..<offset
    var isText = false
    if here.kind != .endOfFile, Int(here.lower) < offset {
      if here.kind.isWord {
        word = here.range
      } else if here.kind == .string,
        Int(here.upper) > offset || tree.source.utf8[Int(here.upper) - 1] != 0x22
      {
        isText = true
      } else if [.number, .kernel].contains(here.kind) {
        word = here.range
      } else {
        before = low
      }
    }
    if !isText, word.isEmpty { isText = Self.isComment(tree.source, offset, after: before, tokens) }
    self.word = word
    self.isText = isText
    previous = before
    let scan = Scan(tree, from: before)
    surroundings = scan.surroundings
    argument = scan.argument
    labels = scan.labels
    field = scan.field
    givenFields = scan.givenFields
  }

  private static func isComment(_ source: SourceFile, _ offset: Int, after token: Int, _ tokens: [Token])
    -> Bool
  {
    let start = max(
      Int(source.lineStarts[source.lineIndex(at: offset)]), token < 0 ? 0 : Int(tokens[token].upper))
    let bytes = source.utf8
    var i = start
    while i + 1 < offset {
      if bytes[i] == 0x2F, bytes[i + 1] == 0x2F { return true }
      i += 1
    }
    return false
  }

  /// A walk backwards over the tokens.
  private struct Scan {
    var surroundings = Surroundings.file
    var argument: (position: Int, label: String?) = (0, nil)
    var labels: [String] = []
    var field: (name: String, isSearch: Bool)?
    var givenFields: [String] = []
    private let tree: SyntaxTree
    private var tokens: [Token] { tree.tokens }

    /// How many tokens are looked at.
    static let limit = 100_000

    init(_ tree: SyntaxTree, from last: Int) {
      self.tree = tree
      var index = last
      var depth = 0
      var found = false
      var commas = 0
      var label: String?
      var seenLabels: [String] = []
      var fields: [String] = []
      while index >= 0, last - index < Self.limit {
        let kind = tree.tokens[index].kind
        switch kind {
        case .rightParenthesis, .rightBracket, .rightBrace: depth += 1
        case .leftParenthesis, .leftBracket, .leftBrace:
          if depth > 0 {
            depth -= 1
          } else {
            let outer = classify(opener: index)
            if !found {
              surroundings = outer
              found = true
              if case .call = outer {
                argument = (commas, label)
                labels = seenLabels
              }
            }
            if case .fields(let isSearch) = outer {
              if let name = fields.first { field = (name, isSearch) }
              givenFields = fields.filter { $0 != "require" } + following(last)
              return
            }
            if outer == .body || outer == .claims || outer == .useItems || outer == .parameters { return }
            fields = []
            commas = 0
          }
        case .comma where depth == 0:
          if !found { commas += 1 }
        case .colon where depth == 0 && index > 0 && tree.tokens[index - 1].kind.isWord:
          let name = TokenSyntax(tree: tree, index: index - 1).name
          fields.append(name)
          if !found {
            seenLabels.append(name)
            if commas == 0, label == nil { label = name }
          }
        // A limit of a search stands beside its fields, and may be given more than once.
        case .requireKeyword where depth == 0: fields.append("require")
        case .cellKeyword, .networkKeyword, .spaceKeyword, .recipeKeyword, .searchKeyword, .checkKeyword:
          // A declaration whose bracket is not open yet; as a label the word has a colon.
          if depth == 0, !found, index < last, tree.tokens[index + 1].kind != .colon { return }
        default: break
        }
        index -= 1
      }
    }

    /// The fields after the place, up to the closing brace.
    private func following(_ last: Int) -> [String] {
      var names: [String] = []
      var depth = 0
      var index = last + 1
      while index < tokens.count - 1, index - last < 10_000 {
        switch tokens[index].kind {
        case .leftParenthesis, .leftBracket, .leftBrace: depth += 1
        case .rightParenthesis, .rightBracket, .rightBrace:
          depth -= 1
          if depth < 0 { return names }
        case .colon where depth == 0 && index > 0 && tokens[index - 1].kind.isWord:
          names.append(TokenSyntax(tree: tree, index: index - 1).name)
        default: break
        }
        index += 1
      }
      return names
    }

    private func classify(opener: Int) -> Surroundings {
      guard opener > 0 else { return .expression }
      let before = tokens[opener - 1].kind
      switch tokens[opener].kind {
      case .leftParenthesis:
        guard before == .identifier else { return .expression }
        if opener >= 2 {
          switch tokens[opener - 2].kind {
          case .cellKeyword, .networkKeyword, .spaceKeyword: return .parameters
          default: break
          }
        }
        return .call(name: opener - 1)
      case .leftBrace: return classify(brace: opener)
      default: return .expression
      }
    }

    private func classify(brace: Int) -> Surroundings {
      var index = brace - 1
      if tokens[index].kind == .rightParenthesis {
        var depth = 0
        while index >= 0, brace - index < Self.limit {
          if tokens[index].kind == .rightParenthesis { depth += 1 }
          if tokens[index].kind == .leftParenthesis {
            depth -= 1
            if depth == 0 { break }
          }
          index -= 1
        }
        index -= 1
      }
      guard index >= 1, tokens[index].kind == .identifier || tokens[index].kind == .string else {
        return .expression
      }
      switch tokens[index - 1].kind {
      case .cellKeyword, .networkKeyword, .spaceKeyword: return .body
      case .recipeKeyword: return .fields(isSearch: false)
      case .searchKeyword: return .fields(isSearch: true)
      case .checkKeyword: return .claims
      case .useKeyword: return .useItems
      case .equal where index >= 3 && tokens[index - 3].kind == .recipeKeyword:
        return .fields(isSearch: false)
      case .dot:
        var start = index
        while start >= 2, tokens[start - 1].kind == .dot, tokens[start - 2].kind == .identifier { start -= 2 }
        return start >= 1 && tokens[start - 1].kind == .useKeyword ? .useItems : .expression
      default: return .expression
      }
    }
  }
}
