// file, use, check, recipe, search.

extension Parser {
  /// `file = [ FILEDOC ] [ "irlas" INT ] { use } { decl }`
  mutating func parseFile() {
    // The file holds every token, also `invalid` ones before the first that is not.
    let mark = Mark(height: 0, token: 0)
    if at(.identifier), text(of: position) == "irlas" { parseVersion() }
    var hasDeclarations = false
    while !at(.endOfFile) {
      hasFields = false
      open = OpenBrackets()
      let before = position
      switch kind {
      case .useKeyword:
        if hasDeclarations, admits() {
          bag.report(
            Diagnostic(.misplacedDeclaration, "`use` stands before the first declaration", at: span))
        }
        parseUse()
      case .cellKeyword, .networkKeyword, .spaceKeyword, .at:
        parseModule()
        hasDeclarations = true
      case .recipeKeyword:
        parseRecipe()
        hasDeclarations = true
      case .searchKeyword:
        parseSearch()
        hasDeclarations = true
      case .checkKeyword:
        parseCheck()
        hasDeclarations = true
      default:
        parseStrayText()
      }
      if position == before, !at(.endOfFile) { skipToken() }
    }
    bump()
    finish(.file, from: mark)
  }

  /// `"irlas" INT`
  private mutating func parseVersion() {
    let mark = mark()
    bump()
    let number = position
    if eat(.number) {
      let text = text(of: number)
      if text != "1", admits(at: number) {
        bag.report(
          Diagnostic(
            .unsupportedVersion, "this compiler does not know version \(shortened(text)) of the language",
            at: span(of: number), label: "version 1 is known"))
      }
    } else if admits() {
      bag.report(
        Diagnostic(
          .unsupportedVersion, "the number of the language version is missing", at: previousEnd,
          help: [Diagnostic.Help("write `irlas 1`", edits: [Diagnostic.Edit(previousEnd, " 1")])]))
    }
    finish(.version, from: mark)
  }

  /// `use = "use" path [ "{" ID [ "as" ID ] { "," ID [ "as" ID ] } [","] "}" ]`
  private mutating func parseUse() {
    let mark = mark()
    bump()
    let path = self.mark()
    if at(.string) {
      parseToken(.string)
    } else {
      parseName("a library")
      while eat(.dot) { parseName("a part of a library") }
    }
    finish(.usePath, from: path)
    let opener = position
    if eat(.leftBrace) {
      let (count, _) = parseItems(until: .rightBrace, opener: opener) { parser in
        let item = parser.mark()
        parser.parseName("what is used")
        if parser.eat(.asKeyword) { parser.parseName("what is used") }
        parser.finish(.useItem, from: item)
      }
      if count == 0, admits(at: opener) {
        let braces = span(of: opener).union(previousEnd)
        bag.report(
          Diagnostic(
            .expectedName, "these braces name nothing that is used", at: braces,
            help: [Diagnostic.Help("without braces everything is used", edits: [Diagnostic.Edit(braces, "")])]
          ))
      }
    }
    finish(.use, from: mark)
  }

  /// `check = "check" ID args "{" [ expr { "," expr } [","] ] "}"`
  private mutating func parseCheck() {
    let mark = mark()
    bump()
    parseName("what is checked")
    if at(.leftParenthesis) {
      parseArguments()
    } else if admits() {
      bag.report(
        Diagnostic(
          .missingToken, "`check` names one use, with its arguments", at: previousEnd,
          help: [Diagnostic.Help("add `()`", edits: [Diagnostic.Edit(previousEnd, "()")])]))
    }
    let opener = position
    if eat(.leftBrace) {
      _ = parseItems(until: .rightBrace, opener: opener) { $0.parseExpression() }
    } else {
      reportMissing("{", "the figures that are checked stand in braces")
      if kind.startsExpression, !isFirstOnLine(position) { skipUnexpected() }
      calm()
    }
    finish(.check, from: mark)
  }

  /// `recipe = "recipe" ID [ "=" ID ] "{" { LABEL ":" sq } "}"`
  private mutating func parseRecipe() {
    let mark = mark()
    bump()
    parseName("a recipe")
    if eat(.equal) { parseName("the recipe that this one amends") }
    parseFields(of: "recipe", allowsRequire: false)
    finish(.recipe, from: mark)
  }

