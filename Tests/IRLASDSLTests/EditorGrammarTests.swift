import Testing

@testable import IRLASDSL

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `grammar/irlas.tmLanguage.json`, by which editors colour programs, knows the words of the language.
@Suite struct EditorGrammarTests {
  private struct File: Decodable {
    let scopeName: String
    let fileTypes: [String]
    let patterns: [Pattern]
    let repository: [String: Pattern]
  }

  private struct Pattern: Decodable {
    let include: String?
    let match: String?
    let begin: String?
    let patterns: [Pattern]?
  }

  private let file: File

  init() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    file = try JSONDecoder().decode(
      File.self, from: Data(contentsOf: root.appendingPathComponent("grammar/irlas.tmLanguage.json")))
  }

  /// The alternatives of the first group of words in a rule.
  private func words(_ rule: String) throws -> [String] {
    let match = try #require(file.repository[rule]?.match)
    let start = try #require(match.firstRange(of: "\\b(")).upperBound
    let end = try #require(match[start...].firstIndex(of: ")"))
    return match[start..<end].split(separator: "|").map(String.init)
  }

  @Test func everyRuleIsUsed() {
    #expect(file.scopeName == "source.irlas" && file.fileTypes == ["irlas"])
    let included = file.patterns.compactMap(\.include).map { String($0.dropFirst()) }
    #expect(included.sorted() == file.repository.keys.sorted())
  }

  @Test func keywordsAreThoseOfTheLanguage() throws {
    let constants = try words("constants")
    #expect(try Set(words("keywords") + constants) == Set(TokenKind.keywords.compactMap(\.spelling)))
    #expect(Set(constants) == ["true", "false", "peer"])
    #expect(
      try Set(words("definitions"))
        == Set(TokenKind.keywords.filter(\.startsDeclaration).compactMap(\.spelling)))
    #expect(try words("types") == TypeSyntax.names)
  }

  /// Whoever adds a primitive adds it to `grammar/irlas.tmLanguage.json`.
  @Test func primitivesAreThoseOfTheLanguage() throws {
    let names = try words("primitives")
    #expect(names.sorted() == Primitive.all.map(\.name).sorted())
  }

  @Test func signsAndNumbersAreRecognised() throws {
    let signs = try #require(file.repository["operators"]?.match)
    for sign in ["->", "..", "==", "!=", "<=", ">="] {
      #expect(signs.split(separator: "|").contains(Substring(sign.replacing(".", with: "\\."))), "\(sign)")
    }
    let numbers = try Regex(#require(file.repository["numbers"]?.match))
    for number in ["3x3", "1_000", "0.5", "5e-4", "20M", "5ms", "2KiB", "1e+3"] {
      #expect(number.wholeMatch(of: numbers) != nil, "\(number)")
    }
    for other in ["1__0", "1_", "20k", "x1"] { #expect(other.wholeMatch(of: numbers) == nil, "\(other)") }
  }
}
