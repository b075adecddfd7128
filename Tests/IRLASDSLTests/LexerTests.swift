import Testing

@testable import IRLASDSL

@Suite struct LexerTests {
  /// Checks the tokens of a text, written as `kind(text)`, signs and keywords by themselves.
  private func checkTokens(
    _ text: String, _ expected: String, location: SourceLocationOfTest = #_sourceLocation
  ) {
    let source = SourceFile(name: "test.irlas", text: text)
    var lexer = Lexer(source, bag: DiagnosticBag())
    lexer.run()
    let shown = lexer.tokens.dropLast().map { token in
      token.kind.spelling ?? "\(token.kind)(\(String(decoding: source.utf8[token.range], as: UTF8.self)))"
    }
    #expect(shown.joined(separator: " ") == expected, sourceLocation: location)
    #expect(lexer.bag.diagnostics.map(\.message) == [], sourceLocation: location)
    #expect(lexer.tokens.last?.kind == .endOfFile, sourceLocation: location)
  }

  /// Checks the only message of a text about one token.
  private func checkMistake(
    _ text: String, _ code: DiagnosticCode, at range: Range<Int>, kinds: [TokenKind], fix: String? = nil,
    location: SourceLocationOfTest = #_sourceLocation
  ) {
    let source = SourceFile(name: "test.irlas", text: text)
    var lexer = Lexer(source, bag: DiagnosticBag())
    lexer.run()
    #expect(lexer.bag.diagnostics.map(\.code) == [code], sourceLocation: location)
    #expect(lexer.bag.diagnostics.first?.span.range == range, sourceLocation: location)
    #expect(lexer.tokens.dropLast().map(\.kind) == kinds, sourceLocation: location)
    let edits = lexer.bag.diagnostics.first?.help.first?.edits ?? []
    let edited = edits.isEmpty ? nil : applying(edits, to: source).map { String(decoding: $0, as: UTF8.self) }
    #expect(edited == fix, sourceLocation: location)
  }

  @Test func words() {
    checkTokens("x -> conv(3x3)", "identifier(x) -> identifier(conv) ( kernel(3x3) )")
    checkTokens(
      "repeat repeats _ a1 `a b` `then`",
      "repeat identifier(repeats) identifier(_) identifier(a1) identifier(`a b`) identifier(`then`)")
    for keyword in TokenKind.keywords {
      let word = keyword.spelling ?? ""
      checkTokens(word, word)
      checkTokens(word + "s", "identifier(\(word)s)")
      checkTokens(String(word.dropLast()) + "_", "identifier(\(word.dropLast())_)")
    }
  }

  @Test func signs() {
    checkTokens("a->b..c", "identifier(a) -> identifier(b) .. identifier(c)")
    checkTokens("==!=<=>=<>=", "== != <= >= < >=")
    checkTokens("- >-->", "- > - ->")
    checkTokens(
      "1..4 1.5..2 a.b", "number(1) .. number(4) number(1.5) .. number(2) identifier(a) . identifier(b)")
    for kind in TokenKind.allCases where !kind.isKeyword {
      if let sign = kind.spelling { checkTokens(sign, sign) }
    }
  }

  @Test func numbers() {
    for number in [
      "0", "34_426_698", "0.2", "5e-4", "1e+3", "20M", "5ms", "2h", "16KiB", "1.5K", "9223372036854775807",
    ] {
      checkTokens(number, "number(\(number))")
    }
    checkTokens("32x16 1x7,", "kernel(32x16) kernel(1x7) ,")
  }

