/// Why a text was not formatted: it has mistakes, so that its tree is a guess.
package struct FormatError: Error {
  /// What the parser says; at least one is an error.
  package let diagnostics: [Diagnostic]
}

/// The text of a program in the one style of the language.
///
/// The tokens stay, but for commas before closing brackets, and so do all comments. Formatting the result again changes
/// nothing.
///
/// - Throws: `FormatError` when the text has a syntax error.
package func formatted(_ source: SourceFile) throws(FormatError) -> [UInt8] {
  let (tree, diagnostics) = parse(source)
  if diagnostics.contains(where: { $0.severity == .error }) { throw FormatError(diagnostics: diagnostics) }
  return formatted(tree)
}

/// The text of a tree without syntax errors in the one style of the language.
package func formatted(_ tree: SyntaxTree) -> [UInt8] {
  var formatter = Formatter(tree)
  return formatter.run()
}

/// The text of a program in the one style of the language.
///
/// - Throws: `FormatError` when the text has a syntax error.
package func formatted(_ text: String, name: String = "program.irlas") throws(FormatError) -> String {
  String(decoding: try formatted(SourceFile(name: name, text: text)), as: UTF8.self)
}

/// What formatting changes, as replacements of whole lines from the top: as few as an editor needs to keep its cursor.
///
/// - Throws: `FormatError` when the text has a syntax error.
package func formattingEdits(_ source: SourceFile) throws(FormatError) -> [Diagnostic.Edit] {
  let difference = LineDifference(from: source.utf8, to: try formatted(source))
  return difference.changes.map { change in
    func offset(_ line: Int) -> Int {
      line < source.lineCount ? Int(source.lineStarts[line]) : source.utf8.count
    }
    let text = difference.new[change.new].reduce(into: []) { $0 += $1 }
    return Diagnostic.Edit(
      source.span(offset(change.old.lowerBound)..<offset(change.old.upperBound)),
      String(decoding: text, as: UTF8.self))
  }
}
