import Testing

@testable import IRLASDSL

/// One mistake, one message, at the right place, with a fix that parses.
@Suite struct ParserMistakeTests {
  /// A cell that returns a value with a mistake in it.
  private func checkValue(
    _ marked: String, _ code: DiagnosticCode, _ message: String, fixed: String? = nil,
    location: SourceLocationOfTest = #_sourceLocation
  ) {
    func cell(_ value: String) -> String {
      "cell A {\n  in x\n  y = \(value)\n  return y\n}\ncell B { in x return x }\n"
    }
    checkMistake(cell(marked), code, message, fixed: fixed.map(cell), location: location)
  }

  /// A cell with a mistake in its statements.
  private func checkBody(
    _ marked: String, _ code: DiagnosticCode, _ message: String, fixed: String? = nil,
    location: SourceLocationOfTest = #_sourceLocation
  ) {
    func cell(_ body: String) -> String { "cell A(n) {\n  in x\n  \(body)\n}\ncell B { in x return x }\n" }
    checkMistake(cell(marked), code, message, fixed: fixed.map(cell), location: location)
  }

  @Test func repeatAndThen() {
    checkValue(
      "x -> repeat 3 A ‹then› B -> C", .thenNeedsParentheses,
      "`then` after a bare `repeat` could belong to the layer or to the whole",
      fixed: "x -> repeat 3 (A then B) -> C")
    checkValue(
      "(x -> repeat 3 A(1) ‹then› B(2) -> C)", .thenNeedsParentheses,
      "`then` after a bare `repeat` could belong to the layer or to the whole",
      fixed: "(x -> repeat 3 (A(1) then B(2)) -> C)")
    checkValue("x -> A ‹then› B", .misplacedThen, "`then` stands in an argument, a field, or in parentheses")
    checkValue(
      "x -> repeat n ‹*› 2 A -> B", .unexpectedToken,
      "a count that is more than one number or name stands in parentheses")
    checkValue(
      "x -> repeat n ‹-› 1 A(2) -> B", .unexpectedToken,
      "a count that is more than one number or name stands in parentheses")
    checkValue("x -> repeat‹›", .expectedExpression, "a value is missing after `repeat`")
  }

  @Test func operatorsOfOtherLanguages() {
    checkValue("a ‹&&› b", .foreignOperator, "the language has no `&&`", fixed: "a and b")
    checkValue("a ‹||› b", .foreignOperator, "the language has no `||`", fixed: "a or b")
    checkValue("‹!›a", .foreignOperator, "the language has no `!`", fixed: "not a")
    checkValue("2 ‹^› n", .foreignOperator, "the language has no `^`")
    checkValue("2 ‹**› n", .foreignOperator, "the language has no `**`")
    checkValue("x ‹=>› bn", .foreignOperator, "the language has no `=>`", fixed: "x -> bn")
    checkValue("xs‹[›0]", .foreignOperator, "an element of a list is written `.at(i)`", fixed: "xs.at(0)")
    checkValue(
      "a > 1 ‹?› f(a) : g", .foreignOperator,
      "a choice between two values is written with `if` first, in braces",
      fixed: "if a > 1 { f(a) } else { g }")
    checkValue(
      "f(a) ‹if› a > 1 else g", .foreignOperator,
      "a choice between two values is written with `if` first, in braces",
      fixed: "if a > 1 { f(a) } else { g }")
    checkValue("x -> relu‹;›", .foreignOperator, "the language has no semicolons", fixed: "x -> relu")
    checkValue("1 < a ‹<› 3", .chainedComparison, "comparisons do not chain")
    checkValue("f(x)‹(›y)", .unexpectedToken, "only a name can be called")
    checkValue("1 + ‹not› a", .unexpectedToken, "`not` after another operator stands in parentheses")
    checkBody(
      "‹let› y = x\n  return y", .unexpectedToken, "a binding has no `let`: it is written `y = ...`",
      fixed: "y = x\n  return y")
  }

  @Test func loopsOfOtherLanguages() {
    checkBody(
      "‹for› i in 0..n { y = f(x) }\n  return x", .foreignOperator, "the language has no `for`")
    checkBody(
      "‹while› n > 0 {\n    y = f(x)\n  }\n  return x", .foreignOperator, "the language has no `while`")
  }