  @Test func numberValues() {
    func check(_ text: String, _ value: Double?, _ integer: Int?, _ unit: NumberLiteral.Unit = .none) {
      let literal = NumberLiteral(text: text)
      #expect(literal?.value == value, "\(text)")
      #expect(literal?.integer == integer, "\(text)")
      if value != nil { #expect(literal?.unit == unit, "\(text)") }
    }
    check("128", 128, 128)
    check("1_000", 1000, 1000)
    check("20M", 20e6, 20_000_000)
    check("1.5K", 1500, 1500)
    check("1.0005K", 1000.5, nil)
    check("2.0", 2, nil)
    check("5e-4", 5e-4, nil)
    check("1e3", 1000, nil)
    check("5ms", 0.005, nil, .seconds)
    check("2h", 7200, 7200, .seconds)
    check("1.5m", 90, 90, .seconds)
    check("4KiB", 4096, 4096, .bytes)
    check("9223372036854775807", 9.223372036854775807e18, .max)
    check("9223372036854775808", nil, nil)
    check("9223372036854775807K", nil, nil)
    check("1e999", nil, nil)
    check("0.1234567890123456789012345", 0.1234567890123456789012345, nil)
    #expect(kernelSize(of: "3x5")?.height == 3)
    #expect(kernelSize(of: "3x5")?.width == 5)
  }

  @Test func strings() {
    checkTokens(#""a" "" "a\"b\\" "é""#, #"string("a") string("") string("a\"b\\") string("é")"#)
    #expect(stringValue(of: #""a\"b\\n\n""#) == "a\"b\\n\n")
    #expect(stringValue(of: #""a\\""#) == #"a\"#)
    #expect(stringValue(of: #""a\q""#) == #"a\q"#)
    #expect(stringValue(of: #""open"#) == "open")
    #expect(stringValue(of: #""""#) == "")
  }

  @Test func trivia() {
    checkTokens("\u{FEFF}a // b -> c\r\n/// d\n\tb//", "identifier(a) identifier(b)")
    let bytes = Array("\n//! f\r\n/// d\n//// r\n// c".utf8)
    let kinds = triviaPieces(in: bytes[...]).map(\.kind)
    #expect(
      kinds == [.blank, .fileDocumentation, .blank, .documentation, .blank, .comment, .blank, .comment])
  }

  @Test func mistakes() {
    checkMistake("a $ b", .unexpectedCharacter, at: 2..<3, kinds: [.identifier, .invalid, .identifier])
    checkMistake("a $$$ b", .unexpectedCharacter, at: 2..<5, kinds: [.identifier, .invalid, .identifier])
    checkMistake(
      "a → b", .unexpectedCharacter, at: 2..<5, kinds: [.identifier, .invalid, .identifier], fix: "a -> b")
    checkMistake("naïve", .unexpectedCharacter, at: 0..<6, kinds: [.identifier], fix: "`naïve`")
    checkMistake("été_2", .unexpectedCharacter, at: 0..<7, kinds: [.identifier], fix: "`été_2`")
    checkMistake("# c\na", .unexpectedCharacter, at: 0..<1, kinds: [.invalid, .identifier], fix: "// c\na")
    checkMistake("'a'", .unexpectedCharacter, at: 0..<3, kinds: [.string], fix: "\"a\"")
    checkMistake("/* a */ b", .unexpectedCharacter, at: 0..<2, kinds: [.invalid, .identifier])
    checkMistake("\u{0}", .unexpectedCharacter, at: 0..<1, kinds: [.invalid])
    checkMistake("`a", .unterminatedName, at: 0..<1, kinds: [.invalid, .identifier])
    checkMistake("``", .unterminatedName, at: 0..<2, kinds: [.invalid])
    checkMistake("\"ab\nc", .unterminatedString, at: 0..<1, kinds: [.string, .identifier])
    checkMistake("\"ab\\", .unterminatedString, at: 0..<1, kinds: [.string])
    checkMistake(#""a\d""#, .unknownEscape, at: 2..<4, kinds: [.string])
    checkMistake("20Mb", .malformedNumber, at: 2..<4, kinds: [.number])
    checkMistake("20k", .malformedNumber, at: 2..<3, kinds: [.number], fix: "20K")
    checkMistake("1__0", .malformedNumber, at: 0..<4, kinds: [.number], fix: "1_0")
    checkMistake("1__0_", .malformedNumber, at: 0..<5, kinds: [.number], fix: "1_0")
    checkMistake("2_.5_K", .malformedNumber, at: 0..<6, kinds: [.number], fix: "2.5K")
    checkMistake("1E5", .malformedNumber, at: 1..<3, kinds: [.number])
    checkMistake("3x", .malformedNumber, at: 1..<2, kinds: [.number])
    checkMistake("3x3x3", .malformedNumber, at: 0..<5, kinds: [.kernel])
    checkMistake("99999999999999999999", .numberTooLarge, at: 0..<20, kinds: [.number])
    checkMistake("1e999", .numberTooLarge, at: 0..<5, kinds: [.number])
    checkMistake("99999999999999999999x3", .numberTooLarge, at: 0..<22, kinds: [.kernel])
    let long = String(repeating: "9", count: 100_000)
    checkMistake(long, .numberTooLarge, at: 0..<100_000, kinds: [.number])
    checkMistake(long + "x3", .numberTooLarge, at: 0..<100_002, kinds: [.kernel])
  }
}
