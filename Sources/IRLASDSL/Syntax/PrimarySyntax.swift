/// `postfix = primary { "." ID [ args ] }`, a flat list however long.
package struct PostfixSyntax: Syntax {
  package let node: SyntaxNode
  /// The value that the members belong to.
  package var base: ExpressionSyntax { node.expression }
  /// The members, at least one, in order.
  package var members: [MemberSyntax] { node.children.filter { $0.kind == .member }.map(MemberSyntax.init) }
}

/// `"." ID [ args ]`
package struct MemberSyntax: Syntax {
  package let node: SyntaxNode
  /// The name after the point; nil when the text lacks it.
  package var name: TokenSyntax? { node.token(.identifier) }
  /// The arguments; nil without parentheses.
  package var arguments: [ArgumentSyntax]? { node.first(.argumentList) == nil ? nil : node.arguments }
}

/// `ID args`
package struct CallSyntax: Syntax {
  package let node: SyntaxNode
  /// What is called.
  package var name: TokenSyntax { node.requiredFirstToken }
  /// The arguments in the order of the text.
  package var arguments: [ArgumentSyntax] { node.arguments }
}

/// `arg = [ LABEL ":" ] sq`
package struct ArgumentSyntax: Syntax {
  package let node: SyntaxNode
  /// The label, which may be any word.
  package var label: TokenSyntax? { node.token(.colon) == nil ? nil : node.tokens.first { $0.kind.isWord } }
  /// The value.
  package var value: ExpressionSyntax { node.expression }
}

/// `ID`
package struct NameSyntax: Syntax {
  package let node: SyntaxNode
  /// The token.
  package var token: TokenSyntax { node.requiredFirstToken }
  /// The name without backquotes.
  package var name: String { token.name }
}

/// `NUMBER`
package struct NumberSyntax: Syntax {
  package let node: SyntaxNode
  /// The value; nil when it does not fit, which has been reported.
  package var value: NumberLiteral? { NumberLiteral(text: node.text) }
}

/// `KERNEL`
package struct KernelSyntax: Syntax {
  package let node: SyntaxNode
  /// Height and width; nil when one does not fit, which has been reported.
  package var size: (height: Int, width: Int)? { kernelSize(of: node.text) }
}

/// `STRING`
package struct StringSyntax: Syntax {
  package let node: SyntaxNode
  /// The text between the quotes with its escapes resolved.
  package var value: String { stringValue(of: node.text) }
}

/// `"true" | "false"`
package struct BooleanSyntax: Syntax {
  package let node: SyntaxNode
  /// Whether this is `true`.
  package var value: Bool { node.token(.trueKeyword) != nil }
}

/// `"peer"`: the shape of the other operands of the sum.
package struct PeerSyntax: Syntax {
  package let node: SyntaxNode
}

/// `"each" ID [ "," ID ] "in" expr "{" chain "}"`
package struct EachSyntax: Syntax {
  package let node: SyntaxNode
  /// The name of the element.
  package var element: TokenSyntax? { node.token(.identifier) }
  /// The name of its index.
  package var index: TokenSyntax? { Array(node.tokens.filter { $0.kind == .identifier }.dropFirst()).first }
  /// The list.
  package var list: ExpressionSyntax { node.expression }
  /// The value for one element.
  package var body: ExpressionSyntax { node.expressions.dropFirst().first ?? .missing(node) }
}

/// `if = "if" expr "{" chain "}" { "else" "if" expr "{" chain "}" } "else" "{" chain "}"`, flat however long.
package struct IfSyntax: Syntax {
  package let node: SyntaxNode
  /// The conditions with their values, in order.
  package var branches: [BranchSyntax] { node.children.filter { $0.kind == .branch }.map(BranchSyntax.init) }
  /// The value when no condition holds; `missing` when the text lacks it.
  package var otherwise: ExpressionSyntax { node.expression }
}

/// `"if" expr "{" chain "}"` of an `if`.
package struct BranchSyntax: Syntax {
  package let node: SyntaxNode
  /// The condition.
  package var condition: ExpressionSyntax { node.expression }
  /// The value when it holds.
  package var value: ExpressionSyntax { node.expressions.dropFirst().first ?? .missing(node) }
}

/// `"(" sq ")"`
package struct ParenthesizedSyntax: Syntax {
  package let node: SyntaxNode
  /// What the parentheses hold.
  package var expression: ExpressionSyntax { node.expression }
}

/// `"(" sq "," ... ")"`
package struct TupleSyntax: Syntax {
  package let node: SyntaxNode
  /// The elements in order.
  package var elements: [ExpressionSyntax] { node.expressions }
}

/// `"[" sq { "," sq } "]"`
package struct ListSyntax: Syntax {
  package let node: SyntaxNode
  /// The elements in order.
  package var elements: [ExpressionSyntax] { node.expressions }
}

extension SyntaxNode {
  /// The first token below a node that never is empty.
  fileprivate var requiredFirstToken: TokenSyntax {
    TokenSyntax(tree: tree, index: min(Int(tree.nodes[id].firstToken), tree.tokens.count - 1))
  }
}
