/// `file = [ FILEDOC ] [ "irlas" INT ] { use } { decl }`
package struct FileSyntax: Syntax {
  package let node: SyntaxNode
  init(unchecked node: SyntaxNode) { self.node = node }

  /// The version line, if there is one.
  package var version: VersionSyntax? { node.first(.version).map(VersionSyntax.init) }
  /// The `use` lines.
  package var uses: [UseSyntax] { node.children.filter { $0.kind == .use }.map(UseSyntax.init) }
  /// All declarations in the order of the text.
  package var declarations: [DeclarationSyntax] { node.children.compactMap(DeclarationSyntax.init) }

  /// The `//!` lines at the top, without slashes and one blank; nil when there are none.
  package var fileDocumentation: String? {
    let bytes = node.tree.source.utf8[node.tree.leadingTrivia(of: 0)]
    let lines = triviaPieces(in: bytes).filter { $0.kind == .fileDocumentation }
    return lines.isEmpty ? nil : lines.map { String(commentText(bytes[$0.range])) }.joined(separator: "\n")
  }
}

/// `"irlas" INT`
package struct VersionSyntax: Syntax {
  package let node: SyntaxNode
  /// The number after `irlas`, if there is one that fits.
  package var number: Int? { node.token(.number).flatMap { NumberLiteral(text: $0.text)?.integer } }
}

/// `use = "use" path [ "{" ID [ "as" ID ] { "," ... } "}" ]`
package struct UseSyntax: Syntax {
  package let node: SyntaxNode

  /// What is used: the names of a library path such as `std`, or a file.
  package enum Path: Hashable, Sendable {
    /// `use std`, `use a.b`
    case module([TokenSyntax])
    /// `use "found.irlas"`
    case file(StringSyntax)
    /// The text lacks it.
    case missing(SyntaxNode)
  }

  /// What is used.
  package var path: Path {
    guard let path = node.first(.usePath) else { return .missing(node) }
    if let string = path.first(.string) { return .file(StringSyntax(node: string)) }
    let names = path.tokens.filter { $0.kind == .identifier }
    return names.isEmpty ? .missing(path) : .module(names)
  }

  /// The span of the path.
  package var pathSpan: SourceSpan { (node.first(.usePath) ?? node).span }

  /// The names in braces; nil without braces: everything is used.
  package var items: [UseItemSyntax]? {
    node.token(.leftBrace) == nil ? nil : node.children.filter { $0.kind == .useItem }.map(UseItemSyntax.init)
  }
}

/// `ID [ "as" ID ]` in the braces of a `use`.
package struct UseItemSyntax: Syntax {
  package let node: SyntaxNode
  /// The name in the used file.
  package var name: TokenSyntax? { node.token(.identifier) }
  /// The name in this file, where it differs.
  package var alias: TokenSyntax? {
    node.token(.asKeyword) == nil
      ? nil : Array(node.tokens.filter { $0.kind == .identifier }.dropFirst()).first
  }
}

/// `decl = [ DOC ] { attribute } ( module | recipe | search | check )`
package enum DeclarationSyntax: Hashable, Sendable {
  case module(ModuleSyntax)
  case recipe(RecipeSyntax)
  case search(SearchSyntax)
  case check(CheckSyntax)

  init?(_ node: SyntaxNode) {
    switch node.kind {
    case .module: self = .module(ModuleSyntax(node: node))
    case .recipe: self = .recipe(RecipeSyntax(node: node))
    case .search: self = .search(SearchSyntax(node: node))
    case .check: self = .check(CheckSyntax(node: node))
    default: return nil
    }
  }

  /// The node of the declaration.
  package var node: SyntaxNode {
    switch self {
    case .module(let view): view.node
    case .recipe(let view): view.node
    case .search(let view): view.node
    case .check(let view): view.node
    }
  }

  /// The bytes of the declaration.
  package var span: SourceSpan { node.span }
}

/// `"@" ID` before a declaration, for example `@atomic`.
package struct AttributeSyntax: Syntax {
  package let node: SyntaxNode
  /// The word after `@`.
  package var name: TokenSyntax? { node.token(.identifier) }
}

/// `recipe = "recipe" ID [ "=" ID ] "{" { LABEL ":" sq } "}"`
package struct RecipeSyntax: Syntax {
  package let node: SyntaxNode
  /// The name of the recipe.
  package var name: TokenSyntax? { node.token(.identifier) }
  /// The recipe that this one amends.
  package var base: TokenSyntax? {
    guard let equal = node.token(.equal) else { return nil }
    return node.tokens.first { $0.kind == .identifier && $0.index > equal.index }
  }
  /// The fields in the order of the text.
  package var fields: [FieldSyntax] { node.children.filter { $0.kind == .field }.map(FieldSyntax.init) }
}

/// `search = "search" ID "{" { LABEL ":" sq | "require" expr [ "," STRING ] } "}"`
package struct SearchSyntax: Syntax {
  package let node: SyntaxNode
  /// The name of the search.
  package var name: TokenSyntax? { node.token(.identifier) }
  /// The fields in the order of the text.
  package var fields: [FieldSyntax] { node.children.filter { $0.kind == .field }.map(FieldSyntax.init) }
  /// The filters and limits.
  package var requirements: [RequireSyntax] {
    node.children.filter { $0.kind == .require }.map(RequireSyntax.init)
  }
}

/// `LABEL ":" sq` of a recipe or search.
package struct FieldSyntax: Syntax {
  package let node: SyntaxNode
  /// The name of the field.
  package var label: TokenSyntax? { node.tokens.first { $0.kind.isWord } }
  /// Its value.
  package var value: ExpressionSyntax { node.expression }
}

/// `check = "check" ID args "{" [ expr { "," expr } ] "}"`
package struct CheckSyntax: Syntax {
  package let node: SyntaxNode
  /// The cell or network that is checked.
  package var target: TokenSyntax? { node.token(.identifier) }
  /// The arguments of this use.
  package var arguments: [ArgumentSyntax] { node.arguments }
  /// The conditions that have to hold.
  package var claims: [ExpressionSyntax] { node.expressions }
}
