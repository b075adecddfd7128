// stmt, return, and text that is neither.

extension Parser {
  /// One statement, or text that is none, stepped over. Says whether it was a `return`.
  mutating func parseStatement() -> Bool {
    switch kind {
    case .returnKeyword:
      parseReturn()
      return true
    case .growKeyword: parseGrow()
    case .requireKeyword: parseRequire()
    case .sharedKeyword: parseBinding()
    case .semicolon:
      reportSemicolon()
      skipToken()
    case .identifier where [.equal, .equalEqual, .comma, .colon].contains(next): parseBinding()
    case _ where kind.isKeyword && next == .equal: parseBinding()
    case _ where kind.startsDeclaration:
      if admits() {
        bag.report(
          Diagnostic(
            .misplacedDeclaration, "declarations stand at the top of a file, not inside one another", at: span
          ))
      }
      silently { $0.skipUnexpected(always: true) }
    default: return parseStrayStatement()
    }
    return false
  }

  /// `[ "shared" ] name { "," name } "=" chain`
  private mutating func parseBinding() {
    let mark = mark()
    _ = eat(.sharedKeyword)
    repeat { parseName("a value") } while eat(.comma)
    if at(.colon) {
      if admits() {
        bag.report(
          Diagnostic(
            .missingToken, "a binding is written `name = value`", at: span,
            help: [Diagnostic.Help("write `=`", edits: [Diagnostic.Edit(span, isAdjacent ? " =" : "=")])]))
      }
      skipToken()
    } else if at(.equalEqual) {
      if admits() {
        bag.report(
          Diagnostic(
            .unexpectedToken, "`==` compares; a binding is written `name = value`", at: span,
            help: [Diagnostic.Help("write `=`", edits: [Diagnostic.Edit(span, "=")])]))
      }
      skipToken()
    } else if !eat(.equal) {
      reportMissing("=", "a binding is written `name = value`")
    }
    parseChain()
    finish(.binding, from: mark)
    endStatement()
  }

  /// `"grow" ID "[" expr "]" [ "as" ID ] "=" chain`
  private mutating func parseGrow() {
    let mark = mark()
    bump()
    parseName("a list")
    if !parseBracketedCount() {
      reportMissing("[", "`grow` gives the number of elements, as in `grow h[4] = ...`")
      pushMissing()
    }
    if eat(.asKeyword) { parseName("the index of an element") }
    if !eat(.equal) { reportMissing("=", "`grow h[4] = ...` says what an element is") }
    parseChain()
    finish(.grow, from: mark)
    endStatement()
  }

  /// `"require" expr [ "," STRING ]`
  mutating func parseRequire() {
    let mark = mark()
    bump()
    parseExpression()
    if at(.comma), !hasFields || next == .string {
      bump()
      if at(.string) {
        parseToken(.string)
      } else {
        if admits() {
          bag.report(
            Diagnostic(
              .expectedExpression,
              "what follows the comma of `require` is a string: what to say when it fails",
              at: at(.endOfFile) ? previousEnd : span))
        }
        if !startsStatement, !kind.closes, !at(.endOfFile) { skipUnexpected(always: true) }
      }
    }
    finish(.require, from: mark)
    if !hasFields { endStatement() }
  }

  /// `"return" ret { "," ret }`
  private mutating func parseReturn() {
    let mark = mark()
    bump()
    repeat { parseOutput() } while eat(.comma)
    finish(.returnStatement, from: mark)
    endStatement()
  }

  /// `ret = [ [ "aux" ] ID ":" ] chain`
  private mutating func parseOutput() {
    let mark = mark()
    if at(.identifier) {
      if next == .identifier, text(of: position) == "aux" {
        bump()
        bump()
        if !eat(.colon) { reportMissing(":", "an output is written `aux name: value`") }
      } else if next == .colon {
        bump()
        bump()
      }
    }
    parseChain()
    finish(.output, from: mark)
  }

  /// Reports and steps over what follows a complete statement on its line.
  private mutating func endStatement() {
    if at(.rightBrace) || at(.endOfFile) || at(.semicolon) || isFirstOnLine(position) || startsStatement {
      return
    }
    if at(.inKeyword) || (at(.identifier) && startsBinding) || kind.startsDeclaration { return }
    var help: [Diagnostic.Help] = []
    if at(.identifier) || at(.leftParenthesis) {
      help = [
        Diagnostic.Help("to apply a layer, write `->` before it", edits: [Diagnostic.Edit(span.start, "-> ")])
      ]
    }
    let what =
      kind.closes && !closesOuterBracket ? nil : "\(describe(position)) cannot follow a complete value"
    reportUnexpected(what, help: what == nil ? [] : help)
    skipUnexpected(always: true)
  }

  /// Words of other languages before a binding.
  private static let foreignWords = ["let", "var", "const", "val", "auto", "def", "self"]

  /// A value that nothing takes, or text that starts no statement. Says whether it was taken as a `return`.
  private mutating func parseStrayStatement() -> Bool {
    if at(.identifier), next == .identifier, Self.foreignWords.contains(text(of: position)) {
      if admits() {
        bag.report(
          Diagnostic(
            .unexpectedToken, "a binding has no `\(text(of: position))`: it is written `y = ...`", at: span,
            help: [
              Diagnostic.Help(
                "remove it",
                edits: [
                  Diagnostic.Edit(
                    SourceSpan(
                      file: source.id, lower: span.lower, upper: tokens[index(after: position)].lower), "")
                ])
            ]))
      }
      skipToken()
      return false
    }
    if at(.identifier), next != .leftParenthesis, ["for", "while"].contains(text(of: position)) {
      if admits() {
        bag.report(
          Diagnostic(
            .foreignOperator, "the language has no `\(text(of: position))`", at: span,
            help: [
              Diagnostic.Help(
                "`repeat n f` applies a layer n times, `each v in xs { ... }` maps a list, `grow h[n] = ...` builds one"
              )
            ]))
      }
      let mark = mark()
      repeat { bump() } while !at(.leftBrace) && !at(.endOfFile) && !kind.closes && !startsStatement
      if at(.leftBrace) { skipGroup() }
      finish(.unexpected, from: mark)
      return false
    }
    guard kind.startsExpression else {
      if at(.arrow) {
        reportUnexpected("this `->` has nothing before it")
      } else {
        reportUnexpected(kind.closes ? nil : "\(describe(position)) starts no statement")
      }
      skipUnexpected(always: true)
      return false
    }
    let start = position
    let isQuiet = reportedAt == start
    let mark = mark()
    silently { $0.parseOutput() }
    if at(.rightBrace), !isQuiet {
      // The last value of a body is meant to be its result.
      finish(.returnStatement, from: mark)
      if admits(at: start) {
        bag.report(
          Diagnostic(
            .missingReturn, "`return` is missing before the result", at: span(of: start),
            help: [
              Diagnostic.Help("write `return`", edits: [Diagnostic.Edit(span(of: start).start, "return ")])
            ]))
      }
      return true
    }
    if !at(.rightBrace), !startsStatement, !at(.endOfFile), !isFirstOnLine(position) { skipUnexpected() }
    finish(.unexpected, from: mark)
    if !isQuiet, admits(at: start) {
      bag.report(
        Diagnostic(
          .unexpectedToken, "this value is used by nothing", at: span(of: start).union(previousEnd.start),
          help: [Diagnostic.Help("bind it to a name, as in `y = ...`, or return it")]))
    }
    return false
  }
}
