// postfix, primary, if, args.

extension Parser {
  /// `postfix = primary { "." ID [ args ] }`
  mutating func parsePostfix() {
    let mark = mark()
    parsePrimary()
    var hasMembers = false
    while true {
      if at(.dot), !(lastNode.map { kind(ofNode: $0) == .missing } ?? false) {
        hasMembers = true
        let member = self.mark()
        bump()
        parseName("a member")
        if at(.leftParenthesis) { parseArguments() }
        finish(.member, from: member)
      } else if at(.leftBracket), isAdjacent {
        skipIndexing()
      } else if at(.leftParenthesis), isAdjacent, !hasMembers, kind(ofNode: lastNode ?? 0) != .repetition {
        reportUnexpected(
          "only a name can be called",
          help: [Diagnostic.Help("to apply a layer to tensors, write `(x, y) -> layer`")])
        skipGroup()
      } else {
        break
      }
    }
    if hasMembers { finish(.postfix, from: mark) }
  }

  /// `[i]` directly after a value.
  private mutating func skipIndexing() {
    let opener = position
    let isQuiet = reportedAt == opener
    skipGroup()
    if !isQuiet { reportIndexing(opener: opener, closing: max(opener, consumed - 1)) }
  }

  /// One token as a node.
  mutating func parseToken(_ node: SyntaxKind) {
    let mark = mark()
    bump()
    finish(node, from: mark)
  }

  /// `primary`; where the text has none, a message and a `missing` node.
  mutating func parsePrimary() {
    switch kind {
    case .number:
      parseToken(.number)
      if at(.identifier), isKernelInParts { skipRestOfKernel() }
    case .kernel: parseToken(.kernel)
    case .string: parseToken(.string)
    case .trueKeyword, .falseKeyword: parseToken(.boolean)
    case .peerKeyword: parseToken(.peer)
    case .identifier:
      // At the beginning of a line `y =` is the next statement, not the value that is missing here.
      if next == .equal, isFirstOnLine(position) {
        reportNoValue()
        pushMissing()
        return
      }
      let mark = mark()
      bump()
      if at(.leftParenthesis) {
        parseArguments()
        finish(.call, from: mark)
      } else {
        finish(.name, from: mark)
      }
    case .eachKeyword: parseEach()
    case .ifKeyword: parseIf()
    case .leftParenthesis: parseParentheses()
    case .leftBracket: parseList()
    case .useKeyword, .cellKeyword, .networkKeyword, .spaceKeyword, .recipeKeyword, .searchKeyword,
      .checkKeyword:
      let isWord = !startsDeclaration && next != .colon
      if isWord { reportKeywordAsValue() } else { reportNoValue() }
      if isWord { skipToken() }
      pushMissing()
    default:
      reportNoValue()
      if at(.dot), next == .number { skipToken() }
      if at(.number) { parseToken(.number) } else { pushMissing() }
    }
  }

  /// `"(" sq { "," sq } [","] ")"`: a tuple when there is a comma, otherwise parentheses.
  private mutating func parseParentheses() {
    let mark = mark()
    let opener = position
    bump()
    let (count, hasComma) = parseItems(until: .rightParenthesis, opener: opener) { $0.parseSequence() }
    if count == 0, admits(at: opener) {
      bag.report(
        Diagnostic(
          .expectedExpression, "empty parentheses hold no value", at: span(of: opener).union(previousEnd)))
    }
    finish(count == 1 && !hasComma ? .parenthesized : .tuple, from: mark)
  }

  /// `"[" sq { "," sq } [","] "]"`
  private mutating func parseList() {
    let mark = mark()
    let opener = position
    bump()
    let (count, _) = parseItems(until: .rightBracket, opener: opener) { $0.parseSequence() }
    if count == 0, admits(at: opener) {
      bag.report(
        Diagnostic(
          .expectedExpression, "a list holds at least one value", at: span(of: opener).union(previousEnd)))
    }
    finish(.list, from: mark)
  }