  @Test func equalSigns() {
    checkValue(
      "if a ‹=› 1 { x } else { y }", .assignmentInExpression,
      "`=` binds a name at the start of a statement; it does not compare", fixed: "if a == 1 { x } else { y }"
    )
    checkValue(
      "x -> conv(3x3, stride ‹=› 2)", .equalsInArgument, "an argument by name is written `stride: value`",
      fixed: "x -> conv(3x3, stride: 2)")
    checkBody(
      "y ‹:› x\n  return y", .missingToken, "a binding is written `name = value`", fixed: "y = x\n  return y")
    checkMistake(
      "recipe R {\n  epochs ‹=› 3\n  seed: 0\n}", .equalsInArgument, "a field is written `epochs: value`",
      fixed: "recipe R {\n  epochs: 3\n  seed: 0\n}")
    checkMistake(
      "cell A { in x return x }\ncheck A() { params ‹=› 3 }", .assignmentInExpression,
      "`=` binds a name at the start of a statement; it does not compare",
      fixed: "cell A { in x return x }\ncheck A() { params == 3 }")
  }

  @Test func conditionals() {
    checkValue("‹if› a { x }", .missingElse, "this `if` has no `else`")
    checkValue(
      "if a { x } ‹elif› b { y } else { z }", .missingElse, "`elif` is written `else if`",
      fixed: "if a { x } else if b { y } else { z }")
    checkValue("if a‹› then x else y", .missingToken, "`{` is missing: what `if` gives stands in braces")
    checkValue(
      "if a { x‹,› y } else { z }", .unexpectedToken,
      "braces hold one value; a tuple stands in parentheses: `{ (a, b) }`")
    checkValue("each v‹› xs { v }", .missingToken, "`in` is missing: `each v in xs { ... }`")
  }

  @Test func bracketsAndCommas() {
    checkValue(
      "x -> conv‹(›3x3, 64", .unclosedBracket, "this `(` is never closed", fixed: "x -> conv(3x3, 64)")
    checkValue(
      "x -> conv(3x3‹› 64)", .missingToken, "`,` is missing before `64`", fixed: "x -> conv(3x3, 64)")
    checkValue(
      "x -> conv(3x3‹›\n    stride: 2)", .missingToken, "`,` is missing before `stride`",
      fixed: "x -> conv(3x3,\n    stride: 2)")
    checkValue("x -> conv(3x3, 64‹]›", .unclosedBracket, "`(` is closed by `]`", fixed: "x -> conv(3x3, 64)")
    checkValue("x -> conv(3x3, 64)‹)›", .unexpectedToken, "this `)` closes nothing")
    checkValue("x -> f(a, ‹*›, b)", .expectedExpression, "a value is missing after `,`")
    checkValue("‹()›", .expectedExpression, "empty parentheses hold no value")
    checkValue("‹[]›", .expectedExpression, "a list holds at least one value")
    checkMistake("cell A ‹{›\n  in x\n  return x\n", .unclosedBracket, "this `{` is never closed")
    checkMistake(
      "cell A ‹{›\n  in x\n  return x\ncell B { in x return x }", .unclosedBracket, "this `{` is never closed"
    )
    checkMistake(
      "cell A { in x return x }\n‹}›\ncell B { in x return x }", .unclosedBracket, "this `}` closes nothing")
  }

  @Test func valuesAndLinks() {
    checkValue("x ->‹›", .expectedExpression, "a value is missing after `->`")
    checkValue("x -> ‹->› bn", .expectedExpression, "a value is missing after `->`")
    checkValue("‹->› bn", .expectedExpression, "a value is missing after `=`")
    checkValue("x ‹relu›", .unexpectedToken, "`relu` cannot follow a complete value", fixed: "x -> relu")
    checkValue(
      "x -> ‹cell› -> bn", .keywordAsName, "`cell` is a keyword and names no value",
      fixed: "x -> `cell` -> bn")
    checkValue("dropout(‹.›5)", .malformedNumber, "a number starts with a digit", fixed: "dropout(0.5)")
    checkValue(
      "x -> conv(‹3 x 3›, 4)", .unexpectedToken, "a Kernel has no blanks in it", fixed: "x -> conv(3x3, 4)")
    checkValue(
      "if a { ‹3 x 3› } else { 1x1 }", .unexpectedToken, "a Kernel has no blanks in it",
      fixed: "if a { 3x3 } else { 1x1 }")
    checkValue("‹3  x 5›", .unexpectedToken, "a Kernel has no blanks in it", fixed: "3x5")
    checkValue(
      "f(1, a: 2, b: 3, ‹g(x) + 1›)", .unexpectedToken,
      "an argument without a label stands before those with one",
      fixed: "f(1, g(x) + 1, a: 2, b: 3)")
    checkMistake(
      "use std ‹{}›\ncell A { in x return x }", .expectedName, "these braces name nothing that is used",
      fixed: "use std \ncell A { in x return x }")
    checkMistake(
      "cell A { in x: ‹[]› return x }", .expectedExpression, "a shape is written `[channels, height, width]`")
    checkValue("x -> repeat ‹-1› relu", .valueOutOfRange, "a count cannot be negative")
    checkValue("x.‹› -> bn", .expectedName, "the name of a member is missing")
  }

