/// A value, by its form.
package indirect enum ExpressionSyntax: Hashable, Sendable {
  /// `2 then 1`
  case then(ThenSyntax)
  /// `x -> conv(3x3, 64) -> bn`
  case chain(ChainSyntax)
  /// `a or b or c`, `a and b`, `a + b - c`, `a * b / c`
  case operation(OperationSyntax)
  /// `a == b`
  case comparison(ComparisonSyntax)
  /// `2..8`
  case range(RangeSyntax)
  /// `not a`, `-a`
  case prefix(PrefixSyntax)
  /// `sample Cell`
  case sample(SampleSyntax)
  /// `repeat 3 Block(64)`
  case repetition(RepeatSyntax)
  /// `x.c`, `xs.at(i)`, `x.shape.c`
  case postfix(PostfixSyntax)
  /// `conv(3x3, 64)`
  case call(CallSyntax)
  /// `relu`
  case name(NameSyntax)
  case number(NumberSyntax)
  case kernel(KernelSyntax)
  case string(StringSyntax)
  case boolean(BooleanSyntax)
  case peer(PeerSyntax)
  /// `each v in xs { v -> f }`
  case each(EachSyntax)
  /// `if a { x } else { y }`
  case conditional(IfSyntax)
  /// `(a)`
  case parenthesized(ParenthesizedSyntax)
  /// `(a, b)`, `(a,)`
  case tuple(TupleSyntax)
  /// `[a, b]`
  case list(ListSyntax)
  /// The text lacks it; reported already.
  case missing(SyntaxNode)

  /// The view of a node that is a value; nil for other nodes.
  package init?(_ node: SyntaxNode) {
    switch node.kind {
    case .then: self = .then(ThenSyntax(node: node))
    case .chain: self = .chain(ChainSyntax(node: node))
    case .or, .and, .sum, .product: self = .operation(OperationSyntax(node: node))
    case .comparison: self = .comparison(ComparisonSyntax(node: node))
    case .range: self = .range(RangeSyntax(node: node))
    case .not, .negation: self = .prefix(PrefixSyntax(node: node))
    case .sample: self = .sample(SampleSyntax(node: node))
    case .repetition: self = .repetition(RepeatSyntax(node: node))
    case .postfix: self = .postfix(PostfixSyntax(node: node))
    case .call: self = .call(CallSyntax(node: node))
    case .name: self = .name(NameSyntax(node: node))
    case .number: self = .number(NumberSyntax(node: node))
    case .kernel: self = .kernel(KernelSyntax(node: node))
    case .string: self = .string(StringSyntax(node: node))
    case .boolean: self = .boolean(BooleanSyntax(node: node))
    case .peer: self = .peer(PeerSyntax(node: node))
    case .each: self = .each(EachSyntax(node: node))
    case .conditional: self = .conditional(IfSyntax(node: node))
    case .parenthesized: self = .parenthesized(ParenthesizedSyntax(node: node))
    case .tuple: self = .tuple(TupleSyntax(node: node))
    case .list: self = .list(ListSyntax(node: node))
    case .missing: self = .missing(node)
    default: return nil
    }
  }

  /// The node of the value.
  package var node: SyntaxNode {
    switch self {
    case .then(let view): view.node
    case .chain(let view): view.node
    case .operation(let view): view.node
    case .comparison(let view): view.node
    case .range(let view): view.node
    case .prefix(let view): view.node
    case .sample(let view): view.node
    case .repetition(let view): view.node
    case .postfix(let view): view.node
    case .call(let view): view.node
    case .name(let view): view.node
    case .number(let view): view.node
    case .kernel(let view): view.node
    case .string(let view): view.node
    case .boolean(let view): view.node
    case .peer(let view): view.node
    case .each(let view): view.node
    case .conditional(let view): view.node
    case .parenthesized(let view): view.node
    case .tuple(let view): view.node
    case .list(let view): view.node
    case .missing(let node): node
    }
  }

  /// The bytes of the value.
  package var span: SourceSpan { node.span }
  /// The text as written.
  package var text: String { node.text }
}