  /// `args = "(" [ arg { "," arg } [","] ] ")"`; arguments without a label come first.
  mutating func parseArguments() {
    let mark = mark()
    let opener = position
    bump()
    var firstLabel: Int?
    _ = parseItems(until: .rightParenthesis, opener: opener) { $0.parseArgument(&firstLabel) }
    finish(.argumentList, from: mark)
  }

  /// `arg = [ LABEL ":" ] sq`
  ///
  /// - Parameter firstLabel: the label of the first argument of the list that has one.
  private mutating func parseArgument(_ firstLabel: inout Int?) {
    let mark = mark()
    let start = position
    if kind.isWord, next == .colon {
      firstLabel = firstLabel ?? start
      bump()
      bump()
    } else if kind.isWord, next == .equal {
      firstLabel = firstLabel ?? start
      bump()
      reportEqualsInArgument("an argument by name")
      bump()
    } else if let label = firstLabel {
      parseSequence()
      finish(.argument, from: mark)
      if consumed > start { reportLateArgument(start, firstLabel: label) }
      return
    }
    parseSequence()
    finish(.argument, from: mark)
  }

  /// `"each" ID [ "," ID ] "in" expr "{" chain "}"`
  private mutating func parseEach() {
    let mark = mark()
    bump()
    parseName("an element")
    if eat(.comma) { parseName("the index of an element") }
    if !eat(.inKeyword) { reportMissing("in", "`each v in xs { ... }`") }
    parseExpression()
    parseBody(of: "each", isBraced: true)
    finish(.each, from: mark)
  }

  /// `"{" chain "}"`. Without the opening brace the value is read anyway; with `isBraced` false that is no news.
  /// Returns whether there was a brace.
  @discardableResult
  private mutating func parseBody(of what: String, isBraced: Bool) -> Bool {
    let opener = position
    guard eat(.leftBrace) else {
      if isBraced { reportMissing("{", "what `\(what)` gives stands in braces") }
      if at(.thenKeyword) || at(.colon) { skipToken() }
      if kind.startsExpression, !startsStatement { parseChain() } else { pushMissing() }
      return false
    }
    let outer = open
    open.braces += 1
    parseChain()
    if !at(.rightBrace), !startsStatement, !at(.endOfFile), !kind.closes {
      reportUnexpected(
        at(.comma) ? "braces hold one value; a tuple stands in parentheses: `{ (a, b) }`" : nil)
      skipUnexpected(always: true)
    }
    open = outer
    expectClosing(.rightBrace, opener: opener)
    return true
  }

  /// `"if" expr "{" chain "}" { "else" "if" expr "{" chain "}" } "else" "{" chain "}"`
  private mutating func parseIf() {
    let mark = mark()
    var isBraced = true
    let word = position
    while true {
      let branch = self.mark()
      bump()
      parseExpression()
      isBraced = parseBody(of: "if", isBraced: true)
      finish(.branch, from: branch)
      if at(.elseKeyword) {
        if next == .ifKeyword {
          bump()
          continue
        }
        bump()
        parseBody(of: "else", isBraced: isBraced)
      } else if at(.identifier), ["elif", "elsif", "elseif"].contains(text(of: position)), next != .equal {
        if admits() {
          bag.report(
            Diagnostic(
              .missingElse, "`\(text(of: position))` is written `else if`", at: span,
              help: [Diagnostic.Help("write `else if`", edits: [Diagnostic.Edit(span, "else if")])]))
        }
        continue
      } else {
        if admits() {
          bag.report(
            Diagnostic(
              .missingElse, "this `if` has no `else`", at: span(of: word),
              secondary: [Diagnostic.Label(previousEnd, "`else { ... }` belongs here", style: .secondary)],
              notes: ["every `if` is a value, so that it needs one for both cases"]))
        }
        pushMissing()
      }
      break
    }
    finish(.conditional, from: mark)
  }
}