  @Test func bodies() {
    checkMistake(
      "cell ‹A› {\n  in x\n  y = x\n}", .missingReturn, "`A` has no `return`")
    checkBody(
      "‹x› -> relu -> bn", .missingReturn, "`return` is missing before the result",
      fixed: "return x -> relu -> bn")
    checkBody("‹x -> relu›\n  y = x\n  return y", .unexpectedToken, "this value is used by nothing")
    checkBody(
      "y ‹==› x\n  return y", .unexpectedToken, "`==` compares; a binding is written `name = value`",
      fixed: "y = x\n  return y")
    checkMistake(
      "network A {‹›\n  return x\n}", .missingInputs, "a cell, network or space starts with its inputs")
    checkBody("return x\n  ‹y› = x", .misplacedStatement, "nothing follows `return`")
    checkBody(
      "return x\n  ‹return› x", .misplacedStatement, "a cell returns once; further outputs follow a comma")
    checkMistake(
      "cell A {‹›\n  y = x\n  return y\n}", .missingInputs, "a cell, network or space starts with its inputs",
      fixed: "cell A {\n  in x\n  y = x\n  return y\n}")
    checkBody(
      "y = x\n  ‹in› z\n  return y", .misplacedStatement, "a cell has one `in`; further inputs follow a comma"
    )
    checkBody(
      "‹search› = x\n  return x", .keywordAsName, "`search` is a keyword and cannot name a value",
      fixed: "`search` = x\n  return x")
    checkBody(
      "‹cell› C { in x return x }\n  return x", .misplacedDeclaration,
      "declarations stand at the top of a file, not inside one another")
    checkBody(
      "grow h‹› = x\n  return h", .missingToken,
      "`[` is missing: `grow` gives the number of elements, as in `grow h[4] = ...`")
    checkBody(
      "require n > 0, ‹n›\n  return x", .expectedExpression,
      "what follows the comma of `require` is a string: what to say when it fails")
    checkBody(
      "shared f‹› conv(3x3)\n  return x -> f", .missingToken,
      "`=` is missing: a binding is written `name = value`")
  }

