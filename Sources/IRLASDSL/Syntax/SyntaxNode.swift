/// A node of a tree: the tree and an index. The typed views (`ModuleSyntax`, ...) wrap one.
package struct SyntaxNode: Hashable, Sendable {
  /// The tree that the node belongs to.
  package let tree: SyntaxTree
  /// The index of the node in its tree.
  package let id: Int

  /// What the node is.
  package var kind: SyntaxKind { tree.nodes[id].kind }

  /// The indices of the tokens below the node.
  package var tokenRange: Range<Int> { Int(tree.nodes[id].firstToken)..<Int(tree.nodes[id].endToken) }

  /// The bytes from the first to the last token; for a missing part the place after the token before it.
  package var span: SourceSpan {
    let range = tokenRange
    let file = tree.source.id
    if range.isEmpty {
      let place = range.lowerBound == 0 ? 0 : tree.tokens[range.lowerBound - 1].upper
      return SourceSpan(file: file, lower: place, upper: place)
    }
    return SourceSpan(
      file: file, lower: tree.tokens[range.lowerBound].lower, upper: tree.tokens[range.upperBound - 1].upper)
  }

  /// The text of `span`.
  package var text: String { tree.source.text(span) }

  /// Whether the parser reported something in the node or directly after it: what the node says is then only a part
  /// of what its author meant, and conclusions from what it lacks (an unused name) are worth nothing.
  package var isBroken: Bool {
    let range = tokenRange
    let broken = tree.brokenTokens
    var (low, high) = (0, broken.count)
    while low < high {
      let middle = (low + high) / 2
      if broken[middle] < range.lowerBound { low = middle + 1 } else { high = middle }
    }
    return low < broken.count && broken[low] <= range.upperBound
  }

  /// A child: a node or a token.
  package enum Child: Hashable, Sendable {
    case node(SyntaxNode)
    case token(TokenSyntax)
  }

  /// All children in the order of the text.
  package var allChildren: some RandomAccessCollection<Child> {
    tree.elementRange(of: id).lazy.map { [tree] in
      let element = tree.elements[$0]
      return element.isNode
        ? .node(SyntaxNode(tree: tree, id: element.index))
        : .token(TokenSyntax(tree: tree, index: element.index))
    }
  }

  /// The children that are nodes.
  package var children: some Sequence<SyntaxNode> {
    tree.elementRange(of: id).lazy.compactMap { [tree] in
      let element = tree.elements[$0]
      return element.isNode ? SyntaxNode(tree: tree, id: element.index) : nil
    }
  }

  /// The children that are tokens.
  package var tokens: some Sequence<TokenSyntax> {
    tree.elementRange(of: id).lazy.compactMap { [tree] in
      let element = tree.elements[$0]
      return element.isNode ? nil : TokenSyntax(tree: tree, index: element.index)
    }
  }

  /// The first child node of the given kind.
  package func first(_ kind: SyntaxKind) -> SyntaxNode? { children.first { $0.kind == kind } }

  /// The first child token of the given kind.
  package func token(_ kind: TokenKind) -> TokenSyntax? { tokens.first { $0.kind == kind } }

  /// The documentation comment before the node: the run of `///` lines that ends on the line above it, without the
  /// slashes and one blank; nil when there is none.
  package var documentation: String? {
    guard let first = tokenRange.first else { return nil }
    return documentationComment(in: tree.source.utf8[tree.leadingTrivia(of: first)])
  }

  /// Nodes are equal when they are the same node of the same tree.
  package static func == (a: SyntaxNode, b: SyntaxNode) -> Bool { a.tree === b.tree && a.id == b.id }

  /// Feeds the identity of tree and node.
  package func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(tree))
    hasher.combine(id)
  }
}

/// A token of a tree.
package struct TokenSyntax: Hashable, Sendable {
  /// The tree that the token belongs to.
  package let tree: SyntaxTree
  /// The index of the token in its tree.
  package let index: Int

  /// What the token is.
  package var kind: TokenKind { tree.tokens[index].kind }

  /// The bytes of the token.
  package var span: SourceSpan {
    SourceSpan(file: tree.source.id, lower: tree.tokens[index].lower, upper: tree.tokens[index].upper)
  }

  /// The text as written.
  package var text: String { tree.source.text(span) }

  /// The name that the token stands for: its text without backquotes.
  package var name: String {
    let bytes = tree.source.utf8[tree.tokens[index].range]
    if bytes.count >= 2, bytes.first == 0x60, bytes.last == 0x60 {
      return String(decoding: bytes.dropFirst().dropLast(), as: UTF8.self)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Tokens are equal when they are the same token of the same tree.
  package static func == (a: TokenSyntax, b: TokenSyntax) -> Bool { a.tree === b.tree && a.index == b.index }

  /// Feeds the identity of tree and token.
  package func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(tree))
    hasher.combine(index)
  }
}

/// A typed view of a node.
package protocol Syntax: Hashable, Sendable {
  /// The node itself.
  var node: SyntaxNode { get }
}

extension Syntax {
  /// The bytes from the first to the last token.
  package var span: SourceSpan { node.span }
  /// The text as written.
  package var text: String { node.text }
  /// The `///` lines before it.
  package var documentation: String? { node.documentation }
}

extension SyntaxNode {
  /// All nodes below this one and the node itself, parents after their children.
  package var descendants: some RandomAccessCollection<SyntaxNode> {
    // Post-order: the nodes below one stand directly before it.
    var first = id
    while let child = SyntaxNode(tree: tree, id: first).children.first(where: { _ in true }) {
      first = child.id
    }
    return (first...id).lazy.map { [tree] in SyntaxNode(tree: tree, id: $0) }
  }
}

extension SyntaxTree {
  /// The nodes whose text holds or touches a byte, innermost first.
  package func enclosing(_ offset: Int) -> [SyntaxNode] {
    var found: [SyntaxNode] = []
    var node = SyntaxNode(tree: self, id: nodes.count - 1)
    while true {
      found.append(node)
      let inner = node.children.filter {
        !$0.span.isEmpty && $0.span.range.lowerBound <= offset && offset <= $0.span.range.upperBound
      }
      guard let next = inner.last else { return found.reversed() }
      node = next
    }
  }
}
