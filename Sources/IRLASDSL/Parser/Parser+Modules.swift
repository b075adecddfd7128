// module, param, type, input, stmt, ret.

extension Parser {
  /// `ID`, or a message. A keyword in its place is stepped over.
  mutating func parseName(_ what: String) {
    if eat(.identifier) { return }
    reportNoName(what)
    if kind.isKeyword, !startsStatement, !startsDeclaration, !isStructural { skipToken() }
  }

  /// Whether the current keyword belongs to the text around a missing name rather than being the attempt at one.
  private var isStructural: Bool {
    switch kind {
    case .inKeyword, .asKeyword, .thenKeyword, .elseKeyword, .returnKeyword: true
    default: false
    }
  }

  /// `{ "@" ID } ( "cell" | "network" | "space" ) ID [ params ] "{" in { stmt } return "}"`
  mutating func parseModule(hasMisspeltKeyword: Bool = false) {
    let mark = mark()
    while at(.at) {
      let attribute = self.mark()
      bump()
      parseName("an attribute")
      finish(.attribute, from: attribute)
    }
    let keyword = position
    if hasMisspeltKeyword {
      skipToken()
    } else if !consume(if: \.startsModule) {
      reportUnexpected("an attribute stands before a cell, network or space")
      if !at(.endOfFile), !kind.startsDeclaration, !at(.useKeyword) { skipToDeclaration() }
      finish(.unexpected, from: mark)
      return
    }
    let name = position
    parseName("a cell, network or space")
    let opener = position
    if eat(.leftParenthesis) {
      _ = parseItems(until: .rightParenthesis, opener: opener) { $0.parseParameter() }
    }
    let brace = position
    if eat(.leftBrace) {
      parseModuleBody(keyword: keyword, name: name, brace: brace)
    } else {
      reportMissing("{", "the body stands in braces")
      if at(.inKeyword) || at(.returnKeyword) || startsBinding {
        parseModuleBody(keyword: keyword, name: name, brace: nil)
      } else {
        if !at(.endOfFile), !startsDeclaration { skipUnexpected(always: true) }
        calm()
      }
    }
    finish(.module, from: mark)
  }

  /// `param = ID [ ":" type ] [ "=" chain ]`
  private mutating func parseParameter() {
    let mark = mark()
    parseName("a parameter")
    if eat(.colon) { parseType() }
    if eat(.equal) { parseChain() }
    finish(.parameter, from: mark)
  }

  /// `type = "Int" | ... | "[" type "]"`, without recursion.
  private mutating func parseType() {
    var marks: [(mark: Mark, opener: Int)] = []
    while at(.leftBracket), marks.count < Self.nestingLimit {
      marks.append((mark(), position))
      bump()
    }
    if at(.identifier), TypeSyntax.names.contains(text(of: position)) {
      parseToken(.namedType)
    } else if at(.leftBracket) {
      reportTooDeep()
      skipUnexpected(always: true)
      calm()
      pushMissing(.missingType)
    } else {
      reportNoType()
      let mark = mark()
      if at(.identifier) { skipToken() }
      finish(.missingType, from: mark)
    }
    while let (mark, opener) = marks.popLast() {
      expectClosing(.rightBracket, opener: opener)
      finish(.listType, from: mark)
    }
  }

  // MARK: Bodies

