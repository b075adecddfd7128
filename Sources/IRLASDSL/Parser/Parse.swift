/// Parses a file. Always returns a tree that prints as the same bytes, whatever the bytes are, and what is wrong with
/// them in the order of the text.
///
/// Linear in the size of the text, which may be anything: nesting beyond `Parser.nestingLimit` is an error and is
/// stepped over, and long chains and sums are flat lists.
package func parse(_ source: SourceFile) -> (tree: SyntaxTree, diagnostics: [Diagnostic]) {
  if let problem = unreadableText(source) {
    let end = UInt32(clamping: source.utf8.count)
    let tokens = [Token(.invalid, lower: 0, upper: end), Token(.endOfFile, lower: end, upper: end)]
    var parser = Parser(source: source, tokens: tokens, bag: DiagnosticBag())
    parser.parseFile()
    return (parser.tree(), [problem])
  }
  var lexer = Lexer(source, bag: DiagnosticBag())
  lexer.run()
  var parser = Parser(source: source, tokens: lexer.tokens, bag: lexer.bag)
  parser.parseFile()
  return (parser.tree(), parser.bag.finish())
}

/// Why the bytes cannot be read as text at all, if so.
func unreadableText(_ source: SourceFile) -> Diagnostic? {
  if source.utf8.count > SourceFile.maximumSize {
    return Diagnostic(
      .sourceTooLarge,
      "this file has \(source.utf8.count >> 20) MiB; the limit is \(SourceFile.maximumSize >> 20) MiB",
      at: source.span(0..<0))
  }
  guard let bad = firstInvalidUTF8(in: source.utf8) else { return nil }
  return Diagnostic(
    .notUTF8,
    "this file is not UTF-8 text: byte \(bad) is 0x\(hexadecimal(UInt32(source.utf8[bad])).suffix(2))",
    at: source.span(bad..<bad + 1), label: "the first byte that does not fit")
}
