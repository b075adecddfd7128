// module, param, type, input.

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
        reportNoInputs(brace: brace, isNetwork: tokens[keyword].kind == .networkKeyword)
        hasInputs = true
      }
      if hasReturn, !at(.semicolon) { reportAfterReturn() }
      let before = position
      if parseStatement() { hasReturn = true }
      if position == before { skipToken() }
      hasStatements = true
    }
    if !hasInputs, !hasReturn, !hasStatements {
      reportNoInputs(brace: brace, isNetwork: tokens[keyword].kind == .networkKeyword)
    }
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

  private mutating func reportNoInputs(brace: Int?, isNetwork: Bool) {
    guard admits() else { return }
    let place = brace.map { span(of: $0).end } ?? span.start
    bag.report(
      Diagnostic(
        .missingInputs, "a cell, network or space starts with its inputs", at: place,
        label: isNetwork ? "the inputs are missing here" : "`in x` is missing here",
        help: [
          // The shape of a network's input cannot be guessed.
          isNetwork
            ? Diagnostic.Help("name the inputs and their shapes, as in `in image: [3, 32, 32]`")
            : Diagnostic.Help(
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
        let (count, _) = parseItems(until: .rightBracket, opener: opener) { $0.parseExpression() }
        finish(.inputShape, from: shape)
        if count == 0, admits(at: opener) {
          bag.report(
            Diagnostic(
              .expectedExpression, "a shape is written `[channels, height, width]`",
              at: span(of: opener).union(previousEnd)))
        }
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
  mutating func parseBracketedCount() -> Bool {
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
}