  @Test func declarations() {
    checkMistake(
      "irlas ‹2›\ncell A { in x return x }", .unsupportedVersion,
      "this compiler does not know version 2 of the language")
    checkMistake(
      "irlas ‹1.5›\n", .unsupportedVersion, "this compiler does not know version 1.5 of the language")
    checkMistake(
      "irlas‹›\nuse std\n", .unsupportedVersion, "the number of the language version is missing",
      fixed: "irlas 1\nuse std\n")
    checkMistake(
      "‹cel› A { in x return x }", .expectedDeclaration, "`cel` starts no declaration",
      fixed: "cell A { in x return x }")
    checkMistake(
      "‹def› A(x) { in x return x }", .expectedDeclaration, "`def` starts no declaration",
      fixed: "cell A(x) { in x return x }")
    checkMistake(
      "‹x› = 3\ncell A { in x return x }", .expectedDeclaration,
      "a statement stands in a cell, network or space")
    checkMistake(
      "‹import› std\ncell A { in x return x }", .expectedDeclaration, "`import` starts no declaration")
    checkMistake(
      "cell A { in x return x }\n‹use› std", .misplacedDeclaration,
      "`use` stands before the first declaration")
    checkMistake("cell‹› { in x return x }", .expectedName, "the name of a cell, network or space is missing")
    checkMistake(
      "cell ‹search› { in x return x }", .keywordAsName,
      "`search` is a keyword and cannot name a cell, network or space",
      fixed: "cell `search` { in x return x }")
    checkMistake(
      "cell A(k: ‹int›) { in x return x }", .expectedType, "there is no type `int`",
      fixed: "cell A(k: Int) { in x return x }")
    checkMistake(
      "cell A(k: ‹Kernal› = 3x3) { in x return x }", .expectedType, "there is no type `Kernal`",
      fixed: "cell A(k: Kernel = 3x3) { in x return x }")
    checkMistake("cell A(k:‹› 3) { in x return x }", .expectedType, "a type is missing after `:`")
    checkMistake("cell A(k:‹›) { in x return x }", .expectedType, "a type is missing after `:`")
    checkMistake(
      "network N { in x:‹› 3 return x }", .missingToken,
      "`[` is missing: a shape is written `[channels, height, width]`")
    checkMistake(
      "cell A { in x return x }\ncheck A‹› { params == 1 }", .missingToken,
      "`check` names one use, with its arguments",
      fixed: "cell A { in x return x }\ncheck A() { params == 1 }")
    checkMistake(
      "recipe R {\n  epochs: 3‹,›\n  seed: 0\n}", .unexpectedToken, "fields need no `,` between them",
      fixed: "recipe R {\n  epochs: 3\n  seed: 0\n}")
    checkMistake(
      "recipe R {\n  epochs: 3\n  ‹seed›\n  batch: 4\n}", .unexpectedToken,
      "a recipe holds fields, and `seed` starts none")
    checkMistake("recipe R {\n  epochs:‹›\n}", .expectedExpression, "a value is missing after `:`")
  }

  @Test func deepNesting() {
    let deep = String(repeating: "(", count: 256)
    checkMistake(
      "cell A {\n  in x\n  return \(deep)‹(›" + String(repeating: "(", count: 99_999), .nestedTooDeeply,
      "this is nested too deeply: 256 levels are the limit")
  }

  @Test func oneMistakeDoesNotHideTheNext() {
    let (tree, diagnostics) = parsed(
      """
      cell A { in x
        y = x -> conv(3x3 64)
        z = y -> -> bn
        return z &&
      }
      cell B(k: int) { in x
        return x
      """)
    #expect(
      rendered(diagnostics, tree) == """
        test.irlas:2:20: error[L0021]: `,` is missing before `64`
        test.irlas:3:12: error[L0022]: a value is missing after `->`
        test.irlas:4:12: error[L0028]: the language has no `&&`
        test.irlas:4:14: error[L0022]: a value is missing after `&&`
        test.irlas:6:11: error[L0037]: there is no type `int`
        test.irlas:6:16: error[L0033]: this `{` is never closed
        """)
    #expect(tree.root.declarations.count == 2)
  }

  @Test func groupsAreSteppedOverWhole() {
    checkValue(
      "xs‹[›0] -> conv(3x3)\n  z = f(y)", .foreignOperator, "an element of a list is written `.at(i)`",
      fixed: "xs.at(0) -> conv(3x3)\n  z = f(y)")
    checkMistake(
      "network N { in x: ‹(3, 32, 32)› return x }", .unexpectedToken, "a shape stands in square brackets",
      fixed: "network N { in x: [3, 32, 32] return x }")
    checkMistake(
      "cell A {\n  in x\n  return x -> B‹(›64,\n    width: 3,\n}\ncell C { in x return x }", .unclosedBracket,
      "this `(` is never closed",
      fixed: "cell A {\n  in x\n  return x -> B(64,\n    width: 3,)\n}\ncell C { in x return x }")
  }

  @Test func brokenNodesAreMarked() {
    let tree = parsed(
      """
      cell A { in x return x }
      cell B { in x y = x $ return x }
      cell C { in x return x }
      cell D { in x return f(x }

      """
    ).tree
    #expect(tree.root.declarations.map(\.node.isBroken) == [false, true, false, true])
    #expect(tree.root.node.isBroken)
  }

  @Test func aWreckIsReportedInPart() {
    let text = "cell A {\n  in x\n" + String(repeating: "  y = ,\n", count: 1000) + "  return y\n}\n"
    let (tree, diagnostics) = parsed(text)
    #expect(diagnostics.count == 101)
    #expect(diagnostics.last?.message == "900 more messages not shown")
    #expect(diagnostics.last?.code == .tooManyDiagnostics)
    #expect(diagnostics.last?.severity == .note)
    #expect(tree.root.declarations.count == 1)
  }
}