extension SyntaxNode {
  /// The children that are values.
  var expressions: [ExpressionSyntax] {
    var found: [ExpressionSyntax] = []
    for child in children {
      if let expression = ExpressionSyntax(child) { found.append(expression) }
    }
    return found
  }

  /// The first child that is a value; `missing` when there is none.
  var expression: ExpressionSyntax {
    for child in children {
      if let expression = ExpressionSyntax(child) { return expression }
    }
    return .missing(self)
  }

  /// The arguments of the first argument list below the node.
  var arguments: [ArgumentSyntax] {
    first(.argumentList)?.children.filter { $0.kind == .argument }.map(ArgumentSyntax.init) ?? []
  }
}

/// `sq = chain { "then" chain }`: the value of the first copy, then of the rest; or the phases of a schedule.
package struct ThenSyntax: Syntax {
  package let node: SyntaxNode
  /// The parts, at least two, in order.
  package var parts: [ExpressionSyntax] { node.expressions }
}

/// `chain = expr { "->" expr }`, a flat list however long.
package struct ChainSyntax: Syntax {
  package let node: SyntaxNode
  /// The links, at least two, in order.
  package var links: [ExpressionSyntax] { node.expressions }
}

/// A run of operators of one precedence as a flat list: `or`, `and`, sums, products.
package struct OperationSyntax: Syntax {
  package let node: SyntaxNode

  /// The families of operators.
  package enum Family: Hashable, Sendable {
    case or
    case and
    /// `+` and `-`
    case sum
    /// `*`, `/` and `%`
    case product
  }

  /// The family of the run.
  package var family: Family {
    switch node.kind {
    case .or: .or
    case .and: .and
    case .sum: .sum
    default: .product
    }
  }
  /// The operands, at least two, in order.
  package var operands: [ExpressionSyntax] { node.expressions }
  /// The operators between them: one fewer than operands.
  package var operators: [TokenSyntax] { Array(node.tokens) }
}

/// `range ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) range`
package struct ComparisonSyntax: Syntax {
  package let node: SyntaxNode
  /// The left operand.
  package var left: ExpressionSyntax { node.expression }
  /// The sign.
  package var comparator: TokenSyntax? { node.tokens.first { _ in true } }
  /// The right operand.
  package var right: ExpressionSyntax { node.expressions.dropFirst().first ?? .missing(node) }
}

/// `sum ".." sum`
package struct RangeSyntax: Syntax {
  package let node: SyntaxNode
  /// The smallest value.
  package var lower: ExpressionSyntax { node.expression }
  /// The largest value.
  package var upper: ExpressionSyntax { node.expressions.dropFirst().first ?? .missing(node) }
}

/// `"not" neg` and `"-" unary`
package struct PrefixSyntax: Syntax {
  package let node: SyntaxNode
  /// Whether this is `not`; otherwise it is `-`.
  package var isNot: Bool { node.kind == .not }
  /// What it applies to.
  package var operand: ExpressionSyntax { node.expression }
}

/// `"sample" postfix`
package struct SampleSyntax: Syntax {
  package let node: SyntaxNode
  /// The space that is drawn from.
  package var space: ExpressionSyntax { node.expression }
}

/// `"repeat" count [ ".." count ] [ "as" ID ] unary`
package struct RepeatSyntax: Syntax {
  package let node: SyntaxNode
  private var hasRange: Bool { node.token(.dotDot) != nil }
  /// How often; the lower bound of a range.
  package var count: ExpressionSyntax { node.expression }
  /// The upper bound, in `repeat 2..4 f`.
  package var upperCount: ExpressionSyntax? { hasRange ? node.expressions.dropFirst().first : nil }
  /// The name of the copy's index.
  package var index: TokenSyntax? { node.token(.identifier) }
  /// The layer that is repeated.
  package var body: ExpressionSyntax { node.expressions.dropFirst(hasRange ? 2 : 1).first ?? .missing(node) }
}
