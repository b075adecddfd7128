import Testing

@testable import IRLASDSL

/// Parses a text and checks what holds for every text: the tree prints as the same bytes, and messages lie inside.
@discardableResult
func parsed(
  _ text: String, location: SourceLocationOfTest = #_sourceLocation
) -> (tree: SyntaxTree, diagnostics: [Diagnostic]) {
  parsed(Array(text.utf8), location: location)
}

/// Where a test stands; `SourceLocation` alone is a place in a program.
typealias SourceLocationOfTest = Testing.SourceLocation

/// Parses bytes and checks what holds for all bytes.
@discardableResult
func parsed(
  _ bytes: [UInt8], location: SourceLocationOfTest = #_sourceLocation
) -> (tree: SyntaxTree, diagnostics: [Diagnostic]) {
  let source = SourceFile(name: "test.irlas", utf8: bytes)
  let (tree, diagnostics) = parse(source)
  let isSame = tree.printed() == bytes
  #expect(isSame, "printing a tree gives the same bytes", sourceLocation: location)
  for diagnostic in diagnostics {
    for label in diagnostic.labels {
      #expect(Int(label.span.upper) <= bytes.count, "labels lie inside the text", sourceLocation: location)
    }
  }
  return (tree, diagnostics)
}

/// Checks that a text has no mistakes, showing the messages when it has.
@discardableResult
func checkParses(_ text: String, location: SourceLocationOfTest = #_sourceLocation) -> SyntaxTree {
  let (tree, diagnostics) = parsed(text, location: location)
  #expect(rendered(diagnostics, tree) == "", sourceLocation: location)
  return tree
}

/// The messages in their short form, one a line.
func rendered(_ diagnostics: [Diagnostic], _ tree: SyntaxTree) -> String {
  let renderer = DiagnosticRenderer(sources: SourceSet(tree.source))
  return diagnostics.map { renderer.renderShort($0) }.joined(separator: "\n")
}

/// The tree below a node in brackets: kinds by name, tokens by text.
func outline(_ node: SyntaxNode) -> String {
  let parts = node.allChildren.map { child in
    switch child {
    case .node(let node): outline(node)
    case .token(let token): token.text
    }
  }
  switch node.kind {
  case .name, .number, .kernel, .string, .boolean, .peer: return parts.joined(separator: " ")
  default: return "(" + ([String(describing: node.kind)] + parts).joined(separator: " ") + ")"
  }
}

/// Checks the tree of a value.
func checkExpression(_ text: String, _ expected: String, location: SourceLocationOfTest = #_sourceLocation) {
  let tree = checkParses("irlas 1\ncell A {\n  in x\n  return \(text)\n}\n", location: location)
  guard case .module(let module)? = tree.root.declarations.first,
    let output = module.returnStatement?.outputs.first
  else {
    Issue.record("no return", sourceLocation: location)
    return
  }
  #expect(outline(output.value.node) == expected, sourceLocation: location)
}

/// Checks that a program has exactly one mistake.
///
/// - Parameters:
///   - marked: the program with `‹` and `›` around the primary span.
///   - code: the entry of the catalogue.
///   - message: the message.
///   - fixed: the program after the first help's edits; nil when there are none.
func checkMistake(
  _ marked: String, _ code: DiagnosticCode, _ message: String, fixed: String? = nil,
  location: SourceLocationOfTest = #_sourceLocation
) {
  let parts = marked.split(separator: "‹", omittingEmptySubsequences: false)
  let tail = parts.dropFirst().joined().split(separator: "›", omittingEmptySubsequences: false)
  #expect(parts.count == 2 && tail.count == 2, "one marked span", sourceLocation: location)
  let (before, inside) = (String(parts[0]), String(tail.first ?? ""))
  let text = before + inside + String(tail.last ?? "")
  let (tree, diagnostics) = parsed(text, location: location)
  #expect(diagnostics.count == 1, "\(rendered(diagnostics, tree))", sourceLocation: location)
  guard let diagnostic = diagnostics.first else { return }
  #expect(diagnostic.code == code, sourceLocation: location)
  #expect(diagnostic.message == message, sourceLocation: location)
  let expected = before.utf8.count..<before.utf8.count + inside.utf8.count
  #expect(
    diagnostic.span.range == expected,
    "the span is `\(tree.source.text(diagnostic.span))` at \(diagnostic.span.range)", sourceLocation: location
  )
  let edits = diagnostic.help.first?.edits ?? []
  if let fixed {
    let bytes = applying(edits, to: tree.source)
    #expect(bytes.map { String(decoding: $0, as: UTF8.self) } == fixed, sourceLocation: location)
    checkParses(fixed, location: location)
  } else {
    #expect(edits.isEmpty, "the fix is not tested", sourceLocation: location)
  }
}
