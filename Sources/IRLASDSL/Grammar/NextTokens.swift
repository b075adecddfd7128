/// What may follow a text that is the beginning of a program.
package struct NextTokens: Hashable, Sendable {
  /// A token that may come next.
  package enum Choice: Hashable, Sendable {
    /// Any token of a class of the grammar: `ID`, `NUMBER`, `INT`, `KERNEL` or `STRING`.
    case anyOf(String)
    /// A keyword, a sign, or a name that means something here (`aux`, `Kernel`).
    case exactly(String)
  }

  /// The tokens, classes first, then keywords and names, then signs.
  package let choices: [Choice]
  /// Whether the text is a whole program already.
  package let isComplete: Bool
}

/// Which tokens may follow a text, all of whose tokens are taken to be whole: for each there is a program that goes on
/// with it, and for no other. Whether names exist and shapes fit is another matter.
///
/// Time and memory are linear in the number of tokens.
///
/// - Returns: the tokens; or the messages where the text is the beginning of no program.
package func nextTokens(after source: SourceFile) -> Result<NextTokens, NoProgram> {
  let tokens: [Token]
  switch wholeTokens(of: source) {
  case .success(let found): tokens = found
  case .failure(let problem): return .failure(problem)
  }
  var walk = GrammarWalk(.language)
  for token in tokens {
    guard walk.advance(symbols(of: token, in: source)) else {
      let text = shortened(source.text(SourceSpan(file: source.id, lower: token.lower, upper: token.upper)))
      return .failure(
        NoProgram(diagnostics: [
          Diagnostic(
            .unexpectedToken, "no program goes on with `\(text)` here",
            at: SourceSpan(file: source.id, lower: token.lower, upper: token.upper))
        ]))
    }
  }
  let (following, isComplete) = walk.following()
  return .success(NextTokens(choices: choices(following), isComplete: isComplete))
}

/// Why a text is the beginning of no program.
package struct NoProgram: Error {
  /// What is wrong with it.
  package let diagnostics: [Diagnostic]
}

extension GrammarNetwork {
  /// The network of the language.
  static let language = GrammarNetwork(.language)
}

/// The tokens of a text, without the end of the file.
private func wholeTokens(of source: SourceFile) -> Result<[Token], NoProgram> {
  if let problem = unreadableText(source) { return .failure(NoProgram(diagnostics: [problem])) }
  var lexer = Lexer(source, bag: DiagnosticBag())
  lexer.run()
  if lexer.bag.hasErrors { return .failure(NoProgram(diagnostics: lexer.bag.finish())) }
  return .success(Array(lexer.tokens.dropLast()))
}

/// The symbols of the grammar that a token is.
func symbols(of token: Token, in source: SourceFile) -> [Int] {
  let network = GrammarNetwork.language
  let text = source.text(SourceSpan(file: source.id, lower: token.lower, upper: token.upper))
  var names: [(String, isClass: Bool)] = []
  switch token.kind {
  case .identifier: names = [("ID", true), ("LABEL", true), (text, false)]
  case .number:
    names = [("NUMBER", true)]
    // The one version there is.
    if text == "1" { names.append(("INT", true)) }
  case .kernel: names = [("KERNEL", true)]
  case .string: names = [("STRING", true)]
  default:
    if let spelling = token.kind.spelling { names = [(spelling, false)] }
    if token.kind.isKeyword { names.append(("LABEL", true)) }
  }
  return names.compactMap { network.index(of: $0.0, isClass: $0.isClass) }
}

/// The symbols as they are shown; a label is a name or any keyword.
private func choices(_ symbols: [Int]) -> [NextTokens.Choice] {
  let network = GrammarNetwork.language
  var classes = Set<String>()
  var words = Set<String>()
  for symbol in symbols {
    let name = network.symbols[symbol]
    if !network.isClass[symbol] {
      words.insert(name)
    } else if name == "LABEL" {
      classes.insert("ID")
      words.formUnion(TokenKind.keywords.compactMap(\.spelling))
    } else {
      classes.insert(name)
    }
  }
  let order = ["ID", "INT", "NUMBER", "KERNEL", "STRING"].filter(classes.contains)
  let names = (Grammar.contextual.sorted() + TypeSyntax.names).filter(words.contains)
  let keywords = TokenKind.keywords.compactMap(\.spelling).filter(words.contains)
  let signs = TokenKind.allCases.filter { !$0.isKeyword }.compactMap(\.spelling).filter(words.contains)
  return order.map { .anyOf($0) } + (names + keywords + signs).map { .exactly($0) }
}