  /// `search = "search" ID "{" { LABEL ":" sq | "require" expr [ "," STRING ] } "}"`
  private mutating func parseSearch() {
    let mark = mark()
    bump()
    parseName("a search")
    parseFields(of: "search", allowsRequire: true)
    finish(.search, from: mark)
  }

  private mutating func parseFields(of what: String, allowsRequire: Bool) {
    let opener = position
    guard eat(.leftBrace) else {
      reportMissing("{", "the fields of a \(what) stand in braces")
      if !startsDeclaration { skipUnexpected() }
      calm()
      return
    }
    hasFields = true
    open.braces = 1
    while !at(.rightBrace), !at(.endOfFile), !startsDeclaration {
      if kind.isWord, next == .colon || next == .equal {
        parseField()
      } else if at(.requireKeyword), allowsRequire {
        parseRequire()
      } else if at(.comma) || at(.semicolon) {
        reportFieldComma()
        skipToken()
      } else {
        reportUnexpected(
          "a \(what) holds fields, and \(describe(position)) starts none",
          help: [Diagnostic.Help("a field is written `name: value`")])
        skipField()
      }
    }
    hasFields = false
    expectClosing(.rightBrace, opener: opener)
  }

  /// `LABEL ":" sq`
  private mutating func parseField() {
    let mark = mark()
    bump()
    if at(.equal) { reportEqualsInArgument("a field") }
    bump()
    parseSequence()
    finish(.field, from: mark)
  }

  /// Steps over text that is no field, up to the next one on the same or another line.
  private mutating func skipField() {
    let mark = mark()
    repeat {
      if kind.opens { skipGroup() } else { bump() }
    } while !at(.endOfFile) && !kind.closes && !startsStatement && !(kind.isWord && next == .colon)
    finish(.unexpected, from: mark)
    if kind.closes, !at(.rightBrace) { skipToken() }
  }

  /// Words of other languages that open what is a cell here.
  private static let foreignKeywords = [
    "def", "fn", "func", "function", "class", "module", "model", "layer", "block",
  ]

  /// Text at the top of the file that is no declaration.
  private mutating func parseStrayText() {
    if at(.semicolon) {
      reportSemicolon()
      skipToken()
      return
    }
    if at(.identifier), next == .identifier, let keyword = misspeltKeyword() {
      if admits() {
        let word = text(of: position)
        bag.report(
          Diagnostic(
            .expectedDeclaration, "`\(shortened(word))` starts no declaration", at: span,
            help: [Diagnostic.Help("write `\(keyword)`", edits: [Diagnostic.Edit(span, keyword)])]))
      }
      switch keyword {
      case "cell", "network", "space": parseModule(hasMisspeltKeyword: true)
      default: skipToDeclaration()
      }
      return
    }
    if admits() {
      let isStatement = startsBinding || at(.returnKeyword) || at(.inKeyword)
      var help = [
        Diagnostic.Help(
          "a file holds `use` lines, then cells, networks, spaces, recipes, searches and checks")
      ]
      if at(.identifier), text(of: position) == "import" {
        help = [Diagnostic.Help("libraries and files are named by `use`")]
      }
      bag.report(
        Diagnostic(
          kind.closes ? .unclosedBracket : .expectedDeclaration,
          kind.closes
            ? "this \(describe(position)) closes nothing"
            : isStatement
              ? "a statement stands in a cell, network or space"
              : "\(describe(position)) starts no declaration",
          at: span, help: kind.closes ? [] : help))
    }
    skipToDeclaration()
  }

  /// The keyword that was meant by the current word, where the text goes on like a declaration.
  private func misspeltKeyword() -> String? {
    let name = index(after: position)
    let after = tokens[index(after: name)].kind
    guard after == .leftBrace || after == .leftParenthesis || after == .equal else { return nil }
    let word = text(of: position)
    if Self.foreignKeywords.contains(word) { return "cell" }
    return nearest(to: word, among: ["cell", "network", "space", "recipe", "search", "check"])
  }
}