  private mutating func parseModuleBody(keyword: Int, name: Int, brace: Int?) {
    // A declaration that is indented deeper than this one was meant to stand inside it.
    let moduleIndentation = indentation(of: keyword)
    open.braces = 1
    var hasInputs = false
    var hasStatements = false
    var hasReturn = false
    while !at(.rightBrace), !at(.endOfFile),
      !(startsDeclaration && indentation(of: position) <= moduleIndentation)
    {
      if at(.inKeyword) {
        if hasStatements || hasReturn || hasInputs, admits() {
          bag.report(
            Diagnostic(
              .misplacedStatement,
              hasInputs
                ? "a cell has one `in`; further inputs follow a comma" : "`in` is the first line of a cell",
              at: span))
        }
        parseInputs()
        hasInputs = true
        continue
      }
      if !hasInputs, !hasStatements, !hasReturn, !kind.startsModule {
        reportNoInputs(brace: brace)
        hasInputs = true
      }
      if hasReturn, !at(.semicolon) { reportAfterReturn() }
      let before = position
      if parseStatement() { hasReturn = true }
      if position == before { skipToken() }
      hasStatements = true
    }
    if !hasInputs, !hasReturn, !hasStatements { reportNoInputs(brace: brace) }
    if !hasReturn, admits() {
      let place = tokens[name].kind == .identifier ? span(of: name) : span
      let what = tokens[name].kind == .identifier ? "`\(shortened(text(of: name)))`" : "this"
      bag.report(
        Diagnostic(
          .missingReturn, "\(what) has no `return`", at: place,
          secondary: [Diagnostic.Label(previousEnd, "`return` belongs here", style: .secondary)]))
    }
    if let brace { expectClosing(.rightBrace, opener: brace) } else { _ = eat(.rightBrace) }
  }

  private mutating func reportNoInputs(brace: Int?) {
    guard admits() else { return }
    let place = brace.map { span(of: $0).end } ?? span.start
    bag.report(
      Diagnostic(
        .missingInputs, "a cell, network or space starts with its inputs", at: place,
        label: "`in x` is missing here",
        help: [
          Diagnostic.Help(
            "name the inputs, as in `in x`, `in s0, s1` or `in image: [3, 32, 32]`",
            edits: brace == nil ? [] : [Diagnostic.Edit(place, "\n  in x")])
        ]))
  }

  private mutating func reportAfterReturn() {
    guard admits() else { return }
    bag.report(
      Diagnostic(
        .misplacedStatement,
        at(.returnKeyword)
          ? "a cell returns once; further outputs follow a comma" : "nothing follows `return`", at: span))
  }

  /// `"in" input { "," input }`
  private mutating func parseInputs() {
    bump()
    repeat { parseInput() } while eat(.comma)
  }

  /// `input = ID [ "[" expr "]" ] [ ":" "[" expr { "," expr } "]" ]`
  private mutating func parseInput() {
    let mark = mark()
    parseName("an input")
    parseBracketedCount()
    if eat(.colon) {
      let shape = self.mark()
      let opener = position
      if eat(.leftBracket) {
        _ = parseItems(until: .rightBracket, opener: opener) { $0.parseExpression() }
        finish(.inputShape, from: shape)
      } else if at(.leftParenthesis) {
        let isQuiet = !admits()
        bump()
        _ = parseItems(until: .rightParenthesis, opener: opener) { $0.parseExpression() }
        finish(.inputShape, from: shape)
        if !isQuiet { reportRoundShape(opener: opener, closing: max(opener, consumed - 1)) }
      } else {
        reportMissing("[", "a shape is written `[channels, height, width]`")
        if !startsStatement, !at(.rightBrace) { skipUnexpected(stopAtComma: true) }
        calm()
      }
    }
    finish(.input, from: mark)
  }

  /// `[ "[" expr "]" ]`; says whether there was one.
  @discardableResult
  private mutating func parseBracketedCount() -> Bool {
    let opener = position
    guard eat(.leftBracket) else { return false }
    open.brackets += 1
    parseExpression()
    if !at(.rightBracket), !startsStatement, !kind.closes, !at(.endOfFile) {
      reportUnexpected()
      skipUnexpected(always: true)
    }
    open.brackets -= 1
    expectClosing(.rightBracket, opener: opener)
    return true
  }

  // MARK: Statements

  /// One statement, or text that is none, stepped over. Says whether it was a `return`.
  private mutating func parseStatement() -> Bool {
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
    case .identifier where next == .equal || next == .comma || next == .colon: parseBinding()
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
