import IRLASDSL
import IRLASJSON

extension LanguageServer {
  /// The declarations of a file with their parameters and bindings.
  func symbols(_ document: OpenDocument) -> JSON {
    guard let tree = document.analysis.tree else { return [] }
    var lines = LineMap(tree.source, encoding)
    var symbols: [JSON] = []
    for declaration in tree.root.declarations {
      switch declaration {
      case .module(let view):
        guard let name = view.name else { continue }
        let kind =
          switch view.keyword {
          case .cell: 5
          case .network: 2
          case .space: 11
          }
        var children: [JSON] = []
        for parameter in view.parameters {
          if let name = parameter.name { children.append(symbol(name, 26, parameter.span, [], &lines)) }
        }
        for input in view.inputs {
          if let name = input.name { children.append(symbol(name, 13, input.span, [], &lines)) }
        }
        for statement in view.statements {
          switch statement {
          case .binding(let binding):
            for name in binding.names where name.name != "_" {
              children.append(symbol(name, 13, binding.span, [], &lines))
            }
          case .grow(let grow):
            if let name = grow.name { children.append(symbol(name, 18, grow.span, [], &lines)) }
          case .require: break
          }
        }
        symbols.append(symbol(name, kind, view.span, children, &lines))
      case .recipe(let view):
        guard let name = view.name else { continue }
        symbols.append(symbol(name, 19, view.span, fields(view.fields, &lines), &lines))
      case .search(let view):
        guard let name = view.name else { continue }
        symbols.append(symbol(name, 19, view.span, fields(view.fields, &lines), &lines))
      case .check: break
      }
    }
    return .array(symbols)
  }

  private func fields(_ fields: [FieldSyntax], _ lines: inout LineMap) -> [JSON] {
    var children: [JSON] = []
    for field in fields {
      if let label = field.label { children.append(symbol(label, 8, field.span, [], &lines)) }
    }
    return children
  }

  private func symbol(
    _ name: TokenSyntax, _ kind: Int, _ span: SourceSpan, _ children: [JSON], _ lines: inout LineMap
  ) -> JSON {
    // The protocol wants the name within the whole.
    let whole = span.union(name.span)
    return [
      "name": .string(name.name), "kind": JSON(kind), "range": lines.json(whole.range),
      "selectionRange": lines.json(name.span.range), "children": .array(children),
    ]
  }

  /// What can be folded: braces, brackets and chains over several lines, runs of `use` and of comments.
  func folds(_ document: OpenDocument) -> JSON {
    guard let tree = document.analysis.tree else { return [] }
    let source = tree.source
    var folds: [(start: Int, end: Int, kind: String?)] = []
    var open: [Int] = []
    for token in tree.tokens {
      switch token.kind {
      case .leftBrace, .leftParenthesis, .leftBracket: open.append(source.lineIndex(at: Int(token.lower)))
      case .rightBrace, .rightParenthesis, .rightBracket:
        guard let start = open.popLast() else { continue }
        // The closing bracket stays visible.
        let end = source.lineIndex(at: Int(token.lower)) - 1
        if end > start { folds.append((start, end, nil)) }
      default: break
      }
    }
    if let first = tree.root.uses.first, let last = tree.root.uses.last {
      let (start, end) = (
        source.lineIndex(at: Int(first.span.lower)), source.lineIndex(at: Int(last.span.upper))
      )
      if end > start { folds.append((start, end, "imports")) }
    }
    folds += comments(source)
    var seen: Set<Int> = []
    return .array(
      folds.sorted { ($0.start, -$0.end) < ($1.start, -$1.end) }.filter { seen.insert($0.start).inserted }.map
      {
        let fold: JSON = ["startLine": JSON($0.start), "endLine": JSON($0.end)]
        return $0.kind.map { fold.with("kind", .string($0)) } ?? fold
      })
  }

  /// Runs of lines that hold nothing but a comment.
  private func comments(_ source: SourceFile) -> [(start: Int, end: Int, kind: String?)] {
    var found: [(Int, Int, String?)] = []
    var start: Int?
    for line in 0...source.lineCount {
      let text = line < source.lineCount ? source.utf8[source.lineRange(line)] : []
      let isComment = text.drop { $0 == 0x20 || $0 == 0x09 }.starts(with: [0x2F, 0x2F])
      if isComment {
        start = start ?? line
      } else if let first = start {
        if line - 1 > first { found.append((first, line - 1, "comment")) }
        start = nil
      }
    }
    return found
  }
}
