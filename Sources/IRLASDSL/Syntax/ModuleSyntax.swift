/// `module = ( "cell" | "network" | "space" ) ID [ "(" params ")" ] "{" inputs { stmt } "return" outputs "}"`
package struct ModuleSyntax: Syntax {
  package let node: SyntaxNode

  /// Which of the three a module is.
  package enum Keyword: String, Hashable, Sendable {
    /// A layer that programs build from other layers.
    case cell
    /// A whole network: its inputs have shapes.
    case network
    /// A cell or network with open decisions.
    case space
  }

  /// Cell, network or space.
  package var keyword: Keyword {
    if node.token(.networkKeyword) != nil { return .network }
    return node.token(.spaceKeyword) != nil ? .space : .cell
  }
  /// The name; nil when the text lacks it.
  package var name: TokenSyntax? { node.token(.identifier) }
  /// `@atomic` and the like.
  package var attributes: [AttributeSyntax] {
    node.children.filter { $0.kind == .attribute }.map(AttributeSyntax.init)
  }
  /// The parameters in the order of the text.
  package var parameters: [ParameterSyntax] {
    node.children.filter { $0.kind == .parameter }.map(ParameterSyntax.init)
  }
  /// The inputs in the order of the text.
  package var inputs: [InputSyntax] { node.children.filter { $0.kind == .input }.map(InputSyntax.init) }
  /// The statements between `in` and `return`.
  package var statements: [StatementSyntax] { node.children.compactMap(StatementSyntax.init) }
  /// The `return`; nil when the text lacks it, which has been reported.
  package var returnStatement: ReturnSyntax? { node.first(.returnStatement).map(ReturnSyntax.init) }
}

/// `param = ID [ ":" type ] [ "=" chain ]`
package struct ParameterSyntax: Syntax {
  package let node: SyntaxNode
  /// The name; nil when the text lacks it.
  package var name: TokenSyntax? { node.token(.identifier) }
  /// The type; nil for the type of the default, or Int.
  package var type: TypeSyntax? { node.children.lazy.compactMap(TypeSyntax.init).first { _ in true } }
  /// The default.
  package var defaultValue: ExpressionSyntax? { node.token(.equal) == nil ? nil : node.expression }
}

/// `type = "Int" | "Float" | "Bool" | "Kernel" | "Layer" | "Shape" | "Padding" | "[" type "]"`
package indirect enum TypeSyntax: Hashable, Sendable {
  /// A type by name; the parser has checked that it is one of the seven.
  case named(TokenSyntax)
  /// `[Int]`
  case list(TypeSyntax, SyntaxNode)
  /// The text lacks it, or names no type.
  case missing(SyntaxNode)

  init?(_ node: SyntaxNode) {
    switch node.kind {
    case .namedType:
      guard let name = node.token(.identifier) else { return nil }
      self = .named(name)
    case .listType:
      let element = node.children.lazy.compactMap(TypeSyntax.init).first { _ in true }
      self = .list(element ?? .missing(node), node)
    case .missingType: self = .missing(node)
    default: return nil
    }
  }

  /// The bytes of the type.
  package var span: SourceSpan {
    switch self {
    case .named(let token): token.span
    case .list(_, let node), .missing(let node): node.span
    }
  }

  /// The names of the types that are not lists.
  package static let names = ["Int", "Float", "Bool", "Kernel", "Layer", "Shape", "Padding"]
}

/// `input = ID [ "[" expr "]" ] [ ":" "[" expr { "," expr } "]" ]`
package struct InputSyntax: Syntax {
  package let node: SyntaxNode
  /// The name; nil when the text lacks it.
  package var name: TokenSyntax? { node.token(.identifier) }
  /// The `n` of `in xs[n]`: the rest of the tuple as a list of n tensors.
  package var count: ExpressionSyntax? { node.token(.leftBracket) == nil ? nil : node.expression }
  /// The sizes of the contract `[c, h, w]`; nil without a contract.
  package var shape: [ExpressionSyntax]? { node.first(.inputShape)?.expressions }
  /// The span of the contract with its brackets.
  package var shapeSpan: SourceSpan? { node.first(.inputShape)?.span }
}

/// `stmt = binding | grow | require`
package enum StatementSyntax: Hashable, Sendable {
  case binding(BindingSyntax)
  case grow(GrowSyntax)
  case require(RequireSyntax)

  init?(_ node: SyntaxNode) {
    switch node.kind {
    case .binding: self = .binding(BindingSyntax(node: node))
    case .grow: self = .grow(GrowSyntax(node: node))
    case .require: self = .require(RequireSyntax(node: node))
    default: return nil
    }
  }

  /// The node of the statement.
  package var node: SyntaxNode {
    switch self {
    case .binding(let view): view.node
    case .grow(let view): view.node
    case .require(let view): view.node
    }
  }

  /// The bytes of the statement.
  package var span: SourceSpan { node.span }
}

/// `[ "shared" ] name { "," name } "=" chain`
package struct BindingSyntax: Syntax {
  package let node: SyntaxNode
  /// Whether all applications of the bound layer use one set of weights.
  package var isShared: Bool { node.token(.sharedKeyword) != nil }
  /// The bound names; `_` drops a value.
  package var names: [TokenSyntax] { node.tokens.filter { $0.kind == .identifier } }
  /// What they are bound to.
  package var value: ExpressionSyntax { node.expression }
}

/// `"grow" ID "[" expr "]" [ "as" ID ] "=" chain`
package struct GrowSyntax: Syntax {
  package let node: SyntaxNode
  /// The list that grows.
  package var name: TokenSyntax? { node.token(.identifier) }
  /// How many elements: a number, or a range in a space.
  package var count: ExpressionSyntax { node.expression }
  /// The name of the element's index.
  package var index: TokenSyntax? {
    guard let word = node.token(.asKeyword) else { return nil }
    return node.tokens.first { $0.kind == .identifier && $0.index > word.index }
  }
  /// One element.
  package var element: ExpressionSyntax { node.expressions.dropFirst().first ?? .missing(node) }
}

/// `"require" expr [ "," STRING ]`
package struct RequireSyntax: Syntax {
  package let node: SyntaxNode
  /// What has to hold.
  package var condition: ExpressionSyntax { node.expression }
  /// What to say where it does not.
  package var message: StringSyntax? {
    node.token(.comma) == nil ? nil : node.first(.string).map(StringSyntax.init)
  }
}

/// `"return" ret { "," ret }`
package struct ReturnSyntax: Syntax {
  package let node: SyntaxNode
  /// The outputs in the order of the text.
  package var outputs: [OutputSyntax] { node.children.filter { $0.kind == .output }.map(OutputSyntax.init) }
}

/// `ret = [ [ "aux" ] ID ":" ] chain`
package struct OutputSyntax: Syntax {
  package let node: SyntaxNode
  /// The name of the output.
  package var label: TokenSyntax? {
    guard let colon = node.token(.colon), colon.index > 0 else { return nil }
    return TokenSyntax(tree: node.tree, index: colon.index - 1)
  }
  /// Whether the output exists in training only: `aux` before the label.
  package var isAuxiliary: Bool {
    node.tokens.prefix { $0.kind != .colon }.dropFirst().first { _ in true } != nil
  }
  /// The value.
  package var value: ExpressionSyntax { node.expression }
}
