/// The kinds of tree node, named after the grammar.
package enum SyntaxKind: UInt8, Hashable, Sendable, CaseIterable {
  case file, version, use, usePath, useItem, attribute
  case module, parameter, input, inputShape, binding, grow, require, returnStatement, output
  case check, recipe, search, field
  case namedType, listType
  case argumentList, argument
  /// A part that the text lacks: no token, zero width.
  case missing
  /// A type that the text lacks, or a word that names no type.
  case missingType
  /// Tokens that fit nowhere; reported, kept, ignored.
  case unexpected

  // Expressions, loosest first.
  case then, chain, or, and, not, comparison, range, sum, product, negation, sample, repetition
  case postfix, member, call, name, number, kernel, string, boolean, peer, each
  case conditional, branch, parenthesized, tuple, list

}
